//! Every type there is, through a guest and back, with the values at its edges:
//! one by one, and all in one stream both ways.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod languages;
mod values;
mod well_known;

use std::net::SocketAddr;

use ostler_tests::{Exchange, Host, Http, Request, Table, call};
use serde_json::{Value, json};

use self::values::everything;
use self::well_known::known;

/// A field by its JSON pointer, what is sent, and what comes back.
struct Row {
    what: String,
    field: &'static str,
    sent: Value,
    back: Value,
}

impl Row {
    fn new(what: impl Into<String>, field: &'static str, sent: Value, back: Value) -> Self {
        Self {
            what: what.into(),
            field,
            sent,
            back,
        }
    }

    /// A value that comes back as it is sent.
    fn same(what: impl Into<String>, field: &'static str, value: Value) -> Self {
        Self::new(what, field, value.clone(), value)
    }

    /// The whole message around the value.
    fn message(&self, value: &Value) -> Value {
        with(everything(), self.field, value)
    }
}

#[tokio::test]
async fn every_type_both_ways() {
    let host = Host::start(&["types"], None).await;
    let addr = host.addr;
    let mut table = Table::new("Types");
    let rows = values::rows();
    for row in &rows {
        table
            .both(&row.what, |http| async move {
                let back = echo(addr, http, "echo", &row.message(&row.sent)).await;
                assert_same(&back, &row.message(&row.back));
            })
            .await;
    }
    let rows = &rows;
    table
        .both("all of them in one stream both ways", |http| async move {
            let mut all = Exchange::open(addr, http, &Request::ndjson("/types/echo_all", "")).await;
            for (count, row) in rows.iter().enumerate() {
                all.send(format!("{}\n", row.message(&row.sent)).as_bytes())
                    .await;
                if count == 0 {
                    assert_eq!(all.head().await.status, 200);
                }
                assert_same(&all.line().await.unwrap(), &row.message(&row.back));
            }
            all.finish().await;
            assert_eq!(all.line().await, None);
        })
        .await;
    for row in well_known::rows() {
        let row = &row;
        table
            .both(&row.what, |http| async move {
                let of = |value| with(known(), row.field, value);
                let back = echo(addr, http, "echo_well_known", &of(&row.sent)).await;
                assert_same(&back, &of(&row.back));
            })
            .await;
    }
    absent(&mut table, addr).await;
    shown(&mut table, addr).await;
    table.finish();
}

async fn echo(addr: SocketAddr, http: Http, method: &str, message: &Value) -> Value {
    let request = Request::json(&format!("/types/{method}"), message.to_string());
    let answer = call(addr, http, request).await;
    assert_eq!(answer.status(), 200, "{}", answer.text());
    answer.json()
}

/// As `assert_eq`, without megabytes of text when they differ.
fn assert_same(back: &Value, expected: &Value) {
    if back != expected {
        let short = |value: &Value| value.to_string().chars().take(2000).collect::<String>();
        panic!("got {}\nnot {}", short(back), short(expected));
    }
}

fn with(mut message: Value, field: &str, value: &Value) -> Value {
    let place = message.pointer_mut(field);
    *place.unwrap_or_else(|| panic!("no field {field}")) = value.clone();
    message
}

/// Options that are left out.
async fn absent(table: &mut Table, addr: SocketAddr) {
    table
        .both("options that are absent are null", |http| async move {
            let mut message = everything();
            let fields = message.as_object_mut().unwrap();
            for option in ["maybe", "maybe_maybe", "maybe_list"] {
                fields.remove(option);
            }
            assert_same(&echo(addr, http, "echo", &message).await, &everything());
        })
        .await;
    table
        .both("the smallest of f32", |http| async move {
            // As text: reading it as a double is no exact business.
            let message = with(everything(), "/numbers/f_thirty_two", &json!(1e-45));
            let request = Request::json("/types/echo", message.to_string());
            let text = call(addr, http, request).await.text();
            assert!(text.contains(r#""f_thirty_two":1e-45,"#), "{text}");
        })
        .await;
    table
        .both(
            "fields in another order come back in their own",
            |http| async move {
                let reversed: serde_json::Map<_, _> = everything()
                    .as_object()
                    .unwrap()
                    .clone()
                    .into_iter()
                    .rev()
                    .collect();
                let request = Request::json("/types/echo", Value::from(reversed).to_string());
                assert_eq!(
                    call(addr, http, request).await.text(),
                    everything().to_string()
                );
            },
        )
        .await;
}

/// Results that are no records, and parameters of several kinds.
async fn shown(table: &mut Table, addr: SocketAddr) {
    let all =
        json!({"a": 255, "b": "x", "c": [1.5, "NaN"], "d": "dark_blue", "e": [i64::MIN, false]});
    let rows = [
        (
            "parameters of several kinds",
            "show",
            all,
            json!("255 Some(\"x\") [1.5, NaN] Colour::DarkBlue (-9223372036854775808, false)"),
        ),
        (
            "a variant without a value as the result",
            "pick",
            json!({"number": 0}),
            json!("point"),
        ),
        (
            "a variant with a list as the result",
            "pick",
            json!({"number": 3}),
            json!({"polygon": [[0.0, 1.0], [-2.5, 3.0]]}),
        ),
        (
            "flags as the result",
            "allowed",
            json!({"all": true}),
            json!(["read", "write", "run_it"]),
        ),
        (
            "a list as the result",
            "lengths",
            json!({"texts": ["é", ""]}),
            json!([2, 0]),
        ),
        (
            "a tuple as the result",
            "divide",
            json!({"a": i32::MIN, "b": -1}),
            json!([0, 0]),
        ),
        (
            "an option as the result",
            "maybe",
            json!({"text": ""}),
            Value::Null,
        ),
    ];
    for (what, method, message, expected) in &rows {
        table
            .both(what, |http| async move {
                assert_same(&echo(addr, http, method, message).await, expected);
            })
            .await;
    }
}
