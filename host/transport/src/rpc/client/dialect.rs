//! What a call speaks: the protocol of the client's URL, in the form that the
//! method's pattern needs.

use http::{HeaderMap, HeaderName, HeaderValue, header};
use ostler_call::{Code, Encoding, Head, Status};
use ostler_schema::Pattern;

use crate::dial::{Layout, Schemes, media_type};

/// What a client speaks.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Protocol {
    Grpc,
    Connect,
}

impl Protocol {
    /// gRPC unless the URL starts as those of Connect do.
    pub(super) fn of_url(url: &str) -> Self {
        if url.starts_with("connect") {
            Self::Connect
        } else {
            Self::Grpc
        }
    }

    pub(super) fn schemes(self) -> Schemes {
        match self {
            Self::Grpc => Schemes {
                plain: "grpc",
                tls: "grpcs",
            },
            Self::Connect => Schemes {
                plain: "connect+http",
                tls: "connect+https",
            },
        }
    }
}

/// How messages and their end are laid out.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Form {
    /// Frames; the end is in HTTP's trailers.
    Grpc,
    /// One bare message each way; the end is in HTTP's status and headers.
    Connect,
    /// Frames; the end is the last of them, in JSON.
    ConnectStream,
}

/// How one message is encoded.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Codec {
    Proto,
    Json,
}

/// What a call speaks.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Dialect {
    pub(super) form: Form,
    pub(super) codec: Codec,
}

use Codec::{Json, Proto};
use Form::{Connect, ConnectStream, Grpc};

impl Dialect {
    /// # Errors
    /// `INVALID_ARGUMENT` for encodings that these protocols do not have.
    pub(super) fn new(protocol: Protocol, pattern: Pattern, head: &Head) -> Result<Self, Status> {
        let form = match (protocol, pattern) {
            (Protocol::Grpc, _) => Grpc,
            (Protocol::Connect, Pattern::Unary) => Connect,
            (Protocol::Connect, _) => ConnectStream,
        };
        let codec = match head.request {
            _ if head.reply != head.request => None,
            Encoding::Proto => Some(Proto),
            Encoding::ProtoJson | Encoding::PlainJson => Some(Json),
            Encoding::Raw | Encoding::Query => None,
        };
        let codec = codec.ok_or_else(|| {
            Status::invalid_argument("gRPC and Connect have protobuf or JSON, the same both ways")
        })?;
        Ok(Self { form, codec })
    }

    pub(super) fn content_type(self) -> &'static str {
        match (self.form, self.codec) {
            (Grpc, Proto) => "application/grpc+proto",
            (Grpc, Json) => "application/grpc+json",
            (Connect, Proto) => "application/proto",
            (Connect, Json) => "application/json",
            (ConnectStream, Proto) => "application/connect+proto",
            (ConnectStream, Json) => "application/connect+json",
        }
    }

    /// What the media types of its replies begin with, whatever the codec.
    fn family(self) -> &'static str {
        match self.form {
            Grpc => "application/grpc",
            Connect => "application/",
            ConnectStream => "application/connect+",
        }
    }

    /// How request messages are laid out.
    pub(super) fn layout(self) -> Layout {
        match self.form {
            Grpc | ConnectStream => Layout::Frames,
            Connect => Layout::Bare,
        }
    }

    /// The message without fields.
    pub(super) fn nothing(self) -> &'static [u8] {
        match self.codec {
            Proto => b"",
            Json => b"{}",
        }
    }

    /// The header that says what messages are compressed with.
    pub(super) fn encoding(self) -> HeaderName {
        match self.form {
            Grpc => HeaderName::from_static("grpc-encoding"),
            Connect => header::CONTENT_ENCODING,
            ConnectStream => HeaderName::from_static("connect-content-encoding"),
        }
    }

    /// The header that says what the reply may be compressed with.
    pub(super) fn accepted(self) -> HeaderName {
        match self.form {
            Grpc => HeaderName::from_static("grpc-accept-encoding"),
            Connect => header::ACCEPT_ENCODING,
            ConnectStream => HeaderName::from_static("connect-accept-encoding"),
        }
    }

    /// Whether the messages of a reply are compressed.
    ///
    /// # Errors
    /// `UNKNOWN` for a reply of something else than this protocol, `INTERNAL`
    /// for one in another codec or with a compression not asked for.
    pub(super) fn check(self, headers: &HeaderMap) -> Result<bool, Status> {
        let said = headers.get(header::CONTENT_TYPE);
        let media = said.map_or(&b""[..], |value| media_type(value.as_bytes()));
        let media = String::from_utf8_lossy(media).to_ascii_lowercase();
        let asked = self.content_type();
        let is_bare = self.form == Grpc && self.codec == Proto && media == "application/grpc";
        if media != asked && !is_bare {
            let code = match media.starts_with(self.family()) {
                true => Code::Internal,
                false => Code::Unknown,
            };
            let media = if media.is_empty() { "nothing" } else { &media };
            let text = format!("the server answered {media}, not {asked}");
            return Err(Status::new(code, text));
        }
        match headers.get(self.encoding()).map(HeaderValue::as_bytes) {
            None | Some(b"" | b"identity") => Ok(false),
            Some(b"gzip") => Ok(true),
            Some(other) => Err(Status::internal(format!(
                "the server compressed with {:?}, not gzip, which was asked for",
                String::from_utf8_lossy(other)
            ))),
        }
    }
}
