//! The arguments of `ostler call`, and what they mean for a pattern.

use std::path::PathBuf;
use std::time::Duration;

use ostler_call::Metadata;
use ostler_schema::Pattern;
use serde_json::value::RawValue;

use crate::cli::exit::Failure;
use crate::cli::remote::{Peer, TlsArgs, Wire};

/// Call one method of a running host; replies are printed as they come, one
/// line of JSON each.
#[derive(Clone, Debug, clap::Args)]
pub(in crate::cli) struct Args {
    /// Where the host is, such as http://127.0.0.1:8080; ws:// calls over a
    /// WebSocket, grpc:// by gRPC, connect+http:// by Connect. https://,
    /// wss://, grpcs:// and connect+https:// are the same with TLS.
    pub(super) url: String,

    /// What to call, such as users.get_user, users.v2.get_user or
    /// demo.users.v1.Users/GetUser.
    #[arg(value_name = "SERVICE.METHOD")]
    pub(super) method: String,

    /// The request message as JSON; for methods that stream requests an array
    /// of messages. `-` reads stdin: the one message, or one message a line,
    /// sent as it comes.
    #[arg(value_name = "JSON|-")]
    pub(super) message: Option<String>,

    /// Send the bytes of this file as a chunk stream.
    #[arg(long = "in", value_name = "FILE", conflicts_with = "message")]
    pub(super) input: Option<PathBuf>,

    /// Write the bytes of a chunk stream to this file.
    #[arg(long = "out", value_name = "FILE")]
    pub(super) output: Option<PathBuf>,

    /// Metadata to send; may be repeated.
    #[arg(long, value_name = "KEY=VALUE", value_parser = pair)]
    pub(super) metadata: Vec<(String, String)>,

    /// The longest the call may take, such as 5s or 250ms.
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(super) timeout: Option<Duration>,

    /// Speak HTTP/2 instead of HTTP/1.1; with ws:// for reading the contract
    /// alone. gRPC always does.
    #[arg(long)]
    pub(super) http2: bool,

    /// Ask the server what it has by reflection, not for its contract; others
    /// than ostler, called by gRPC or Connect, are asked so anyway.
    #[arg(long)]
    pub(super) reflection: bool,

    #[command(flatten)]
    pub(super) tls: TlsArgs,

    /// Print how the call ended, with headers and trailers, as one line of
    /// JSON on stderr.
    #[arg(long)]
    pub(super) json: bool,
}

/// Where request messages come from.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Source {
    /// The one message.
    One(String),
    /// These, one after the other.
    Messages(Vec<String>),
    /// All of stdin is the one message.
    Stdin,
    /// One message a line of stdin.
    Lines,
    /// The bytes of this file.
    File(PathBuf),
}

impl Args {
    /// The host.
    pub(super) fn peer(&self) -> Result<Peer, Failure> {
        let peer = Peer::new(&self.url, self.http2, &self.tls);
        if self.reflection && peer.wire() != Wire::Rpc {
            return Err(Failure::usage(
                "--reflection: only grpc:// and connect+http:// have it",
            ));
        }
        Ok(peer)
    }

    /// Service and method.
    pub(super) fn address(&self) -> Result<(&str, &str), Failure> {
        let split = self.method.rsplit_once('/');
        split
            .or_else(|| self.method.rsplit_once('.'))
            .filter(|(service, method)| !service.is_empty() && !method.is_empty())
            .ok_or_else(|| {
                Failure::usage(format!(
                    "{}: expected SERVICE.METHOD, such as users.get_user",
                    self.method
                ))
            })
    }

    /// The metadata as pairs that may be sent.
    pub(super) fn metadata(&self) -> Result<Metadata, Failure> {
        let mut metadata = Metadata::new();
        for (key, value) in &self.metadata {
            metadata
                .insert(&key.to_ascii_lowercase(), value)
                .map_err(|e| Failure::usage(format!("--metadata: {e}")))?;
        }
        Ok(metadata)
    }

    /// Where the messages of a method of that pattern come from.
    pub(super) fn source(&self, pattern: Pattern) -> Result<Source, Failure> {
        if let Some(file) = &self.input {
            return Ok(Source::File(file.clone()));
        }
        Ok(match (self.message.as_deref(), pattern.streams_in()) {
            (Some("-") | None, true) => Source::Lines,
            (Some("-"), false) => Source::Stdin,
            (None, false) => Source::One("{}".to_owned()),
            (Some(text), false) => Source::One(checked(text)?.get().to_owned()),
            (Some(text), true) => Source::Messages(messages(text)?),
        })
    }
}

/// The messages of a streamed request: the elements of an array, or one.
fn messages(text: &str) -> Result<Vec<String>, Failure> {
    let elements: Result<Vec<&RawValue>, _> = serde_json::from_str(text);
    Ok(match elements {
        Ok(elements) => elements.iter().map(|e| e.get().to_owned()).collect(),
        Err(_) => vec![checked(text)?.get().to_owned()],
    })
}

fn checked(text: &str) -> Result<&RawValue, Failure> {
    serde_json::from_str(text)
        .map_err(|e| Failure::usage(format!("the message is not valid JSON: {e}")))
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("expected KEY=VALUE")?;
    Ok((key.to_owned(), value.to_owned()))
}

fn duration(text: &str) -> Result<Duration, String> {
    ostler::parse_duration(text).ok_or_else(|| "expected a duration such as 5s or 250ms".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    #[derive(clap::Parser)]
    struct Line {
        #[command(flatten)]
        args: Args,
    }

    fn args(rest: &[&str]) -> Args {
        let line = ["call", "http://h", "users.v2.get_user"];
        let line = line.iter().chain(rest);
        Line::try_parse_from(line)
            .unwrap_or_else(|e| panic!("{e}"))
            .args
    }

    fn sent(pattern: Pattern, rest: &[&str]) -> Result<Source, String> {
        args(rest).source(pattern).map_err(|e| e.text)
    }

    fn these(messages: &[&str]) -> Source {
        Source::Messages(messages.iter().map(|m| (*m).to_owned()).collect())
    }

    #[test]
    fn the_last_dot_ends_the_service() {
        let found = args(&[]);
        assert_eq!(found.address().unwrap(), ("users.v2", "get_user"));
        let slash = Args {
            method: "demo.users.v1.Users/GetUser".to_owned(),
            ..found
        };
        let expected = ("demo.users.v1.Users", "GetUser");
        assert_eq!(slash.address().unwrap(), expected);
        for bad in ["users", ".get", "users."] {
            let found = Args {
                method: bad.to_owned(),
                ..args(&[])
            };
            let text = found.address().unwrap_err().text;
            assert_eq!(
                text,
                format!("{bad}: expected SERVICE.METHOD, such as users.get_user")
            );
        }
    }

    #[test]
    fn where_messages_come_from() {
        use Pattern::{Bidirectional as Bidi, Unary};
        let json = r#"{"a":1}"#;
        assert_eq!(sent(Unary, &[]).unwrap(), Source::One("{}".to_owned()));
        assert_eq!(sent(Unary, &[json]).unwrap(), Source::One(json.to_owned()));
        assert_eq!(sent(Unary, &["-"]).unwrap(), Source::Stdin);
        assert_eq!(sent(Bidi, &[]).unwrap(), Source::Lines);
        assert_eq!(sent(Bidi, &["-"]).unwrap(), Source::Lines);
        assert_eq!(sent(Bidi, &[json]).unwrap(), these(&[json]));
        let array = r#"[{"a":1}, 2, "x"]"#;
        assert_eq!(sent(Bidi, &[array]).unwrap(), these(&[json, "2", "\"x\""]));
        assert_eq!(sent(Bidi, &["[]"]).unwrap(), these(&[]));
        assert_eq!(
            sent(Bidi, &["--in", "f"]).unwrap(),
            Source::File("f".into())
        );
    }

    #[test]
    fn what_cannot_be_sent() {
        let bad = sent(Pattern::Unary, &["{a}"]).unwrap_err();
        assert!(bad.starts_with("the message is not valid JSON: "), "{bad}");
        let reserved = args(&["--metadata", "ostler-x=1"]).metadata();
        assert!(reserved.unwrap_err().text.starts_with("--metadata: "));
    }

    #[test]
    fn metadata_and_timeout() {
        let found = args(&[
            "--metadata",
            "Tenant=a=b",
            "--metadata",
            "k=",
            "--timeout",
            "250ms",
        ]);
        let metadata = found.metadata().unwrap();
        let pairs: Vec<_> = metadata.iter().collect();
        assert_eq!(pairs, [("tenant", "a=b"), ("k", "")]);
        assert_eq!(found.timeout, Some(Duration::from_millis(250)));
    }
}
