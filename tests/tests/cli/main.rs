//! The command line as people and scripts use it, and what a start does.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod artefacts;
mod call;
mod foreign;
mod forms;
mod inspect;
mod proto;
mod run;

use std::ffi::OsStr;
use std::process::{Output, Stdio};

use ostler_tests::{command, within};
use serde_json::Value;
use tokio::io::AsyncWriteExt as _;

/// Runs `ostler` to its end with that on its stdin.
async fn ostler<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>, stdin: &[u8]) -> Output {
    let mut command = command();
    command.args(arguments).stdin(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut pipe = child.stdin.take().unwrap();
    pipe.write_all(stdin).await.ok();
    drop(pipe);
    within("the end of the command", child.wait_with_output())
        .await
        .unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// Checks that it succeeded; gives the lines of stdout as JSON.
fn lines(output: &Output) -> Vec<Value> {
    assert_eq!(output.status.code(), Some(0), "{}", stderr(output));
    let text = stdout(output);
    let value = |line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{line:?}: {e}"));
    text.lines().map(value).collect()
}

/// Checks how it failed: the exit code, and words of the reason.
fn failed(output: &Output, code: i32, words: &[&str]) {
    let text = stderr(output);
    assert_eq!(output.status.code(), Some(code), "{text}");
    for word in words {
        assert!(text.contains(word), "{text:?} does not say {word:?}");
    }
    assert!(!text.contains("panicked"), "{text}");
}
