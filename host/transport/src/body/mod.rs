//! The body of an HTTP request: whole, or as messages, read no faster than
//! they are pulled; and what becomes of the part that nobody reads.

mod linger;
mod messages;
mod whole;

pub(crate) use self::linger::{Linger, Unread};
pub(crate) use self::messages::Messages;
pub(crate) use self::whole::{Unreadable, in_time, whole};
