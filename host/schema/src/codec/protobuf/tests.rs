//! Bytes and the values they stand for, the latter in plain JSON.

use super::*;
use crate::codec::proto::testing::Messages;
use crate::proto::{Kind, Label, Slot};

fn read(messages: &Messages, name: &str, bytes: &[u8]) -> Result<Value, String> {
    let bytes = Bytes::copy_from_slice(bytes);
    decode(messages.plan(), messages.id(name), &bytes, 100).map_err(|error| error.to_string())
}

fn write(messages: &Messages, name: &str, value: &Value) -> Result<Vec<u8>, String> {
    let mut out = Vec::new();
    encode(messages.plan(), messages.id(name), value, &mut out)
        .map(|()| out)
        .map_err(|error| error.to_string())
}

fn hex(bytes: &[u8]) -> String {
    format!("{:x?}", &bytes[..bytes.len().min(60)])
}

/// What `bytes` are read as.
fn reads(messages: &Messages, name: &str, bytes: &[u8], plain: &str) {
    match read(messages, name, bytes) {
        Ok(value) => assert_eq!(messages.plain(name, &value), plain, "{name} {}", hex(bytes)),
        Err(error) => panic!("{name} {}: {error}", hex(bytes)),
    }
}

fn refuses(messages: &Messages, name: &str, bytes: &[u8], want: &str) {
    match read(messages, name, bytes) {
        Ok(value) => panic!("{name} {}: {value:?}", hex(bytes)),
        Err(error) => assert_eq!(error, want, "{name} {}", hex(bytes)),
    }
}

/// What is written as `bytes`, which are read as the same.
fn same(messages: &Messages, name: &str, bytes: &[u8], plain: &str) {
    let value = messages.value(name, plain);
    let written = write(messages, name, &value).unwrap_or_else(|e| panic!("{plain}: {e}"));
    assert_eq!(written, bytes, "{name} {plain}");
    reads(messages, name, bytes, plain);
}

const NO_SCALARS: &str =
    r#"{"a":0,"b":0,"c":0,"d":0,"e":0,"f":0,"g":0,"h":0,"i":0.0,"j":0.0,"k":false,"l":"","m":""}"#;

/// `NO_SCALARS` with one field changed.
fn scalars(field: &str, value: &str) -> String {
    let start = NO_SCALARS.find(&format!("\"{field}\":")).unwrap() + 4;
    let end = start + NO_SCALARS[start..].find([',', '}']).unwrap();
    format!("{}{value}{}", &NO_SCALARS[..start], &NO_SCALARS[end..])
}

/// The messages of protobuf.dev/programming-guides/encoding.
#[test]
fn the_examples_of_the_encoding_guide() {
    let mut messages = Messages::new();
    messages.change("Nested", |fields| fields[0].number = 9);
    for (name, bytes, plain) in [
        ("Inner", &b"\x08\x96\x01"[..], r#"{"n":150,"text":""}"#),
        ("Inner", b"\x12\x07testing", r#"{"n":0,"text":"testing"}"#),
        (
            "Inner",
            b"\x08\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01",
            r#"{"n":-2,"text":""}"#,
        ),
    ] {
        same(&messages, name, bytes, plain);
    }
    messages.change("Lists", |fields| {
        fields[0].number = 11;
        fields[5].number = 12;
        fields[1].number = 4;
        fields[3].number = 13;
        fields[0].number = 6;
        fields[4].number = 14;
    });
    // Test4: "hello", then 3, 270 and 86942, packed or not.
    let want = r#"{"a":[3,270,86942],"b":["hello"],"c":[],"d":[],"e":[],"f":[],"g":[],"h":[],"i":"","j":[]}"#;
    same(
        &messages,
        "Lists",
        b"\x22\x05hello\x32\x06\x03\x8e\x02\x9e\xa7\x05",
        want,
    );
    reads(
        &messages,
        "Lists",
        b"\x30\x03\x22\x05hello\x32\x02\x8e\x02\x30\x9e\xa7\x05",
        want,
    );
}

#[test]
fn scalars_of_every_type() {
    let messages = Messages::new();
    same(&messages, "Scalars", b"", NO_SCALARS);
    for (bytes, field, value) in [
        (&b"\x08\xff\x01"[..], "a", "255"),
        (b"\x10\xff\xff\x03", "b", "65535"),
        (b"\x18\xff\xff\xff\xff\x0f", "c", "4294967295"),
        (
            b"\x20\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
            "d",
            "18446744073709551615",
        ),
        (b"\x28\x80\xff\xff\xff\xff\xff\xff\xff\xff\x01", "e", "-128"),
        (b"\x30\xff\xff\x01", "f", "32767"),
        (
            b"\x38\x80\x80\x80\x80\xf8\xff\xff\xff\xff\x01",
            "g",
            "-2147483648",
        ),
        (
            b"\x40\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01",
            "h",
            "-9223372036854775808",
        ),
        (b"\x4d\x00\x00\xc0\x3f", "i", "1.5"),
        (b"\x4d\x00\x00\xc0\x7f", "i", "\"NaN\""),
        (
            b"\x51\x00\x00\x00\x00\x00\x00\xf0\xff",
            "j",
            "\"-Infinity\"",
        ),
        (b"\x51\x00\x00\x00\x00\x00\x00\x00\x80", "j", "-0.0"),
        (b"\x58\x01", "k", "true"),
        (b"\x62\x03\xe2\x82\xac", "l", "\"€\""),
        (b"\x6a\x02\x00\x01", "m", "\"AAE=\""),
    ] {
        same(&messages, "Scalars", bytes, &scalars(field, value));
    }
    for (bytes, field, value) in [
        // The last wins.
        (&b"\x08\x01\x08\x02"[..], "a", "2"),
        (b"\x08\x01\x08\x00", "a", "0"),
        // Any number but 0 is true; 32 bits of longer varints count.
        (b"\x58\x80\x02", "k", "true"),
        (
            b"\x18\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
            "c",
            "4294967295",
        ),
        (b"\x38\xff\xff\xff\xff\x0f", "g", "-1"),
        // Unknown numbers and other types are skipped, groups too.
        (
            b"\xa0\x06\x07\x18\x05\xa3\x06\x08\x01\xab\x06\xac\x06\xa4\x06",
            "c",
            "5",
        ),
        (
            b"\x1d\x01\x02\x03\x04\x1a\x01x\x19........\x1b\x1c\x18\x05",
            "c",
            "5",
        ),
    ] {
        reads(&messages, "Scalars", bytes, &scalars(field, value));
    }
    for (bytes, want) in [
        (&b"\x08\xac\x02"[..], "a: expected u8, found 300"),
        (b"\x10\x80\x80\x04", "b: expected u16, found 65536"),
        (b"\x28\x80\x01", "e: expected s8, found 128"),
        (
            b"\x30\xff\xff\xfd\xff\xff\xff\xff\xff\xff\x01",
            "f: expected s16, found -32769",
        ),
        (b"\x62\x01\xff", "l: expected string, found invalid UTF-8"),
        (
            b"\x62\x05abc",
            "l: malformed protobuf: the message ends inside a field at byte 5",
        ),
        (
            b"\x18",
            "c: malformed protobuf: the message ends inside a field at byte 1",
        ),
        (
            b"\x00",
            "malformed protobuf: field number out of range at byte 0",
        ),
        (
            b"\x08\x01\x1f",
            "malformed protobuf: unknown wire type at byte 2",
        ),
        (
            b"\x0c",
            "a: malformed protobuf: end of a group not begun at byte 1",
        ),
        (
            b"\x18\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02",
            "c: malformed protobuf: varint too long at byte 1",
        ),
    ] {
        refuses(&messages, "Scalars", bytes, want);
    }
}

#[test]
fn kinds_of_a_lock() {
    let mut messages = Messages::new();
    let kinds = [
        ("c", Kind::Fixed32),
        ("d", Kind::Fixed64),
        ("e", Kind::Sint32),
        ("f", Kind::Sfixed32),
        ("g", Kind::Sint32),
        ("h", Kind::Sint64),
    ];
    messages.change("Scalars", |fields| {
        for field in fields {
            if let Some((_, kind)) = kinds.iter().find(|(name, _)| **name == *field.name) {
                field.kind = *kind;
            }
        }
    });
    for (bytes, field, value) in [
        (&b"\x1d\x01\x00\x00\x80"[..], "c", "2147483649"),
        (
            b"\x21\x01\x00\x00\x00\x00\x00\x00\x80",
            "d",
            "9223372036854775809",
        ),
        (b"\x28\xff\x01", "e", "-128"),
        (b"\x35\xff\xff\xff\xff", "f", "-1"),
        (b"\x38\xff\xff\xff\xff\x0f", "g", "-2147483648"),
        (b"\x40\x03", "h", "-2"),
        (
            b"\x40\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
            "h",
            "-9223372036854775808",
        ),
    ] {
        same(&messages, "Scalars", bytes, &scalars(field, value));
    }
    messages.change("Scalars", |fields| {
        fields.iter_mut().for_each(|field| {
            if &*field.name == "h" {
                field.kind = Kind::Sfixed64;
            }
        });
    });
    let minus_two = b"\x41\xfe\xff\xff\xff\xff\xff\xff\xff";
    same(&messages, "Scalars", minus_two, &scalars("h", "-2"));
}

#[test]
fn a_character_must_be_one() {
    let messages = Messages::new();
    same(&messages, "Letter", "\n\u{4}😀".as_bytes(), r#"{"c":"😀"}"#);
    same(&messages, "Letter", b"\x0a\x01\x00", r#"{"c":"\u0000"}"#);
    for (bytes, want) in [
        (&b""[..], "c: must be set to one character"),
        (b"\x0a\x00", "c: expected one character, found 0"),
        (b"\x0a\x02ab", "c: expected one character, found 2"),
    ] {
        refuses(&messages, "Letter", bytes, want);
    }
}

const NO_OPTIONS: &str = r#"{"a":null,"b":null,"c":null,"d":null,"e":null,"f":null,"g":null}"#;

#[test]
fn presence() {
    let messages = Messages::new();
    same(&messages, "Options", b"", NO_OPTIONS);
    for (bytes, from, to) in [
        (&b"\x08\x00"[..], "\"a\":null", "\"a\":0"),
        (b"\x12\x00", "\"b\":null", r#""b":{"n":0,"text":""}"#),
        (b"\x1a\x00", "\"c\":null", r#""c":{"some":null}"#),
        (b"\x1a\x02\x08\x00", "\"c\":null", r#""c":{"some":0}"#),
        (b"\x22\x00", "\"d\":null", "\"d\":[]"),
        (b"\x22\x04\x0a\x02\x01\x02", "\"d\":null", "\"d\":[1,2]"),
        (b"\x28\x02", "\"e\":null", "\"e\":\"guest\""),
        (b"\x32\x02\x0a\x00", "\"f\":null", "\"f\":\"none\""),
        (b"\x3a\x00", "\"g\":null", "\"g\":\"\""),
    ] {
        same(&messages, "Options", bytes, &NO_OPTIONS.replace(from, to));
    }
    // Occurrences of a message are merged.
    let merged = NO_OPTIONS.replace("\"b\":null", r#""b":{"n":2,"text":"x"}"#);
    reads(
        &messages,
        "Options",
        b"\x12\x02\x08\x01\x12\x05\x08\x02\x12\x01x",
        &merged,
    );
    reads(
        &messages,
        "Options",
        b"\x12\x05\x08\x02\x12\x01x\x3a\x00\x12\x00",
        &merged.replace("\"g\":null", "\"g\":\"\""),
    );
    refuses(
        &messages,
        "Options",
        b"\x28\x00",
        "e: must be set to one of ROLE_ADMIN, ROLE_GUEST",
    );
    refuses(
        &messages,
        "Options",
        b"\x28\x09",
        "e: unknown value 9, expected one of ROLE_ADMIN, ROLE_GUEST",
    );
    refuses(
        &messages,
        "Options",
        b"\x32\x00",
        "f: one of none, email, home, seen must be set",
    );
}

#[test]
fn what_must_be_set() {
    let messages = Messages::new();
    for (name, bytes, want) in [
        (
            "Required",
            &b""[..],
            "role: must be set to one of ROLE_ADMIN, ROLE_GUEST",
        ),
        (
            "Around",
            b"",
            "outer.role: must be set to one of ROLE_ADMIN, ROLE_GUEST",
        ),
        (
            "Around",
            b"\x0a\x02\x08\x07",
            "outer.role: unknown value 7, expected one of ROLE_ADMIN, ROLE_GUEST",
        ),
        (
            "Unions",
            b"",
            "first: one of none, email, home, seen must be set",
        ),
        (
            "Unions",
            b"\x0a\x02\x0a\x00",
            "second: one of ok, err must be set",
        ),
    ] {
        refuses(&messages, name, bytes, want);
    }
    // The second part has what the first lacks.
    reads(
        &messages,
        "Around",
        b"\x0a\x00\x0a\x02\x08\x01",
        r#"{"outer":{"role":"admin"}}"#,
    );
    // A zero that is a case is no hole.
    let nested = r#"{"user_inner":{"n":0,"text":""},"user_level":"unspecified","pair":[0,""]}"#;
    reads(&messages, "Nested", b"", nested);
    // Messages are written even if nothing is in them.
    same(&messages, "Nested", b"\x0a\x00\x1a\x00", nested);
}

#[test]
fn lists_and_flags() {
    let messages = Messages::new();
    let none = r#"{"a":[],"b":[],"c":[],"d":[],"e":[],"f":[],"g":[],"h":[],"i":"","j":[]}"#;
    same(&messages, "Lists", b"", none);
    for (bytes, field, value) in [
        (&b"\x0a\x03\x01\xac\x02"[..], "a", "[1,300]"),
        (b"\x12\x00\x12\x01x", "b", "[\"\",\"x\"]"),
        (
            b"\x1a\x00\x1a\x02\x08\x01",
            "c",
            r#"[{"n":0,"text":""},{"n":1,"text":""}]"#,
        ),
        (b"\x22\x00\x22\x03\x0a\x01\x05", "d", "[[],[5]]"),
        (b"\x2a\x02\x01\x02", "e", "[\"admin\",\"guest\"]"),
        (b"\x32\x02\x01\x02", "f", "[\"read\",\"write\"]"),
        (b"\x3a\x00\x3a\x01\x00", "g", "[\"\",\"AA==\"]"),
        (b"\x42\x08\x00\x00\x00\x00\x00\x00\xf0\x3f", "h", "[1.0]"),
        (b"\x4a\x01\x00", "i", "\"AA==\""),
        (b"\x52\x00\x52\x02\x08\x00", "j", "[null,0]"),
    ] {
        let empty = if field == "i" { "\"\"" } else { "[]" };
        let plain = none.replace(
            &format!("\"{field}\":{empty}"),
            &format!("\"{field}\":{value}"),
        );
        same(&messages, "Lists", bytes, &plain);
    }
    // Packed or not, in several pieces.
    let three = none.replace("\"a\":[]", "\"a\":[1,2,3]");
    reads(
        &messages,
        "Lists",
        b"\x08\x01\x0a\x00\x0a\x02\x02\x03",
        &three,
    );
    let flags = none.replace("\"f\":[]", "\"f\":[\"read\",\"write\"]");
    reads(&messages, "Lists", b"\x30\x02\x30\x01\x32\x01\x02", &flags);
    for (bytes, want) in [
        (
            &b"\x2a\x02\x01\x00"[..],
            "e[1]: must be set to one of ROLE_ADMIN, ROLE_GUEST",
        ),
        (
            b"\x30\x03",
            "f: unknown value 3, expected one of PERMS_READ, PERMS_WRITE",
        ),
        (
            b"\x1a\x00\x1a\x02\x12\xff",
            "c[1].text: malformed protobuf: the message ends inside a field at byte 6",
        ),
        (
            b"\x42\x04....",
            "h[0]: malformed protobuf: the message ends inside a field at byte 6",
        ),
        (
            b"\x22\x03\x0a\x01\xff",
            "d[0].value[0]: malformed protobuf: the message ends inside a field at byte 5",
        ),
    ] {
        refuses(&messages, "Lists", bytes, want);
    }
}

#[test]
fn unpacked_when_the_layout_says_so() {
    let mut messages = Messages::new();
    messages.change("Lists", |fields| {
        fields[0].label = Label::Repeated { packed: false };
    });
    let plain = r#"{"a":[1,300],"b":[],"c":[],"d":[],"e":[],"f":[],"g":[],"h":[],"i":"","j":[]}"#;
    same(&messages, "Lists", b"\x08\x01\x08\xac\x02", plain);
}

#[test]
fn maps() {
    let messages = Messages::new();
    let none = r#"{"a":{},"b":{},"c":{},"d":{},"e":{},"f":{}}"#;
    same(&messages, "Maps", b"", none);
    for (bytes, from, to) in [
        (
            &b"\x0a\x05\x0a\x01k\x10\x07"[..],
            "\"a\":{}",
            r#""a":{"k":7}"#,
        ),
        (b"\x0a\x04\x0a\x00\x10\x00", "\"a\":{}", r#""a":{"":0}"#),
        (
            b"\x12\x06\x08\x03\x12\x02\x08\x01",
            "\"b\":{}",
            r#""b":{"3":{"n":1,"text":""}}"#,
        ),
        (
            b"\x1a\x07\x08\x01\x12\x03\x0a\x01\x05",
            "\"c\":{}",
            r#""c":{"true":[5]}"#,
        ),
        (b"\x22\x05\x08\x07\x12\x01x", "\"d\":{}", r#""d":{"7":"x"}"#),
        (
            b"\x2a\x05\x0a\x01x\x10\x02",
            "\"e\":{}",
            r#""e":{"x":"guest"}"#,
        ),
        (
            b"\x32\x0d\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x10\x07",
            "\"f\":{}",
            r#""f":{"-1":7}"#,
        ),
    ] {
        same(&messages, "Maps", bytes, &none.replace(from, to));
    }
    for (bytes, from, to) in [
        // Absent keys and values are zeros.
        (&b"\x0a\x00"[..], "\"a\":{}", r#""a":{"":0}"#),
        (b"\x12\x00", "\"b\":{}", r#""b":{"0":{"n":0,"text":""}}"#),
        // The last wins: of entries, in the first one's place, and in one.
        (
            b"\x0a\x05\x0a\x01k\x10\x07\x0a\x05\x0a\x01l\x10\x01\x0a\x05\x0a\x01k\x10\x08",
            "\"a\":{}",
            r#""a":{"k":8,"l":1}"#,
        ),
        (
            b"\x0a\x0a\x10\x01\x0a\x01k\x10\x07\x0a\x01l",
            "\"a\":{}",
            r#""a":{"l":7}"#,
        ),
        // Values that are messages are merged in an entry, not across.
        (
            b"\x12\x0b\x08\x03\x12\x02\x08\x01\x12\x03\x12\x01x",
            "\"b\":{}",
            r#""b":{"3":{"n":1,"text":"x"}}"#,
        ),
        (
            b"\x12\x06\x08\x03\x12\x02\x08\x01\x12\x07\x08\x03\x12\x03\x12\x01x",
            "\"b\":{}",
            r#""b":{"3":{"n":0,"text":"x"}}"#,
        ),
    ] {
        reads(&messages, "Maps", bytes, &none.replace(from, to));
    }
    for (bytes, want) in [
        (
            &b"\x32\x05\x08\x05\x10\xac\x02"[..],
            "f[\"5\"]: expected u8, found 300",
        ),
        (
            b"\x2a\x03\x0a\x01x",
            "e[\"x\"]: must be set to one of ROLE_ADMIN, ROLE_GUEST",
        ),
        (b"\x2a\x02\x10\x01", "e: must be set to one character"),
        (
            b"\x12\x07\x08\x03\x12\x03\x12\x01\xff",
            "b[\"3\"].text: expected string, found invalid UTF-8",
        ),
    ] {
        refuses(&messages, "Maps", bytes, want);
    }
}

#[test]
fn maps_as_repeated_entries() {
    let mut messages = Messages::new();
    messages.make_entries("Maps", 3);
    let plain = |d: &str| format!(r#"{{"a":{{}},"b":{{}},"c":{{}},"d":{d},"e":{{}},"f":{{}}}}"#);
    let one = b"\x22\x05\x08\x07\x12\x01x\x22\x00";
    same(&messages, "Maps", one, &plain(r#"{"7":"x","0":""}"#));
    let error = "d[0].key: expected u8, found 300";
    refuses(&messages, "Maps", b"\x22\x03\x08\xac\x02", error);
}

/// A variant as a message, and as a oneof among the fields of its record.
#[test]
fn oneofs() {
    let mut messages = Messages::new();
    let rest = b"\x12\x02\x08\x05\x1a\x02\x12\x00";
    let plain =
        |first: &str| format!(r#"{{"first":{first},"second":{{"ok":5}},"third":{{"err":null}}}}"#);
    let with = |first: &[u8]| [b"\x0a", &[first.len() as u8][..], first, rest].concat();
    let members: [(&[u8], &str); 4] = [
        (b"\x0a\x00", "\"none\""),
        (b"\x12\x00", r#"{"email":""}"#),
        (b"\x1a\x02\x08\x01", r#"{"home":{"n":1,"text":""}}"#),
        (b"\x22\x03\x0a\x01\x05", r#"{"seen":[5]}"#),
    ];
    for (bytes, first) in members {
        same(&messages, "Unions", &with(bytes), &plain(first));
    }
    let several: [(&[u8], &str); 4] = [
        // The last member wins; of one member the parts are merged.
        (b"\x12\x01x\x0a\x00", "\"none\""),
        (b"\x1a\x02\x08\x01\x12\x01x", r#"{"email":"x"}"#),
        (
            b"\x1a\x02\x08\x01\x1a\x03\x12\x01x",
            r#"{"home":{"n":1,"text":"x"}}"#,
        ),
        (
            b"\x1a\x02\x08\x01\x0a\x00\x1a\x03\x12\x01x",
            r#"{"home":{"n":0,"text":"x"}}"#,
        ),
    ];
    for (bytes, first) in several {
        reads(&messages, "Unions", &with(bytes), &plain(first));
    }

    let layout = messages.plan().proto();
    let cases = layout.message(messages.id("Contact")).fields.to_vec();
    messages.change("Unions", |fields| {
        fields.remove(0);
        fields.extend(
            cases
                .into_iter()
                .zip([1, 4, 5, 6])
                .map(|(mut field, number)| {
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
                }),
        );
    });
    // Fields are written by number, so the oneof is before or behind the rest.
    same(
        &messages,
        "Unions",
        &[b"\x0a\x00", &rest[..]].concat(),
        &plain("\"none\""),
    );
    let members: [(&[u8], &str); 3] = [
        (b"\x22\x00", r#"{"email":""}"#),
        (b"\x2a\x02\x08\x01", r#"{"home":{"n":1,"text":""}}"#),
        (b"\x32\x03\x0a\x01\x05", r#"{"seen":[5]}"#),
    ];
    for (bytes, first) in members {
        same(
            &messages,
            "Unions",
            &[&rest[..], bytes].concat(),
            &plain(first),
        );
    }
    let several: [(&[u8], &str); 2] = [
        (b"\x22\x01x\x0a\x00", "\"none\""),
        (
            b"\x2a\x02\x08\x01\x2a\x03\x12\x01x",
            r#"{"home":{"n":1,"text":"x"}}"#,
        ),
    ];
    for (bytes, first) in several {
        reads(
            &messages,
            "Unions",
            &[&rest[..], bytes].concat(),
            &plain(first),
        );
    }
    refuses(
        &messages,
        "Unions",
        rest,
        "first: one of none, email, home, seen must be set",
    );
    refuses(
        &messages,
        "Unions",
        b"\x22\x01\xff",
        "email: expected string, found invalid UTF-8",
    );
}

#[test]
fn an_optional_oneof() {
    let mut messages = Messages::new();
    let layout = messages.plan().proto();
    let cases = layout.message(messages.id("Contact")).fields.to_vec();
    messages.change("Options", |fields| {
        fields.retain(|field| &*field.name != "f");
        fields.extend(cases.into_iter().zip(10..).map(|(mut field, number)| {
            let Slot::Case(case) = field.slot else {
                panic!()
            };
            field.slot = Slot::Oneof {
                place: 5,
                case,
                optional: true,
            };
            field.number = number;
            field
        }));
    });
    same(&messages, "Options", b"", NO_OPTIONS);
    for (bytes, first) in [
        (&b"\x52\x00"[..], "\"none\""),
        (b"\x5a\x01x", r#"{"email":"x"}"#),
    ] {
        let plain = NO_OPTIONS.replace("\"f\":null", &format!("\"f\":{first}"));
        same(&messages, "Options", bytes, &plain);
    }
}

#[test]
fn defaults() {
    let messages = Messages::new();
    for (bytes, plain) in [
        (&b""[..], r#"{"n":7,"tags":["x"],"maybe":3,"plain":0}"#),
        (
            b"\x08\x00\x12\x00\x18\x00\x20\x01",
            r#"{"n":0,"tags":[""],"maybe":0,"plain":1}"#,
        ),
    ] {
        reads(&messages, "A6Request", bytes, plain);
    }
    // Its zero is written, since absence would mean the default.
    let value = messages.value("A6Request", r#"{"n":0,"tags":["x"],"maybe":3,"plain":0}"#);
    assert_eq!(
        write(&messages, "A6Request", &value).unwrap(),
        b"\x08\x00\x12\x01x\x18\x03"
    );
}

#[test]
fn well_known_types() {
    let messages = Messages::new();
    let none =
        r#"{"at":"1970-01-01T00:00:00Z","took":"PT0S","detail":null,"mask":"","object":null}"#;
    reads(&messages, "Known", b"", none);
    let written =
        |between: &[u8], last: &[u8]| [b"\x0a\x00\x12\x00", between, b"\x22\x00", last].concat();
    same(&messages, "Known", &written(b"", b""), none);
    for (bytes, from, to) in [
        (
            written(b"\x1a\x00", b""),
            "\"detail\":null",
            r#""detail":{"type":"","value":""}"#,
        ),
        (
            written(b"\x1a\x1c\x0a\x17type.googleapis.com/a.B\x12\x01v", b""),
            "\"detail\":null",
            r#""detail":{"type":"a.B","value":"dg=="}"#,
        ),
        (
            written(b"\x1a\x0b\x0a\x09x.com/a.B", b""),
            "\"detail\":null",
            r#""detail":{"type":"x.com/a.B","value":""}"#,
        ),
        (
            written(b"", b"\x2a\x00"),
            "\"object\":null",
            "\"object\":{}",
        ),
    ] {
        same(&messages, "Known", &bytes, &none.replace(from, to));
    }
    let bare = none.replace("\"detail\":null", r#""detail":{"type":"a.B","value":""}"#);
    reads(&messages, "Known", b"\x1a\x05\x0a\x03a.B", &bare);
    let all = r#"{"at":"1970-01-01T00:00:01.000000002Z","took":"-PT1S","detail":null,"mask":"a.b_c,d","object":null}"#;
    let bytes = b"\x0a\x04\x08\x01\x10\x02\x12\x0b\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x22\x0a\x0a\x05a.b_c\x0a\x01d";
    same(&messages, "Known", bytes, all);
}

/// `google.protobuf.Struct` and the text of an object.
#[test]
fn structs() {
    let messages = Messages::new();
    let known = |object: &str| {
        format!(
            r#"{{"at":"1970-01-01T00:00:00Z","took":"PT0S","detail":null,"mask":"","object":{object}}}"#
        )
    };
    let with = |bytes: &[u8]| {
        [
            b"\x0a\x00\x12\x00\x22\x00\x2a",
            &[bytes.len() as u8][..],
            bytes,
        ]
        .concat()
    };
    for (bytes, json) in [
        (&b"\x0a\x09\x0a\x01a\x12\x04\x1a\x02hi"[..], r#"{"a":"hi"}"#),
        (b"\x0a\x07\x0a\x01a\x12\x02\x08\x00", r#"{"a":null}"#),
        (b"\x0a\x07\x0a\x01a\x12\x02\x20\x01", r#"{"a":true}"#),
        (b"\x0a\x07\x0a\x01a\x12\x02\x20\x00", r#"{"a":false}"#),
        (
            b"\x0a\x0e\x0a\x01a\x12\x09\x11\x00\x00\x00\x00\x00\x00\xf8\x3f",
            r#"{"a":1.5}"#,
        ),
        (
            b"\x0a\x0e\x0a\x01a\x12\x09\x11\x00\x00\x00\x00\x00\x00\x08\xc0",
            r#"{"a":-3}"#,
        ),
        (
            b"\x0a\x0e\x0a\x01a\x12\x09\x11\x00\x00\x00\x00\x00\x00\x00\x80",
            r#"{"a":-0.0}"#,
        ),
        (
            b"\x0a\x0b\x0a\x01a\x12\x06\x32\x04\x0a\x02\x20\x01",
            r#"{"a":[true]}"#,
        ),
        (
            b"\x0a\x07\x0a\x01a\x12\x02\x32\x00\x0a\x08\x0a\x02\"\n\x12\x02\x2a\x00",
            r#"{"a":[],"\"\n":{}}"#,
        ),
        (
            b"\x0a\x10\x0a\x01a\x12\x0b\x2a\x09\x0a\x07\x0a\x01b\x12\x02\x08\x00",
            r#"{"a":{"b":null}}"#,
        ),
    ] {
        same(&messages, "Known", &with(bytes), &known(json));
    }
    for (bytes, json) in [
        // Nothing is null too; the last of a key and of a oneof wins.
        (&b"\x0a\x03\x0a\x01a"[..], r#"{"a":null}"#),
        (
            b"\x0a\x07\x0a\x01a\x12\x02\x20\x01\x0a\x03\x0a\x01b\x0a\x07\x0a\x01a\x12\x02\x20\x00",
            r#"{"a":false,"b":null}"#,
        ),
        (
            b"\x0a\x0a\x0a\x01a\x12\x05\x20\x01\x1a\x01x",
            r#"{"a":"x"}"#,
        ),
        (
            b"\x0a\x0b\x0a\x01a\x12\x06\x32\x02\x0a\x00\x32\x00",
            r#"{"a":[null]}"#,
        ),
        (
            b"\x0a\x0d\x0a\x01a\x12\x08\x32\x02\x0a\x00\x32\x02\x0a\x00",
            r#"{"a":[null,null]}"#,
        ),
        (
            b"\x08\x01\x12\x00\x0a\x05\x0a\x01a\x18\x01",
            r#"{"a":null}"#,
        ),
    ] {
        reads(&messages, "Known", &with(bytes), &known(json));
    }
    for (bytes, want) in [
        (
            &b"\x0a\x0e\x0a\x01a\x12\x09\x11\x00\x00\x00\x00\x00\x00\xf0\x7f"[..],
            "object.a: inf is no number of JSON",
        ),
        (
            b"\x0a\x06\x0a\x01a\x12\x01\xff",
            "object.a: malformed protobuf: the message ends inside a field at byte 16",
        ),
        (
            b"\x0a\x08\x0a\x01a\x12\x03\x1a\x01\xff",
            "object.a: expected string, found invalid UTF-8",
        ),
    ] {
        refuses(&messages, "Known", &with(bytes), want);
    }
    let mut value = messages.value("Known", &known("{}"));
    for json in ["", "[]", "{", "{}x", r#"{"a":1e400}"#] {
        let Value::Record(fields) = &mut value else {
            panic!()
        };
        let object = Value::Record(vec![Value::String(json.into())]);
        fields[4] = Value::Option(Some(Box::new(object)));
        let error = write(&messages, "Known", &value).unwrap_err();
        assert!(
            error.contains("object: the text of a struct is no JSON object"),
            "{error}"
        );
    }
}

/// A message that contains itself is kept as bytes in an `any`.
#[test]
fn opaque_messages() {
    let mut messages = Messages::new();
    let inner = messages.id("Inner");
    messages.change("Known", |fields| {
        fields[2].kind = Kind::Opaque(inner);
    });
    let known = |detail: &str| {
        format!(
            r#"{{"at":"1970-01-01T00:00:00Z","took":"PT0S","detail":{detail},"mask":"","object":null}}"#
        )
    };
    let with = |bytes: &[u8]| [b"\x0a\x00\x12\x00", bytes, b"\x22\x00"].concat();
    for (bytes, detail) in [
        (with(b""), "null"),
        (with(b"\x1a\x00"), r#"{"type":"t.t.Inner","value":""}"#),
        (
            with(b"\x1a\x02\x08\x01"),
            r#"{"type":"t.t.Inner","value":"CAE="}"#,
        ),
    ] {
        same(&messages, "Known", &bytes, &known(detail));
    }
    let merged = known(r#"{"type":"t.t.Inner","value":"CAESAXg="}"#);
    reads(
        &messages,
        "Known",
        b"\x1a\x02\x08\x01\x1a\x03\x12\x01x",
        &merged,
    );
    for name in ["", "t.t.Other", "type.googleapis.com/t.t.Inner"] {
        let value = messages.value(
            "Known",
            &known(&format!(r#"{{"type":"{name}","value":""}}"#)),
        );
        let error = write(&messages, "Known", &value).unwrap_err();
        assert!(error.contains("where only \"t.t.Inner\" may be"), "{error}");
    }
}

#[test]
fn nesting_is_bounded() {
    let messages = Messages::new();
    let (plan, id) = (messages.plan(), messages.id("Nested"));
    let nested = Bytes::from_static(b"\x0a\x00\x1a\x00");
    assert!(decode(plan, id, &nested, 2).is_ok());
    let error = decode(plan, id, &nested, 1).unwrap_err();
    assert_eq!(error.to_string(), "user_inner: nested deeper than 1");
    let groups = |depth| Bytes::from([vec![0x23; depth], vec![0x24; depth]].concat());
    assert!(decode(plan, id, &groups(100), 100).is_ok());
    let error = decode(plan, id, &groups(101), 100).unwrap_err();
    assert!(
        error.to_string().contains("groups nested too deep"),
        "{error}"
    );

    // A list in a list, 99 times.
    let list = |depth| {
        let mut value = Vec::new();
        for _ in 0..depth {
            let mut outer = Vec::new();
            writer::tag(6, reader::Wire::Chunk, &mut outer);
            let mut item = vec![];
            writer::tag(1, reader::Wire::Chunk, &mut item);
            writer::chunk(&value, &mut item);
            writer::chunk(&item, &mut outer);
            value = outer;
        }
        let mut entry = b"\x0a\x01a\x12".to_vec();
        writer::chunk(&value, &mut entry);
        let mut object = vec![0x0a];
        writer::chunk(&entry, &mut object);
        let mut known = vec![0x2a];
        writer::chunk(&object, &mut known);
        known
    };
    let depth = |depth| read(&messages, "Known", &list(depth));
    assert!(depth(98).is_ok());
    assert!(
        depth(99)
            .unwrap_err()
            .ends_with("a struct is nested too deep")
    );
}

/// A few bytes must not become many values.
#[test]
fn values_are_bounded() {
    let messages = Messages::new();
    let want = "the message holds more than 1048576 values";
    let zeros = [&b"\x0a\x80\x80\x80\x01"[..], &vec![0; 1 << 21]].concat();
    refuses(&messages, "Lists", &zeros, &format!("a: {want}"));
    let messages_without_fields = b"\x1a\x00".repeat(1 << 19);
    refuses(
        &messages,
        "Lists",
        &messages_without_fields,
        &format!("c: {want}"),
    );
    let flags = b"\x30\x01".repeat(1 << 20);
    refuses(&messages, "Lists", &flags, &format!("f: {want}"));
}

/// Parts of messages in parts of messages: none is read twice.
#[test]
fn merging_is_linear() {
    let mut messages = Messages::new();
    let id = messages.id("Around");
    messages.change("Around", |fields| fields[0].kind = Kind::Message(id));
    let mut bytes = Vec::new();
    for _ in 0..60 {
        let mut outer = b"\x0a\x00\x0a".to_vec();
        writer::chunk(&bytes, &mut outer);
        outer.extend(b"\x0a\x00");
        bytes = outer;
    }
    // What it ends in is no message of that shape; that it ends is the point.
    let result = decode(messages.plan(), id, &bytes.into(), 60);
    assert!(
        result
            .unwrap_err()
            .to_string()
            .contains("nested deeper than 60")
    );
}

#[test]
fn bytes_are_not_copied() {
    let messages = Messages::new();
    let wire = Bytes::from_static(b"\x6a\x03abc");
    let value = decode(messages.plan(), messages.id("Scalars"), &wire, 100).unwrap();
    let Value::Record(fields) = value else {
        panic!()
    };
    let Value::Bytes(bytes) = &fields[12] else {
        panic!()
    };
    assert_eq!(bytes.as_ptr(), wire[2..].as_ptr());
}

#[test]
fn what_is_no_value_of_the_message() {
    let messages = Messages::new();
    let unset = |name| messages.value(name, r#"{"n":1,"text":"x"}"#);
    for (name, value, want) in [
        (
            "Inner",
            Value::Uint(1),
            "the value is not of its declared type (object)",
        ),
        (
            "Inner",
            Value::Record(vec![]),
            "the value is not of its declared type (object)",
        ),
        (
            "Inner",
            Value::Record(vec![Value::Int(1), Value::Int(1)]),
            "text: the value is not of its declared type (string)",
        ),
        (
            "Around",
            Value::Record(vec![Value::Record(vec![Value::Enum(9)])]),
            "outer.role: the value is not of its declared type (name of a case)",
        ),
        (
            "Contact",
            Value::Variant(9, None),
            "the value is not of its declared type (name of a case, or object with one)",
        ),
        (
            "Contact",
            Value::Variant(2, None),
            "home: the value is not of its declared type (object)",
        ),
        (
            "Contact",
            Value::Variant(0, Some(Box::new(unset("Inner")))),
            "none: the value is not of its declared type (nothing)",
        ),
    ] {
        let error = write(&messages, name, &value).unwrap_err();
        assert_eq!(
            error,
            format!("the service's reply cannot be encoded: {want}")
        );
    }
}
