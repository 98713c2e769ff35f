//! What is in the log: each entry a function of its number.

use crate::logs::{Entry, Level};

const SOURCES: [&str; 3] = ["mill", "harbour", "bridge"];

const TEXTS: [&str; 5] = [
    "the gate is open",
    "a cart has arrived",
    "the wind has turned",
    "a boat is waiting",
    "the gate is closed",
];

/// The entry of that number.
pub(crate) fn entry(number: u64) -> Entry {
    Entry {
        number,
        level: level(number),
        source: nth(&SOURCES, number),
        text: nth(&TEXTS, number),
    }
}

fn level(number: u64) -> Level {
    match number {
        n if n.is_multiple_of(25) => Level::Error,
        n if n.is_multiple_of(10) => Level::Warn,
        n if n.is_multiple_of(2) => Level::Info,
        _ => Level::Debug,
    }
}

fn nth(words: &[&str], number: u64) -> String {
    let place = number % words.len() as u64;
    words[place as usize].to_owned()
}
