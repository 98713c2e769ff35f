//! Calls of browsers from pages of other origins
//! (fetch.spec.whatwg.org, "CORS protocol").

use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, HOST, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderValue, Method as Verb, Request, Response, StatusCode};
use ostler_call::{Code, Status};

use super::error::Refusal;
use super::reply::ReplyBody;
use crate::origin::is_allowed;

/// What pages may send, beside what they ask for: metadata goes by any name.
const HEADERS: &str = "Content-Type,Connect-Protocol-Version,Connect-Timeout-Ms,Grpc-Timeout,\
    X-Grpc-Web,X-User-Agent,Authorization";
/// What pages may read of every response.
const EXPOSED: &str = "Grpc-Status,Grpc-Message,Grpc-Status-Details-Bin";
/// How long a browser may remember a preflight, seconds.
const MAX_AGE: HeaderValue = HeaderValue::from_static("7200");

/// Whose page sent a request.
pub(super) struct Page {
    origin: HeaderValue,
    /// Whether it may read the response.
    allowed: bool,
}

/// The page that sent a request, unless it was no page.
pub(super) fn page<B>(request: &Request<B>, origins: &[String]) -> Option<Page> {
    let origin = request.headers().get(ORIGIN)?;
    let authority = request.uri().authority().map(|a| a.as_str().as_bytes());
    let host = request.headers().get(HOST).map(HeaderValue::as_bytes);
    Some(Page {
        origin: origin.clone(),
        allowed: is_allowed(origin, authority.or(host), origins),
    })
}

impl Page {
    /// The answer to the question, asked before the call, whether it may call.
    pub(super) fn preflight<B>(&self, request: &Request<B>) -> Option<Response<ReplyBody>> {
        let asks = request
            .headers()
            .contains_key(ACCESS_CONTROL_REQUEST_METHOD);
        if request.method() != Verb::OPTIONS || !asks {
            return None;
        }
        if !self.allowed {
            let status = Status::new(
                Code::PermissionDenied,
                format!(
                    "pages of {} may not call this host; its configuration names the origins that may",
                    self.origin.as_bytes().escape_ascii()
                ),
            );
            return Some(Refusal::from(status).response(None));
        }
        let mut response = Response::new(ReplyBody::empty());
        *response.status_mut() = StatusCode::NO_CONTENT;
        let headers = response.headers_mut();
        headers.insert(
            ACCESS_CONTROL_ALLOW_METHODS,
            HeaderValue::from_static("POST,GET"),
        );
        for list in [Some(&HeaderValue::from_static(HEADERS))]
            .into_iter()
            .chain([request.headers().get(ACCESS_CONTROL_REQUEST_HEADERS)])
            .flatten()
        {
            headers.append(ACCESS_CONTROL_ALLOW_HEADERS, list.clone());
        }
        headers.insert(ACCESS_CONTROL_MAX_AGE, MAX_AGE);
        headers.insert(
            VARY,
            HeaderValue::from_static(
                "Access-Control-Request-Method,Access-Control-Request-Headers",
            ),
        );
        Some(response)
    }

    /// Lets the page read the response, if it may.
    pub(super) fn show(self, headers: &mut HeaderMap) {
        headers.append(VARY, HeaderValue::from_static("Origin"));
        if !self.allowed {
            return;
        }
        if let Some(exposed) = exposed(headers) {
            headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
        }
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, self.origin);
    }
}

/// All headers by name: the service's own are among them.
fn exposed(headers: &HeaderMap) -> Option<HeaderValue> {
    let mut names = EXPOSED.to_owned();
    for name in headers.keys() {
        let name = name.as_str();
        let is_known = name.starts_with("grpc-") || name.starts_with("access-control-");
        if !is_known && name != "vary" && name != "content-type" {
            names.push(',');
            names.push_str(name);
        }
    }
    HeaderValue::try_from(names).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(verb: &str, headers: &[(&str, &str)]) -> Request<()> {
        let mut request = Request::builder().method(verb).uri("/users/get_user");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap()
    }

    const ASKS: (&str, &str) = ("access-control-request-method", "POST");

    #[test]
    fn preflights() {
        let allowed = ["https://a.example".to_owned()];
        let a = ("origin", "https://a.example");
        let b = ("origin", "https://b.example");
        type Row<'a> = (&'a str, &'a [(&'a str, &'a str)], Option<u16>);
        let rows: [Row<'_>; 6] = [
            ("OPTIONS", &[a, ASKS], Some(204)),
            ("OPTIONS", &[b, ASKS], Some(403)),
            ("OPTIONS", &[b, ("host", "b.example"), ASKS], Some(204)),
            ("OPTIONS", &[a], None),
            ("OPTIONS", &[ASKS], None),
            ("POST", &[a, ASKS], None),
        ];
        for (verb, headers, expected) in rows {
            let request = request(verb, headers);
            let found = page(&request, &allowed).and_then(|p| p.preflight(&request));
            let status = found.map(|response| response.status().as_u16());
            assert_eq!(status, expected, "{verb} {headers:?}");
        }
    }

    #[test]
    fn a_preflight_says_what_was_asked() {
        let asked = ("access-control-request-headers", "x-team,x-microapi-a");
        let request = request("OPTIONS", &[("origin", "https://a.example"), ASKS, asked]);
        let page = page(&request, &["*".to_owned()]).unwrap();
        let mut response = page.preflight(&request).unwrap();
        page.show(response.headers_mut());
        let all = |name| {
            let values = response.headers().get_all(name).iter();
            let values: Vec<_> = values.map(|v| v.to_str().unwrap()).collect();
            values.join(",")
        };
        assert_eq!(all(ACCESS_CONTROL_ALLOW_ORIGIN), "https://a.example");
        assert_eq!(all(ACCESS_CONTROL_ALLOW_METHODS), "POST,GET");
        let headers = format!("{HEADERS},x-team,x-microapi-a");
        assert_eq!(all(ACCESS_CONTROL_ALLOW_HEADERS), headers);
        assert_eq!(all(ACCESS_CONTROL_MAX_AGE), "7200");
        let vary = "Access-Control-Request-Method,Access-Control-Request-Headers,Origin";
        assert_eq!(all(VARY), vary);
    }

    #[test]
    fn responses() {
        let request = request("POST", &[("origin", "https://a.example")]);
        for (origins, allowed) in [(&["*".to_owned()][..], true), (&[], false)] {
            let mut headers = HeaderMap::new();
            for name in ["content-type", "grpc-status", "x-team", "trailer-x-cost"] {
                headers.insert(name, HeaderValue::from_static("x"));
            }
            page(&request, origins).unwrap().show(&mut headers);
            assert_eq!(headers[VARY], "Origin");
            let exposed = headers.get(ACCESS_CONTROL_EXPOSE_HEADERS);
            let expected = format!("{EXPOSED},x-team,trailer-x-cost");
            assert_eq!(exposed.is_some_and(|e| *e == expected), allowed);
            assert_eq!(headers.contains_key(ACCESS_CONTROL_ALLOW_ORIGIN), allowed);
        }
    }
}
