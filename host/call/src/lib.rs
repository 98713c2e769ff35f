//! What every layer says about a call: head, reply, body, metadata, deadline
//! and status. No runtime, no I/O, no protocol's words.

mod body;
mod deadline;
mod head;
mod metadata;
mod status;

pub use body::{Body, End, Guard, Kind, MessageStream, Next, Reply};
pub use deadline::Deadline;
pub use head::{Address, Encoding, Head, RequestId, Trace};
pub use metadata::{KeyError, Metadata};
pub use status::{Any, Code, Status};
