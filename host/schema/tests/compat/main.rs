//! Two versions of a contract: what differs, and whom it breaks.

// Where `clippy.toml` allows what only tests may do.
#[cfg(test)]
mod bounds;
mod rows;
mod table;

use std::collections::BTreeMap;

use ostler_schema::Contract;

/// The contract of a WIT text; of the body of interface `users`, if it is no
/// package.
fn contract(text: &str, lock: Option<&str>) -> Contract {
    let text = match text.starts_with("package") {
        true => text.to_owned(),
        false => format!(
            "package demo:users@1.0.0;
             interface users {{
               use ostler:rpc/types@0.1.0.{{status, timestamp, duration, struct as object}};
               {text}
             }}
             world w {{ export users; }}"
        ),
    };
    let files = BTreeMap::from([("users.wit".to_owned(), text.clone())]);
    Contract::from_wit(files, lock.map(str::to_owned))
        .unwrap_or_else(|error| panic!("{error} in {text}"))
}
