//! What a host tells of itself: metrics, traces, events.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod collector;
mod events;
mod metrics;
mod traces;

use std::net::SocketAddr;

use bytes::Bytes;
use ostler_call::{Body, Code, Head, Metadata};
use ostler_schema::Pattern;
use ostler_tests::caller::{Caller, Fed, Outcome};
use ostler_tests::{Answer, Host, Http, Request, within};
use serde_json::json;
use tempfile::TempDir;

/// The methods of the guest `matrix`, by pattern, with their protobuf names.
const METHODS: [(&str, &str, Pattern); 4] = [
    ("double", "Double", Pattern::Unary),
    ("count", "Count", Pattern::ServerStreaming),
    ("sum", "Sum", Pattern::ClientStreaming),
    ("doubles", "Doubles", Pattern::Bidirectional),
];
/// The full name of its service.
const SERVICE: &str = "test.matrix.v1.Matrix";

/// A host of the guest `matrix` with an admin API.
struct Admin {
    host: Host,
    address: SocketAddr,
    token: String,
    folder: TempDir,
}

impl Admin {
    async fn start(config: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        let config = format!(
            "[server]\nadmin = \"127.0.0.1:0\"\nadmin-token = {path:?}\naccess-log = \"off\"\n{config}"
        );
        let host = Host::start(&["matrix"], Some(&config)).await;
        let address = host.listing["admin"].as_str().unwrap().parse().unwrap();
        let token = std::fs::read_to_string(path).unwrap().trim().to_owned();
        Self {
            host,
            address,
            token,
            folder,
        }
    }

    async fn ask(&self, request: Request) -> Answer {
        let bearer = format!("Bearer {}", self.token);
        let request = request.header("authorization", &bearer);
        ostler_tests::call(self.address, Http::One, request).await
    }

    /// Deploys a component; gives the last line of the answer.
    async fn deploy(&self, component: Bytes) -> serde_json::Value {
        let answer = self.ask(Request::raw("/v1/components", component)).await;
        let text = answer.text();
        serde_json::from_str(text.lines().last().unwrap()).unwrap()
    }

    /// Does something with the component.
    async fn change(&self, action: &str) {
        let path = format!("/v1/components/matrix/{action}");
        let answer = self.ask(Request::raw(&path, "")).await;
        assert_eq!(answer.status(), 200, "{}", answer.text());
    }
}

/// The guest once more, with other bytes.
fn again(mark: u8) -> Bytes {
    let mut bytes = std::fs::read(ostler_tests::guest("matrix")).unwrap();
    // A custom section of one byte (WebAssembly binary format, 5.5.3).
    bytes.extend([0, 3, 1, b'v', mark]);
    bytes.into()
}

/// Calls a method with this number, which it refuses when it is 0.
async fn call(caller: &Caller, method: &str, number: u32, metadata: &[(&str, &str)]) -> Code {
    let pattern = METHODS.iter().find(|(name, ..)| *name == method).unwrap().2;
    let body = match pattern {
        Pattern::Unary => Body::one(json!({ "number": number }).to_string().into()),
        Pattern::ServerStreaming => {
            let request = json!({ "items": 1, "last": number });
            Body::one(request.to_string().into())
        }
        _ => Body::stream(Fed::new(&[json!(number)], true)),
    };
    let mut head = Head::new("matrix", method);
    head.metadata = Metadata::new();
    for (key, value) in metadata {
        head.metadata.insert(key, value).unwrap();
    }
    let outcome = async {
        match caller.call(head, pattern, body).await {
            Ok(reply) => Outcome::of(reply).await,
            Err(status) => Outcome::from(status),
        }
    };
    within("the end of a call", outcome).await.code
}
