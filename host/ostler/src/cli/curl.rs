//! A `curl` line for a method, ready to paste.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use ostler_schema::{Method, Plan, TypeId, codec};

use super::chunks;
use super::sample::sample;

/// The line that calls `service`.`method` of the host at this URL.
pub(super) fn line(host: &str, service: &str, method: &Method, plan: &Plan) -> String {
    let url = format!("{host}/{service}/{}", method.name.plain);
    let mut words = vec!["curl".to_owned()];
    if method.pattern.streams_out() {
        // Show what comes when it comes.
        words.push("-N".to_owned());
    }
    words.push(url);
    let chunks_in = chunks::are_requests(method, plan);
    if chunks_in {
        words.push("-H 'content-type: application/octet-stream' --data-binary @-".to_owned());
    } else {
        words.push("-H 'content-type: application/json'".to_owned());
        words.push(format!("-d {}", quoted(&body(method, plan))));
    }
    if chunks::are_replies(method, plan) {
        words.push("-H 'accept: application/octet-stream' -o out.bin".to_owned());
    }
    let command = words.join(" ");
    if chunks_in {
        return format!("printf hello | {command}");
    }
    command
}

/// Where a listener bound to the address of a URL can be reached from here.
pub(super) fn reachable(url: &str) -> String {
    let (scheme, address) = url.split_once("://").unwrap_or(("http", url));
    match address.parse() {
        Ok(address) => format!("{scheme}://{}", specified(address)),
        Err(_) => url.to_owned(),
    }
}

fn specified(mut host: SocketAddr) -> SocketAddr {
    if host.ip().is_unspecified() {
        host.set_ip(match host.ip() {
            IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    host
}

/// The request: one message, or two in an array for a stream.
fn body(method: &Method, plan: &Plan) -> String {
    let message = json(plan, method.request.message);
    if method.pattern.streams_in() {
        return format!("[{message},{message}]");
    }
    message
}

/// A sample as JSON.
fn json(plan: &Plan, ty: TypeId) -> String {
    let value = sample(plan, ty, "");
    // A sample is a value of its type, so it has an encoding.
    let mut text = Vec::new();
    match codec::json::encode(plan, ty, &value, &mut text) {
        Ok(()) => String::from_utf8_lossy(&text).into_owned(),
        Err(_) => String::new(),
    }
}

/// One word for any POSIX shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unspecified_address_is_reached_on_loopback() {
        for (bound, reached) in [
            ("0.0.0.0:80", "127.0.0.1:80"),
            ("[::]:80", "[::1]:80"),
            ("10.0.0.7:80", "10.0.0.7:80"),
        ] {
            assert_eq!(
                reachable(&format!("https://{bound}")),
                format!("https://{reached}")
            );
        }
    }

    #[test]
    fn a_shell_sees_one_word() {
        assert_eq!(quoted(r#"{"a":"it's"}"#), r#"'{"a":"it'\''s"}'"#);
    }
}
