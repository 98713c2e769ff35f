//! grpcurl, which knows nothing of a service but what reflection tells it.

use ostler_tests::{Host, Table};
use serde_json::{Value, json};
use tokio::process::Command;

use crate::{Certificate, program, run, text};

const SERVICES: &str = "\
demo.users.v1.Users
grpc.health.v1.Health
grpc.reflection.v1.ServerReflection
grpc.reflection.v1alpha.ServerReflection
test.cancel.v1.Cancel
test.control.v1.Control
";

const METHODS: &str = "\
demo.users.v1.Users.Aggregate
demo.users.v1.Users.Conversation
demo.users.v1.Users.GetUser
demo.users.v1.Users.ListUsers
";

const USERS: &str = "\
demo.users.v1.Users is a service:
service Users {
  rpc Aggregate ( stream .demo.users.v1.DataPoint ) returns ( .demo.users.v1.Summary );
  rpc Conversation ( stream .demo.users.v1.ChatMessage ) returns ( stream .demo.users.v1.ChatReply );
  rpc GetUser ( .demo.users.v1.GetUserRequest ) returns ( .demo.users.v1.User ) {
    option idempotency_level = NO_SIDE_EFFECTS;
  }
  rpc ListUsers ( .demo.users.v1.ListUsersRequest ) returns ( stream .demo.users.v1.User ) {
    option idempotency_level = NO_SIDE_EFFECTS;
  }
}
";

const ERROR: &str = "\
test.control.v1.Error is a message:
message Error {
  oneof kind {
    .google.protobuf.Empty empty = 1;
    uint32 too_many = 2;
    .test.control.v1.Pair named = 3;
  }
}
";

const METADATA: &str = r#"{
    "headers": [{"key": "x-first", "value": "1"}, {"key": "x-first", "value": "2"}],
    "trailers": [{"key": "x-last-bin", "value": "AQI"}]
}"#;

/// grpcurl exits with the code of gRPC and this.
const CODES_FROM: i32 = 64;

/// What became of one run of grpcurl.
pub(crate) struct Ran {
    code: i32,
    stdout: String,
    stderr: String,
}

impl Ran {
    /// The text, of a run that succeeded.
    pub(crate) fn text(&self) -> &str {
        assert_eq!((self.code, &*self.stderr), (0, ""));
        &self.stdout
    }

    /// The messages that came.
    fn messages(&self) -> Vec<Value> {
        let messages = serde_json::Deserializer::from_str(&self.stdout).into_iter();
        messages.map(Result::unwrap).collect()
    }

    /// The code of gRPC and the error in JSON, as `-format-error` gives it.
    fn error(&self) -> (i32, Value) {
        let error = serde_json::from_str(&self.stderr);
        (
            self.code - CODES_FROM,
            error.unwrap_or_else(|e| panic!("{e}: {}", self.stderr)),
        )
    }
}

/// Runs `grpcurl OPTIONS ADDRESS WHAT`.
pub(crate) async fn grpcurl(host: &Host, options: &[&str], what: &[&str]) -> Ran {
    let mut command = Command::new(program("GRPCURL"));
    command
        // Proxies are for other hosts.
        .env("NO_PROXY", "*")
        .args(options)
        .arg(host.addr.to_string())
        .args(what);
    let output = run(&mut command).await;
    Ran {
        code: output.status.code().unwrap_or(-1),
        stdout: text(&output.stdout),
        stderr: text(&output.stderr),
    }
}

async fn plain(host: &Host, what: &[&str]) -> Ran {
    grpcurl(host, &["-plaintext"], what).await
}

/// One call in cleartext: the method, the messages, and further options.
async fn call(host: &Host, method: &str, data: &str, options: &[&str]) -> Ran {
    let common = ["-plaintext", "-format-error", "-d", data];
    grpcurl(host, &[&common, options].concat(), &[method]).await
}

#[tokio::test]
async fn what_there_is() {
    let host = Host::start(&["users", "control", "cancel"], None).await;
    let mut table = Table::new("grpcurl: what there is");
    for (what, arguments, expected) in [
        ("services", &["list"][..], SERVICES),
        ("methods", &["list", "demo.users.v1.Users"], METHODS),
        ("a service", &["describe", "demo.users.v1.Users"], USERS),
        ("a message", &["describe", "test.control.v1.Error"], ERROR),
    ] {
        table
            .row(what, async {
                assert_eq!(plain(&host, arguments).await.text(), expected);
            })
            .await;
    }
    table
        .row("a service that is not there", async {
            let ran = plain(&host, &["describe", "demo.users.v1.Nobody"]).await;
            assert_ne!(ran.code, 0);
            assert!(ran.stderr.contains("Symbol not found"), "{}", ran.stderr);
        })
        .await;
    for (service, expected) in [
        ("", Ok("SERVING")),
        ("demo.users.v1.Users", Ok("SERVING")),
        ("nobody", Err(5)),
    ] {
        table
            .row(format!("health of {service:?}"), async {
                let data = json!({"service": service}).to_string();
                let ran = call(&host, "grpc.health.v1.Health/Check", &data, &[]).await;
                match expected {
                    Ok(status) => assert_eq!(ran.messages(), [json!({"status": status})]),
                    Err(code) => assert_eq!(ran.error().0, code),
                }
            })
            .await;
    }
    table.finish();
}

#[tokio::test]
async fn calls() {
    let host = Host::start(&["users", "control", "cancel"], None).await;
    let mut table = Table::new("grpcurl: calls");
    let user = |id: u32| json!({"username": format!("user-{id}"), "age": 18 + id});
    let reply = |text: &str| json!({"reply": format!("ada, you said: {text}"), "source": "ostler"});
    for (pattern, method, data, expected) in [
        ("unary", "GetUser", r#"{"user_id":7}"#, vec![user(7)]),
        (
            "server streaming",
            "ListUsers",
            r#"{"limit":2}"#,
            vec![user(1), user(2)],
        ),
        (
            "client streaming",
            "Aggregate",
            r#"{"value":1} {"value":2}"#,
            vec![json!({"count": "2", "average": 1.5, "total": 3})],
        ),
        (
            "bidirectional",
            "Conversation",
            r#"{"text":"hi","user":"ada"} {"text":"bye","user":"ada"}"#,
            vec![reply("hi"), reply("bye")],
        ),
    ] {
        table
            .row(pattern, async {
                let method = format!("demo.users.v1.Users/{method}");
                let ran = call(&host, &method, data, &[]).await;
                assert_eq!((ran.code, ran.messages()), (0, expected));
            })
            .await;
    }
    table
        .row("a request's metadata", async {
            let options = ["-H", "x-sent: mine"];
            let get = "test.control.v1.Control/Get";
            let ran = call(&host, get, r#"{"key":"x-sent"}"#, &options).await;
            assert_eq!(ran.messages(), [json!({"value": "mine"})]);
        })
        .await;
    table
        .row("a reply's headers and trailers", async {
            let ran = call(&host, "test.control.v1.Control/Set", METADATA, &["-v"]).await;
            let (_, received) = ran.text().split_once("Response headers received:").unwrap();
            let (headers, trailers) = received.split_once("Response trailers received:").unwrap();
            assert!(headers.contains("\nx-first: 1\nx-first: 2\n"), "{headers}");
            // Shown padded, as grpcurl does.
            assert!(trailers.starts_with("\nx-last-bin: AQI=\n"), "{trailers}");
        })
        .await;
    table.finish();
}

#[tokio::test]
async fn errors() {
    let host = Host::start(&["users", "control", "cancel"], None).await;
    let mut table = Table::new("grpcurl: errors");
    let text_detail = json!({
        "@type": "type.googleapis.com/google.protobuf.StringValue",
        "value": "a",
    });
    let own_detail = json!({
        "@type": "type.googleapis.com/test.control.v1.Error",
        "named": {"key": "a", "value": "b"},
    });
    for (what, method, data, code, expected) in [
        (
            "a status with a detail",
            "Fail",
            r#"{"code":"CODE_ABORTED","message":"no ☺","details":["a"]}"#,
            10,
            json!({"code": 10, "message": "no ☺", "details": [text_detail]}),
        ),
        (
            "an error of the contract",
            "FailOwn",
            r#"{"which":3}"#,
            2,
            json!({"code": 2, "message": "named", "details": [own_detail]}),
        ),
    ] {
        table
            .row(what, async {
                let method = format!("test.control.v1.Control/{method}");
                let ran = call(&host, &method, data, &[]).await;
                assert_eq!(ran.error(), (code, expected));
            })
            .await;
    }
    table
        .row("after items", async {
            let data = r#"{"items":3,"code":"CODE_DATA_LOSS"}"#;
            let ran = call(&host, "test.control.v1.Control/Send", data, &[]).await;
            let items = [1, 2, 3].map(|value| json!({"value": value}));
            assert_eq!(ran.messages(), items);
            let expected = json!({"code": 15, "message": "after 3 items"});
            assert_eq!(ran.error(), (15, expected));
        })
        .await;
    table
        .row("a deadline, which the guest sees too", async {
            let options = ["-max-time", "0.5"];
            let ran = call(&host, "test.cancel.v1.Cancel/Wait", "{}", &options).await;
            assert_eq!(ran.error().0, 4);
            let seen = |line: &str| line.contains("cancelled: true");
            host.wait_for_log(seen, ostler_tests::PATIENCE).await;
        })
        .await;
    table.finish();
}

#[tokio::test]
async fn tls() {
    let certificate = Certificate::new();
    let host = Host::start(&["users"], Some(&certificate.config())).await;
    let trusted = certificate.trusted();
    let trusted = ["-cacert", &trusted];
    let mut table = Table::new("grpcurl: TLS");
    table
        .row("what there is", async {
            let ran = grpcurl(&host, &trusted, &["list"]).await;
            assert!(ran.text().contains("demo.users.v1.Users\n"));
        })
        .await;
    table
        .row("a stream", async {
            let options = [&trusted[..], &["-d", r#"{"limit":2}"#]].concat();
            let ran = grpcurl(&host, &options, &["demo.users.v1.Users/ListUsers"]).await;
            assert_eq!((ran.code, ran.messages().len()), (0, 2));
        })
        .await;
    table
        .row("a certificate nobody vouches for is refused", async {
            let ran = grpcurl(&host, &[], &["list"]).await;
            assert_ne!(ran.code, 0);
            assert!(ran.stderr.contains("unknown authority"), "{}", ran.stderr);
        })
        .await;
    table.finish();
}
