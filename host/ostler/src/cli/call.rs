//! `ostler call`: one call of any pattern, messages as they come.

mod args;
mod input;
mod output;

use std::time::Instant;

use ostler_call::{Body, Deadline, Encoding, Head, Reply, Status};
use ostler_schema::{Method, Pattern, Plan};
use ostler_transport::http::client::{Client, Http};
use ostler_transport::websocket;

use super::exit::{Class, Failure};
use super::{chunks, remote};
pub(super) use args::Args;
use output::{Output, Report};

pub(super) async fn run(args: Args) -> Result<(), Failure> {
    let (service, method) = args.address()?;
    let metadata = args.metadata()?;
    let http = if args.http2 { Http::Two } else { Http::One };
    // The contract is read over HTTP, whatever carries the call.
    let client = remote::connect(&remote::http_url(&args.url), http).await?;
    let contracts = remote::contracts(&client).await?;
    let (declared, plan) = remote::find(&contracts, service, method)?;
    let pattern = declared.pattern;
    check_chunks(&args, declared, plan)?;
    let body = input::body(args.source(pattern)?).await?;
    let head = Head {
        metadata,
        deadline: args
            .timeout
            .and_then(|timeout| Deadline::after(now(), timeout)),
        request: encoding(args.input.is_some()),
        reply: encoding(args.output.is_some()),
        ..Head::new(service, method)
    };
    let output = Output::open(args.output.as_deref()).await?;
    let mut report = Report::default();
    let caller = Caller::new(client, &args.url).await?;
    let result = exchange(&caller, head, pattern, body, output, &mut report).await;
    report.finish(result, args.json)
}

/// `--in` and `--out` are for chunk streams alone.
fn check_chunks(args: &Args, method: &Method, plan: &Plan) -> Result<(), Failure> {
    let refused = |flag| {
        let name = &args.method;
        Err(Failure::usage(format!(
            "{flag}: {name} has no chunk stream on that side"
        )))
    };
    if args.input.is_some() && !chunks::are_requests(method, plan) {
        return refused("--in");
    }
    if args.output.is_some() && !chunks::are_replies(method, plan) {
        return refused("--out");
    }
    Ok(())
}

/// What carries the call.
enum Caller {
    Http(Client),
    WebSocket(websocket::client::Client),
}

impl Caller {
    /// A socket where `url` names one, else `http`.
    async fn new(http: Client, url: &str) -> Result<Self, Failure> {
        if !remote::is_socket(url) {
            return Ok(Self::Http(http));
        }
        let client = websocket::client::Client::connect(url).await;
        client.map(Self::WebSocket).map_err(remote::unreachable)
    }

    async fn call(&self, head: Head, pattern: Pattern, body: Body) -> Result<Reply, Status> {
        match self {
            Self::Http(client) => client.call(head, pattern, body).await,
            Self::WebSocket(client) => client.call(head, pattern, body).await,
        }
    }
}

/// Sends the body and writes what comes back.
async fn exchange(
    client: &Caller,
    head: Head,
    pattern: Pattern,
    body: Body,
    output: Output,
    report: &mut Report,
) -> Result<(), Failure> {
    let reply = client.call(head, pattern, body).await?;
    report.headers = reply.headers;
    report.trailers = output.write(reply.body).await?;
    Ok(())
}

/// The bytes of a chunk stream as they are, or JSON.
fn encoding(raw: bool) -> Encoding {
    if raw {
        Encoding::Raw
    } else {
        Encoding::PlainJson
    }
}

impl From<Status> for Failure {
    fn from(status: Status) -> Self {
        Self {
            class: Class::Call(status.code()),
            text: output::text(&status),
            status: Some(Box::new(status)),
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a timeout becomes a deadline at this edge"
)]
fn now() -> Instant {
    Instant::now()
}
