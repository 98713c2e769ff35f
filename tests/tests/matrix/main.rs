//! One contract in every language, over every transport, in every pattern and
//! every way to end: the results are the same.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fmt;
use std::time::{Duration, Instant};

use ostler_call::{Body, Code, Deadline, Head};
use ostler_schema::Pattern;
use ostler_tests::caller::{self, Caller, Fed, Outcome, Transport};
use ostler_tests::{Host, MATRIX, Table, within};
use serde_json::{Value, json};

/// What the methods of the contract fail with at the number 0.
const REFUSED: &str = "0 is not allowed: ☺ 100 %";

/// How a call is to end.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Ending {
    Ok,
    Error,
    ErrorAfterItems,
    Cancel,
    Deadline,
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ok => "ok",
            Self::Error => "guest error",
            Self::ErrorAfterItems => "error after items",
            Self::Cancel => "cancel",
            Self::Deadline => "deadline",
        })
    }
}

/// What is sent, and what must come back.
struct Cell {
    method: &'static str,
    pattern: Pattern,
    ending: Ending,
    /// The one message, or all of the stream.
    sent: Vec<Value>,
    /// Whether the stream of requests ends.
    ends: bool,
    replies: Vec<Value>,
    trailer: Option<&'static str>,
}

impl Cell {
    fn code(&self) -> Code {
        match self.ending {
            Ending::Ok => Code::Ok,
            Ending::Error | Ending::ErrorAfterItems => Code::FailedPrecondition,
            Ending::Cancel => Code::Cancelled,
            Ending::Deadline => Code::DeadlineExceeded,
        }
    }
}

fn cells() -> Vec<Cell> {
    let cell = |method, pattern, ending, sent: Value, replies: Value, trailer| Cell {
        method,
        pattern,
        ending,
        sent: sent.as_array().unwrap().clone(),
        // The guest waits while its input is still open.
        ends: !matches!(ending, Ending::Cancel | Ending::Deadline),
        replies: replies.as_array().unwrap().clone(),
        trailer,
    };
    let one = |number: u32| json!([{"number": number}]);
    let count = |items: u32, last: u32| json!([{"items": items, "last": last}]);
    let early = Some("early");
    let mut cells = vec![
        cell(
            "double",
            Pattern::Unary,
            Ending::Ok,
            one(21),
            json!([42]),
            None,
        ),
        cell(
            "double",
            Pattern::Unary,
            Ending::Error,
            one(0),
            json!([]),
            early,
        ),
        cell(
            "count",
            Pattern::ServerStreaming,
            Ending::Ok,
            count(100, 1),
            (1..=100).collect(),
            None,
        ),
        cell(
            "count",
            Pattern::ServerStreaming,
            Ending::Error,
            count(0, 0),
            json!([]),
            early,
        ),
        cell(
            "count",
            Pattern::ServerStreaming,
            Ending::ErrorAfterItems,
            count(3, 0),
            json!([1, 2, 3]),
            early,
        ),
        cell(
            "sum",
            Pattern::ClientStreaming,
            Ending::Ok,
            (1..=100).collect(),
            json!([5050]),
            None,
        ),
        cell(
            "sum",
            Pattern::ClientStreaming,
            Ending::Error,
            json!([0]),
            json!([]),
            early,
        ),
        cell(
            "sum",
            Pattern::ClientStreaming,
            Ending::ErrorAfterItems,
            json!([1, 2, 0]),
            json!([]),
            early,
        ),
        cell(
            "doubles",
            Pattern::Bidirectional,
            Ending::Ok,
            (1..=100).collect(),
            (1..=100).map(|n| n * 2).collect(),
            Some("in order"),
        ),
        cell(
            "doubles",
            Pattern::Bidirectional,
            Ending::Error,
            json!([0]),
            json!([]),
            early,
        ),
        cell(
            "doubles",
            Pattern::Bidirectional,
            Ending::ErrorAfterItems,
            json!([1, 2, 0]),
            json!([2, 4]),
            early,
        ),
    ];
    for ending in [Ending::Cancel, Ending::Deadline] {
        cells.extend([
            cell("double", Pattern::Unary, ending, one(1000), json!([]), None),
            cell(
                "count",
                Pattern::ServerStreaming,
                ending,
                count(2, 1000),
                json!([1, 2]),
                None,
            ),
            cell(
                "sum",
                Pattern::ClientStreaming,
                ending,
                json!([1, 1000]),
                json!([]),
                None,
            ),
            cell(
                "doubles",
                Pattern::Bidirectional,
                ending,
                json!([1, 1000]),
                json!([2]),
                None,
            ),
        ]);
    }
    cells
}

#[tokio::test]
async fn results_are_the_same_everywhere() {
    let mut table = Table::new("Matrix: guest × transport × pattern × ending");
    for guest in MATRIX {
        let host = &Host::start(&[guest], None).await;
        for transport in Transport::ALL {
            let caller = &Caller::connect(transport, host.addr).await;
            for cell in &cells() {
                let what = format!(
                    "{guest}, {transport}, {}, {}",
                    cell.pattern.name(),
                    cell.ending
                );
                table.row(what, run(host, caller, cell)).await;
            }
        }
    }
    table.finish();
}

async fn run(host: &Host, caller: &Caller, cell: &Cell) {
    match cell.ending {
        Ending::Cancel => cancel(host, caller, cell).await,
        Ending::Deadline => deadline(host, caller, cell).await,
        _ => check(cell, outcome(caller, cell, None).await),
    }
}

async fn outcome(caller: &Caller, cell: &Cell, deadline: Option<Deadline>) -> Outcome {
    let head = Head {
        deadline,
        ..Head::new("matrix", cell.method)
    };
    let calling = caller.call(head, cell.pattern, body(cell));
    let outcome = async {
        match calling.await {
            Ok(reply) => Outcome::of(reply).await,
            Err(status) => Outcome::from(status),
        }
    };
    within("the end of a call", outcome).await
}

fn body(cell: &Cell) -> Body {
    if cell.pattern.streams_in() {
        Body::stream(Fed::new(&cell.sent, cell.ends))
    } else {
        Body::one(cell.sent[0].to_string().into())
    }
}

fn check(cell: &Cell, outcome: Outcome) {
    assert_eq!(outcome.messages, cell.replies);
    assert_eq!(outcome.code, cell.code(), "{}", outcome.text);
    if outcome.code == Code::FailedPrecondition {
        assert_eq!(outcome.text, REFUSED);
    }
    let trailer = outcome.trailers.get("x-ended");
    assert_eq!(trailer, cell.trailer);
}

/// The call is dropped once its guest waits; the guest sees it in time.
async fn cancel(host: &Host, caller: &Caller, cell: &Cell) {
    let waiting = |line: &str| line.contains("\"waiting\"");
    let cancelled = |line: &str| line.contains("\"cancelled\"") && line.contains("guest");
    let (waits, ends) = (host.log.count(waiting), host.log.count(cancelled));
    let head = Head::new("matrix", cell.method);
    let calling = caller.call(head, cell.pattern, body(cell));
    let reading = async {
        let mut seen = Vec::new();
        if let Ok(reply) = calling.await {
            caller::read(reply, &mut seen).await;
        }
        panic!("the call ended by itself after {seen:?}");
    };
    tokio::select! {
        () = host.log.wait_count(waiting, waits + 1) => {}
        () = reading => {}
    }
    // Here the call was dropped.
    host.log.wait_count(cancelled, ends + 1).await;
}

/// The caller's time is up while the guest waits.
async fn deadline(host: &Host, caller: &Caller, cell: &Cell) {
    let cancelled = |line: &str| line.contains("\"cancelled\"") && line.contains("guest");
    let ends = host.log.count(cancelled);
    // Long enough to get there on a busy machine.
    let deadline = Deadline::after(now(), Duration::from_millis(300));
    let outcome = outcome(caller, cell, deadline).await;
    check(cell, outcome);
    host.log.wait_count(cancelled, ends + 1).await;
}

#[expect(clippy::disallowed_methods, reason = "a test makes deadlines")]
fn now() -> Instant {
    Instant::now()
}
