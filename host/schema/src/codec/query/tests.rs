//! One row for each kind of field in a query.

use super::*;
use crate::types::testing::TestPlan;

const TYPES: &str = r#"
    use ostler:rpc/types@0.1.0.{timestamp, field-mask};
    record user { name: string, age: u32 }
    enum role { admin, read-only }
    variant shape { circle(f64), square }
    record request {
        name: string, age: option<u8>, ratio: option<f32>, on: option<bool>, letter: option<char>,
        role: option<role>, shape: option<shape>, data: option<list<u8>>, big: option<u64>,
        tags: option<list<string>>, ids: option<list<u32>>, user: option<user>,
        at: option<timestamp>, mask: option<field-mask>, users: option<list<user>>,
        pair: option<tuple<u8, u8>>, twice: option<option<u8>>,
    }
    record small { user-id: u32, limit: u32 }
"#;

fn plan() -> TestPlan {
    let mut plan = TestPlan::new(TYPES);
    plan.record_mut("small").fields[1].default = Some(Value::Uint(10));
    plan
}

/// The query as the JSON of what it was read as.
fn as_json(plan: &TestPlan, name: &str, query: &str) -> Result<String, String> {
    let ty = plan.ty(name);
    let value = decode(&plan.plan, ty, query.as_bytes(), 100).map_err(|e| e.to_string())?;
    let mut out = Vec::new();
    json::encode(&plan.plan, ty, &value, &mut out).unwrap();
    let mut query = Vec::new();
    encode(&plan.plan, ty, &value, &mut query).unwrap();
    let again = decode(&plan.plan, ty, &query, 100).map_err(|e| e.to_string())?;
    // By text, since NaN is not equal to itself.
    assert_eq!(format!("{value:?}"), format!("{again:?}"));
    let text = String::from_utf8(out).unwrap();
    // What is not there is no news.
    let mut short: serde_json::Value = serde_json::from_str(&text).unwrap();
    short
        .as_object_mut()
        .unwrap()
        .retain(|_, value| !value.is_null());
    Ok(short.to_string())
}

#[test]
fn accepts() {
    let plan = plan();
    for (query, want) in [
        ("name=ada", r#"{"name":"ada"}"#),
        ("name=", r#"{"name":""}"#),
        ("name", r#"{"name":""}"#),
        ("&&name=a&other=%ff&", r#"{"name":"a"}"#),
        ("name=a&name=b", r#"{"name":"b"}"#),
        ("name=a%20b+c%2Bd%C3%A9", r#"{"name":"a b c+dé"}"#),
        (
            "name=%22q%22&letter=%C3%A9",
            r#"{"name":"\"q\"","letter":"é"}"#,
        ),
        ("n%61me=a", r#"{"name":"a"}"#),
        (
            "name=a&age=7&ratio=1.5&on=true",
            r#"{"name":"a","age":7,"ratio":1.5,"on":true}"#,
        ),
        (
            "name=a&age=1e2&ratio=3&on=false",
            r#"{"name":"a","age":100,"ratio":3.0,"on":false}"#,
        ),
        ("name=a&ratio=NaN", r#"{"name":"a","ratio":"NaN"}"#),
        (
            "name=a&role=read_only&shape=square",
            r#"{"name":"a","role":"read_only","shape":"square"}"#,
        ),
        (
            "name=a&shape=%7B%22circle%22:1.5%7D",
            r#"{"name":"a","shape":{"circle":1.5}}"#,
        ),
        (
            "name=a&data=AQ-_&big=18446744073709551615",
            r#"{"name":"a","data":"AQ+/","big":18446744073709551615}"#,
        ),
        (
            "name=a&tags=x&tags=y%2Cz",
            r#"{"name":"a","tags":["x","y,z"]}"#,
        ),
        (
            "name=a&tags=[\"x\",\"[\"]&ids=[1,2]",
            r#"{"name":"a","tags":["x","["],"ids":[1,2]}"#,
        ),
        ("name=a&ids=1&ids=2", r#"{"name":"a","ids":[1,2]}"#),
        (
            "name=a&user={\"name\":\"b\",\"age\":1}",
            r#"{"name":"a","user":{"name":"b","age":1}}"#,
        ),
        (
            "name=a&users=[{\"name\":\"b\",\"age\":1}]&pair=[1,2]",
            r#"{"name":"a","users":[{"name":"b","age":1}],"pair":[1,2]}"#,
        ),
        (
            "name=a&at=2024-02-29T12:34:56Z&mask=a,b_c",
            r#"{"name":"a","at":"2024-02-29T12:34:56Z","mask":"a,b_c"}"#,
        ),
        (
            "name=a&twice={\"some\":1}",
            r#"{"name":"a","twice":{"some":1}}"#,
        ),
    ] {
        assert_eq!(
            as_json(&plan, "request", query).as_deref(),
            Ok(want),
            "{query}"
        );
    }
    assert_eq!(
        as_json(&plan, "small", "user_id=5").as_deref(),
        Ok(r#"{"user_id":5,"limit":10}"#)
    );
}

#[test]
fn refuses() {
    let plan = plan();
    for (query, want) in [
        ("", "name: missing required field"),
        ("name=%ff", "name: invalid UTF-8"),
        ("name=a&age=x", "age: expected u8, found \"x\""),
        ("name=a&age=", "age: expected u8, found \"\""),
        (
            "name=a&age=256",
            "age: 256 is out of range for u8 (0 to 255)",
        ),
        ("name=a&age=1.5", "age: expected u8, found 1.5"),
        ("name=a&on=1", "on: expected bool, found \"1\""),
        (
            "name=a&letter=ab",
            "letter: expected one character, found 2",
        ),
        (
            "name=a&role=root",
            "role: unknown case \"root\", expected one of admin, read_only",
        ),
        (
            "name=a&shape=circle",
            "shape: case \"circle\" needs a value; write {\"circle\": …}",
        ),
        ("name=a&ids=1&ids=x", "ids[1]: expected u32, found \"x\""),
        ("name=a&ids=[1,true]", "ids[1]: expected u32, found bool"),
        (
            "name=a&user={\"name\":\"b\"}",
            "user.age: missing required field",
        ),
        (
            "name=a&user={",
            "user: not valid JSON: expected a field name in quotes, found the end at byte 1",
        ),
        (
            "name=a&at=now",
            "at: expected RFC 3339 timestamp, found \"now\"",
        ),
        (
            "name=a&data=*",
            "data: not base64: Invalid symbol 42, offset 0.",
        ),
    ] {
        assert_eq!(
            as_json(&plan, "request", query),
            Err(want.into()),
            "{query}"
        );
    }
}
