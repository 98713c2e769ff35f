//! Whose pages may call. Browsers let any page send requests anywhere, some
//! of them with the user's cookies, so that it is the host who must tell
//! strangers apart. Other clients send no `Origin`.

use http::HeaderValue;

/// Whether pages of `origin` may call a host that goes by `host`: its own, and
/// those of the configured `origins`; `*` is everybody.
pub(crate) fn is_allowed(origin: &HeaderValue, host: Option<&[u8]>, origins: &[String]) -> bool {
    let origin = origin.as_bytes();
    let authority = origin
        .windows(3)
        .position(|at| at == b"://")
        .map(|at| &origin[at + 3..]);
    let is_own = authority.is_some_and(|a| host.is_some_and(|h| h.eq_ignore_ascii_case(a)));
    let is_listed =
        |allowed: &String| allowed == "*" || allowed.as_bytes().eq_ignore_ascii_case(origin);
    is_own || origins.iter().any(is_listed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins() {
        let rows: [(&str, &[&str], bool); 9] = [
            ("http://127.0.0.1:8080", &[], true),
            ("HTTP://127.0.0.1:8080", &[], true),
            ("http://127.0.0.1:8081", &[], false),
            ("http://127.0.0.1", &[], false),
            ("null", &[], false),
            ("null", &["*"], true),
            (
                "https://A.example",
                &["https://b.example", "https://a.example"],
                true,
            ),
            ("https://a.example", &["http://a.example"], false),
            ("https://a.example.evil", &["https://a.example"], false),
        ];
        for (origin, origins, expected) in rows {
            let value = HeaderValue::from_str(origin).unwrap();
            let origins: Vec<String> = origins.iter().map(|o| (*o).to_owned()).collect();
            let found = is_allowed(&value, Some(b"127.0.0.1:8080"), &origins);
            assert_eq!(found, expected, "{origin} {origins:?}");
            assert!(!is_allowed(&value, None, &[]), "{origin}");
        }
    }
}
