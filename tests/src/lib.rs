//! Harness of the tests: the real binary as a child process, clients that see
//! every byte, and tables of behaviours. Nothing here sleeps: everything waits
//! for a condition, for at most [`PATIENCE`].

pub mod caller;
mod clients;
mod exchange;
mod files;
mod host;
mod log;
mod made;
mod one;
mod signing;
mod socket;
mod table;
mod two;
mod which;

use std::fmt::Display;
use std::future::Future;
use std::time::Duration;

pub use clients::{grpcio, microapi, node, prometheus};
pub use exchange::{Answer, Exchange, Http, Request, call};
pub use files::{example, guest, ostler};
pub use host::{Host, Options, Started, command};
pub use log::{Log, field};
pub use made::component;
pub use one::RawHttp;
pub use signing::{SigningKey, foreign_key};
pub use socket::{OSTLER, Said, Socket, binary, opening};
pub use table::Table;
pub use two::{H2, H2Call};
pub use which::{ask_which, broken_which, which};

/// The guests of one contract, one in each language or toolchain.
pub const MATRIX: [&str; 4] = [
    "matrix",
    "matrix-javascript",
    "matrix-quickjs",
    "matrix-python",
];

/// How long a test waits for what must happen; generous, since machines that
/// test are busy.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// The head of a response.
#[derive(Clone, Debug)]
pub struct Head {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: http::HeaderMap,
}

impl Head {
    /// The first value of a header, empty when there is none.
    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.map_or("", |value| value.to_str().unwrap_or("not ASCII"))
    }
}

/// One step of a response's body.
#[derive(Clone, Debug)]
pub enum Step {
    /// Bytes, as they came.
    Data(bytes::Bytes),
    /// The clean end, and the trailers.
    End(http::HeaderMap),
    /// The connection, or the stream, ended before the body did.
    Broken(String),
}

/// What `future` gives.
///
/// # Panics
/// When it takes longer than [`PATIENCE`]; the text says what was waited for.
pub async fn within<T>(what: impl Display, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(PATIENCE, future).await {
        Ok(value) => value,
        Err(_) => panic!("waited {PATIENCE:?} for {what}"),
    }
}
