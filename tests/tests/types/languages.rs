//! The same values through guests in other languages: they come back as from
//! the one in Rust, or are refused.

use ostler_tests::{Host, Http, Request, Table, call};
use serde_json::Value;

use crate::{Row, assert_same, echo, values};

/// Guests with the contract of `types`, without the maps their languages do
/// not have.
const GUESTS: [&str; 3] = ["types-javascript", "types-quickjs", "types-python"];

/// Holds integers as doubles, exactly up to this.
const DOUBLES: (&str, u64) = ("types-quickjs", 1 << 53);

#[tokio::test]
async fn every_language() {
    let mut table = Table::new("Types in other languages");
    for guest in GUESTS {
        // The longest lists take scripts close to a second of a slow machine.
        let host = Host::start(&[guest], Some("[limits]\ncpu = \"20s\"\n")).await;
        let addr = host.addr;
        for row in values::rows().iter().filter(|row| !is_map(row)) {
            table
                .row(format!("{}: {guest}", row.what), async move {
                    let message = without_maps(row.message(&row.sent));
                    if guest == DOUBLES.0 && is_beyond(&row.back, DOUBLES.1) {
                        let request = Request::json("/types/echo", message.to_string());
                        let answer = call(addr, Http::One, request).await;
                        assert_eq!(answer.status(), 500, "{}", answer.text());
                    } else {
                        let back = echo(addr, Http::One, "echo", &message).await;
                        assert_same(&back, &without_maps(row.message(&row.back)));
                    }
                })
                .await;
        }
    }
    table.finish();
}

fn is_map(row: &Row) -> bool {
    row.field.starts_with("/by_")
}

fn without_maps(mut message: Value) -> Value {
    if let Some(fields) = message.as_object_mut() {
        fields.retain(|name, _| !name.starts_with("by_"));
    }
    message
}

/// Whether a value is an integer that doubles do not have.
fn is_beyond(value: &Value, most: u64) -> bool {
    value.as_u64().is_some_and(|n| n > most)
        || value.as_i64().is_some_and(|n| n.unsigned_abs() > most)
}
