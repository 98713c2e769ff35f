//! Log lines, which the host writes to its own log together with the tenant,
//! the service, the method and the call id. What a guest prints is lost.
//!
//! Fields come first, as `name = value` of anything that can be displayed; the
//! message is a format string.
//!
//! ```no_run
//! use ostler_guest::log;
//!
//! let user = 7;
//! log::info!("looked up user {user}");
//! log::warn!(user = user, attempt = 3, "gave up after {} ms", 250);
//! ```

use crate::bindings::ostler::rpc::log as host;

pub use crate::bindings::ostler::rpc::log::Level;
pub use crate::{
    __debug as debug, __error as error, __info as info, __trace as trace, __warn as warn,
};

/// Whether a line of this level would be kept. The macros ask before they
/// format anything.
#[must_use]
pub fn enabled(level: Level) -> bool {
    host::enabled(level)
}

/// Writes one line; what the macros call.
pub fn log(level: Level, message: &str, fields: &[(String, String)]) {
    host::log(level, message, fields);
}

#[doc(hidden)]
#[macro_export]
macro_rules! __log {
    ($level:ident, $($name:ident = $value:expr,)* $format:literal $(, $($argument:tt)*)?) => {{
        if $crate::log::enabled($crate::log::Level::$level) {
            $crate::log::log(
                $crate::log::Level::$level,
                &::std::format!($format $(, $($argument)*)?),
                &[$((
                    ::std::string::String::from(::std::stringify!($name)),
                    ::std::string::ToString::to_string(&$value),
                )),*],
            );
        }
    }};
}

/// Writes a line of level trace.
#[doc(hidden)]
#[macro_export]
macro_rules! __trace {
    ($($line:tt)+) => { $crate::__log!(Trace, $($line)+) };
}

/// Writes a line of level debug.
#[doc(hidden)]
#[macro_export]
macro_rules! __debug {
    ($($line:tt)+) => { $crate::__log!(Debug, $($line)+) };
}

/// Writes a line of level info.
#[doc(hidden)]
#[macro_export]
macro_rules! __info {
    ($($line:tt)+) => { $crate::__log!(Info, $($line)+) };
}

/// Writes a line of level warn.
#[doc(hidden)]
#[macro_export]
macro_rules! __warn {
    ($($line:tt)+) => { $crate::__log!(Warn, $($line)+) };
}

/// Writes a line of level error.
#[doc(hidden)]
#[macro_export]
macro_rules! __error {
    ($($line:tt)+) => { $crate::__log!(Error, $($line)+) };
}
