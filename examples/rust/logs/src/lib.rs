//! A log that never ends, read and followed.
//!
//! Following shows what an endless stream owes its host: it sleeps instead of
//! spinning, and looks whether anyone still listens, also while it has nothing
//! to say.

mod entries;

use std::time::Duration;

use logs::{Entry, Level, Logs, Query};
use ostler_guest::poll::sleep;
use ostler_guest::{Sink, Status, context, log};

ostler_guest::service!("wit");

/// How long a caller who went away is not noticed: well below the grace after
/// which the host would end the instance.
const LOOK_UP: Duration = Duration::from_millis(100);

struct Service;

impl Logs for Service {
    fn read(
        first: u64,
        last: u64,
        level: Level,
        text: String,
        mut out: Sink<Entry>,
    ) -> Result<(), Status> {
        let found = (first..=last)
            .map(entries::entry)
            .filter(|entry| wanted(entry, level, &text));
        Ok(out.send_all(found)?)
    }

    fn follow(query: Query, mut out: Sink<Entry>) -> Result<(), Status> {
        if query.interval == 0 {
            return Err(Status::invalid_argument(
                "interval: entries need at least 1 ms from one to the next",
            ));
        }
        let interval = Duration::from_millis(query.interval.into());
        for number in query.first..=u64::MAX {
            if number > query.first && !wait(interval) {
                log::info!("nobody follows the log any more");
                return Err(Status::cancelled("the caller went away"));
            }
            if context::draining() {
                return Err(Status::unavailable(format!(
                    "this log moves: follow it again from entry {number}"
                )));
            }
            let entry = entries::entry(number);
            if wanted(&entry, query.level, &query.text) {
                // An error here is a caller who went away, too.
                out.send(entry)?;
            }
        }
        Ok(())
    }
}

/// Waits; `false` when the caller went away meanwhile.
fn wait(mut time: Duration) -> bool {
    while !time.is_zero() {
        let part = time.min(LOOK_UP);
        sleep(part);
        if context::cancelled() {
            return false;
        }
        time -= part;
    }
    true
}

fn wanted(entry: &Entry, level: Level, text: &str) -> bool {
    // The cases of the enum are in order of severity.
    entry.level as u8 >= level as u8 && (entry.source.contains(text) || entry.text.contains(text))
}

#[cfg(test)]
mod tests {
    use ostler_guest::testing;

    use super::*;

    fn numbers(first: u64, last: u64, level: Level, text: &str) -> Vec<u64> {
        let (out, sent) = testing::sink();
        Service::read(first, last, level, text.to_owned(), out).unwrap();
        sent.take().iter().map(|entry| entry.number).collect()
    }

    #[test]
    fn reads_a_part_of_the_log() {
        assert_eq!(numbers(3, 6, Level::Debug, ""), [3, 4, 5, 6]);
        assert_eq!(numbers(6, 3, Level::Debug, ""), []);
        assert_eq!(numbers(u64::MAX, u64::MAX, Level::Debug, ""), [u64::MAX]);
    }

    #[test]
    fn filters_by_level_and_text() {
        assert_eq!(numbers(1, 50, Level::Error, ""), [25, 50]);
        assert_eq!(numbers(1, 25, Level::Warn, ""), [10, 20, 25]);
        assert_eq!(numbers(1, 12, Level::Debug, "mill"), [3, 6, 9, 12]);
        assert_eq!(numbers(1, 50, Level::Error, "mill"), []);
    }

    #[test]
    fn a_reader_who_goes_away_ends_it() {
        let all = Service::read(
            0,
            u64::MAX,
            Level::Debug,
            String::new(),
            testing::closed_sink(),
        );
        assert!(all.is_err());
    }
}
