//! Messages of the proto profile: protobuf and its JSON, along a contract that
//! has every type and one that a lock has shaped.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use bytes::Bytes;
use ostler_schema::codec::{json as plain, proto_json as json_codec, protobuf as binary};
use ostler_schema::{Contract, MessageType, Plan, Value};
use serde_json::Value as Json;

use crate::codec::{MAX_DEPTH, is_bounded, json_seeds as plain_seeds};

pub(crate) const WORDS: &[&str] = &[
    "\x00",
    "\x01",
    "\x0a\x00",
    "\x08\x01",
    "\x0a\x02\x08\x01",
    "\x12\x03\x0a\x01x",
    "\x0b\x0c",
    "\x7f\x7f",
    "\x1a\x02\x08\x01\x1a\x00",
    "type.googleapis.com/",
    "type.googleapis.com/t.t.Node",
    "google.protobuf.Any",
];

/// What a lock can say that the order of declaration does not.
const LOCKED: &str = "package t:t;
interface i {
  use ostler:rpc/types@0.1.0.{any, timestamp, struct as json-object};
  enum level { low, high }
  record leaf { text: string }
  variant choice { nothing, text(string), leaf(leaf), numbers(list<u32>) }
  record node {
    next: option<any>,
    many: list<any>,
    wrapped: option<s64>,
    small: s32,
    fixed: u64,
    choice: option<choice>,
    must: choice,
    level: level,
    unpacked: list<u16>,
    by-name: map<string, leaf>,
    detail: option<any>,
    at: option<timestamp>,
    object: option<json-object>,
  }
  /// @default small 7
  get: func(node: node) -> node;
}
world w { export i; }";

const LOCK: &str = r#"
format = 1
[messages."t:t/i.node"]
fields.next = { number = 1, any = "t:t/i.node" }
fields.many = { number = 2, any = "t:t/i.node" }
fields.wrapped = { number = 3, kind = "google.protobuf.Int64Value" }
fields.small = { number = 4, kind = "sint32" }
fields.fixed = { number = 5, kind = "fixed64", json-name = "f" }
fields.unpacked = { number = 300, packed = false }
oneofs.choice.fields = { nothing = 6, text = 7, leaf = 8, numbers = 9 }
oneofs.must.fields = { nothing = { number = 10, name = "none" }, text = { number = 11, name = "t" }, leaf = { number = 12, name = "l" }, numbers = { number = 13, name = "n" } }
[enums."t:t/i.level"]
values.low = 0
values.high = -1
"#;

/// Contracts with the messages of their methods.
static CONTRACTS: LazyLock<[(Contract, Vec<MessageType>); 2]> = LazyLock::new(|| {
    let types = include_str!("../../tests/guests/types/wit/types.wit");
    [(types, None), (LOCKED, Some(LOCK))].map(|(text, lock)| {
        let files = BTreeMap::from([("types.wit".to_owned(), text.to_owned())]);
        let contract = Contract::from_wit(files, lock.map(str::to_owned))
            .unwrap_or_else(|error| panic!("the contract of every type: {error}"));
        let methods = contract.services.iter().flat_map(|s| &s.methods);
        let messages = methods.flat_map(|m| [Some(m.request.codec()), m.response.codec()]);
        let messages = messages.flatten().collect();
        (contract, messages)
    })
});

/// The message that a number chooses.
fn chosen(choice: u8) -> (&'static Plan, MessageType) {
    let contracts = CONTRACTS.iter();
    let mut messages: Vec<_> = contracts
        .flat_map(|(contract, messages)| messages.iter().map(|message| (&contract.plan, *message)))
        .collect();
    messages.swap_remove(usize::from(choice) % messages.len())
}

fn count() -> u8 {
    let count: usize = CONTRACTS.iter().map(|(_, messages)| messages.len()).sum();
    u8::try_from(count).unwrap_or(u8::MAX)
}

/// A message in protobuf: the first byte chooses its type.
///
/// What was read is written, and reads back as the same value; if it has JSON,
/// that reads back too.
///
/// # Panics
/// When that does not hold.
pub fn protobuf(data: &[u8]) {
    let Some((&choice, bytes)) = data.split_first() else {
        return;
    };
    let (plan, of) = chosen(choice);
    let bytes = Bytes::copy_from_slice(bytes);
    match binary::decode(plan, of.proto, &bytes, MAX_DEPTH) {
        Ok(value) => {
            let written = write_binary(plan, of, &value);
            let back = read_binary(plan, of, &written);
            same(&back, &value);
            assert_eq!(write_binary(plan, of, &back), written);
            let mut json = Vec::new();
            if json_codec::encode(plan, of.proto, &value, &mut json).is_ok() {
                stable_json(plan, of, &json);
            }
        }
        Err(error) => assert!(!error.to_string().is_empty() && !error.is_syntax()),
    }
}

/// A message in the JSON of protobuf: the first byte chooses its type.
///
/// What is read is JSON by another reader's opinion too; what is no JSON is
/// none there either; what is written of it reads back as the same value; and
/// so does its binary form, if it has one.
///
/// # Panics
/// When that does not hold.
pub fn proto_json(data: &[u8]) {
    let Some((&choice, text)) = data.split_first() else {
        return;
    };
    let (plan, of) = chosen(choice);
    let theirs = serde_json::from_slice::<Json>(text);
    match json_codec::decode(plan, of.proto, text, MAX_DEPTH) {
        Ok(value) => {
            assert!(
                theirs.is_ok() || theirs.is_err_and(|e| is_bounded(&e)),
                "no JSON was read as {value:?}"
            );
            let mut json = Vec::new();
            json_codec::encode(plan, of.proto, &value, &mut json)
                .unwrap_or_else(|e| panic!("{e}: {value:?}"));
            stable_json(plan, of, &json);
            let mut bytes = Vec::new();
            // A struct may have a number that is no double.
            if binary::encode(plan, of.proto, &value, &mut bytes).is_ok() {
                let back = read_binary(plan, of, &bytes);
                assert_eq!(write_binary(plan, of, &back), bytes);
            }
        }
        Err(error) => {
            let text = error.to_string();
            assert!(!text.is_empty());
            // A bound of ours is no error of theirs.
            let bound = text.contains("nest");
            assert!(
                !error.is_syntax() || bound || theirs.is_err(),
                "JSON was refused: {text}"
            );
        }
    }
}

/// JSON that was written reads back as what is written alike.
fn stable_json(plan: &Plan, of: MessageType, json: &[u8]) {
    assert!(!json.contains(&b'\n'), "a message is one line");
    let text = String::from_utf8_lossy(json);
    let back = json_codec::decode(plan, of.proto, json, MAX_DEPTH);
    let back = match back {
        Ok(back) => back,
        // Messages in `any` and structs are bounded as bytes and as text.
        Err(error) if error.to_string().contains("nest") => return,
        Err(error) => panic!("{error} in {text}"),
    };
    let mut again = Vec::new();
    json_codec::encode(plan, of.proto, &back, &mut again)
        .unwrap_or_else(|e| panic!("{e}: {back:?}"));
    assert_eq!(String::from_utf8_lossy(&again), text);
}

fn write_binary(plan: &Plan, of: MessageType, value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    binary::encode(plan, of.proto, value, &mut out).unwrap_or_else(|e| panic!("{e}: {value:?}"));
    out
}

fn read_binary(plan: &Plan, of: MessageType, bytes: &[u8]) -> Value {
    let bytes = Bytes::copy_from_slice(bytes);
    binary::decode(plan, of.proto, &bytes, MAX_DEPTH).unwrap_or_else(|e| panic!("{e} in {bytes:?}"))
}

/// By text, since NaN is not equal to itself.
fn same(found: &Value, expected: &Value) {
    assert_eq!(format!("{found:?}"), format!("{expected:?}"));
}

const NODES: [&str; 4] = [
    r#"{"none":{}}"#,
    r#"{"next":{"t":"x","next":{"l":{"text":""},"small":-5}},"many":[{"none":{}},{"n":{"value":[1]}}],"wrapped":"7","f":"8","text":"","n":{"value":[]},"level":"LEVEL_HIGH","unpacked":[1,300],"byName":{"k":{"text":"v"}}}"#,
    r#"{"l":{},"detail":{"@type":"type.googleapis.com/t.t.Node","none":{}},"at":"2024-02-29T12:00:00.500Z","object":{"a":[1,null,{"b":"c"}]}}"#,
    r#"{"n":{},"detail":{"value":"1970-01-01T00:00:00Z","@type":"type.googleapis.com/google.protobuf.Timestamp"},"leaf":{}}"#,
];

/// Values of every message, from the plain JSON of the other profile's seeds
/// and from nodes.
fn seeds() -> impl Iterator<Item = (u8, &'static Plan, MessageType, Value)> {
    let plain = plain_seeds();
    let read = move |choice| {
        let (plan, of) = chosen(choice);
        let texts = plain.iter().map(|seed| seed[1..].to_vec());
        let values = texts.filter_map(|text| plain::decode(plan, of.ty, &text, MAX_DEPTH).ok());
        let nodes = NODES
            .iter()
            .filter_map(|text| json_codec::decode(plan, of.proto, text.as_bytes(), MAX_DEPTH).ok());
        let values: Vec<Value> = values.chain(nodes).collect();
        values
            .into_iter()
            .map(move |value| (choice, plan, of, value))
    };
    (0..count()).flat_map(read)
}

pub(crate) fn protobuf_seeds() -> Vec<Vec<u8>> {
    let written = |(choice, plan, of, value): (u8, _, _, _)| {
        [&[choice], &write_binary(plan, of, &value)[..]].concat()
    };
    unique(seeds().map(written))
}

pub(crate) fn proto_json_seeds() -> Vec<Vec<u8>> {
    let written = |(choice, plan, of, value): (u8, &Plan, MessageType, Value)| {
        let mut out = vec![choice];
        json_codec::encode(plan, of.proto, &value, &mut out).ok()?;
        Some(out)
    };
    unique(seeds().filter_map(written))
}

fn unique(seeds: impl Iterator<Item = Vec<u8>>) -> Vec<Vec<u8>> {
    let mut seeds: Vec<_> = seeds.collect();
    seeds.sort();
    seeds.dedup();
    seeds
}
