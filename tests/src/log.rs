//! What the host writes to stderr, line by line.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::sync::watch;

/// The lines so far; clones share them.
#[derive(Clone, Debug)]
pub struct Log {
    lines: Arc<Mutex<Vec<String>>>,
    count: Arc<watch::Sender<usize>>,
}

impl Log {
    pub(crate) fn new() -> Self {
        Self {
            lines: Arc::default(),
            count: Arc::new(watch::Sender::new(0)),
        }
    }

    /// Takes lines until the stream ends.
    pub(crate) async fn collect(self, from: impl AsyncRead + Unpin) {
        let mut lines = BufReader::new(from).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            let mut all = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
            all.push(line);
            self.count.send_replace(all.len());
        }
    }

    /// Every line so far.
    pub fn lines(&self) -> Vec<String> {
        self.lines
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// The first line that `matches`, past or to come.
    ///
    /// # Panics
    /// When there is none in time; the text has the last lines.
    pub async fn wait(&self, matches: impl Fn(&str) -> bool, timeout: Duration) -> String {
        let mut count = self.count.subscribe();
        let mut seen = 0;
        let found = tokio::time::timeout(timeout, async {
            loop {
                let lines = self.lines();
                if let Some(line) = lines[seen..].iter().find(|line| matches(line)) {
                    return line.clone();
                }
                seen = lines.len();
                // The sender is in `self`, so this cannot fail.
                count.wait_for(|count| *count > seen).await.ok();
            }
        });
        match found.await {
            Ok(line) => line,
            Err(_) => panic!(
                "no such log line within {timeout:?}; the last ones:\n{}",
                self.last()
            ),
        }
    }

    /// How many lines so far `matches`.
    pub fn count(&self, matches: impl Fn(&str) -> bool) -> usize {
        self.lines().iter().filter(|line| matches(line)).count()
    }

    /// Waits until so many lines `matches`.
    ///
    /// # Panics
    /// When there are fewer in time; the text has the last lines.
    pub async fn wait_count(&self, matches: impl Fn(&str) -> bool, least: usize) {
        let mut count = self.count.subscribe();
        let waiting = count.wait_for(|_| self.count(&matches) >= least);
        let found = tokio::time::timeout(crate::PATIENCE, waiting).await;
        assert!(
            found.is_ok(),
            "fewer than {least} such log lines; the last ones:\n{}",
            self.last()
        );
    }

    /// The last lines, for the text of a failed test.
    pub fn last(&self) -> String {
        let lines = self.lines();
        lines[lines.len().saturating_sub(30)..].join("\n")
    }
}

/// A field of a log line in JSON as text; empty when there is none.
pub fn field(line: &str, name: &str) -> String {
    let line: Value = serde_json::from_str(line).unwrap_or_default();
    match &line[name] {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
