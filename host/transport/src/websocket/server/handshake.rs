//! The handshake of RFC 6455, section 4.2.

use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, HeaderValue, Method as Verb, Request, Response, StatusCode, header,
};
use ostler_call::{Code, Status};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::Dialect;
use crate::origin::is_allowed;
use crate::websocket::SUBPROTOCOL;

/// The one version there is.
const VERSION: &str = "13";

/// An upgrade that is agreed to.
pub(super) struct Agreed {
    pub(super) dialect: Dialect,
    pub(super) response: Response<Bytes>,
}

/// A handshake that is refused.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) http: StatusCode,
    pub(crate) status: Status,
    /// A header that says what would be right.
    pub(crate) header: Option<(&'static str, &'static str)>,
}

impl Refused {
    fn malformed(message: &str) -> Self {
        Self {
            http: StatusCode::BAD_REQUEST,
            status: Status::invalid_argument(message),
            header: None,
        }
    }

    fn version() -> Self {
        Self {
            http: StatusCode::UPGRADE_REQUIRED,
            header: Some(("sec-websocket-version", VERSION)),
            ..Self::malformed("Sec-WebSocket-Version must be 13")
        }
    }

    fn origin(origin: &str) -> Self {
        Self {
            http: StatusCode::FORBIDDEN,
            status: Status::new(
                Code::PermissionDenied,
                format!(
                    "pages of {origin} may not open a WebSocket here; the host's configuration names the origins that may"
                ),
            ),
            header: None,
        }
    }
}

/// Whether a request asks for a WebSocket.
pub(crate) fn is_upgrade<B>(request: &Request<B>) -> bool {
    request.method() == Verb::GET
        && request.version() == http::Version::HTTP_11
        && has_token(request.headers(), &header::UPGRADE, "websocket")
}

/// Agrees to the handshake in `headers`.
pub(super) fn agree(headers: &HeaderMap, origins: &[String]) -> Result<Agreed, Refused> {
    if !has_token(headers, &header::CONNECTION, "upgrade") {
        return Err(Refused::malformed("Connection must say Upgrade"));
    }
    let version = headers.get(header::SEC_WEBSOCKET_VERSION);
    if version.is_none_or(|version| version != VERSION) {
        return Err(Refused::version());
    }
    let key = headers
        .get(header::SEC_WEBSOCKET_KEY)
        .filter(|key| is_key(key.as_bytes()))
        .ok_or_else(|| Refused::malformed("Sec-WebSocket-Key must be 16 bytes in base64"))?;
    check_origin(headers, origins)?;
    let ours = has_token(headers, &header::SEC_WEBSOCKET_PROTOCOL, SUBPROTOCOL);
    let dialect = if ours {
        Dialect::Ostler
    } else {
        Dialect::MicroApi
    };
    Ok(Agreed {
        dialect,
        response: response(key, ours)?,
    })
}

fn response(key: &HeaderValue, ours: bool) -> Result<Response<Bytes>, Refused> {
    let accept = HeaderValue::try_from(derive_accept_key(key.as_bytes()))
        .map_err(|_| Refused::malformed("Sec-WebSocket-Key cannot be accepted"))?;
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    if ours {
        let protocol = HeaderValue::from_static(SUBPROTOCOL);
        headers.insert(header::SEC_WEBSOCKET_PROTOCOL, protocol);
    }
    Ok(response)
}

/// 16 bytes are 22 digits of base64 and two of padding.
fn is_key(key: &[u8]) -> bool {
    let is_digit = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/');
    key.len() == 24 && key.ends_with(b"==") && key[..22].iter().all(is_digit)
}

/// Browsers ask nobody before a page opens a socket.
fn check_origin(headers: &HeaderMap, origins: &[String]) -> Result<(), Refused> {
    let Some(origin) = headers.get(header::ORIGIN) else {
        return Ok(());
    };
    let host = headers.get(header::HOST).map(HeaderValue::as_bytes);
    if is_allowed(origin, host, origins) {
        return Ok(());
    }
    Err(Refused::origin(&String::from_utf8_lossy(origin.as_bytes())))
}

/// Whether a header that is a list has `token`.
fn has_token(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    headers
        .get_all(name)
        .iter()
        .flat_map(|value| value.as_bytes().split(|b| *b == b','))
        .any(|item| item.trim_ascii().eq_ignore_ascii_case(token.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: [(&str, &str); 4] = [
        ("connection", "keep-alive, Upgrade"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ("host", "127.0.0.1:8080"),
    ];

    /// The status of the answer to [`GOOD`] with `changed` in place of what it
    /// says; an empty value takes a header away.
    fn answer(changed: &[(&str, &str)], origins: &[&str]) -> (u16, Option<Dialect>) {
        let mut headers = HeaderMap::new();
        for (name, value) in GOOD.iter().chain(changed) {
            let name: HeaderName = name.parse().unwrap();
            if value.is_empty() {
                headers.remove(name);
            } else {
                headers.insert(name, value.parse().unwrap());
            }
        }
        let origins: Vec<String> = origins.iter().map(|o| (*o).to_owned()).collect();
        match agree(&headers, &origins) {
            Ok(agreed) => (agreed.response.status().as_u16(), Some(agreed.dialect)),
            Err(refused) => (refused.http.as_u16(), None),
        }
    }

    #[test]
    fn handshakes() {
        let microapi = (101, Some(Dialect::MicroApi));
        let ostler = (101, Some(Dialect::Ostler));
        let refused = |status| (status, None);
        type Pairs<'a> = &'a [(&'a str, &'a str)];
        let rows: [(Pairs<'_>, &[&str], _); 15] = [
            (&[], &[], microapi),
            (&[("sec-websocket-protocol", "ostler.v1")], &[], ostler),
            (
                &[("sec-websocket-protocol", "chat, ostler.v1")],
                &[],
                ostler,
            ),
            (&[("sec-websocket-protocol", "chat")], &[], microapi),
            (&[("connection", "close")], &[], refused(400)),
            (&[("connection", "")], &[], refused(400)),
            (&[("sec-websocket-version", "8")], &[], refused(426)),
            (&[("sec-websocket-version", "")], &[], refused(426)),
            (&[("sec-websocket-key", "")], &[], refused(400)),
            (&[("sec-websocket-key", "short==")], &[], refused(400)),
            (&[("origin", "http://127.0.0.1:8080")], &[], microapi),
            (&[("origin", "http://127.0.0.1:8081")], &[], refused(403)),
            (&[("origin", "null")], &[], refused(403)),
            (
                &[("origin", "https://a.example")],
                &["https://b.example"],
                refused(403),
            ),
            (
                &[("origin", "https://A.example")],
                &["https://a.example"],
                microapi,
            ),
        ];
        for (changed, origins, expected) in rows {
            assert_eq!(answer(changed, origins), expected, "{changed:?}");
        }
    }

    #[test]
    fn the_accepted_key_is_that_of_the_rfc() {
        let key = HeaderValue::from_static("dGhlIHNhbXBsZSBub25jZQ==");
        let response = response(&key, true).unwrap();
        let headers = response.headers();
        assert_eq!(
            headers["sec-websocket-accept"],
            "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
        );
        assert_eq!(headers["sec-websocket-protocol"], "ostler.v1");
    }
}
