//! A panic in a guest is a bare trap to the host. The hook set here says first
//! what it was and where.

use std::panic::{self, PanicHookInfo};
use std::sync::Once;

use crate::log::{self, Level};

static HOOK: Once = Once::new();

/// Sets the hook once for each instance; a hook the service sets itself
/// afterwards stays.
pub fn report_to_host() {
    HOOK.call_once(|| panic::set_hook(Box::new(report)));
}

fn report(panic: &PanicHookInfo<'_>) {
    let message = panic.payload_as_str().unwrap_or("(not a text)");
    let place = panic.location();
    let fields = place.map_or_else(Vec::new, |place| {
        vec![
            ("file".to_owned(), place.file().to_owned()),
            ("line".to_owned(), place.line().to_string()),
        ]
    });
    log::log(Level::Error, &format!("panicked: {message}"), &fields);
}
