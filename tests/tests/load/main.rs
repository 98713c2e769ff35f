//! The host under stress: callers that vanish, streams that stall, guests that
//! do not yield, and a shutdown with calls running.

mod cancel;
mod hostile;
mod shutdown;
mod stalled;

use std::net::SocketAddr;

use http::Request as HttpRequest;

/// A POST over HTTP/2.
fn post(addr: SocketAddr, path: &str, content: &str) -> HttpRequest<()> {
    HttpRequest::post(format!("http://{addr}{path}"))
        .header("content-type", content)
        .body(())
        .expect("a request")
}
