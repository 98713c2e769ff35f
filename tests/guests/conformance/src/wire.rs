//! The messages a reply echoes, as protobuf: requests, and what is known of a
//! call. Fields that no server is sent are left out.

use ostler_guest::types;
use prost::{Message, Name, Oneof};

use crate::conformance_service as wit;

/// The package of all these messages.
const PACKAGE: &str = "connectrpc.conformance.v1";

#[derive(Clone, PartialEq, Message)]
pub(crate) struct UnaryRequest {
    #[prost(message, optional, tag = "1")]
    response_definition: Option<UnaryDefinition>,
    #[prost(bytes = "vec", tag = "2")]
    request_data: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct IdempotentUnaryRequest {
    #[prost(message, optional, tag = "1")]
    response_definition: Option<UnaryDefinition>,
    #[prost(bytes = "vec", tag = "2")]
    request_data: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct ClientStreamRequest {
    #[prost(message, optional, tag = "1")]
    response_definition: Option<UnaryDefinition>,
    #[prost(bytes = "vec", tag = "2")]
    request_data: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct ServerStreamRequest {
    #[prost(message, optional, tag = "1")]
    response_definition: Option<StreamDefinition>,
    #[prost(bytes = "vec", tag = "2")]
    request_data: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct BidiStreamRequest {
    #[prost(message, optional, tag = "1")]
    response_definition: Option<StreamDefinition>,
    #[prost(bool, tag = "2")]
    full_duplex: bool,
    #[prost(bytes = "vec", tag = "3")]
    request_data: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct RequestInfo {
    #[prost(message, repeated, tag = "1")]
    request_headers: Vec<Header>,
    #[prost(int64, optional, tag = "2")]
    timeout_ms: Option<i64>,
    #[prost(message, repeated, tag = "3")]
    requests: Vec<Any>,
}

#[derive(Clone, PartialEq, Message)]
struct UnaryDefinition {
    #[prost(message, repeated, tag = "1")]
    response_headers: Vec<Header>,
    #[prost(oneof = "Response", tags = "2, 3")]
    response: Option<Response>,
    #[prost(message, repeated, tag = "4")]
    response_trailers: Vec<Header>,
    #[prost(uint32, tag = "6")]
    response_delay_ms: u32,
}

#[derive(Clone, PartialEq, Oneof)]
enum Response {
    #[prost(bytes = "vec", tag = "2")]
    Data(Vec<u8>),
    #[prost(message, tag = "3")]
    Error(Error),
}

#[derive(Clone, PartialEq, Message)]
struct StreamDefinition {
    #[prost(message, repeated, tag = "1")]
    response_headers: Vec<Header>,
    #[prost(bytes = "vec", repeated, tag = "2")]
    response_data: Vec<Vec<u8>>,
    #[prost(uint32, tag = "3")]
    response_delay_ms: u32,
    #[prost(message, optional, tag = "4")]
    error: Option<Error>,
    #[prost(message, repeated, tag = "5")]
    response_trailers: Vec<Header>,
}

#[derive(Clone, PartialEq, Message)]
struct Header {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, repeated, tag = "2")]
    value: Vec<String>,
}

#[derive(Clone, PartialEq, Message)]
struct Error {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, optional, tag = "2")]
    message: Option<String>,
    #[prost(message, repeated, tag = "3")]
    details: Vec<Any>,
}

#[derive(Clone, PartialEq, Message)]
struct Any {
    #[prost(string, tag = "1")]
    type_url: String,
    #[prost(bytes = "vec", tag = "2")]
    value: Vec<u8>,
}

macro_rules! names {
    ($($message:ident = $name:literal)*) => {
        $(impl Name for $message {
            const PACKAGE: &'static str = PACKAGE;
            const NAME: &'static str = $name;
        })*
    };
}

names! {
    UnaryRequest = "UnaryRequest"
    IdempotentUnaryRequest = "IdempotentUnaryRequest"
    ClientStreamRequest = "ClientStreamRequest"
    ServerStreamRequest = "ServerStreamRequest"
    BidiStreamRequest = "BidiStreamRequest"
    RequestInfo = "ConformancePayload.RequestInfo"
}

/// A message in an `Any`.
pub(crate) fn pack<M: Name>(message: impl Into<M>) -> types::Any {
    types::Any::new(M::full_name(), message.into().encode_to_vec())
}

/// From the WIT's records, which have the same fields.
macro_rules! requests {
    ($($message:ident $(. $flag:ident)?)*) => {
        $(impl From<&wit::$message> for $message {
            fn from(request: &wit::$message) -> Self {
                Self {
                    response_definition: request.response_definition.as_ref().map(Into::into),
                    $($flag: request.$flag,)?
                    request_data: request.request_data.clone(),
                }
            }
        })*
    };
}

requests! {
    UnaryRequest
    IdempotentUnaryRequest
    ClientStreamRequest
    ServerStreamRequest
    BidiStreamRequest.full_duplex
}

impl From<&wit::ConformancePayloadRequestInfo> for RequestInfo {
    fn from(info: &wit::ConformancePayloadRequestInfo) -> Self {
        Self {
            request_headers: all(&info.request_headers),
            timeout_ms: info.timeout_ms,
            requests: all(&info.requests),
        }
    }
}

impl From<&wit::UnaryResponseDefinition> for UnaryDefinition {
    fn from(definition: &wit::UnaryResponseDefinition) -> Self {
        Self {
            response_headers: all(&definition.response_headers),
            response: definition.response.as_ref().map(Into::into),
            response_trailers: all(&definition.response_trailers),
            response_delay_ms: definition.response_delay_ms,
        }
    }
}

impl From<&wit::UnaryResponseDefinitionResponse> for Response {
    fn from(response: &wit::UnaryResponseDefinitionResponse) -> Self {
        use wit::UnaryResponseDefinitionResponse as Wit;
        match response {
            Wit::ResponseData(data) => Self::Data(data.clone()),
            Wit::Error(error) => Self::Error(error.into()),
        }
    }
}

impl From<&wit::StreamResponseDefinition> for StreamDefinition {
    fn from(definition: &wit::StreamResponseDefinition) -> Self {
        Self {
            response_headers: all(&definition.response_headers),
            response_data: definition.response_data.clone(),
            response_delay_ms: definition.response_delay_ms,
            error: definition.error.as_ref().map(Into::into),
            response_trailers: all(&definition.response_trailers),
        }
    }
}

impl From<&wit::Header> for Header {
    fn from(header: &wit::Header) -> Self {
        Self {
            name: header.name.clone(),
            value: header.value.clone(),
        }
    }
}

impl From<&wit::Error> for Error {
    fn from(error: &wit::Error) -> Self {
        Self {
            // The lock gives the cases of this enum their places as numbers.
            code: error.code as i32,
            message: error.message.clone(),
            details: all(&error.details),
        }
    }
}

impl From<&types::Any> for Any {
    fn from(any: &types::Any) -> Self {
        Self {
            type_url: format!("type.googleapis.com/{}", any.type_name),
            value: any.value.clone(),
        }
    }
}

fn all<'a, A, B: From<&'a A>>(from: &'a [A]) -> Vec<B> {
    from.iter().map(B::from).collect()
}
