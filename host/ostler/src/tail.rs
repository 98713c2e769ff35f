//! The last lines of the log, for whoever asks the admin API for them.

use std::collections::{BTreeMap, VecDeque};
use std::fmt::{self, Write as _};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::broadcast;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime as _, SystemTime};
use tracing_subscriber::layer::Context;

use crate::admin::LogLine;

/// Lines that are kept, and their bytes, at most.
const LINES: usize = 1000;
const BYTES: usize = 1 << 20;
/// Lines that wait for a slow follower; it is told how many it missed.
const WAITING: usize = 256;
/// Bytes of one field that are kept.
const MAX_FIELD: usize = 8 << 10;

/// Keeps the last lines of the log, as a layer of the program's subscriber.
/// Clones are one.
#[derive(Clone)]
pub struct Tail {
    shared: Arc<Shared>,
}

struct Shared {
    kept: Mutex<Kept>,
    told: broadcast::Sender<Arc<LogLine>>,
}

#[derive(Default)]
struct Kept {
    lines: VecDeque<Arc<LogLine>>,
    bytes: usize,
}

impl fmt::Debug for Tail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tail")
    }
}

impl Default for Tail {
    fn default() -> Self {
        Self::new()
    }
}

impl Tail {
    /// Without a line yet.
    pub fn new() -> Self {
        let (told, _) = broadcast::channel(WAITING);
        let kept = Mutex::default();
        Self {
            shared: Arc::new(Shared { kept, told }),
        }
    }

    /// The lines so far, oldest first, and those to come: none is in both, and
    /// none is missed in between.
    pub(crate) fn follow(&self) -> (Vec<Arc<LogLine>>, broadcast::Receiver<Arc<LogLine>>) {
        let kept = self.kept();
        (
            kept.lines.iter().cloned().collect(),
            self.shared.told.subscribe(),
        )
    }

    fn add(&self, line: LogLine) {
        let line = Arc::new(line);
        let mut kept = self.kept();
        kept.bytes += size(&line);
        kept.lines.push_back(line.clone());
        while kept.lines.len() > LINES || kept.bytes > BYTES {
            let Some(oldest) = kept.lines.pop_front() else {
                break;
            };
            kept.bytes = kept.bytes.saturating_sub(size(&oldest));
        }
        // Nobody may be following.
        self.shared.told.send(line).ok();
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        let kept = self.shared.kept.lock();
        kept.unwrap_or_else(PoisonError::into_inner)
    }
}

fn size(line: &LogLine) -> usize {
    let fields = line
        .fields
        .iter()
        .map(|(key, value)| key.len() + value.len());
    line.message.len() + line.target.len() + fields.sum::<usize>() + 64
}

impl<S: Subscriber> Layer<S> for Tail {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut time = String::new();
        // Writing to a string cannot fail.
        SystemTime
            .format_time(&mut Writer::new(&mut time))
            .unwrap_or_default();
        let mut fields = Fields::default();
        event.record(&mut fields);
        let meta = event.metadata();
        self.add(LogLine {
            time,
            level: meta.level().to_string(),
            target: meta.target().to_owned(),
            message: fields.message,
            fields: fields.others,
        });
    }
}

/// The fields of an event as texts.
#[derive(Default)]
struct Fields {
    message: String,
    others: BTreeMap<String, String>,
}

impl Fields {
    fn put(&mut self, field: &Field, value: fmt::Arguments<'_>) {
        let mut text = Clean::default();
        write!(text, "{value}").unwrap_or_default();
        match field.name() {
            "message" => self.message = text.0,
            name => {
                self.others.insert(name.to_owned(), text.0);
            }
        }
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, format_args!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, format_args!("{value}"));
    }
}

/// Text that does nothing to a terminal: control characters are written out,
/// but for the ends of lines.
#[derive(Default)]
struct Clean(String);

impl fmt::Write for Clean {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for c in text.chars() {
            if self.0.len() >= MAX_FIELD {
                return Ok(());
            }
            match c {
                c if c.is_control() && c != '\n' => {
                    for c in c.escape_default() {
                        self.0.push(c);
                    }
                }
                c => self.0.push(c),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;

    fn logged(log: impl FnOnce()) -> Tail {
        let tail = Tail::new();
        let subscriber = tracing_subscriber::registry().with(tail.clone());
        tracing::subscriber::with_default(subscriber, log);
        tail
    }

    #[test]
    fn lines_are_kept_with_their_fields_and_without_control_bytes() {
        let tail = logged(|| tracing::warn!(component = "users", running = 3, "a\u{1b}[0m\nb"));
        let (lines, _) = tail.follow();
        let line = &lines[0];
        assert_eq!((&*line.level, &*line.message), ("WARN", "a\\u{1b}[0m\nb"));
        assert_eq!(line.fields["component"], "users");
        assert_eq!(line.fields["running"], "3");
        assert!(line.time.ends_with('Z'), "{}", line.time);
    }

    #[test]
    fn old_lines_go_when_there_are_too_many_or_too_long_ones() {
        let tail = logged(|| (0..2 * LINES).for_each(|n| tracing::info!("{n}")));
        let (lines, _) = tail.follow();
        assert_eq!((lines.len(), &*lines[0].message), (LINES, "1000"));
        let long = "x".repeat(2 * MAX_FIELD);
        let tail = logged(|| (0..500).for_each(|_| tracing::info!("{long}")));
        let (lines, _) = tail.follow();
        assert_eq!(lines[0].message.len(), MAX_FIELD);
        let bytes: usize = lines.iter().map(|line| size(line)).sum();
        assert!(bytes <= BYTES && lines.len() > 100, "{bytes}");
    }
}
