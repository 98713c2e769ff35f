//! `ostler call`: every pattern over every transport.

use std::process::Stdio;

use ostler_tests::{Host, Table, command, within};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};

use crate::{failed, lines, ostler, stderr, stdout};

/// Transports, as the scheme of the URL and flags.
const TRANSPORTS: [(&str, &str, &[&str]); 8] = [
    ("HTTP/1.1", "http", &[]),
    ("h2c", "http", &["--http2"]),
    ("WebSocket", "ws", &[]),
    ("gRPC", "grpc", &[]),
    ("gRPC by reflection", "grpc", &["--reflection"]),
    ("Connect", "connect+http", &[]),
    ("Connect over h2c", "connect+http", &["--http2"]),
    ("Connect by reflection", "connect+http", &["--reflection"]),
];

/// The arguments of a call.
fn arguments<'a>(url: &'a str, flags: &[&'a str], rest: &[&'a str]) -> Vec<&'a str> {
    [&["call", url], flags, rest].concat()
}

#[tokio::test]
async fn patterns() {
    let host = Host::start(&["users", "blobs", "control"], None).await;
    let mut table = Table::new("CLI: call");
    for (version, scheme, flags) in TRANSPORTS {
        let url = &format!("{scheme}://{}", host.addr);
        let reflected = flags.contains(&"--reflection");
        for (what, rest, stdin, expected) in rows(reflected) {
            table
                .row(format!("{what} ({version})"), async {
                    let output = ostler(arguments(url, flags, &rest), stdin.as_bytes()).await;
                    assert_eq!(Value::from(lines(&output)), expected);
                })
                .await;
        }
        for (what, rest, code, words) in failures() {
            if reflected && needs_chunks(&rest) {
                continue;
            }
            table
                .row(format!("{what} ({version})"), async {
                    failed(
                        &ostler(arguments(url, flags, &rest), b"").await,
                        code,
                        words,
                    );
                })
                .await;
        }
        table
            .row(
                format!("the first reply is printed before the second line is written ({version})"),
                turns(url, flags),
            )
            .await;
        if !reflected {
            table
                .row(format!("--in and --out ({version})"), files(url, flags))
                .await;
        }
        table
            .row(
                format!("--json tells the end ({version})"),
                ends(url, flags),
            )
            .await;
        table
            .row(
                format!("a stream that fails prints what came ({version})"),
                breaks(url, flags, reflected),
            )
            .await;
    }
    table.finish();
}

/// What is called, arguments, stdin, and the lines printed.
type Row = (&'static str, Vec<&'static str>, &'static str, Value);

/// Descriptors do not tell a chunk from a message that has bytes, nor a value
/// from a message around it: `reflected`, messages are what they are there.
fn rows(reflected: bool) -> Vec<Row> {
    let value = |value: &str| match reflected {
        true => json!([{ "value": value }]),
        false => json!([value]),
    };
    let (chunks, echoed) = match reflected {
        true => (
            r#"[{"data":"AAEC"},{"data":""}]"#,
            json!([{"data": "AAEC"}, {"data": ""}]),
        ),
        false => (r#"["AAEC",""]"#, json!(["AAEC", ""])),
    };
    let user = json!({"username": "user-7", "age": 25});
    let summary = json!({"count": 2, "average": 6.5, "total": 13.0});
    let reply = |text: &str| json!({"reply": format!("ada, you said: {text}"), "source": "ostler"});
    let point = r#"{"timestamp":1,"value":6.5}"#;
    let points = r#"[{"timestamp":1,"value":6.5},{"timestamp":1,"value":6.5}]"#;
    vec![
        (
            "unary",
            vec!["users.get_user", r#"{"user_id":7}"#],
            "",
            json!([user]),
        ),
        (
            "unary from stdin",
            vec!["users.get_user", "-"],
            "{\n\"user_id\": 7\n}\n",
            json!([user]),
        ),
        (
            "unary of a version",
            vec!["users.v1.get_user", r#"{"user_id":7}"#],
            "",
            json!([user]),
        ),
        (
            "unary by its name in protobuf",
            vec!["demo.users.v1.Users/GetUser", r#"{"user_id":7}"#],
            "",
            json!([user]),
        ),
        (
            "unary by that name with a dot",
            vec!["demo.users.v1.Users.GetUser", r#"{"user_id":7}"#],
            "",
            json!([user]),
        ),
        (
            "unary without a message",
            vec!["control.nothing"],
            "",
            json!([null]),
        ),
        (
            "server streaming",
            vec!["users.list_users", r#"{"limit":2}"#],
            "",
            json!([{"username": "user-1", "age": 19}, {"username": "user-2", "age": 20}]),
        ),
        (
            "client streaming of an array",
            vec!["users.aggregate", points],
            "",
            json!([summary]),
        ),
        (
            "client streaming of lines",
            vec!["users.aggregate", "-"],
            "{\"timestamp\":1,\"value\":6.5}\n\n{\"timestamp\":1,\"value\":6.5}",
            json!([summary]),
        ),
        (
            "client streaming of one message",
            vec!["users.aggregate", point],
            "",
            json!([{"count": 1, "average": 6.5, "total": 6.5}]),
        ),
        (
            "client streaming of nothing",
            vec!["users.aggregate", "[]"],
            "",
            json!([{"count": 0, "average": 0.0, "total": 0.0}]),
        ),
        (
            "bidirectional",
            vec!["users.conversation"],
            "{\"text\":\"hi\",\"user\":\"ada\"}\n{\"text\":\"bye\",\"user\":\"ada\"}\n",
            json!([reply("hi"), reply("bye")]),
        ),
        ("chunks as base64", vec!["blobs.echo", chunks], "", echoed),
        (
            "metadata",
            vec![
                "control.get",
                "--metadata",
                "Team=blue=1",
                r#"{"key":"team"}"#,
            ],
            "",
            value("blue=1"),
        ),
        (
            "authorization",
            vec![
                "control.get",
                "--metadata",
                "authorization=Bearer t",
                r#"{"key":"authorization"}"#,
            ],
            "",
            value("Bearer t"),
        ),
    ]
}

/// What is called, arguments, the exit code, and words on stderr.
type Failure = (
    &'static str,
    Vec<&'static str>,
    i32,
    &'static [&'static str],
);

fn failures() -> Vec<Failure> {
    vec![
        (
            "a status is the exit code",
            vec!["users.get_user", r#"{"user_id":404}"#],
            15,
            &["not_found: no user 404", "google.rpc.ResourceInfo"],
        ),
        (
            "a message of another type",
            vec!["users.get_user", r#"{"user_id":"x"}"#],
            13,
            &["invalid_argument", "user_id"],
        ),
        (
            "a message that is no JSON",
            vec!["users.get_user", "{user_id}"],
            2,
            &["not valid JSON"],
        ),
        (
            "an unknown service",
            vec!["nobody.get_user"],
            15,
            &["'nobody'", "users"],
        ),
        (
            "an unknown method",
            vec!["users.nothing"],
            15,
            &["'nothing'", "get_user"],
        ),
        ("no method", vec!["users"], 2, &["SERVICE.METHOD"]),
        (
            "a deadline",
            vec!["control.flush", "--timeout", "0ms", "[]"],
            14,
            &["deadline_exceeded"],
        ),
        (
            "a file for one message",
            vec!["users.get_user", "--in", "/dev/null"],
            2,
            &["--in"],
        ),
        (
            "a file for records",
            vec!["users.aggregate", "--in", "/dev/null"],
            2,
            &["--in", "chunk stream"],
        ),
        (
            "a file of records",
            vec!["users.list_users", "--out", "/dev/null"],
            2,
            &["--out", "chunk stream"],
        ),
        (
            "a file that is missing",
            vec!["blobs.upload", "--in", "/no/such/file"],
            5,
            &["/no/such/file", "cannot be read"],
        ),
        (
            "a folder that is missing",
            vec!["blobs.download", r#"{"size":1}"#, "--out", "/no/such/file"],
            5,
            &["/no/such/file", "cannot be written"],
        ),
        (
            "reserved metadata",
            vec!["control.nothing", "--metadata", "ostler-x=1"],
            2,
            &["--metadata", "reserved"],
        ),
    ]
}

/// Whether a call is of a chunk stream with a file, which needs the contract.
fn needs_chunks(rest: &[&str]) -> bool {
    rest[0].starts_with("blobs.")
}

/// Writes a line when the reply to the one before has been printed.
async fn turns(url: &str, flags: &[&str]) {
    let mut command = command();
    command
        .args(arguments(url, flags, &["users.conversation", "-"]))
        .stdin(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut replies = BufReader::new(child.stdout.take().unwrap()).lines();
    for text in ["one", "two", "three"] {
        let line = json!({"text": text, "user": "ada"});
        stdin
            .write_all(format!("{line}\n").as_bytes())
            .await
            .unwrap();
        let reply = within("a reply", replies.next_line())
            .await
            .unwrap()
            .unwrap();
        assert!(reply.contains(&format!("you said: {text}")), "{reply}");
    }
    drop(stdin);
    assert_eq!(
        within("the end of stdout", replies.next_line())
            .await
            .unwrap(),
        None
    );
    assert!(within("the end", child.wait()).await.unwrap().success());
}

/// Chunk streams from and to files.
async fn files(url: &str, flags: &[&str]) {
    let folder = TempDir::new().unwrap();
    let (input, output) = (folder.path().join("in.bin"), folder.path().join("out.bin"));
    let bytes: Vec<u8> = (0..5_000_000_u32).map(|i| (i % 251) as u8).collect();
    std::fs::write(&input, &bytes).unwrap();
    let (input, output) = (input.to_str().unwrap(), output.to_str().unwrap());

    let upload = ostler(arguments(url, flags, &["blobs.upload", "--in", input]), b"").await;
    assert_eq!(lines(&upload)[0]["length"], 5_000_000);
    let download = &["blobs.download", r#"{"size":5000000}"#, "--out", output];
    assert!(lines(&ostler(arguments(url, flags, download), b"").await).is_empty());
    assert!(std::fs::read(output).unwrap() == bytes);
    std::fs::remove_file(output).unwrap();
    let echo = &["blobs.echo", "--in", input, "--out", output];
    assert!(lines(&ostler(arguments(url, flags, echo), b"").await).is_empty());
    assert!(std::fs::read(output).unwrap() == bytes);
    let piped = ostler(
        arguments(url, flags, &["blobs.echo", "--in", "-", "--out", "-"]),
        b"\0\xff",
    )
    .await;
    assert_eq!(piped.stdout, b"\0\xff");
}

/// The last line of stderr with `--json`.
async fn ends(url: &str, flags: &[&str]) {
    let end = |output: &std::process::Output| -> Value {
        let text = stderr(output);
        let last = text.lines().last().unwrap_or_default();
        serde_json::from_str(last).unwrap_or_else(|e| panic!("{text:?}: {e}"))
    };
    let listed = ostler(
        arguments(
            url,
            flags,
            &["users.list_users", "--json", r#"{"limit":1}"#],
        ),
        b"",
    )
    .await;
    let expected =
        json!({"code": "ok", "number": 0, "headers": {}, "trailers": {"x-users-sent": ["1"]}});
    assert_eq!((end(&listed), listed.status.code()), (expected, Some(0)));

    let missing = ostler(
        arguments(
            url,
            flags,
            &["users.get_user", "--json", r#"{"user_id":404}"#],
        ),
        b"",
    )
    .await;
    let told = end(&missing);
    assert_eq!(
        (&told["code"], &told["number"]),
        (&json!("not_found"), &json!(5))
    );
    assert_eq!(told["details"][0]["type"], "google.rpc.ResourceInfo");
    assert_eq!(missing.status.code(), Some(15));
}

/// An error after two replies.
async fn breaks(url: &str, flags: &[&str], reflected: bool) {
    let failing = &["control.send", r#"{"items":2,"code":"data_loss"}"#];
    let output = ostler(arguments(url, flags, failing), b"").await;
    let came = match reflected {
        true => "{\"value\":1}\n{\"value\":2}\n",
        false => "1\n2\n",
    };
    assert_eq!(stdout(&output), came);
    failed(&output, 25, &["data_loss: after 2 items"]);
}

#[tokio::test]
async fn what_only_reflection_tells() {
    let secret = "server.http.contract = false";
    let host = Host::start(&["users"], Some(secret)).await;
    let open = Host::start(&["users"], None).await;
    let user = json!([{"username": "user-7", "age": 25}]);
    for scheme in ["grpc", "connect+http"] {
        let url = format!("{scheme}://{}", host.addr);
        let call = ["call", &url, "users.get_user", r#"{"user_id":7}"#];
        assert_eq!(Value::from(lines(&ostler(call, b"").await)), user);

        // The contract has no services of the host's own.
        let url = format!("{scheme}://{}", open.addr);
        let call = ["call", &url, "grpc.health.v1.Health/Check"];
        let expected = json!([{"status": "serving"}]);
        assert_eq!(Value::from(lines(&ostler(call, b"").await)), expected);
    }
    let url = host.url();
    let refused = ["call", &url, "users.get_user", "--reflection"];
    failed(&ostler(refused, b"").await, 2, &["--reflection", "grpc://"]);
}

#[tokio::test]
async fn hosts_that_cannot_be_called() {
    let host = Host::start(&["users"], None).await;
    let addr = host.addr;
    assert!(host.stop().await.success());
    for (_, scheme, flags) in TRANSPORTS {
        let url = format!("{scheme}://{addr}");
        failed(
            &ostler(arguments(&url, flags, &["users.get_user"]), b"").await,
            4,
            &["cannot connect"],
        );
    }
    failed(
        &ostler(["call", "nonsense", "users.get_user"], b"").await,
        2,
        &["nonsense", "http://"],
    );
}
