//! `ostler call`: one call of any pattern, messages as they come.

mod args;
mod input;
mod output;
mod translate;

use std::hash::{BuildHasher as _, RandomState};
use std::time::Instant;

use ostler_call::{Body, Deadline, Encoding, Head, Metadata, Reply, Status};
use ostler_schema::{Contract, Method, Pattern, Plan};
use ostler_transport::{http, rpc, websocket};

use super::exit::{Class, Failure};
use super::remote::{Found, Peer, Wire};
use super::{chunks, reflection, remote};
pub(super) use args::Args;
use output::{Output, Report};
use translate::{Origin, Translator};

/// The key of the trace context (W3C trace-context-1, 3.2).
const TRACE: &str = "traceparent";

pub(super) async fn run(args: Args) -> Result<(), Failure> {
    let (service, method) = args.address()?;
    let metadata = traced(args.metadata()?);
    let peer = args.peer()?;
    let (line, contracts) = connect(&peer, &args).await?;
    let found = remote::find(&contracts, service, method)?;
    let pattern = found.method.pattern;
    check_chunks(&args, found.method, found.plan)?;
    let body = input::body(args.source(pattern)?).await?;
    let (sent, printed) = (
        encoding(args.input.is_some()),
        encoding(args.output.is_some()),
    );
    let caller = Caller::new(line, &found, sent, printed);
    let head = Head {
        metadata,
        deadline: args
            .timeout
            .and_then(|timeout| Deadline::after(now(), timeout)),
        ..caller.head(&found, service, sent, printed)
    };
    let output = Output::open(args.output.as_deref()).await?;
    let mut report = Report::default();
    let result = exchange(&caller, head, pattern, body, output, &mut report).await;
    report.finish(result, args.json)
}

/// Connects, and asks for the contracts.
async fn connect(peer: &Peer, args: &Args) -> Result<(Line, Vec<Contract>), Failure> {
    Ok(match peer.wire() {
        Wire::Http => {
            let client = peer.http().await?;
            let contracts = remote::contracts(&client).await?;
            (Line::Http(client), contracts)
        }
        // The contract is read over HTTP, whatever carries the call.
        Wire::Socket => {
            let contracts = remote::contracts(&peer.http().await?).await?;
            (Line::WebSocket(peer.socket().await?), contracts)
        }
        Wire::Rpc => {
            let client = peer.rpc().await?;
            let (contracts, origin) = rpc_contracts(peer, &client, args).await?;
            (Line::Rpc(client, origin), contracts)
        }
    })
}

/// Contracts that have the method, if any has: the host's, or else what the
/// server says by reflection, as others than ostler do.
async fn rpc_contracts(
    peer: &Peer,
    client: &rpc::client::Client,
    args: &Args,
) -> Result<(Vec<Contract>, Origin), Failure> {
    let (service, method) = args.address()?;
    let has_it = |all: &Vec<Contract>| remote::find(all, service, method).is_ok();
    let own = match args.reflection {
        true => None,
        false => peer.rpc_contracts().await.ok(),
    };
    match own {
        // A name in protobuf may be of the host's own, such as its health.
        Some(own) if has_it(&own) || !service.contains('.') => Ok((own, Origin::Contract)),
        own => match (reflection::contracts(client, Some(service)).await, own) {
            (Ok(reflected), None) => Ok((reflected, Origin::Reflection)),
            (Ok(reflected), _) if has_it(&reflected) => Ok((reflected, Origin::Reflection)),
            (_, Some(own)) => Ok((own, Origin::Contract)),
            (Err(failure), None) => Err(failure),
        },
    }
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
enum Line {
    Http(http::client::Client),
    WebSocket(websocket::client::Client),
    Rpc(rpc::client::Client, Origin),
}

/// Makes the call.
enum Caller {
    Http(http::client::Client),
    WebSocket(websocket::client::Client),
    /// Speaks protobuf.
    Rpc(rpc::client::Client, Translator),
}

impl Caller {
    fn new(line: Line, found: &Found<'_>, sent: Encoding, printed: Encoding) -> Self {
        match line {
            Line::Http(client) => Self::Http(client),
            Line::WebSocket(client) => Self::WebSocket(client),
            Line::Rpc(client, origin) => {
                let translator = Translator::new(found, origin, sent, printed);
                Self::Rpc(client, translator)
            }
        }
    }

    /// Names and encodings as the wire has them; `service` is what the user
    /// called it.
    fn head(&self, found: &Found<'_>, service: &str, sent: Encoding, printed: Encoding) -> Head {
        match self {
            Self::Rpc(..) => Head {
                request: Encoding::Proto,
                reply: Encoding::Proto,
                ..Head::new(&found.service.proto, &found.method.proto)
            },
            Self::Http(_) | Self::WebSocket(_) => Head {
                request: sent,
                reply: printed,
                ..Head::new(found.plain(service), &*found.method.name.plain)
            },
        }
    }

    async fn call(&self, head: Head, pattern: Pattern, body: Body) -> Result<Reply, Status> {
        match self {
            Self::Http(client) => client.call(head, pattern, body).await,
            Self::WebSocket(client) => client.call(head, pattern, body).await,
            Self::Rpc(client, translator) => {
                let reply = client.call(head, pattern, translator.body(body)?).await;
                translator.reply(reply?)
            }
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
    output.write(reply.body, report).await
}

/// With a trace of its own, or that of the environment, unless the user says
/// which: what the call sets off can be found by it.
fn traced(mut metadata: Metadata) -> Metadata {
    if metadata.get(TRACE).is_none() {
        let own = || {
            let random = RandomState::new();
            let [a, b, span] = [0, 1, 2].map(|n: u8| random.hash_one(n).max(1));
            format!("00-{a:016x}{b:016x}-{span:016x}-01")
        };
        let given = std::env::var("TRACEPARENT").ok();
        let trace = given.unwrap_or_else(own);
        // A variable with what cannot be sent is not.
        metadata.insert(TRACE, &trace).unwrap_or_default();
    }
    metadata
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
