//! Every target without a fuzzing engine: on its seeds, on what once broke it,
//! and on damaged seeds.

use ostler_fuzz::{TARGETS, Target, regressions, seeds};
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, TestRunner};

/// One change of an input.
#[derive(Clone, Debug)]
enum Change {
    Set(Index, u8),
    Flip(Index, u8),
    Cut(Index, Index),
    Repeat(Index, Index),
    Insert(Index, Vec<u8>),
    Word(Index, Index),
    /// A piece of another seed.
    Splice(Index, Index, Index, Index),
    End(Index),
}

fn change() -> impl Strategy<Value = Change> {
    let at = any::<Index>;
    prop_oneof![
        (at(), any::<u8>()).prop_map(|(i, byte)| Change::Set(i, byte)),
        (at(), 0..8_u8).prop_map(|(i, bit)| Change::Flip(i, bit)),
        (at(), at()).prop_map(|(i, j)| Change::Cut(i, j)),
        (at(), at()).prop_map(|(i, j)| Change::Repeat(i, j)),
        (at(), prop::collection::vec(any::<u8>(), 1..5)).prop_map(|(i, b)| Change::Insert(i, b)),
        (at(), at()).prop_map(|(i, word)| Change::Word(i, word)),
        (at(), at(), at(), at()).prop_map(|(i, s, a, b)| Change::Splice(i, s, a, b)),
        at().prop_map(Change::End),
    ]
}

impl Change {
    fn apply(&self, bytes: &mut Vec<u8>, seeds: &[Vec<u8>], words: &[&str]) {
        let place = |at: &Index| at.index(bytes.len() + 1);
        match self {
            Self::Set(at, byte) => {
                let at = place(at);
                if let Some(found) = bytes.get_mut(at) {
                    *found = *byte;
                }
            }
            Self::Flip(at, bit) => {
                let at = place(at);
                if let Some(found) = bytes.get_mut(at) {
                    *found ^= 1 << bit;
                }
            }
            Self::Cut(a, b) => {
                let piece = piece(bytes, a, b);
                bytes.drain(piece);
            }
            Self::Repeat(a, b) => {
                let piece = piece(bytes, a, b);
                let end = piece.end;
                let repeated = bytes[piece].to_vec();
                bytes.splice(end..end, repeated);
            }
            Self::Insert(at, new) => {
                let at = place(at);
                bytes.splice(at..at, new.iter().copied());
            }
            Self::Word(at, word) => {
                if !words.is_empty() {
                    let at = place(at);
                    bytes.splice(at..at, word.get(words).bytes());
                }
            }
            Self::Splice(at, seed, a, b) => {
                let seed = seed.get(seeds);
                let at = place(at);
                bytes.splice(at..at, seed[piece(seed, a, b)].iter().copied());
            }
            Self::End(at) => {
                let at = place(at);
                bytes.truncate(at);
            }
        }
    }
}

/// A short range of some bytes.
fn piece(bytes: &[u8], a: &Index, b: &Index) -> std::ops::Range<usize> {
    let start = a.index(bytes.len() + 1);
    start..(start + b.index(64)).min(bytes.len())
}

fn survives(target: &Target) {
    for input in regressions(target) {
        (target.run)(&input);
    }
    let seeds = seeds(target);
    assert!(!seeds.is_empty(), "{} has no seeds", target.name);
    for seed in &seeds {
        (target.run)(seed);
    }
    let mut runner = TestRunner::new(Config {
        cases: target.cases,
        // A finding is kept as a file of `regressions/`.
        failure_persistence: None,
        ..Config::default()
    });
    let changes = prop::collection::vec(change(), 1..6);
    let damaged = (any::<Index>(), changes).prop_map(|(seed, changes)| {
        let mut bytes = seed.get(&seeds).clone();
        for change in &changes {
            change.apply(&mut bytes, &seeds, target.words);
        }
        Hex(bytes)
    });
    let ran = runner.run(&damaged, |input| {
        (target.run)(&input.0);
        Ok(())
    });
    if let Err(error) = ran {
        panic!("{}: {error}", target.name);
    }
}

/// Shown so that it can be made a file of: `printf 'ESCAPED' > FILE`.
#[derive(Clone)]
struct Hex(Vec<u8>);

impl std::fmt::Debug for Hex {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0
            .iter()
            .try_for_each(|byte| write!(f, "\\x{byte:02x}"))
    }
}

/// A test for each target, so that they run beside each other.
macro_rules! targets {
    ($($name:ident)*) => {
        $(
            #[test]
            fn $name() {
                survives(find(stringify!($name)));
            }
        )*

        const NAMES: &[&str] = &[$(stringify!($name)),*];
    };
}

targets! { json query protobuf proto_json component embedded wit ndjson array raw envelope grpc connect connect_get grpc_web_text request }

fn find(name: &str) -> &'static Target {
    let found = TARGETS.iter().find(|target| target.name == name);
    found.unwrap_or_else(|| panic!("no target {name}"))
}

#[test]
fn every_target_is_tested_and_has_its_file_for_the_engine() {
    let names: Vec<_> = TARGETS.iter().map(|target| target.name).collect();
    assert_eq!(names, NAMES);
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/libfuzzer/fuzz_targets");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    files.sort();
    let mut expected: Vec<_> = names.iter().map(|name| format!("{name}.rs")).collect();
    expected.sort();
    assert_eq!(files, expected);
}
