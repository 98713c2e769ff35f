//! Services and methods of a contract.

use std::fmt;
use std::time::Duration;

use crate::proto::MessageId;
use crate::{Name, TypeId, Value};

/// One exported WIT interface.
#[derive(Clone, Debug)]
pub struct Service {
    /// The package it is of.
    pub package: PackageName,
    /// The interface's name.
    pub name: Name,
    /// The name of the component's export, such as `demo:users/users@1.0.0`.
    pub export: String,
    /// Its doc comment without tags; empty when unknown.
    pub docs: String,
    /// Its full name as protobuf, such as `demo.users.v1.Users`.
    pub proto: String,
    /// Its functions in order of declaration.
    pub methods: Vec<Method>,
}

/// `namespace:name@version`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PackageName {
    /// Before the colon.
    pub namespace: String,
    /// After it.
    pub name: String,
    /// A semantic version, if the package has one.
    pub version: Option<String>,
}

impl From<&wit_parser::PackageName> for PackageName {
    fn from(name: &wit_parser::PackageName) -> Self {
        Self {
            namespace: name.namespace.clone(),
            name: name.name.clone(),
            version: name.version.as_ref().map(ToString::to_string),
        }
    }
}

impl PackageName {
    /// The protobuf package, such as `demo.users.v1`: the major version, or
    /// none.
    pub fn proto(&self) -> String {
        let words = |text: &str| text.replace('-', "_");
        let major = self.version.as_deref().and_then(|v| v.split('.').next());
        let version = major.map(|major| format!(".v{major}")).unwrap_or_default();
        format!("{}.{}{version}", words(&self.namespace), words(&self.name))
    }
}

impl fmt::Display for PackageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.namespace, self.name)?;
        match &self.version {
            Some(version) => write!(f, "@{version}"),
            None => Ok(()),
        }
    }
}

/// Which sides of a method stream.
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

impl Pattern {
    /// `unary`, `server_streaming`, `client_streaming` or `bidi_streaming`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unary => "unary",
            Self::ServerStreaming => "server_streaming",
            Self::ClientStreaming => "client_streaming",
            Self::Bidirectional => "bidi_streaming",
        }
    }

    /// Whether the caller streams.
    pub fn streams_in(self) -> bool {
        matches!(self, Self::ClientStreaming | Self::Bidirectional)
    }

    /// Whether the guest streams.
    pub fn streams_out(self) -> bool {
        matches!(self, Self::ServerStreaming | Self::Bidirectional)
    }
}

/// One function of a service.
#[derive(Clone, Debug)]
pub struct Method {
    /// Its name.
    pub name: Name,
    /// Its name as protobuf, such as `GetUser`.
    pub proto: String,
    /// Its doc comment without tags; empty when unknown.
    pub docs: String,
    /// Read off its signature.
    pub pattern: Pattern,
    /// From `@idempotent`: it may be called by GET and retried.
    pub idempotent: bool,
    /// From `@timeout`: the longest the call may take.
    pub timeout: Option<Duration>,
    /// From `@chunk-size`: the largest chunk of a chunk stream, in bytes.
    pub chunk_size: usize,
    /// What the caller sends.
    pub request: Request,
    /// What the guest answers.
    pub response: Response,
    /// How the function reports an error.
    pub error: ErrorType,
    /// An error of the method's own type as protobuf, the detail of its
    /// status.
    pub error_proto: Option<MessageId>,
    /// Whether it is `@deprecated`.
    pub deprecated: bool,
}

/// What the caller sends.
#[derive(Clone, Debug)]
pub struct Request {
    /// The request message (always a record) or the type of a streamed item.
    pub message: TypeId,
    /// The message as protobuf.
    pub proto: MessageId,
    /// Whether the message's fields are the function's parameters, one each
    /// (else the message is the one parameter).
    pub spread: bool,
    /// For a streamed request: the place of the resource in
    /// [`Contract::streams`](crate::Contract::streams).
    pub stream: Option<usize>,
}

impl Request {
    /// What the function is given for this message.
    pub fn arguments(&self, message: Value) -> Vec<Value> {
        match message {
            Value::Record(fields) if self.spread => fields,
            message => vec![message],
        }
    }

    /// What codecs take.
    pub fn codec(&self) -> MessageType {
        MessageType {
            ty: self.message,
            proto: self.proto,
        }
    }
}

/// A message as codecs take it: its type, and what protobuf makes of it in
/// that method.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct MessageType {
    /// Its type in the plan.
    pub ty: TypeId,
    /// It as protobuf.
    pub proto: MessageId,
}

/// What the guest answers.
#[derive(Clone, Debug)]
pub struct Response {
    /// The type of the reply, or of a streamed item; `None` for no result.
    pub message: Option<TypeId>,
    /// The reply as protobuf, an empty message for no result.
    pub proto: MessageId,
    /// For a streamed reply: the place of the resource in
    /// [`Contract::streams`](crate::Contract::streams).
    pub sink: Option<usize>,
}

impl Response {
    /// What codecs take; `None` for no result.
    pub fn codec(&self) -> Option<MessageType> {
        self.message.map(|ty| MessageType {
            ty,
            proto: self.proto,
        })
    }
}

/// How a function reports an error.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ErrorType {
    /// It cannot: its result is not a `result`.
    None,
    /// `ostler:rpc/types.status`, a record of that plan type.
    Status(TypeId),
    /// Any other type, or none (`result<T>`).
    Other(Option<TypeId>),
}

/// A resource through which a guest reads or writes a stream.
#[derive(Clone, Debug)]
pub struct StreamResource {
    /// The imported instance it is of, such as `demo:users/users-types@1.0.0`.
    pub interface: String,
    /// The resource's name, such as `user-stream`.
    pub name: String,
    /// Whether the guest reads or writes.
    pub end: StreamEnd,
    /// The type of an item.
    pub item: TypeId,
    /// The imported methods by short name (`next`, `next-batch`, `send`,
    /// `send-batch`, `subscribe`); linkers drop those a guest never calls.
    pub methods: Vec<String>,
}

/// Which end of a stream the guest holds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum StreamEnd {
    /// It reads: `next`, `next-batch`.
    Source,
    /// It writes: `send`, `send-batch`.
    Sink,
}
