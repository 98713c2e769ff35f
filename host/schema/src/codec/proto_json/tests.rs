//! Texts and the values they stand for, the latter in plain JSON.

use super::*;
use crate::codec::proto::testing::Messages;
use crate::proto::{Kind, Slot};

fn read(messages: &Messages, name: &str, text: &str) -> Result<Value, String> {
    decode(messages.plan(), messages.id(name), text.as_bytes(), 100)
        .map_err(|error| error.to_string())
}

fn write(messages: &Messages, name: &str, value: &Value) -> Result<String, String> {
    let mut out = Vec::new();
    encode(messages.plan(), messages.id(name), value, &mut out)
        .map(|()| String::from_utf8(out).unwrap())
        .map_err(|error| error.to_string())
}

fn reads(messages: &Messages, name: &str, text: &str, plain: &str) {
    match read(messages, name, text) {
        Ok(value) => assert_eq!(messages.plain(name, &value), plain, "{name} {text}"),
        Err(error) => panic!("{name} {text}: {error}"),
    }
}

fn refuses(messages: &Messages, name: &str, text: &str, want: &str) {
    match read(messages, name, text) {
        Ok(value) => panic!("{name} {text}: {value:?}"),
        Err(error) => assert_eq!(error, want, "{name} {text}"),
    }
}

/// What is written as `text`, which is read as the same.
fn same(messages: &Messages, name: &str, text: &str, plain: &str) {
    let value = messages.value(name, plain);
    let written = write(messages, name, &value).unwrap_or_else(|e| panic!("{plain}: {e}"));
    assert_eq!(written, text, "{name} {plain}");
    reads(messages, name, text, plain);
}

const NO_SCALARS: &str =
    r#"{"a":0,"b":0,"c":0,"d":0,"e":0,"f":0,"g":0,"h":0,"i":0.0,"j":0.0,"k":false,"l":"","m":""}"#;

/// `NO_SCALARS` with one field changed.
fn scalars(field: &str, value: &str) -> String {
    let start = NO_SCALARS.find(&format!("\"{field}\":")).unwrap() + 4;
    let end = start + NO_SCALARS[start..].find([',', '}']).unwrap();
    format!("{}{value}{}", &NO_SCALARS[..start], &NO_SCALARS[end..])
}

#[test]
fn scalars_of_every_type() {
    let messages = Messages::new();
    same(&messages, "Scalars", "{}", NO_SCALARS);
    for (text, field, value) in [
        (r#"{"a":255}"#, "a", "255"),
        (r#"{"c":4294967295}"#, "c", "4294967295"),
        (
            r#"{"d":"18446744073709551615"}"#,
            "d",
            "18446744073709551615",
        ),
        (r#"{"e":-128}"#, "e", "-128"),
        (
            r#"{"h":"-9223372036854775808"}"#,
            "h",
            "-9223372036854775808",
        ),
        (r#"{"i":0.1}"#, "i", "0.1"),
        (r#"{"i":"NaN"}"#, "i", "\"NaN\""),
        (r#"{"j":-0.0}"#, "j", "-0.0"),
        (r#"{"j":"-Infinity"}"#, "j", "\"-Infinity\""),
        (r#"{"k":true}"#, "k", "true"),
        (r#"{"l":"\"€\n"}"#, "l", r#""\"€\n""#),
        (r#"{"m":"AAE="}"#, "m", "\"AAE=\""),
    ] {
        same(&messages, "Scalars", text, &scalars(field, value));
    }
    for (text, field, value) in [
        (r#"{"a":"7"}"#, "a", "7"),
        (r#"{"a":1.0}"#, "a", "1"),
        (r#"{"a":"1e2"}"#, "a", "100"),
        (r#"{"d":7}"#, "d", "7"),
        (r#"{"h":"-1e1"}"#, "h", "-10"),
        (r#"{"i":"1.5"}"#, "i", "1.5"),
        (r#"{"j":"Infinity"}"#, "j", "\"Infinity\""),
        (r#"{"j":3}"#, "j", "3.0"),
        (r#"{"m":"-_8"}"#, "m", "\"+/8=\""),
        (r#"{"m":"+/8"}"#, "m", "\"+/8=\""),
        // `null` is absence; the last of a name wins; others are ignored.
        (r#"{"a":null}"#, "a", "0"),
        (r#"{"a":1,"a":2}"#, "a", "2"),
        (r#"{"a":1,"a":null}"#, "a", "0"),
        (r#" { "x" : [ {} ] , "a" : 1 , "" : null } "#, "a", "1"),
    ] {
        reads(&messages, "Scalars", text, &scalars(field, value));
    }
    for (text, want) in [
        (r#"{"a":256}"#, "a: 256 is out of range for u8 (0 to 255)"),
        (r#"{"a":1.5}"#, "a: expected u8, found 1.5"),
        (r#"{"a":"x"}"#, r#"a: expected u8, found "x""#),
        (r#"{"a":""}"#, r#"a: expected u8, found """#),
        (r#"{"a":" 1"}"#, r#"a: expected u8, found " 1""#),
        (r#"{"a":true}"#, "a: expected u8, found bool"),
        (r#"{"d":""}"#, r#"d: expected u64, found """#),
        (
            r#"{"d":-1}"#,
            "d: -1 is out of range for u64 (0 to 18446744073709551615)",
        ),
        (r#"{"i":1e39}"#, "i: 1e39 is out of range for f32"),
        (r#"{"j":""}"#, r#"j: expected f64, found """#),
        (r#"{"j":"nan"}"#, r#"j: expected f64, found "nan""#),
        (r#"{"k":"true"}"#, "k: expected bool, found string"),
        (r#"{"k":1}"#, "k: expected bool, found number"),
        (r#"{"l":1}"#, "l: expected string, found number"),
        (r#"{"m":1}"#, "m: expected base64 string, found number"),
        (
            r#"{"m":"?"}"#,
            "m: not base64: Invalid symbol 63, offset 0.",
        ),
        ("[]", "expected object, found array"),
        ("null", "expected object, found null"),
        (
            "",
            "Invalid JSON body: expected a value, found the end at byte 0",
        ),
        (
            "{",
            "Invalid JSON body: expected a field name in quotes, found the end at byte 1",
        ),
        ("{}x", "Invalid JSON body: more after the value at byte 2"),
    ] {
        refuses(&messages, "Scalars", text, want);
    }
}

#[test]
fn names_in_either_spelling() {
    let messages = Messages::new();
    let plain = r#"{"user_inner":{"n":1,"text":""},"user_level":"high","pair":[2,"x"]}"#;
    let text = r#"{"userInner":{"n":1},"userLevel":"LEVEL_HIGH","pair":{"f0":2,"f1":"x"}}"#;
    same(&messages, "Nested", text, plain);
    let snake = text
        .replace("userInner", "user_inner")
        .replace("userLevel", "user_level");
    reads(&messages, "Nested", &snake, plain);
    // In any order; others are ignored.
    let text = r#"{"pair":{"f1":"x","f0":2},"UserLevel":1,"userLevel":2,"user_inner":{"n":1}}"#;
    reads(&messages, "Nested", text, plain);
    let nothing = r#"{"user_inner":{"n":0,"text":""},"user_level":"unspecified","pair":[0,""]}"#;
    same(
        &messages,
        "Nested",
        r#"{"userInner":{},"pair":{}}"#,
        nothing,
    );
    reads(&messages, "Nested", "{}", nothing);
    reads(
        &messages,
        "Nested",
        r#"{"userInner":null,"userLevel":"LEVEL_UNSPECIFIED"}"#,
        nothing,
    );
    let error = "userInner.n: expected s32, found object";
    refuses(&messages, "Nested", r#"{"userInner":{"n":{}}}"#, error);
}

#[test]
fn enums() {
    let messages = Messages::new();
    same(
        &messages,
        "Required",
        r#"{"role":"ROLE_GUEST"}"#,
        r#"{"role":"guest"}"#,
    );
    for text in [r#"{"role":2}"#, r#"{"role":2.0}"#] {
        reads(&messages, "Required", text, r#"{"role":"guest"}"#);
    }
    let allowed = "one of ROLE_ADMIN, ROLE_GUEST";
    for (text, want) in [
        ("{}", format!("must be set to {allowed}")),
        (r#"{"role":null}"#, format!("must be set to {allowed}")),
        (r#"{"role":0}"#, format!("must be set to {allowed}")),
        (
            r#"{"role":"ROLE_UNSPECIFIED"}"#,
            format!("must be set to {allowed}"),
        ),
        (
            r#"{"role":"guest"}"#,
            format!("unknown value \"guest\", expected {allowed}"),
        ),
        (
            r#"{"role":9}"#,
            format!("unknown value 9, expected {allowed}"),
        ),
        (
            r#"{"role":1.5}"#,
            "\"1.5\" is no number of an enum value".into(),
        ),
        (
            r#"{"role":4294967297}"#,
            "\"4294967297\" is no number of an enum value".into(),
        ),
        (
            r#"{"role":true}"#,
            "expected name or number of an enum value, found bool".into(),
        ),
    ] {
        refuses(&messages, "Required", text, &format!("role: {want}"));
    }
}

const NO_OPTIONS: &str = r#"{"a":null,"b":null,"c":null,"d":null,"e":null,"f":null,"g":null}"#;

#[test]
fn presence() {
    let messages = Messages::new();
    same(&messages, "Options", "{}", NO_OPTIONS);
    reads(&messages, "Options", NO_OPTIONS, NO_OPTIONS);
    for (text, from, to) in [
        (r#"{"a":0}"#, "\"a\":null", "\"a\":0"),
        (r#"{"b":{}}"#, "\"b\":null", r#""b":{"n":0,"text":""}"#),
        (r#"{"c":{}}"#, "\"c\":null", r#""c":{"some":null}"#),
        (r#"{"c":{"value":0}}"#, "\"c\":null", r#""c":{"some":0}"#),
        (r#"{"d":{}}"#, "\"d\":null", "\"d\":[]"),
        (r#"{"d":{"value":[1,2]}}"#, "\"d\":null", "\"d\":[1,2]"),
        (r#"{"e":"ROLE_GUEST"}"#, "\"e\":null", "\"e\":\"guest\""),
        (r#"{"f":{"none":{}}}"#, "\"f\":null", "\"f\":\"none\""),
        (r#"{"g":""}"#, "\"g\":null", "\"g\":\"\""),
    ] {
        same(&messages, "Options", text, &NO_OPTIONS.replace(from, to));
    }
    // Of a name that occurs again the last wins: nothing is merged.
    let last = NO_OPTIONS.replace("\"b\":null", r#""b":{"n":0,"text":"x"}"#);
    reads(
        &messages,
        "Options",
        r#"{"b":{"n":1},"b":{"text":"x"}}"#,
        &last,
    );
}

#[test]
fn lists_flags_and_maps() {
    let messages = Messages::new();
    let none = r#"{"a":[],"b":[],"c":[],"d":[],"e":[],"f":[],"g":[],"h":[],"i":"","j":[]}"#;
    same(&messages, "Lists", "{}", none);
    for (text, field, value) in [
        (r#"{"a":[1,300]}"#, "a", "[1,300]"),
        (r#"{"b":["","x"]}"#, "b", "[\"\",\"x\"]"),
        (
            r#"{"c":[{},{"n":1}]}"#,
            "c",
            r#"[{"n":0,"text":""},{"n":1,"text":""}]"#,
        ),
        (r#"{"d":[{},{"value":[5]}]}"#, "d", "[[],[5]]"),
        (
            r#"{"e":["ROLE_ADMIN","ROLE_GUEST"]}"#,
            "e",
            "[\"admin\",\"guest\"]",
        ),
        (
            r#"{"f":["PERMS_READ","PERMS_WRITE"]}"#,
            "f",
            "[\"read\",\"write\"]",
        ),
        (r#"{"g":["","AA=="]}"#, "g", "[\"\",\"AA==\"]"),
        (r#"{"h":[1.0,"NaN"]}"#, "h", "[1.0,\"NaN\"]"),
        (r#"{"j":[{},{"value":0}]}"#, "j", "[null,0]"),
    ] {
        let plain = none.replace(&format!("\"{field}\":[]"), &format!("\"{field}\":{value}"));
        same(&messages, "Lists", text, &plain);
    }
    let none = r#"{"a":{},"b":{},"c":{},"d":{},"e":{},"f":{}}"#;
    same(&messages, "Maps", "{}", none);
    for (text, from, to) in [
        (r#"{"a":{"k":7,"":0}}"#, "\"a\":{}", r#""a":{"k":7,"":0}"#),
        (
            r#"{"b":{"3":{"n":1}}}"#,
            "\"b\":{}",
            r#""b":{"3":{"n":1,"text":""}}"#,
        ),
        (
            r#"{"c":{"true":{"value":[5]}}}"#,
            "\"c\":{}",
            r#""c":{"true":[5]}"#,
        ),
        (
            r#"{"e":{"x":"ROLE_GUEST"}}"#,
            "\"e\":{}",
            r#""e":{"x":"guest"}"#,
        ),
        (r#"{"f":{"-1":7}}"#, "\"f\":{}", r#""f":{"-1":7}"#),
    ] {
        same(&messages, "Maps", text, &none.replace(from, to));
    }
    let last = none.replace("\"a\":{}", r#""a":{"k":8,"l":1}"#);
    reads(&messages, "Maps", r#"{"a":{"k":7,"l":1,"k":8}}"#, &last);
    for (name, text, want) in [
        (
            "Lists",
            r#"{"a":[1,null]}"#,
            "a[1]: expected u32, found null",
        ),
        (
            "Lists",
            r#"{"c":[null]}"#,
            "c[0]: expected object, found null",
        ),
        ("Lists", r#"{"a":1}"#, "a: expected array, found number"),
        (
            "Lists",
            r#"{"f":["PERMS_READ","x"]}"#,
            "f[1]: unknown value \"x\", expected one of PERMS_READ, PERMS_WRITE",
        ),
        (
            "Maps",
            r#"{"a":{"k":null}}"#,
            "a[\"k\"]: expected u32, found null",
        ),
        (
            "Maps",
            r#"{"b":{"x":{}}}"#,
            "b[\"x\"]: expected u32, found \"x\"",
        ),
        (
            "Maps",
            r#"{"c":{"1":{}}}"#,
            "c[\"1\"]: expected bool, found \"1\"",
        ),
        ("Maps", r#"{"a":[]}"#, "a: expected object, found array"),
    ] {
        refuses(&messages, name, text, want);
    }
}

#[test]
fn maps_as_repeated_entries() {
    let mut messages = Messages::new();
    messages.make_entries("Maps", 3);
    let plain = r#"{"a":{},"b":{},"c":{},"d":{"7":"x","0":""},"e":{},"f":{}}"#;
    same(
        &messages,
        "Maps",
        r#"{"d":[{"key":7,"value":"x"},{}]}"#,
        plain,
    );
}

#[test]
fn oneofs() {
    let mut messages = Messages::new();
    let plain =
        |first: &str| format!(r#"{{"first":{first},"second":{{"ok":5}},"third":{{"err":null}}}}"#);
    let rest = r#""second":{"ok":5},"third":{"err":{}}"#;
    for (text, first) in [
        (r#"{"none":{}}"#, "\"none\""),
        (r#"{"email":""}"#, r#"{"email":""}"#),
        (r#"{"home":{"n":1}}"#, r#"{"home":{"n":1,"text":""}}"#),
        (r#"{"seen":{"value":[5]}}"#, r#"{"seen":[5]}"#),
    ] {
        same(
            &messages,
            "Unions",
            &format!("{{\"first\":{text},{rest}}}"),
            &plain(first),
        );
    }
    for (text, first) in [
        (r#"{"email":"a","email":"b"}"#, r#"{"email":"b"}"#),
        (
            r#"{"email":"a","home":null,"none":null}"#,
            r#"{"email":"a"}"#,
        ),
        (r#"{"email":"a","email":null,"none":{"x":1}}"#, "\"none\""),
    ] {
        reads(
            &messages,
            "Unions",
            &format!("{{\"first\":{text},{rest}}}"),
            &plain(first),
        );
    }
    let unset = "first: one of none, email, home, seen must be set";
    for (text, want) in [
        (
            r#"{"email":"a","none":{}}"#,
            "first.none: only one of a oneof may be set, and email is",
        ),
        ("{}", unset),
        (r#"{"email":null}"#, unset),
    ] {
        refuses(
            &messages,
            "Unions",
            &format!("{{\"first\":{text},{rest}}}"),
            want,
        );
    }
    let both = r#"{"first":{"none":{}},"second":{"ok":5,"err":"x"}}"#;
    refuses(
        &messages,
        "Unions",
        both,
        "second.err: only one of a oneof may be set, and ok is",
    );

    let layout = messages.plan().proto();
    let cases = layout.message(messages.id("Contact")).fields.to_vec();
    messages.change("Unions", |fields| {
        fields.remove(0);
        fields.extend(cases.into_iter().zip(4..).map(|(mut field, number)| {
            let Slot::Case(case) = field.slot else {
                panic!()
            };
            field.slot = Slot::Oneof {
                place: 0,
                case,
                optional: false,
            };
            field.number = number;
            field
        }));
    });
    same(
        &messages,
        "Unions",
        &format!("{{{rest},\"email\":\"\"}}"),
        &plain(r#"{"email":""}"#),
    );
    reads(
        &messages,
        "Unions",
        &format!("{{\"home\":null,\"none\":{{}},{rest}}}"),
        &plain("\"none\""),
    );
    let both = format!("{{\"email\":\"\",\"none\":{{}},{rest}}}");
    refuses(
        &messages,
        "Unions",
        &both,
        "none: only one of a oneof may be set, and email is",
    );
    refuses(&messages, "Unions", &format!("{{{rest}}}"), unset);
}

#[test]
fn defaults() {
    let messages = Messages::new();
    for (text, plain) in [
        ("{}", r#"{"n":7,"tags":["x"],"maybe":3,"plain":0}"#),
        (
            r#"{"n":null,"tags":[],"maybe":0}"#,
            r#"{"n":7,"tags":[],"maybe":0,"plain":0}"#,
        ),
    ] {
        reads(&messages, "A6Request", text, plain);
    }
    let plain = r#"{"n":0,"tags":["x"],"maybe":3,"plain":0}"#;
    same(
        &messages,
        "A6Request",
        r#"{"n":0,"tags":["x"],"maybe":3}"#,
        plain,
    );
}

/// A `known` with one field set, as text and as plain JSON.
fn known(field: &str, text: &str, plain: &str) -> (String, String) {
    let object = |fields: [(&str, &str); 5], set: &str| {
        let fields = fields.map(|(name, value)| (name, if name == field { set } else { value }));
        let written = fields.iter().filter(|(_, value)| !value.is_empty());
        let written: Vec<_> = written
            .map(|(name, value)| format!("\"{name}\":{value}"))
            .collect();
        format!("{{{}}}", written.join(","))
    };
    let at = ("at", "\"1970-01-01T00:00:00Z\"");
    let mask = ("mask", "\"\"");
    (
        object(
            [at, ("took", "\"0s\""), ("detail", ""), mask, ("object", "")],
            text,
        ),
        object(
            [
                at,
                ("took", "\"PT0S\""),
                ("detail", "null"),
                mask,
                ("object", "null"),
            ],
            plain,
        ),
    )
}

#[test]
fn well_known_types() {
    let messages = Messages::new();
    for (field, text, plain) in [
        (
            "at",
            "\"2024-02-29T12:00:00.500Z\"",
            "\"2024-02-29T12:00:00.500Z\"",
        ),
        ("took", "\"1.500s\"", "\"PT1.5S\""),
        ("took", "\"-1.000001s\"", "\"-PT1.000001S\""),
        ("took", "\"0.000000001s\"", "\"PT0.000000001S\""),
        ("took", "\"-0.500s\"", "\"-PT0.5S\""),
        ("mask", "\"a.fooBar,b\"", "\"a.foo_bar,b\""),
        ("object", r#"{"a":[1,null]}"#, r#"{"a":[1,null]}"#),
    ] {
        let (text, plain) = known(field, text, plain);
        same(&messages, "Known", &text, &plain);
    }
    for (field, text, plain) in [
        (
            "at",
            "\"1970-01-01T01:30:00+01:30\"",
            "\"1970-01-01T00:00:00Z\"",
        ),
        ("took", "\"1.5s\"", "\"PT1.5S\""),
        ("mask", "null", "\"\""),
    ] {
        let (text, plain) = known(field, text, plain);
        reads(&messages, "Known", &text, &plain);
    }
    let at = |text| format!("at: expected RFC 3339 timestamp, found {text}");
    let took = |text| format!("took: expected duration such as \"1.5s\", found {text}");
    for (field, text, want) in [
        (
            "at",
            "\"1970-01-01t00:00:00Z\"",
            at("\"1970-01-01t00:00:00Z\""),
        ),
        (
            "at",
            "\"1970-01-01T00:00:00z\"",
            at("\"1970-01-01T00:00:00z\""),
        ),
        ("at", "0", at("number")),
        ("took", "\"PT1S\"", took("\"PT1S\"")),
        ("took", "\"1\"", took("\"1\"")),
        ("took", "\"315576000001s\"", took("\"315576000001s\"")),
        (
            "mask",
            "\"a_b\"",
            "mask: \"a_b\" is no field path in lowerCamelCase".into(),
        ),
        (
            "mask",
            "\"a,\"",
            "mask: \"\" is no field path in lowerCamelCase".into(),
        ),
        (
            "object",
            "[]",
            "object: expected object, found array".into(),
        ),
    ] {
        refuses(&messages, "Known", &known(field, text, "").0, &want);
    }
    for mask in ["A", "a__b", "a_", "a_1"] {
        let (_, plain) = known("mask", "", &format!("\"{mask}\""));
        let error = write(&messages, "Known", &messages.value("Known", &plain)).unwrap_err();
        assert!(error.contains("has no JSON form"), "{error}");
    }
}

/// `google.protobuf.StringValue` and its like, which a lock may ask for.
#[test]
fn wrappers_of_scalars() {
    let mut messages = Messages::new();
    messages.make_wrapper("Options", 6, "google.protobuf.StringValue");
    for (text, g) in [
        (r#"{"g":""}"#, "\"\""),
        (r#"{"g":"x"}"#, "\"x\""),
        ("{}", "null"),
    ] {
        same(
            &messages,
            "Options",
            text,
            &NO_OPTIONS.replace("\"g\":null", &format!("\"g\":{g}")),
        );
    }
    reads(&messages, "Options", r#"{"g":null}"#, NO_OPTIONS);
    refuses(
        &messages,
        "Options",
        r#"{"g":{}}"#,
        "g: expected string, found object",
    );
}

#[test]
fn any() {
    let messages = Messages::new();
    let url = "type.googleapis.com";
    for (text, plain) in [
        (
            format!(r#"{{"@type":"{url}/t.t.Inner","n":1,"text":"x"}}"#),
            r#"{"type":"t.t.Inner","value":"CAESAXg="}"#,
        ),
        (
            format!(r#"{{"@type":"{url}/t.t.Inner"}}"#),
            r#"{"type":"t.t.Inner","value":""}"#,
        ),
        (
            format!(r#"{{"@type":"{url}/google.protobuf.Duration","value":"1s"}}"#),
            r#"{"type":"google.protobuf.Duration","value":"CAE="}"#,
        ),
        (
            format!(r#"{{"@type":"{url}/google.protobuf.Empty","value":{{}}}}"#),
            r#"{"type":"google.protobuf.Empty","value":""}"#,
        ),
        (
            format!(
                r#"{{"@type":"{url}/google.protobuf.Any","value":{{"@type":"{url}/t.t.Inner","n":1}}}}"#
            ),
            r#"{"type":"google.protobuf.Any","value":"Ch10eXBlLmdvb2dsZWFwaXMuY29tL3QudC5Jbm5lchICCAE="}"#,
        ),
        ("{}".into(), r#"{"type":"","value":""}"#),
    ] {
        let (text, plain) = known("detail", &text, plain);
        same(&messages, "Known", &text, &plain);
    }
    for (text, plain) in [
        // `@type` in any place.
        (
            format!(r#"{{"n":1,"x":{{"@type":1}},"@type":"{url}/t.t.Inner"}}"#),
            r#"{"type":"t.t.Inner","value":"CAE="}"#,
        ),
        (
            format!(r#"{{"value":"1s","x":0,"@type":"{url}/google.protobuf.Duration"}}"#),
            r#"{"type":"google.protobuf.Duration","value":"CAE="}"#,
        ),
    ] {
        let (text, plain) = known("detail", &text, plain);
        reads(&messages, "Known", &text, &plain);
    }
    let unknown = "the contract has no message \"a.B\", so that an any of it has no JSON";
    for (text, want) in [
        (
            format!(r#"{{"@type":"{url}/a.B"}}"#),
            format!("detail.@type: {unknown}"),
        ),
        (r#"{"n":1}"#.into(), "detail.@type: must be set".into()),
        (
            r#"{"@type":1}"#.into(),
            "detail.@type: expected string, found number".into(),
        ),
        (
            "1".into(),
            "detail: expected object with \"@type\", found number".into(),
        ),
        (
            format!(r#"{{"@type":"{url}/google.protobuf.Duration"}}"#),
            "detail.value: must be set".into(),
        ),
        (
            format!(r#"{{"@type":"{url}/t.t.Inner","n":"x"}}"#),
            "detail.n: expected s32, found \"x\"".into(),
        ),
    ] {
        refuses(&messages, "Known", &known("detail", &text, "").0, &want);
    }
    for (plain, want) in [
        (r#"{"type":"a.B","value":""}"#, unknown),
        (
            r#"{"type":"t.t.Inner","value":"CA=="}"#,
            "n: malformed protobuf: the message ends inside a field",
        ),
    ] {
        let value = messages.value("Known", &known("detail", "", plain).1);
        let error = write(&messages, "Known", &value).unwrap_err();
        assert!(error.contains(want), "{error}");
    }
}

/// To find it at the end of each of many, all in it would be read every time.
#[test]
fn the_type_comes_first_in_nested_any() {
    let messages = Messages::new();
    let nested = |depth: usize| {
        let any = "\"@type\":\"type.googleapis.com/google.protobuf.Any\"";
        let inner = format!(
            "{}{{}}{}",
            "{\"value\":".repeat(depth),
            format!(",{any}}}").repeat(depth)
        );
        known(
            "detail",
            &format!(
                "{{\"value\":{inner},\"x\":\"{}\",{any}}}",
                "x".repeat(depth)
            ),
            "",
        )
        .0
    };
    assert!(read(&messages, "Known", &nested(3)).is_ok());
    let error = read(&messages, "Known", &nested(50)).unwrap_err();
    assert!(
        error.ends_with("@type: must come first, where any are in any"),
        "{error}"
    );
}

#[test]
fn opaque_messages() {
    let mut messages = Messages::new();
    let inner = messages.id("Inner");
    messages.change("Known", |fields| fields[2].kind = Kind::Opaque(inner));
    for (text, plain) in [
        ("{}", r#"{"type":"t.t.Inner","value":""}"#),
        (
            r#"{"n":1,"text":"x"}"#,
            r#"{"type":"t.t.Inner","value":"CAESAXg="}"#,
        ),
    ] {
        let (text, plain) = known("detail", text, plain);
        same(&messages, "Known", &text, &plain);
    }
    let value = messages.value("Known", &known("detail", "", r#"{"type":"","value":""}"#).1);
    let error = write(&messages, "Known", &value).unwrap_err();
    assert!(error.contains("where only \"t.t.Inner\" may be"), "{error}");
}

/// Messages in `any` in `any`, which no type bounds.
#[test]
fn nesting_is_bounded() {
    let messages = Messages::new();
    let nested = |depth| {
        let mut text = "{}".to_owned();
        for _ in 0..depth {
            text = format!(r#"{{"@type":"x/google.protobuf.Any","value":{text}}}"#)
                .replace("x/", "type.googleapis.com/");
        }
        known("detail", &text, "").0
    };
    let deepest = nested(98);
    let value = read(&messages, "Known", &deepest).unwrap();
    assert_eq!(write(&messages, "Known", &value).unwrap(), deepest);
    let error = read(&messages, "Known", &nested(99)).unwrap_err();
    assert!(error.contains("nested deeper than 100"), "{error}");

    let mut bytes = Vec::new();
    for _ in 0..101 {
        let any = Value::Record(vec![
            Value::String("google.protobuf.Any".into()),
            Value::Bytes(bytes.into()),
        ]);
        let any_id = messages.plan().proto().find("google.protobuf.Any").unwrap();
        bytes = Vec::new();
        crate::codec::protobuf::encode(messages.plan(), any_id, &any, &mut bytes).unwrap();
    }
    let mut value = value;
    if let Value::Record(fields) = &mut value {
        let any = vec![
            Value::String("google.protobuf.Any".into()),
            Value::Bytes(bytes.into()),
        ];
        fields[2] = Value::Option(Some(Box::new(Value::Record(any))));
    }
    let error = write(&messages, "Known", &value).unwrap_err();
    assert!(
        error.contains("messages in any nest deeper than 100"),
        "{error}"
    );
}

#[test]
fn values_are_bounded() {
    let messages = Messages::new();
    let text = format!("{{\"c\":[{}{{}}]}}", "{},".repeat(1 << 19));
    let error = read(&messages, "Lists", &text).unwrap_err();
    assert_eq!(error, "c: the message holds more than 1048576 values");
}
