//! Contracts made to be slow to compare.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use ostler_schema::compat::{Verdict, compare};

use crate::contract;

/// Far more than it takes, and far less than without bounds.
const PATIENCE: Duration = Duration::from_secs(20);

fn quick(old: &str, new: &str) -> Vec<String> {
    let (old, new) = (contract(old, None), contract(new, None));
    #[expect(clippy::disallowed_methods, reason = "a test measures time")]
    let start = Instant::now();
    let comparison = compare(&old, &new);
    assert!(start.elapsed() < PATIENCE, "{:?}", start.elapsed());
    let lines = comparison.differences().iter();
    let lines: Vec<String> = lines.map(ToString::to_string).collect();
    let breaks = lines.iter().any(|line| line.starts_with("breaking"));
    assert_eq!(comparison.verdict() == Verdict::Breaking, breaks);
    lines
}

/// Each level uses the one below `width` times: width^levels ways to the last.
fn shared(levels: usize, width: usize, last: &str) -> String {
    let mut body = format!("record r0 {{ x: {last} }}");
    for i in 1..levels {
        let fields = (0..width).map(|at| format!("f{at}: list<r{}>", i - 1));
        let fields: Vec<String> = fields.collect();
        write!(body, "record r{i} {{ {} }}", fields.join(", ")).unwrap();
    }
    let top = levels - 1;
    for i in 0..200 {
        write!(body, "put{i}: func(v: r{top}) -> r{top};").unwrap();
    }
    body
}

#[test]
fn shared_types_are_compared_once() {
    let lines = quick(&shared(5, 8, "u32"), &shared(5, 8, "string"));
    assert_eq!(lines.len(), 1, "{lines:#?}");
    assert!(lines[0].starts_with("breaking: users.r0.x: u32 → string (request, response;"));
}

/// The same without names, where each way is a place of its own: aliases of
/// tuples are written out as protobuf, so this is as deep as a contract may be.
#[test]
fn places_without_names_are_bounded() {
    let body = |last: &str| {
        let mut body = format!("type t0 = tuple<{last}, {last}>;");
        for i in 1..13 {
            write!(body, "type t{i} = tuple<t{0}, t{0}>;", i - 1).unwrap();
        }
        body + "put: func(v: t12) -> t12;"
    };
    let lines = quick(&body("u32"), &body("string"));
    assert!(lines.len() > 1000, "{}", lines.len());
    let last = lines.last().unwrap();
    assert!(last.starts_with("breaking: …: more differences (request, response; plain, proto)"));
}

/// Every type of one meets every type of the other.
#[test]
fn pairs_of_types_are_bounded() {
    const TYPES: usize = 3000;
    let body = |many: bool| {
        let mut body = String::new();
        for i in 0..TYPES {
            write!(body, "record a{i} {{ x: u32 }}").unwrap();
        }
        let of = |i: usize| if many { i } else { 0 };
        for layer in 1..4 {
            let below = ["a", "b", "c"][layer - 1];
            let name = ["a", "b", "c", "d"][layer];
            for i in 0..TYPES / 4 {
                let fields = (0..4)
                    .map(|f| format!("f{f}: list<{below}{}>", of((i * 7 + f * 131) % (TYPES / 4))));
                let fields: Vec<String> = fields.collect();
                write!(body, "record {name}{i} {{ {} }}", fields.join(", ")).unwrap();
            }
        }
        let fields = (0..100).map(|i| format!("g{i}: list<d{}>", of(i)));
        let fields: Vec<String> = fields.collect();
        body + &format!("record top {{ {} }} put: func(v: top);", fields.join(", "))
    };
    assert!(quick(&body(true), &body(false)).is_empty());
}

#[test]
fn many_differences_are_cut() {
    let body = |name: &str| {
        let fields = (0..15_000).map(|i| format!("{name}-{i}: u32"));
        let fields: Vec<String> = fields.collect();
        format!("record r {{ {} }} put: func(v: r) -> r;", fields.join(", "))
    };
    let lines = quick(
        &body("some-long-name-of-a-field"),
        &body("another-long-name-of-a-field"),
    );
    assert!(
        lines.last().unwrap().contains("more differences"),
        "{}",
        lines.len()
    );
}
