//! What a contract offers: services, functions, patterns, tags.

use std::time::Duration;

use wit_parser::{InterfaceId, Type};

/// One exported interface. Types are of [`Package::resolve`](crate::Package::resolve).
#[derive(Clone, Debug)]
pub struct Service {
    /// The interface in the author's resolve.
    pub interface: InterfaceId,
    /// The component's export, such as `demo:users/users@1.0.0`.
    pub export: String,
    /// Its doc comment.
    pub docs: String,
    /// Its functions in order of declaration.
    pub functions: Vec<Function>,
}

impl Service {
    /// Whether any of its functions streams.
    pub fn streams(&self) -> bool {
        (self.functions.iter()).any(|function| function.pattern != Pattern::Unary)
    }
}

/// One function of a service.
#[derive(Clone, Debug, PartialEq)]
pub struct Function {
    /// As in WIT, without a leading `%`.
    pub name: String,
    /// Its doc comment without tags.
    pub docs: String,
    /// Read off its signature.
    pub pattern: Pattern,
    /// From its doc comment.
    pub tags: Tags,
    /// Plain parameters; empty when the request streams.
    pub params: Vec<(String, Type)>,
    /// The streamed parameter's name and the type of an item.
    pub input: Option<(String, Type)>,
    /// The type of a streamed reply's item.
    pub output: Option<Type>,
    /// The type of a plain reply: `T` of `T` and of `result<T, E>`.
    pub result: Option<Type>,
    /// How it reports an error. A function that returns `stream<T>` says the
    /// same as one that returns `result<stream<T>, status>`.
    pub error: ErrorKind,
}

/// Which sides of a function stream.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Pattern {
    /// One message each way.
    Unary,
    /// One request, many replies.
    ServerStreaming,
    /// Many requests, one reply.
    ClientStreaming,
    /// Many each way.
    Bidirectional,
}

/// How a function reports an error.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ErrorKind {
    /// It cannot: its result is not a `result`.
    None,
    /// `ostler:rpc/types.status`, by whatever name the author uses it.
    Status(Type),
    /// Any other type, or none (`result<T>`).
    Other(Option<Type>),
}

/// What doc tags say of a function.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tags {
    /// `@idempotent`: it may be called by GET and retried.
    pub idempotent: bool,
    /// `@default FIELD VALUE`: a field of the request message, as in WIT, and
    /// its value in plain JSON, checked against the field's type.
    pub defaults: Vec<(String, serde_json::Value)>,
    /// `@chunk-size N`: the largest chunk of a chunk stream, in bytes.
    pub chunk_size: Option<u32>,
    /// `@timeout 5s`: the longest a call may take.
    pub timeout: Option<Duration>,
}
