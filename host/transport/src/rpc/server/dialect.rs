//! Which protocol a request is of, told by its head alone.

use http::{HeaderName, Method as Verb, Request, Version, header};
use ostler_call::Encoding;
use ostler_schema::Handler;

pub(super) const CONNECT_VERSION: HeaderName = HeaderName::from_static("connect-protocol-version");

/// How messages and their end are laid out.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Protocol {
    /// Frames; the end is in HTTP's trailers.
    Grpc,
    /// Frames; the end is the last of them, as lines.
    Web,
    /// The same in base64.
    WebText,
    /// One bare message each way; the end is in HTTP's status and headers.
    Connect,
    /// The same by GET: the message is in the query.
    ConnectGet,
    /// Frames; the end is the last of them, in JSON.
    ConnectStream,
}

/// How one message is encoded.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Codec {
    Proto,
    Json,
}

/// What a request speaks.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Dialect {
    pub(super) protocol: Protocol,
    /// The media type of the reply and the codec; none when it is not known.
    pub(super) content: Option<(&'static str, Codec)>,
    /// Whether the service goes by its name in protobuf, looked up where it
    /// matters: JSON is plain for aliases.
    pub(super) proto_name: bool,
}

use Codec::{Json, Proto};
use Protocol::{Connect, ConnectGet, ConnectStream, Grpc, Web, WebText};

/// Every media type there is.
static TYPES: [(Protocol, &str, Codec); 13] = [
    (Grpc, "application/grpc", Proto),
    (Grpc, "application/grpc+proto", Proto),
    (Grpc, "application/grpc+json", Json),
    (Connect, "application/proto", Proto),
    (Connect, "application/json", Json),
    (ConnectStream, "application/connect+proto", Proto),
    (ConnectStream, "application/connect+json", Json),
    (Web, "application/grpc-web", Proto),
    (Web, "application/grpc-web+proto", Proto),
    (Web, "application/grpc-web+json", Json),
    (WebText, "application/grpc-web-text", Proto),
    (WebText, "application/grpc-web-text+proto", Proto),
    (WebText, "application/grpc-web-text+json", Json),
];

/// What media types of a protocol begin with, whatever the codec.
static FAMILIES: [(Protocol, &str); 4] = [
    (Grpc, "application/grpc"),
    (ConnectStream, "application/connect"),
    (Web, "application/grpc-web"),
    (WebText, "application/grpc-web-text"),
];

/// What a request speaks, unless it is none of these protocols.
pub(crate) fn meant<B>(request: &Request<B>, handler: &dyn Handler) -> Option<Dialect> {
    let headers = request.headers();
    let media = headers.get(header::CONTENT_TYPE);
    let media = media.map_or(&b""[..], |value| media_type(value.as_bytes()));
    let service = service(request.uri().path());
    let proto_name = || service.contains('.') && handler.has_proto_service(service);
    let of = |protocol, proto_name| {
        Some(Dialect {
            protocol,
            content: content(protocol, media),
            proto_name,
        })
    };
    match family(media) {
        // gRPC needs HTTP/2: its end is in trailers.
        Some(Grpc) if request.version() < Version::HTTP_2 => {}
        Some(protocol) => {
            let dialect = of(protocol, false)?;
            // In protobuf names make no difference, so that they are not looked up.
            let is_json = matches!(dialect.content, Some((_, Json)));
            let proto_name = is_json && proto_name();
            return Some(Dialect {
                proto_name,
                ..dialect
            });
        }
        None => {}
    }
    match *request.method() {
        Verb::GET if proto_name() => of(ConnectGet, true),
        Verb::GET if is_connect_query(request.uri().query()) => of(ConnectGet, false),
        _ if proto_name() => of(Connect, true),
        Verb::POST if headers.contains_key(CONNECT_VERSION) => of(Connect, false),
        _ => None,
    }
}

/// The media type without its parameters.
fn media_type(value: &[u8]) -> &[u8] {
    let media = value.split(|b| *b == b';').next();
    media.unwrap_or_default().trim_ascii()
}

fn content(protocol: Protocol, media: &[u8]) -> Option<(&'static str, Codec)> {
    TYPES
        .iter()
        .find(|(p, name, _)| *p == protocol && media.eq_ignore_ascii_case(name.as_bytes()))
        .map(|(_, name, codec)| (*name, *codec))
}

fn family(media: &[u8]) -> Option<Protocol> {
    let is_of = |name: &str| {
        let (start, rest) = media.split_at_checked(name.len())?;
        let is = start.eq_ignore_ascii_case(name.as_bytes());
        (is && matches!(rest.first(), None | Some(b'+'))).then_some(())
    };
    FAMILIES
        .iter()
        .find(|(_, name)| is_of(name).is_some())
        .map(|(protocol, _)| *protocol)
}

fn service(path: &str) -> &str {
    let path = path.strip_prefix('/').unwrap_or(path);
    path.split_once('/').map_or(path, |(service, _)| service)
}

/// Whether the query is that of a call by GET. Fields of a plain call are in
/// its query too, under any name: the values tell.
fn is_connect_query(query: Option<&str>) -> bool {
    let has = |pair: &str| query.is_some_and(|q| q.split('&').any(|found| found == pair));
    let has_message = query.is_some_and(|q| q.split('&').any(|p| p.starts_with("message=")));
    has("connect=v1") || (has_message && (has("encoding=json") || has("encoding=proto")))
}

impl Dialect {
    /// The same with the codec that the query of a GET names.
    pub(super) fn with_codec(self, name: Option<&str>) -> Self {
        let media = name.map(|name| format!("application/{name}"));
        Self {
            content: media.and_then(|media| content(Connect, media.as_bytes())),
            ..self
        }
    }

    /// How messages are encoded, in both directions.
    pub(super) fn encoding(self) -> Encoding {
        match (self.content, self.proto_name) {
            (Some((_, Json)), false) => Encoding::PlainJson,
            (Some((_, Json)), true) => Encoding::ProtoJson,
            (Some((_, Proto)) | None, _) => Encoding::Proto,
        }
    }

    /// Whether it is one of Connect's.
    pub(super) fn is_connect(self) -> bool {
        matches!(self.protocol, Connect | ConnectGet | ConnectStream)
    }

    /// Its name in logs.
    pub(super) fn name(self) -> &'static str {
        match self.protocol {
            Grpc => "grpc",
            Web | WebText => "grpc-web",
            Connect | ConnectGet | ConnectStream => "connect",
        }
    }
}

#[cfg(test)]
mod tests {
    use ostler_call::{Head, Reply};
    use ostler_schema::{Admission, ContractFuture, Health};

    use super::*;

    /// Knows one name.
    struct Users;

    impl Handler for Users {
        fn admit(&self, _: Head) -> Result<Admission, Reply> {
            unreachable!("nothing is called")
        }

        fn has_proto_service(&self, name: &str) -> bool {
            name == "demo.users.v1.Users"
        }

        fn contract(&self) -> ContractFuture {
            unreachable!("nobody asks for it")
        }

        fn health(&self) -> Health {
            Health::Serving
        }
    }

    fn told(verb: &str, target: &str, content: &str, version: Version) -> Option<Dialect> {
        let mut request = Request::builder().method(verb).uri(target);
        for header in content.split('|').filter(|header| !header.is_empty()) {
            request = match header.split_once(": ") {
                Some((name, value)) => request.header(name, value),
                None => request.header("content-type", header),
            };
        }
        let request = request.version(version).body(()).unwrap();
        meant(&request, &Users)
    }

    #[test]
    fn who_means_what() {
        const NAMED: &str = "/demo.users.v1.Users/GetUser";
        const ALIAS: &str = "/users/get_user";
        let connect = |content| (Connect, content, Encoding::ProtoJson);
        let none = None;
        let rows = [
            (
                "POST",
                ALIAS,
                "application/grpc",
                Some((Grpc, true, Encoding::Proto)),
            ),
            (
                "POST",
                ALIAS,
                "application/grpc+json",
                Some((Grpc, true, Encoding::PlainJson)),
            ),
            (
                "POST",
                NAMED,
                "Application/gRPC+JSON; charset=utf-8",
                Some((Grpc, true, Encoding::ProtoJson)),
            ),
            (
                "POST",
                NAMED,
                "application/grpc+foo",
                Some((Grpc, false, Encoding::Proto)),
            ),
            (
                "GET",
                NAMED,
                "application/grpc",
                Some((Grpc, true, Encoding::Proto)),
            ),
            (
                "POST",
                NAMED,
                "application/grpc-web+json",
                Some((Web, true, Encoding::ProtoJson)),
            ),
            (
                "POST",
                NAMED,
                "application/grpc-web-text",
                Some((WebText, true, Encoding::Proto)),
            ),
            (
                "POST",
                NAMED,
                "application/connect+json",
                Some((ConnectStream, true, Encoding::ProtoJson)),
            ),
            (
                "POST",
                ALIAS,
                "application/connect+json",
                Some((ConnectStream, true, Encoding::PlainJson)),
            ),
            ("POST", NAMED, "application/json", Some(connect(true))),
            (
                "POST",
                NAMED,
                "application/proto",
                Some((Connect, true, Encoding::Proto)),
            ),
            (
                "POST",
                NAMED,
                "image/jpeg",
                Some((Connect, false, Encoding::Proto)),
            ),
            ("DELETE", NAMED, "application/json", Some(connect(true))),
            ("POST", ALIAS, "application/json", none),
            ("POST", ALIAS, "", none),
            (
                "POST",
                ALIAS,
                "application/json|connect-protocol-version: 1",
                Some((Connect, true, Encoding::PlainJson)),
            ),
            (
                "DELETE",
                ALIAS,
                "application/json|connect-protocol-version: 1",
                none,
            ),
            ("POST", ALIAS, "application/grpcish", none),
            (
                "POST",
                "/demo.users.v2.Users/GetUser",
                "application/json",
                none,
            ),
        ];
        for (verb, target, content, expected) in rows {
            let found = told(verb, target, content, Version::HTTP_2);
            let found = found.map(|d| (d.protocol, d.content.is_some(), d.encoding()));
            assert_eq!(found, expected, "{verb} {target} {content}");
        }
    }

    #[test]
    fn grpc_needs_http_2() {
        let rows = [
            ("application/grpc", None),
            ("application/grpc+json", None),
            ("application/grpc-web", Some(Web)),
            ("application/connect+proto", Some(ConnectStream)),
        ];
        for (content, expected) in rows {
            let found = told("POST", "/users/get_user", content, Version::HTTP_11);
            assert_eq!(found.map(|d| d.protocol), expected, "{content}");
        }
    }

    #[test]
    fn queries() {
        let rows = [
            ("/demo.users.v1.Users/GetUser", true),
            ("/users/get_user?user_id=7", false),
            ("/users/get_user?encoding=json&message=%7B%7D", true),
            ("/users/get_user?encoding=utf-8&message=hi", false),
            ("/users/get_user?message=hi", false),
            ("/users/get_user?connect=v1", true),
        ];
        for (target, is_connect) in rows {
            let found = told("GET", target, "", Version::HTTP_11);
            let expected = is_connect.then_some(ConnectGet);
            assert_eq!(found.map(|d| d.protocol), expected, "{target}");
        }
        let get = told("GET", "/users/get_user?connect=v1", "", Version::HTTP_11).unwrap();
        for (name, expected) in [
            (Some("proto"), Some(("application/proto", Proto))),
            (Some("json"), Some(("application/json", Json))),
            (Some("connect+json"), None),
            (None, None),
        ] {
            assert_eq!(get.with_codec(name).content, expected, "{name:?}");
        }
    }
}
