//! The form that streams are lowered to, written by hand: bindings straight
//! from wit-bindgen, names of its own, no embedded contract.

use bindings::exports::test::resource_form::printing::{Guest, Numbers, Page, Printer, Status};
use bindings::ostler::rpc::types::Code;

/// What wit-bindgen makes of the WIT.
#[allow(
    warnings,
    unsafe_code,
    clippy::all,
    clippy::allow_attributes_without_reason,
    reason = "generated from the WIT"
)]
mod bindings {
    wit_bindgen::generate!({
        path: ["../../../wit/ostler-rpc", "wit"],
        world: "test:resource-form/service",
        generate_all,
        pub_export_macro: false,
    });

    use super::Service;
    // Natively nothing is exported: the names would not link.
    #[cfg(target_arch = "wasm32")]
    export!(Service);
}

struct Service;

impl Guest for Service {
    fn get_page(number: u32) -> Result<Page, Status> {
        if number == 0 {
            return Err(status(Code::NotFound, "pages count from 1"));
        }
        Ok(page(number))
    }

    fn print(pages: u32, out: Printer) -> Result<(), Status> {
        for number in 1..=pages {
            send(&out, number)?;
        }
        Ok(())
    }

    fn sum(input: Numbers) -> Result<u64, Status> {
        let mut sum = 0;
        while let Some(number) = input.next()? {
            sum += u64::from(number);
        }
        Ok(sum)
    }

    fn print_each(input: Numbers, out: Printer) -> Result<(), Status> {
        while let Some(number) = input.next()? {
            send(&out, number)?;
        }
        Ok(())
    }
}

fn send(out: &Printer, number: u32) -> Result<(), Status> {
    out.send(&page(number))
        .map_err(|_| status(Code::Cancelled, "the peer takes no more"))
}

fn page(number: u32) -> Page {
    Page {
        number,
        text: format!("page {number}"),
    }
}

fn status(code: Code, message: &str) -> Status {
    Status {
        code,
        message: message.to_owned(),
        details: Vec::new(),
    }
}
