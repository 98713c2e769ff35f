//! Who may use the admin API: who has the token, and no page in a browser.

use std::net::IpAddr;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use super::token::Token;
use super::wire::Fault;

/// What a request must show.
#[derive(Clone, Debug)]
pub(super) struct Guard {
    pub(super) token: Arc<Token>,
    /// Names this host may be called by, beside addresses and `localhost`.
    pub(super) hosts: Arc<[String]>,
}

/// Lets a request through, or answers what it lacks.
pub(super) async fn check(State(guard): State<Guard>, request: Request, next: Next) -> Response {
    match guard.refusal(
        request.headers(),
        request.uri().authority().map(|a| a.as_str()),
    ) {
        None => next.run(request).await,
        Some((status, fault)) => (status, Json(fault)).into_response(),
    }
}

impl Guard {
    fn refusal(&self, headers: &HeaderMap, authority: Option<&str>) -> Option<(StatusCode, Fault)> {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        // A name that somebody else's DNS turns to this address is how pages
        // reach what listens on the user's machine.
        let host = text(header::HOST).or(authority).unwrap_or_default();
        if !self.knows(host) {
            return Some((
                StatusCode::MISDIRECTED_REQUEST,
                Fault::new(
                    "host",
                    format!(
                        "{host:?} is no name of this host: use its address or localhost, or add \
                         the name to server.admin-hosts"
                    ),
                ),
            ));
        }
        if headers.contains_key(header::ORIGIN) {
            let text = "the admin API answers no page in a browser";
            return Some((StatusCode::FORBIDDEN, Fault::new("origin", text)));
        }
        let bearer = text(header::AUTHORIZATION).and_then(|value| value.split_once(' '));
        match bearer {
            Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => {
                (!self.token.is(token.trim())).then(|| unauthorized("the token is not this host's"))
            }
            _ => Some(unauthorized(
                "a request needs the header `authorization: Bearer TOKEN`",
            )),
        }
    }

    fn knows(&self, host: &str) -> bool {
        let name = match host.strip_prefix('[') {
            Some(rest) => rest.split(']').next().unwrap_or_default(),
            None => host.split(':').next().unwrap_or_default(),
        };
        let mut named = self.hosts.iter();
        name.parse::<IpAddr>().is_ok()
            || name.eq_ignore_ascii_case("localhost")
            || named.any(|own| own.eq_ignore_ascii_case(name))
    }
}

fn unauthorized(text: &str) -> (StatusCode, Fault) {
    let text = format!("{text}; the host keeps it in the file server.admin-token");
    (StatusCode::UNAUTHORIZED, Fault::new("unauthorized", text))
}
