//! Versions are swapped while calls of all patterns keep coming over several
//! transports: none fails, and streams end on the version they began with.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod load;

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use ostler::admin::{Client, Component, Rollout, Token};
use ostler_call::{Body, End, Head, Kind, MessageStream, Next, Reply};
use ostler_schema::Pattern;
use ostler_tests::caller::{Caller, Transport};
use ostler_tests::{Host, guest, within};
use tempfile::TempDir;
use tokio::sync::mpsc;

use load::{Load, Plan};

/// What the load calls.
const COMPONENT: &str = "matrix.v1";

/// A host with an admin API, and its client.
struct Admin {
    host: Host,
    client: Client,
    _folder: TempDir,
}

impl Admin {
    async fn start(guests: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let token = folder.path().join("token");
        let config = format!("[server]\nadmin = \"127.0.0.1:0\"\nadmin-token = {token:?}\n");
        let host = Host::start(guests, Some(&config)).await;
        let address = host.listing["admin"].as_str().unwrap();
        let token = Token::load(&token).unwrap();
        let client = Client::new(address, token);
        Self {
            host,
            client,
            _folder: folder,
        }
    }

    /// Deploys and gives the number of the version.
    async fn deploy(&self, component: Bytes) -> u32 {
        let rollout = Rollout {
            drain: Some("unlimited".to_owned()),
            // What every guest does at its first call only is done before.
            probe: Some("matrix.count {\"items\": 1, \"last\": 1}".to_owned()),
            ..Rollout::default()
        };
        let placed = self.client.deploy(component, &rollout, |_| {}).await;
        let placed = placed.unwrap();
        assert_eq!(placed.component, COMPONENT);
        placed.version
    }

    async fn component(&self) -> Component {
        let mut components = self.client.list().await.unwrap();
        components.retain(|component| component.name == COMPONENT);
        components.pop().unwrap()
    }

    /// The state of a version and the calls it runs.
    async fn version(&self, number: u32) -> Option<(String, usize)> {
        let versions = self.component().await.versions;
        let found = versions.into_iter().find(|v| v.number == number)?;
        Some((found.state, found.running))
    }

    /// Waits until a version has ended.
    async fn ended(&self, number: u32) {
        within(format!("version {number} to end"), async {
            while let Some((state, _)) = self.version(number).await {
                if state == "kept" {
                    return;
                }
                tokio::task::yield_now().await;
            }
        })
        .await;
    }
}

/// The component, as bytes that no other variant has.
fn variant(name: &str, number: u32) -> Bytes {
    let mut component = std::fs::read(guest(name)).unwrap();
    // A custom section (core specification, binary format): 0, size, name, rest.
    let rest = number.to_string();
    let name = b"variant";
    component.push(0);
    component.push(u8::try_from(1 + name.len() + rest.len()).unwrap());
    component.push(u8::try_from(name.len()).unwrap());
    component.extend_from_slice(name);
    component.extend_from_slice(rest.as_bytes());
    component.into()
}

/// A stream of requests that is written while replies come.
struct Written(mpsc::Receiver<Bytes>);

impl MessageStream for Written {
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Next> {
        let next = self.0.poll_recv(cx);
        next.map(|message| message.map_or(Next::End(End::ok()), Next::Message))
    }
}

/// A call that streams both ways, and is open.
struct Open {
    send: mpsc::Sender<Bytes>,
    reply: Reply,
}

impl Open {
    async fn begin(caller: &Caller) -> Self {
        let (send, written) = mpsc::channel(4);
        send.send("1".into()).await.unwrap();
        let head = Head::new("matrix", "doubles");
        let body = Body::stream(Written(written));
        let reply = caller.call(head, Pattern::Bidirectional, body).await;
        let mut open = Self {
            send,
            reply: reply.unwrap(),
        };
        assert_eq!(open.next().await.unwrap(), "2");
        open
    }

    async fn next(&mut self) -> Result<Bytes, End> {
        let Kind::Stream(replies) = &mut self.reply.body.kind else {
            panic!("{:?} is no stream", self.reply);
        };
        match within("a reply", poll_fn(|cx| replies.as_mut().poll_next(cx))).await {
            Next::Message(message) => Ok(message),
            Next::End(end) => Err(end),
        }
    }

    /// One message more, and the end.
    async fn finish(mut self) {
        self.send.send("21".into()).await.unwrap();
        assert_eq!(self.next().await.unwrap(), "42");
        let Self { send, mut reply } = self;
        drop(send);
        let Kind::Stream(replies) = &mut reply.body.kind else {
            unreachable!("it was one before");
        };
        let end = within("the end", poll_fn(|cx| replies.as_mut().poll_next(cx))).await;
        let Next::End(end) = end else {
            panic!("one reply too many");
        };
        end.result.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn open_streams_end_on_the_version_they_began_with() {
    let admin = Admin::start(&["matrix"]).await;
    let mut open = Vec::new();
    for transport in Transport::ALL {
        let caller = Caller::connect(transport, admin.host.addr).await;
        open.push(Open::begin(&caller).await);
    }
    assert_eq!(admin.deploy(variant("matrix", 2)).await, 2);
    let began = Transport::ALL.len();
    assert_eq!(admin.version(1).await.unwrap(), ("draining".into(), began));
    assert_eq!(admin.version(2).await.unwrap(), ("live".into(), 0));
    // What begins now is on the new one.
    let caller = Caller::connect(Transport::H2c, admin.host.addr).await;
    let later = Open::begin(&caller).await;
    assert_eq!(admin.version(2).await.unwrap(), ("live".into(), 1));
    for open in open {
        open.finish().await;
    }
    admin.ended(1).await;
    later.finish().await;
}

/// `OSTLER_SWAPS` and `OSTLER_SWAP_CALLS` say how much; `cargo xtask swap-test`
/// sets them.
fn number(name: &str, usual: usize) -> usize {
    std::env::var(name).map_or(usual, |text| text.parse().unwrap())
}

#[expect(clippy::print_stdout, reason = "it is a measurement too")]
async fn swaps(what: &str, variants: &[Bytes], plan: &Plan) {
    let admin = Admin::start(&["matrix"]).await;
    // Each is compiled once before: what is measured are swaps.
    for variant in variants {
        let number = admin.deploy(variant.clone()).await;
        admin.ended(number - 1).await;
    }
    let load = Load::start(admin.host.addr, plan).await;
    let every = plan.calls / plan.swaps;
    for swap in 0..plan.swaps {
        // What is steady is so on each of the versions, whose speeds may
        // differ.
        load.calls((swap + 1) * every).await;
        load.swapping(true);
        let open = Open::begin(load.any()).await;
        let number = admin.deploy(variants[swap % variants.len()].clone()).await;
        let before = admin.version(number - 1).await.unwrap();
        assert!(before.0 == "draining" && before.1 > 0, "{before:?}");
        open.finish().await;
        admin.ended(number - 1).await;
        load.swapping(false);
    }
    let result = load.finish().await;
    println!(
        "swaps: {what}: {} calls, {} failed, {} swaps, p99 {:.2} ms steady, {:.2} ms while swapping, ratio {:.2}",
        result.calls,
        result.failed.len(),
        plan.swaps,
        result.steady_ms,
        result.swapping_ms,
        result.swapping_ms / result.steady_ms,
    );
    assert!(result.failed.is_empty(), "{:#?}", result.failed);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_call_fails() {
    let plan = Plan {
        swaps: number("OSTLER_SWAPS", 20),
        calls: number("OSTLER_SWAP_CALLS", 6000),
        every: Duration::from_millis(8),
    };
    let variants: Vec<_> = (0..4).map(|n| variant("matrix", n)).collect();
    swaps("Rust", &variants, &plan).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_call_fails_with_python_among_the_versions() {
    let plan = Plan {
        swaps: number("OSTLER_SWAPS", 20) / 5,
        calls: number("OSTLER_SWAP_CALLS", 6000) / 5,
        every: Duration::from_millis(40),
    };
    let variants = [
        variant("matrix-python", 0),
        variant("matrix", 0),
        variant("matrix-javascript", 0),
    ];
    swaps("Rust, Python, JavaScript", &variants, &plan).await;
}
