//! What comes back: replies on stdout or in a file as they come, the end on
//! stderr.

use std::future::poll_fn;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use bytes::Bytes;
use ostler_call::{Any, Body, Code, End, Kind, Metadata, Next, Status};
use serde_json::{Map, Value, json};
use tokio::fs::File;
use tokio::io::AsyncWriteExt as _;

use crate::cli::exit::{Class, Failure};

/// Where replies go.
pub(super) enum Output {
    /// One a line.
    Lines,
    /// Their bytes, to stdout.
    Bytes,
    /// Their bytes, to this file.
    File(Part),
}

/// A file that gets its name when it is complete.
pub(super) struct Part {
    file: File,
    /// What it is called while it is written, and after; `None` when it is
    /// written in place.
    rename: Option<(PathBuf, PathBuf)>,
    path: PathBuf,
}

impl Output {
    pub(super) async fn open(path: Option<&Path>) -> Result<Self, Failure> {
        match path {
            None => Ok(Self::Lines),
            Some(path) if path == Path::new("-") => Ok(Self::Bytes),
            Some(path) => Part::create(path)
                .await
                .map(Self::File)
                .map_err(|e| at(path, &e)),
        }
    }

    /// Writes every message and notes the trailers, those of a failure too.
    pub(super) async fn write(mut self, body: Body, report: &mut Report) -> Result<(), Failure> {
        let _guard = body.guard;
        let end = match body.kind {
            Kind::Empty(end) => end,
            Kind::One(message, trailers) => {
                self.put(&pretty(message)).await?;
                let result = Ok(());
                End { result, trailers }
            }
            Kind::Stream(mut messages) => loop {
                match poll_fn(|cx| messages.as_mut().poll_next(cx)).await {
                    Next::Message(message) => self.put(&message).await?,
                    Next::End(end) => break end,
                }
            },
        };
        report.trailers = end.trailers;
        end.result?;
        if let Self::File(part) = self {
            let path = part.path.clone();
            part.complete().await.map_err(|e| at(&path, &e))?;
        }
        Ok(())
    }

    async fn put(&mut self, message: &[u8]) -> Result<(), Failure> {
        match self {
            Self::Lines => print(&[message, b"\n"]),
            Self::Bytes => print(&[message]),
            Self::File(part) => {
                let written = part.file.write_all(message).await;
                written.map_err(|e| at(&part.path, &e))
            }
        }
    }
}

impl Part {
    async fn create(path: &Path) -> io::Result<Self> {
        // A device or a pipe must not be replaced by a file.
        let special = std::fs::metadata(path).is_ok_and(|m| !m.is_file());
        let mut part = path.as_os_str().to_owned();
        part.push(".part");
        let part = PathBuf::from(part);
        let written = if special { path } else { &part };
        Ok(Self {
            file: File::create(written).await?,
            rename: (!special).then(|| (part.clone(), path.to_owned())),
            path: path.to_owned(),
        })
    }

    async fn complete(mut self) -> io::Result<()> {
        self.file.flush().await?;
        match self.rename.take() {
            Some((part, path)) => tokio::fs::rename(part, path).await,
            None => Ok(()),
        }
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        if let Some((part, _)) = &self.rename {
            // Best effort: a leftover `.part` misleads nobody.
            let _left = std::fs::remove_file(part);
        }
    }
}

fn at(path: &Path, error: &io::Error) -> Failure {
    let text = format!("{}: cannot be written: {error}", path.display());
    Failure::new(Class::File, text)
}

/// Writes and flushes: a reply is seen when it comes.
fn print(parts: &[&[u8]]) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    let written = parts.iter().try_for_each(|part| out.write_all(part));
    written
        .and_then(|()| out.flush())
        .map_err(|e| Failure::new(Class::File, format!("stdout: {e}")))
}

/// One reply, indented for a person at a terminal.
fn pretty(message: Bytes) -> Bytes {
    if !io::stdout().is_terminal() {
        return message;
    }
    let value: Result<Value, _> = serde_json::from_slice(&message);
    match value.map(|value| format!("{value:#}")) {
        Ok(text) => text.into(),
        Err(_) => message,
    }
}

/// What is said of a call beside its replies.
#[derive(Debug, Default)]
pub(super) struct Report {
    pub(super) headers: Metadata,
    pub(super) trailers: Metadata,
}

impl Report {
    /// Ends the command. With `json` the end is one line of JSON on stderr,
    /// of a call that succeeded too.
    pub(super) fn finish(self, result: Result<(), Failure>, json: bool) -> Result<(), Failure> {
        if !json {
            return result;
        }
        match result {
            Ok(()) => {
                let line = self.json(&Status::new(Code::Ok, ""));
                // Nowhere is left to complain when stderr is closed.
                let _closed = writeln!(io::stderr(), "{line}");
                Ok(())
            }
            Err(mut failure) => {
                if let Some(status) = &failure.status {
                    failure.text = self.json(status).to_string();
                }
                Err(failure)
            }
        }
    }

    fn json(&self, status: &Status) -> Value {
        let mut all = Map::new();
        all.insert("code".to_owned(), status.code().name().into());
        all.insert("number".to_owned(), status.code().number().into());
        if status.code() != Code::Ok {
            all.insert("error".to_owned(), status.message().into());
            let details = status.details().iter();
            let details = details.map(|any| json!({"type": any.type_name, "value": value(any)}));
            all.insert("details".to_owned(), details.collect());
        }
        all.insert("headers".to_owned(), object(&self.headers));
        all.insert("trailers".to_owned(), object(&self.trailers));
        Value::Object(all)
    }
}

/// Metadata as lists of values by key.
fn object(metadata: &Metadata) -> Value {
    let mut all = Map::new();
    for (key, value) in metadata.iter() {
        let values = all.entry(key).or_insert_with(|| Value::Array(Vec::new()));
        if let Value::Array(values) = values {
            values.push(value.into());
        }
    }
    Value::Object(all)
}

/// The value of a detail: its JSON, or base64 of what is none.
fn value(any: &Any) -> Value {
    serde_json::from_slice(&any.value).unwrap_or_else(|_| STANDARD_NO_PAD.encode(&any.value).into())
}

/// A status for a person: code and message, then a line a detail.
pub(super) fn text(status: &Status) -> String {
    let mut text = status.to_string();
    for any in status.details() {
        text += &format!("\n  {}: {}", any.type_name, value(any));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit_error() -> Status {
        Status::new(Code::ResourceExhausted, "too many").with_details(vec![
            Any {
                type_name: "demo.users.v1.LimitError".to_owned(),
                value: Bytes::from_static(br#"{"limit":3}"#),
            },
            Any {
                type_name: "other.Thing".to_owned(),
                value: Bytes::from_static(&[0xff, 0]),
            },
        ])
    }

    #[test]
    fn a_status_for_people() {
        assert_eq!(
            text(&limit_error()),
            "resource_exhausted: too many\n  demo.users.v1.LimitError: {\"limit\":3}\n  other.Thing: \"/wA\""
        );
    }

    #[test]
    fn a_status_for_machines() {
        let mut report = Report::default();
        report.trailers.insert("cost", "1").unwrap();
        report.trailers.insert("cost", "2").unwrap();
        assert_eq!(
            report.json(&limit_error()).to_string(),
            r#"{"code":"resource_exhausted","number":8,"error":"too many","details":[{"type":"demo.users.v1.LimitError","value":{"limit":3}},{"type":"other.Thing","value":"/wA"}],"headers":{},"trailers":{"cost":["1","2"]}}"#
        );
        assert_eq!(
            Report::default()
                .json(&Status::new(Code::Ok, ""))
                .to_string(),
            r#"{"code":"ok","number":0,"headers":{},"trailers":{}}"#
        );
    }

    #[tokio::test]
    async fn a_file_has_its_name_only_when_complete() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.bin");
        let output = Output::open(Some(&path)).await.unwrap();
        let mut report = Report::default();
        let bytes = Body::one("bytes".into());
        output.write(bytes, &mut report).await.unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"bytes");

        let lost = folder.path().join("lost.bin");
        let output = Output::open(Some(&lost)).await.unwrap();
        let mut end = End::from(Status::unavailable("gone"));
        end.trailers.insert("k", "v").unwrap();
        let broken = Kind::Empty(end).into();
        output.write(broken, &mut report).await.unwrap_err();
        assert_eq!(report.trailers.get("k"), Some("v"));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
