//! One row for each thing JSON can say, accepted or refused.

use bytes::Bytes;

use super::*;
use crate::Type;
use crate::types::testing::TestPlan;

const TYPES: &str = r#"
    use ostler:rpc/types@0.1.0.{timestamp, duration, any, field-mask, struct};
    type t-bool = bool; type t-u8 = u8; type t-u16 = u16; type t-u32 = u32; type t-u64 = u64;
    type t-s8 = s8; type t-s16 = s16; type t-s32 = s32; type t-s64 = s64;
    type t-f32 = f32; type t-f64 = f64; type t-char = char; type t-string = string;
    type bytes = list<u8>; type ints = list<u32>; type opt = option<u32>;
    type opt-opt = option<option<u32>>; type opt3 = option<option<option<u32>>>;
    type pair = tuple<u32, string>; type nothing = tuple<>;
    type res = result<u32, string>; type res-none = result;
    type by-name = map<string, u32>; type by-int = map<s32, string>; type by-bool = map<bool, u8>;
    type by-char = map<char, u8>;
    record user { user-name: string, age: u32 }
    record nested { user: user, items: list<user>, note: option<string> }
    record defaults { limit: u32, note: option<string> }
    enum role { admin, read-only }
    variant shape { circle(f64), unit-square, named(user), maybe(option<u8>) }
    flags perms { can-read, can-write, x }
"#;

fn uint(n: u64) -> Value {
    Value::Uint(n)
}

fn text(t: &str) -> Value {
    Value::String(t.into())
}

fn some(v: Value) -> Value {
    Value::Option(Some(Box::new(v)))
}

fn user(name: &str, age: u64) -> Value {
    Value::Record(vec![text(name), uint(age)])
}

fn plan() -> TestPlan {
    let mut plan = TestPlan::new(TYPES);
    let fields = &mut plan.record_mut("defaults").fields;
    fields[0].default = Some(uint(100));
    fields[1].default = Some(some(text("hi")));
    // WIT has no such map yet.
    let key = plan.plan.push(Type::F64);
    let value = plan.ty("t-u8");
    plan.push("by-float", Type::Map(key, value));
    plan
}

/// Type, JSON, its value, and the JSON written for that value.
fn accepted() -> Vec<(&'static str, &'static str, Value, &'static str)> {
    let same = |ty, json, value| (ty, json, value, json);
    vec![
        same("t-bool", "true", Value::Bool(true)),
        ("t-bool", " \t\r\n false ", Value::Bool(false), "false"),
        same("t-u8", "255", uint(255)),
        ("t-u8", "1.0", uint(1), "1"),
        ("t-u8", "1e2", uint(100), "100"),
        ("t-u8", "-0", uint(0), "0"),
        same("t-u16", "65535", uint(65535)),
        same("t-u32", "4294967295", uint(4_294_967_295)),
        same("t-u64", "18446744073709551615", uint(u64::MAX)),
        (
            "t-u64",
            "\"9007199254740993\"",
            uint(9_007_199_254_740_993),
            "9007199254740993",
        ),
        (
            "t-u64",
            "1.8446744073709551615e19",
            uint(u64::MAX),
            "18446744073709551615",
        ),
        same("t-s8", "-128", Value::Int(-128)),
        same("t-s16", "-32768", Value::Int(-32768)),
        same("t-s32", "-2147483648", Value::Int(-2_147_483_648)),
        same("t-s64", "-9223372036854775808", Value::Int(i64::MIN)),
        ("t-s64", "\"-5\"", Value::Int(-5), "-5"),
        same("t-f64", "1.5", Value::Float(1.5)),
        ("t-f64", "3", Value::Float(3.0), "3.0"),
        same("t-f64", "-0.0", Value::Float(-0.0)),
        same("t-f64", "1e300", Value::Float(1e300)),
        same("t-f64", "\"Infinity\"", Value::Float(f64::INFINITY)),
        same("t-f64", "\"-Infinity\"", Value::Float(f64::NEG_INFINITY)),
        same("t-f64", "\"NaN\"", Value::Float(f64::NAN)),
        same("t-f32", "0.1", Value::Float(f64::from(0.1_f32))),
        (
            "t-f32",
            "0.100000001",
            Value::Float(f64::from(0.1_f32)),
            "0.1",
        ),
        same("t-char", "\"é\"", Value::Char('é')),
        ("t-char", "\"\\uD83D\\uDE08\"", Value::Char('😈'), "\"😈\""),
        same("t-string", "\"\"", text("")),
        same("t-string", "\"häß 😈 \u{7f}\"", text("häß 😈 \u{7f}")),
        same(
            "t-string",
            r#""a\"b\\c\nd\re\tf\bg\fh\u0001""#,
            text("a\"b\\c\nd\re\tf\u{8}g\u{c}h\u{1}"),
        ),
        ("t-string", r#""\/\u0041\u00e9""#, text("/Aé"), "\"/Aé\""),
        same(
            "bytes",
            "\"AAEC/w==\"",
            Value::Bytes(Bytes::from_static(&[0, 1, 2, 255])),
        ),
        (
            "bytes",
            "\"AAEC_w\"",
            Value::Bytes(Bytes::from_static(&[0, 1, 2, 255])),
            "\"AAEC/w==\"",
        ),
        same("bytes", "\"\"", Value::Bytes(Bytes::new())),
        same("ints", "[]", Value::List(vec![])),
        (
            "ints",
            "[ 1 , 2 ]",
            Value::List(vec![uint(1), uint(2)]),
            "[1,2]",
        ),
        same("opt", "null", Value::Option(None)),
        same("opt", "7", some(uint(7))),
        same("opt-opt", "null", Value::Option(None)),
        same("opt-opt", "{\"some\":null}", some(Value::Option(None))),
        same("opt-opt", "{\"some\":7}", some(some(uint(7)))),
        same(
            "opt3",
            "{\"some\":{\"some\":null}}",
            some(some(Value::Option(None))),
        ),
        same("pair", "[1,\"a\"]", Value::Record(vec![uint(1), text("a")])),
        same(
            "res",
            "{\"ok\":1}",
            Value::Result(Ok(Some(Box::new(uint(1))))),
        ),
        same(
            "res",
            "{\"err\":\"no\"}",
            Value::Result(Err(Some(Box::new(text("no"))))),
        ),
        same("res-none", "{\"ok\":null}", Value::Result(Ok(None))),
        same("res-none", "{\"err\":null}", Value::Result(Err(None))),
        same(
            "by-name",
            "{\"a\":1,\"\\n\":2}",
            Value::Map(vec![(text("a"), uint(1)), (text("\n"), uint(2))]),
        ),
        (
            "by-name",
            "{\"a\":1,\"b\":2,\"a\":3}",
            Value::Map(vec![(text("a"), uint(3)), (text("b"), uint(2))]),
            "{\"a\":3,\"b\":2}",
        ),
        same(
            "by-int",
            "{\"-1\":\"x\"}",
            Value::Map(vec![(Value::Int(-1), text("x"))]),
        ),
        same(
            "by-bool",
            "{\"true\":1}",
            Value::Map(vec![(Value::Bool(true), uint(1))]),
        ),
        same(
            "by-char",
            "{\"\\\"\":1}",
            Value::Map(vec![(Value::Char('"'), uint(1))]),
        ),
        same(
            "by-float",
            "[[1.5,2]]",
            Value::Map(vec![(Value::Float(1.5), uint(2))]),
        ),
        same(
            "user",
            "{\"user_name\":\"ada\",\"age\":36}",
            user("ada", 36),
        ),
        (
            "user",
            "{\"age\":36,\"user_name\":\"ada\"}",
            user("ada", 36),
            "{\"user_name\":\"ada\",\"age\":36}",
        ),
        (
            "user",
            "{\"\\u0061ge\":1,\"user_name\":\"a\",\"age\":2}",
            user("a", 2),
            "{\"user_name\":\"a\",\"age\":2}",
        ),
        (
            "user",
            "{\"x\":[1,{\"y\":[null,true,false,-1.5e3,\"\\\"\"]},[],{}],\"user_name\":\"a\",\"z\":{},\"age\":1}",
            user("a", 1),
            "{\"user_name\":\"a\",\"age\":1}",
        ),
        (
            "nested",
            "{\"user\":{\"user_name\":\"a\",\"age\":1},\"items\":[{\"user_name\":\"b\",\"age\":2}]}",
            Value::Record(vec![
                user("a", 1),
                Value::List(vec![user("b", 2)]),
                Value::Option(None),
            ]),
            "{\"user\":{\"user_name\":\"a\",\"age\":1},\"items\":[{\"user_name\":\"b\",\"age\":2}],\"note\":null}",
        ),
        (
            "defaults",
            "{}",
            Value::Record(vec![uint(100), some(text("hi"))]),
            "{\"limit\":100,\"note\":\"hi\"}",
        ),
        (
            "defaults",
            "{\"limit\":null,\"note\":null}",
            Value::Record(vec![uint(100), Value::Option(None)]),
            "{\"limit\":100,\"note\":null}",
        ),
        (
            "defaults",
            "{\"limit\":1,\"limit\":null}",
            Value::Record(vec![uint(100), some(text("hi"))]),
            "{\"limit\":100,\"note\":\"hi\"}",
        ),
        same("role", "\"read_only\"", Value::Enum(1)),
        same(
            "shape",
            "{\"circle\":1.5}",
            Value::Variant(0, Some(Box::new(Value::Float(1.5)))),
        ),
        same("shape", "\"unit_square\"", Value::Variant(1, None)),
        (
            "shape",
            "{\"unit_square\":null}",
            Value::Variant(1, None),
            "\"unit_square\"",
        ),
        same(
            "shape",
            "{\"maybe\":null}",
            Value::Variant(3, Some(Box::new(Value::Option(None)))),
        ),
        same("perms", "[]", Value::Flags(0)),
        (
            "perms",
            "[\"x\",\"can_read\",\"x\"]",
            Value::Flags(0b101),
            "[\"can_read\",\"x\"]",
        ),
        same(
            "timestamp",
            "\"2024-02-29T12:34:56.789Z\"",
            Value::Record(vec![Value::Int(1_709_210_096), Value::Int(789_000_000)]),
        ),
        (
            "timestamp",
            "\"1970-01-01T01:00:00+01:00\"",
            Value::Record(vec![Value::Int(0), Value::Int(0)]),
            "\"1970-01-01T00:00:00Z\"",
        ),
        same(
            "duration",
            "\"-PT1.5S\"",
            Value::Record(vec![Value::Int(-1), Value::Int(-500_000_000)]),
        ),
        (
            "duration",
            "\"1.5s\"",
            Value::Record(vec![Value::Int(1), Value::Int(500_000_000)]),
            "\"PT1.5S\"",
        ),
        same(
            "field-mask",
            "\"a.foo_bar,b\"",
            Value::Record(vec![Value::List(vec![text("a.foo_bar"), text("b")])]),
        ),
        same(
            "field-mask",
            "\"\"",
            Value::Record(vec![Value::List(vec![])]),
        ),
        same(
            "any",
            "{\"type\":\"x.Y\",\"value\":\"AQ==\"}",
            Value::Record(vec![text("x.Y"), Value::Bytes(Bytes::from_static(&[1]))]),
        ),
        (
            "struct",
            "{ \"a\" : [1, \" \\\" b\"] }",
            Value::Record(vec![text("{ \"a\" : [1, \" \\\" b\"] }")]),
            "{\"a\":[1,\" \\\" b\"]}",
        ),
    ]
}

#[test]
fn accepts_and_writes() {
    let plan = plan();
    for (name, json, want, written) in accepted() {
        let ty = plan.ty(name);
        let value = decode(&plan.plan, ty, json.as_bytes(), 100)
            .unwrap_or_else(|e| panic!("{name} {json}: {e}"));
        // By text, since NaN is not equal to itself.
        assert_eq!(format!("{value:?}"), format!("{want:?}"), "{name} {json}");
        let mut out = Vec::new();
        encode(&plan.plan, ty, &value, &mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), written, "{name} {json}");
    }
}

/// Type, JSON, and the text of the error.
const REFUSED: &[(&str, &str, &str)] = &[
    (
        "user",
        "",
        "Invalid JSON body: expected a value, found the end at byte 0",
    ),
    (
        "user",
        "  ",
        "Invalid JSON body: expected a value, found the end at byte 2",
    ),
    (
        "user",
        "{",
        "Invalid JSON body: expected a field name in quotes, found the end at byte 1",
    ),
    (
        "user",
        "{\"age\"",
        "Invalid JSON body: expected ':', found the end at byte 6",
    ),
    (
        "user",
        "{\"age\":",
        "Invalid JSON body: expected a value, found the end at byte 7",
    ),
    (
        "user",
        "{\"age\":1",
        "Invalid JSON body: expected ',' or '}', found the end at byte 8",
    ),
    (
        "user",
        "{\"age\":1;",
        "Invalid JSON body: expected ',' or '}', found ';' at byte 8",
    ),
    (
        "user",
        "{\"age\":1,}",
        "Invalid JSON body: expected a field name in quotes, found '}' at byte 9",
    ),
    (
        "user",
        "{age:1}",
        "Invalid JSON body: expected a field name in quotes, found 'a' at byte 1",
    ),
    (
        "user",
        "{\"x\":tru}",
        "Invalid JSON body: expected a value, found 't' at byte 5",
    ),
    (
        "user",
        "{\"x\":é}",
        "Invalid JSON body: expected a value, found 'é' at byte 5",
    ),
    (
        "user",
        "{\"x\":[1,]}",
        "Invalid JSON body: expected a value, found ']' at byte 8",
    ),
    (
        "user",
        "{\"x\":[1}}",
        "Invalid JSON body: expected ',' or ']', found '}' at byte 7",
    ),
    (
        "user",
        "{\"user_name\":\"a\",\"age\":1} x",
        "Invalid JSON body: more after the value at byte 26",
    ),
    (
        "user",
        "{\"user_name\":\"a\"}",
        "age: missing required field",
    ),
    ("user", "{}", "user_name: missing required field"),
    (
        "user",
        "{\"user_name\":null}",
        "user_name: expected string, found null",
    ),
    (
        "user",
        "{\"user_name\":\"a\",\"age\":\"1\"}",
        "age: expected u32, found string",
    ),
    (
        "user",
        "{\"age\":nul}",
        "Invalid JSON body: expected a value, found 'n' at byte 7",
    ),
    ("user", "[]", "expected object, found array"),
    ("user", "null", "expected object, found null"),
    (
        "nested",
        "{\"user\":{\"user_name\":\"a\",\"age\":true}}",
        "user.age: expected u32, found bool",
    ),
    (
        "nested",
        "{\"items\":[{\"user_name\":\"a\",\"age\":1},{\"user_name\":{}}]}",
        "items[1].user_name: expected string, found object",
    ),
    (
        "nested",
        "{\"items\":[{\"user_name\":\"a\"}]}",
        "items[0].age: missing required field",
    ),
    (
        "nested",
        "{\"items\":[null]}",
        "items[0]: expected object, found null",
    ),
    ("t-bool", "1", "expected bool, found number"),
    ("t-bool", "\"true\"", "expected bool, found string"),
    ("t-u8", "256", "256 is out of range for u8 (0 to 255)"),
    ("t-u8", "-1", "-1 is out of range for u8 (0 to 255)"),
    ("t-u8", "1.5", "expected u8, found 1.5"),
    ("t-u8", "true", "expected u8, found bool"),
    ("t-u8", "[1]", "expected u8, found array"),
    (
        "t-u16",
        "65536",
        "65536 is out of range for u16 (0 to 65535)",
    ),
    (
        "t-u32",
        "4294967296",
        "4294967296 is out of range for u32 (0 to 4294967295)",
    ),
    (
        "t-u32",
        "1e99",
        "1e99 is out of range for u32 (0 to 4294967295)",
    ),
    (
        "t-u64",
        "18446744073709551616",
        "18446744073709551616 is out of range for u64 (0 to 18446744073709551615)",
    ),
    ("t-u64", "\"\"", "expected u64, found string"),
    ("t-u64", "\" 1\"", "expected u64, found string"),
    ("t-u64", "\"1.5\"", "expected u64, found 1.5"),
    ("t-s8", "128", "128 is out of range for s8 (-128 to 127)"),
    (
        "t-s16",
        "32768",
        "32768 is out of range for s16 (-32768 to 32767)",
    ),
    (
        "t-s32",
        "2147483648",
        "2147483648 is out of range for s32 (-2147483648 to 2147483647)",
    ),
    (
        "t-s64",
        "9223372036854775808",
        "9223372036854775808 is out of range for s64 (-9223372036854775808 to 9223372036854775807)",
    ),
    (
        "t-u8",
        "01",
        "Invalid JSON body: number with a leading zero at byte 0",
    ),
    (
        "t-u8",
        "+1",
        "Invalid JSON body: expected a value, found '+' at byte 0",
    ),
    (
        "t-u8",
        "-",
        "Invalid JSON body: expected a digit, found the end at byte 1",
    ),
    (
        "t-u8",
        "1.",
        "Invalid JSON body: expected a digit, found the end at byte 2",
    ),
    (
        "t-u8",
        "1e",
        "Invalid JSON body: expected a digit, found the end at byte 2",
    ),
    (
        "t-f64",
        "NaN",
        "Invalid JSON body: expected a value, found 'N' at byte 0",
    ),
    ("t-f64", "\"nan\"", "expected f64, found string"),
    ("t-f64", "1e999", "1e999 is out of range for f64"),
    ("t-f32", "1e39", "1e39 is out of range for f32"),
    ("t-char", "\"ab\"", "expected one character, found 2"),
    ("t-char", "\"\"", "expected one character, found 0"),
    (
        "t-char",
        "1",
        "expected string of one character, found number",
    ),
    ("t-string", "1", "expected string, found number"),
    (
        "t-string",
        "\"a",
        "Invalid JSON body: string without its end at byte 2",
    ),
    (
        "t-string",
        "\"a\nb\"",
        "Invalid JSON body: control character in a string (write it as \\u00XX) at byte 2",
    ),
    (
        "t-string",
        "\"\\x\"",
        "Invalid JSON body: unknown escape in a string at byte 1",
    ),
    (
        "t-string",
        "\"\\é\"",
        "Invalid JSON body: unknown escape in a string at byte 1",
    ),
    (
        "t-string",
        "\"\\",
        "Invalid JSON body: unknown escape in a string at byte 1",
    ),
    (
        "t-string",
        "\"\\u12",
        "Invalid JSON body: \\u needs four hex digits at byte 3",
    ),
    (
        "t-string",
        "\"\\u12é4\"",
        "Invalid JSON body: \\u needs four hex digits at byte 3",
    ),
    (
        "t-string",
        "\"\\ud800\"",
        "Invalid JSON body: lone surrogate in a string at byte 1",
    ),
    (
        "t-string",
        "\"\\ud800\\u0041\"",
        "Invalid JSON body: lone surrogate in a string at byte 1",
    ),
    (
        "t-string",
        "\"\\udc00\\ud800\"",
        "Invalid JSON body: lone surrogate in a string at byte 1",
    ),
    ("bytes", "\"A\"", "not base64: Invalid input length: 1"),
    (
        "bytes",
        "\"AA*=\"",
        "not base64: Invalid symbol 42, offset 2.",
    ),
    ("bytes", "[1]", "expected base64 string, found array"),
    ("ints", "{}", "expected array, found object"),
    ("ints", "[1,\"x\"]", "[1]: expected u32, found string"),
    (
        "ints",
        "[1 2]",
        "Invalid JSON body: expected ',' or ']', found '2' at byte 3",
    ),
    ("opt", "\"x\"", "expected u32, found string"),
    (
        "opt-opt",
        "7",
        "expected an object with the one field \"some\"",
    ),
    (
        "opt-opt",
        "{}",
        "expected an object with the one field \"some\", found an empty object",
    ),
    (
        "opt-opt",
        "{\"other\":1}",
        "expected an object with the one field \"some\"",
    ),
    (
        "opt-opt",
        "{\"some\":1,\"x\":2}",
        "expected an object with the one field \"some\", found more fields",
    ),
    (
        "opt-opt",
        "{\"some\":\"x\"}",
        "some: expected u32, found string",
    ),
    ("pair", "[1]", "expected array of 2, found 1"),
    ("pair", "[1,\"a\",2]", "expected array of 2, found more"),
    ("pair", "[1,2]", "[1]: expected string, found number"),
    (
        "res",
        "{}",
        "expected an object with \"ok\" or \"err\", found an empty object",
    ),
    (
        "res",
        "1",
        "expected object with \"ok\" or \"err\", found number",
    ),
    (
        "res",
        "{\"okay\":1}",
        "unknown case \"okay\", expected one of ok, err",
    ),
    (
        "res",
        "{\"ok\":1,\"err\":\"\"}",
        "expected an object with \"ok\" or \"err\", found more fields",
    ),
    ("res", "{\"ok\":\"x\"}", "ok: expected u32, found string"),
    ("res-none", "{\"ok\":1}", "ok: expected null, found number"),
    ("by-name", "[]", "expected object, found array"),
    (
        "by-name",
        "{\"k\":null}",
        "[\"k\"]: expected u32, found null",
    ),
    (
        "by-int",
        "{\"x\":\"\"}",
        "[\"x\"]: expected s32, found \"x\"",
    ),
    (
        "by-int",
        "{\"01\":\"\"}",
        "[\"01\"]: expected s32, found \"01\"",
    ),
    (
        "by-bool",
        "{\"yes\":1}",
        "[\"yes\"]: expected bool, found \"yes\"",
    ),
    ("by-float", "{}", "expected array of pairs, found object"),
    ("by-float", "[[1]]", "[0]: expected a pair [key, value]"),
    ("by-float", "[[1,2,3]]", "[0]: expected a pair [key, value]"),
    (
        "by-float",
        "[[1,\"x\"]]",
        "[0][1]: expected u8, found string",
    ),
    (
        "role",
        "\"root\"",
        "unknown case \"root\", expected one of admin, read_only",
    ),
    ("role", "1", "expected name of a case, found number"),
    (
        "shape",
        "\"circle\"",
        "case \"circle\" needs a value; write {\"circle\": …}",
    ),
    (
        "shape",
        "\"hexagon\"",
        "unknown case \"hexagon\", expected one of circle, unit_square, named, maybe",
    ),
    (
        "shape",
        "{\"hexagon\":1}",
        "unknown case \"hexagon\", expected one of circle, unit_square, named, maybe",
    ),
    (
        "shape",
        "{\"named\":{\"user_name\":1}}",
        "named.user_name: expected string, found number",
    ),
    (
        "shape",
        "{\"unit_square\":1}",
        "unit_square: expected null, found number",
    ),
    (
        "shape",
        "{\"circle\":1,\"named\":2}",
        "expected an object with one case, found more fields",
    ),
    (
        "shape",
        "7",
        "expected name of a case, or object with one, found number",
    ),
    ("perms", "\"x\"", "expected array of names, found string"),
    (
        "perms",
        "[\"can_fly\"]",
        "[0]: unknown flag \"can_fly\", expected one of can_read, can_write, x",
    ),
    (
        "perms",
        "[\"x\",1]",
        "[1]: expected name of a flag, found number",
    ),
    (
        "timestamp",
        "\"yesterday\"",
        "expected RFC 3339 timestamp, found \"yesterday\"",
    ),
    (
        "timestamp",
        "{}",
        "expected RFC 3339 timestamp, found object",
    ),
    (
        "duration",
        "\"P1M\"",
        "expected ISO 8601 duration such as \"PT1.5S\", found \"P1M\"",
    ),
    (
        "field-mask",
        "[]",
        "expected string of field paths joined by commas, found array",
    ),
    ("any", "{\"type\":\"x\"}", "value: missing required field"),
    (
        "any",
        "{\"type\":\"x\",\"value\":\"*\"}",
        "value: not base64: Invalid symbol 42, offset 0.",
    ),
    ("struct", "[]", "expected object, found array"),
    (
        "struct",
        "{\"a\":}",
        "Invalid JSON body: expected a value, found '}' at byte 5",
    ),
];

#[test]
fn refuses_with_a_text() {
    let plan = plan();
    for (name, json, want) in REFUSED {
        let error = decode(&plan.plan, plan.ty(name), json.as_bytes(), 100).unwrap_err();
        assert_eq!(error.to_string(), *want, "{name} {json}");
        assert_eq!(
            error.is_syntax(),
            want.starts_with("Invalid JSON"),
            "{name} {json}"
        );
    }
}

#[test]
fn refuses_what_is_not_utf8() {
    let plan = plan();
    let error = decode(&plan.plan, plan.ty("t-string"), b"\"a\xff\"", 100).unwrap_err();
    assert_eq!(
        error.to_string(),
        "Invalid JSON body: invalid UTF-8 at byte 2"
    );
    let error = decode(&plan.plan, plan.ty("user"), b"{\"\xed\xa0\x80\":1}", 100).unwrap_err();
    assert_eq!(
        error.to_string(),
        "Invalid JSON body: invalid UTF-8 at byte 2"
    );
}

#[test]
fn long_names_are_cut_in_errors() {
    let plan = plan();
    let json = format!("\"{}\"", "é".repeat(1000));
    let error = decode(&plan.plan, plan.ty("role"), json.as_bytes(), 100).unwrap_err();
    assert!(error.to_string().len() < 200, "{error}");
}

#[test]
fn depth_counts_ignored_fields_too() {
    let plan = plan();
    let json = |depth: usize| {
        format!(
            "{{\"user_name\":\"a\",\"age\":1,\"x\":{}{}}}",
            "[".repeat(depth),
            "]".repeat(depth)
        )
    };
    let decode = |depth| decode(&plan.plan, plan.ty("user"), json(depth).as_bytes(), 100);
    assert!(decode(99).is_ok());
    let error = decode(100).unwrap_err();
    assert_eq!(
        error.to_string(),
        "Invalid JSON body: nested deeper than 100 at byte 128"
    );
    // Long before a stack could overflow.
    assert!(decode(1_000_000).is_err());
}

#[test]
fn the_deepest_plan_fits_a_small_stack() {
    let mut body = "record r0 { x: option<u8> }".to_owned();
    for i in 1..32 {
        body += &format!(
            "variant v{i} {{ a(list<r{}>) }} record r{i} {{ x: v{i} }}",
            i - 1
        );
    }
    let plan = TestPlan::new(&body);
    let mut json = "{\"x\":7}".to_owned();
    for _ in 1..32 {
        json = format!("{{\"x\":{{\"a\":[{json}]}}}}");
    }
    let run = move || {
        let value = decode(&plan.plan, plan.ty("r31"), json.as_bytes(), 100).unwrap();
        let mut out = Vec::new();
        encode(&plan.plan, plan.ty("r31"), &value, &mut out).unwrap();
        assert_eq!(out, json.as_bytes());
    };
    let small = std::thread::Builder::new().stack_size(128 << 10);
    small.spawn(run).unwrap().join().unwrap();
}

#[test]
fn many_values_in_a_small_text_are_refused() {
    let fields: String = (0..1000).map(|i| format!("n{i}: option<u8>,")).collect();
    let plan = TestPlan::new(&format!("record wide {{ {fields} }} type l = list<wide>;"));
    let json = format!("[{}{{}}]", "{},".repeat(2000));
    let error = decode(&plan.plan, plan.ty("l"), json.as_bytes(), 100).unwrap_err();
    assert_eq!(
        error.to_string(),
        "[1047]: the message holds more than 1048576 values"
    );
}

#[test]
fn what_has_no_json_is_an_error() {
    let plan = plan();
    for (name, value, want) in [
        (
            "t-u8",
            text("x"),
            "the value is not of its declared type (u8)",
        ),
        (
            "user",
            Value::Record(vec![]),
            "a record of 2 fields has 0 values",
        ),
        (
            "user",
            Value::Record(vec![text("a"), text("b")]),
            "age: the value is not of its declared type (u32)",
        ),
        ("pair", Value::Record(vec![]), "a tuple of 2 has 0 values"),
        (
            "role",
            Value::Enum(9),
            "the value is not of its declared type (name of a case)",
        ),
        (
            "shape",
            Value::Variant(0, None),
            "circle: the payload of a case is not as declared",
        ),
        (
            "timestamp",
            Value::Record(vec![Value::Int(i64::MAX), Value::Int(0)]),
            "a timestamp outside the years 1 to 9999, or nanos outside 0 to 999999999",
        ),
        (
            "duration",
            Value::Record(vec![Value::Int(1), Value::Int(-1)]),
            "a duration beyond 10000 years, or seconds and nanos of different signs",
        ),
        (
            "field-mask",
            Value::Record(vec![Value::List(vec![text("a,b")])]),
            "a field-mask path that is empty or has a comma",
        ),
        (
            "struct",
            Value::Record(vec![text("[1]")]),
            "the text of a struct is no JSON object",
        ),
    ] {
        let error = encode(&plan.plan, plan.ty(name), &value, &mut Vec::new()).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("the service's reply cannot be encoded: {want}")
        );
    }
}
