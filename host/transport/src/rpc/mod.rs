//! gRPC, gRPC-Web and Connect: messages with names, in protobuf or JSON, each
//! way any number of them, and a status at their end.

pub mod client;
pub(crate) mod server;
