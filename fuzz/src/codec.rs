//! Messages: JSON and URL queries, along a contract that has every type.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use ostler_schema::codec::{json as json_codec, query as query_codec};
use ostler_schema::{Contract, Plan, Type, TypeId, Value, WellKnown};
use serde_json::Value as Json;

/// How deep messages may nest; the host's default.
pub(crate) const MAX_DEPTH: usize = 100;

pub(crate) const WORDS: &[&str] = &[
    "null",
    "true",
    "false",
    "{}",
    "[]",
    "\"\"",
    "{\"",
    "\":",
    ",",
    "[[",
    "]]",
    "\\u0000",
    "\\ud83d\\ude00",
    "\\ud800",
    "\\",
    "\"NaN\"",
    "\"Infinity\"",
    "1e400",
    "-0",
    "0.1",
    "1e2",
    "18446744073709551616",
    "-9223372036854775809",
    "4294967296",
    "é",
    "\u{feff}",
    "%00",
    "%",
    "&",
    "=",
    "+",
    "\"some\"",
    "\"ok\"",
    "\"err\"",
    "\"type\"",
    "\"value\"",
    "\"@type\":\"type.googleapis.com/",
    "PT1.5S",
    "1970-01-01T00:00:00Z",
    "9999-12-31T23:59:59.999999999Z",
    "AA==",
    "-_",
];

static TYPES: LazyLock<(Contract, Vec<TypeId>)> = LazyLock::new(|| {
    let text = include_str!("../../tests/guests/types/wit/types.wit");
    let files = BTreeMap::from([("types.wit".to_owned(), text.to_owned())]);
    let contract = Contract::from_wit(files, None)
        .unwrap_or_else(|error| panic!("the contract of every type: {error}"));
    let methods = contract.services.iter().flat_map(|s| &s.methods);
    let messages = methods.flat_map(|m| [Some(m.request.message), m.response.message]);
    let messages = messages.flatten().collect();
    (contract, messages)
});

/// A message in JSON: the first byte chooses its type.
///
/// What is read is JSON by another reader's opinion too; what is no JSON is
/// none there either; and what is written of it reads back as the same value.
///
/// # Panics
/// When that does not hold.
pub fn json(data: &[u8]) {
    let Some((&choice, text)) = data.split_first() else {
        return;
    };
    let (contract, messages) = &*TYPES;
    let ty = messages[usize::from(choice) % messages.len()];
    let ours = json_codec::decode(&contract.plan, ty, text, MAX_DEPTH);
    let theirs = serde_json::from_slice::<Json>(text);
    match ours {
        Ok(value) => {
            assert!(
                theirs.is_ok() || theirs.is_err_and(|e| is_bounded(&e)),
                "no JSON was read as {value:?}"
            );
            round_trip(&contract.plan, ty, &value);
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

/// Whether a refusal is not of the grammar: a number too large for the
/// reader's types, or its own bound of nesting.
pub(crate) fn is_bounded(error: &serde_json::Error) -> bool {
    let text = error.to_string();
    text.contains("number out of range") || text.contains("recursion limit")
}

fn round_trip(plan: &Plan, ty: TypeId, value: &Value) {
    let written = write(plan, ty, value);
    assert!(!written.contains(&b'\n'), "a message is one line");
    if let Err(error) = serde_json::from_slice::<Json>(&written) {
        assert!(is_bounded(&error), "{error} in what was written");
    }
    let back = json_codec::decode(plan, ty, &written, MAX_DEPTH)
        .unwrap_or_else(|e| panic!("{e} in {}", String::from_utf8_lossy(&written)));
    assert_eq!(write(plan, ty, &back), written);
    // A `struct` is handed on as it came; written, it has no white space.
    if !holds_json(plan, ty) {
        same(&back, value);
    }
}

fn holds_json(plan: &Plan, ty: TypeId) -> bool {
    let is_json = |ty: TypeId| match &plan[ty] {
        Type::Record(record) => record.well_known == Some(WellKnown::Struct),
        _ => false,
    };
    match &plan[ty] {
        Type::Record(record) => record.fields.iter().any(|field| is_json(field.ty)),
        _ => is_json(ty),
    }
}

fn write(plan: &Plan, ty: TypeId, value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    json_codec::encode(plan, ty, value, &mut out).unwrap_or_else(|e| panic!("{e}: {value:?}"));
    out
}

/// By text, since NaN is not equal to itself.
fn same(found: &Value, expected: &Value) {
    assert_eq!(format!("{found:?}"), format!("{expected:?}"));
}

/// A message as a URL query: the first byte chooses its type.
///
/// What is written of what was read reads back as the same value, as a query
/// and as JSON.
///
/// # Panics
/// When that does not hold.
pub fn query(data: &[u8]) {
    let Some((&choice, text)) = data.split_first() else {
        return;
    };
    let (contract, messages) = &*TYPES;
    let plan = &contract.plan;
    let records: Vec<TypeId> = (messages.iter().copied())
        .filter(|ty| matches!(plan[*ty], Type::Record(_)))
        .collect();
    let ty = records[usize::from(choice) % records.len()];
    let value = match query_codec::decode(plan, ty, text, MAX_DEPTH) {
        Ok(value) => value,
        Err(error) => return assert!(!error.is_syntax(), "{error}: a query is no JSON"),
    };
    round_trip(plan, ty, &value);
    let mut written = Vec::new();
    query_codec::encode(plan, ty, &value, &mut written)
        .unwrap_or_else(|e| panic!("{e}: {value:?}"));
    let back = query_codec::decode(plan, ty, &written, MAX_DEPTH)
        .unwrap_or_else(|e| panic!("{e} in {}", String::from_utf8_lossy(&written)));
    if !holds_json(plan, ty) {
        same(&back, &value);
    }
}

const EVERYTHING: &str = r#"{"yes":true,"numbers":{"u_eight":255,"s_eight":-128,"u_sixteen":65535,"s_sixteen":-1,"u_thirty_two":4294967295,"s_thirty_two":-2147483648,"u_sixty_four":18446744073709551615,"s_sixty_four":"-9223372036854775808","f_thirty_two":1.5,"f_sixty_four":-0.0},"letter":"é","text":"a\n\u0001\ud83d\ude00","bytes":"AAH/","texts":["","b"],"inners":[{"id":1,"label":"x","unknown":[{}]}],"nested":[[],[1,2]],"maybe":null,"maybe_maybe":{"some":null},"maybe_list":"AA","pair":[1,"p"],"shape":{"polygon":[[0,1e3]]},"colour":"dark_blue","permissions":["read","run_it"],"outcome":{"ok":1},"bare_outcome":{"err":null},"by_name":{"k":{"id":2,"label":""}},"by_number":{"7":"seven"}}"#;

const WELL_KNOWN: &str = r#"{"at":"2024-02-29T12:00:00.5Z","took":"-PT1.5S","detail":{"type":"a.B","value":"CAE="},"mask":"a.b,c_d","object":{"a":[1,null,{"b":"c"}]}}"#;

pub(crate) fn json_seeds() -> Vec<Vec<u8>> {
    let (_, messages) = &*TYPES;
    let texts = [
        EVERYTHING,
        WELL_KNOWN,
        r#"{"a":1,"b":null,"c":[1,"NaN","-Infinity"],"d":"red","e":[-1,true]}"#,
        r#"{"texts":["a",""]}"#,
        r#"{"a":-1,"b":2}"#,
        r#""named""#,
        r#"{"circle":1.5}"#,
        "[1,[2],{}]",
        "null",
    ];
    let choices = 0..u8::try_from(messages.len()).unwrap_or(u8::MAX);
    choices
        .flat_map(|choice| texts.map(|text| chosen(choice, text)))
        .collect()
}

pub(crate) fn query_seeds() -> Vec<Vec<u8>> {
    let texts = [
        "a=1&b=x%20y&c=1&c=NaN&d=dark_blue&e=[-1,true]",
        "texts=a&texts=b+c",
        "texts=[%22a%22]",
        "text=%C3%A9&all=true&number=7",
        "at=2024-02-29T12:00:00Z&took=1.5s&mask=a.b&object={}",
        "yes=true&letter=x&bytes=AAH_&maybe_maybe={\"some\":1}&shape=point",
    ];
    (0..8)
        .flat_map(|choice| texts.map(|text| chosen(choice, text)))
        .collect()
}

fn chosen(choice: u8, text: &str) -> Vec<u8> {
    [&[choice], text.as_bytes()].concat()
}
