//! The custom section that carries a contract: what is written is read, and
//! hostile bytes are an error.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;

use ostler_wit::section::{Section, SectionError, decode, encode};
use proptest::prelude::*;

fn section(path: &str, text: &str, lock: Option<&str>) -> Section {
    Section {
        wit: BTreeMap::from([(path.to_owned(), text.to_owned())]),
        lock: lock.map(str::to_owned),
    }
}

#[test]
fn what_is_written_is_read() {
    let first = section(
        "users.wit",
        "package a:b;\n/// \"Grüße\"\n",
        Some("x = 1\n"),
    );
    let second = section("deps/x.wit", "", None);
    let mut bytes = encode(&first);
    assert_eq!(decode(&bytes), Ok(vec![first.clone()]));
    bytes.extend(encode(&second));
    bytes.extend(encode(&Section::default()));
    assert_eq!(decode(&bytes), Ok(vec![first, second, Section::default()]));
    assert_eq!(decode(&[]), Ok(Vec::new()));
}

#[test]
fn the_format_is_as_documented() {
    let bytes = encode(&section("a.wit", "b", None));
    let json = r#"{"format":1,"wit":{"a.wit":"b"},"lock":null}"#;
    let length = u32::try_from(json.len()).unwrap().to_le_bytes();
    assert_eq!(bytes, [length.as_slice(), json.as_bytes()].concat());
}

#[test]
fn hostile_bytes_are_an_error() {
    let framed = |json: &str| {
        let length = u32::try_from(json.len()).unwrap().to_le_bytes();
        [length.as_slice(), json.as_bytes()].concat()
    };
    let cases = [
        (vec![0], "cut off at byte 0"),
        (vec![0, 0, 0, 0], "not JSON"),
        (vec![0xff, 0xff, 0xff, 0xff, b'{'], "cut off at byte 0"),
        (
            [framed(r#"{"format":1,"wit":{}}"#), vec![1, 0]].concat(),
            "cut off at byte 25",
        ),
        (framed("{"), "not JSON"),
        (framed("[]"), "`format`"),
        (framed(r#"{"format":"1","wit":{}}"#), "`format`"),
        (framed(r#"{"format":2,"wit":{}}"#), "format 2 is unknown"),
        (framed(r#"{"format":1}"#), "`wit`"),
        (framed(r#"{"format":1,"wit":[]}"#), "`wit`"),
        (
            framed(r#"{"format":1,"wit":{"a":1}}"#),
            "a file is not a text",
        ),
        (framed(r#"{"format":1,"wit":{},"lock":1}"#), "`lock`"),
        (framed(&"[".repeat(100_000)), "not JSON"),
        (vec![2, 0, 0, 0, 0xff, 0xfe], "not JSON"),
    ];
    for (bytes, expected) in cases {
        let error = decode(&bytes).unwrap_err();
        let text = error.to_string();
        assert!(
            text.starts_with("custom section ostler:contract: "),
            "{text}"
        );
        assert!(text.contains(expected), "{text} instead of {expected}");
    }
    let newer = framed(r#"{"format":2}"#);
    assert_eq!(decode(&newer), Err(SectionError::Format(2)));
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        drop(decode(&bytes));
    }

    #[test]
    fn no_cut_or_flip_panics(cut in 0_usize..80, flip in 0_usize..80, bit in 0_u8..8) {
        let mut bytes = encode(&section("users.wit", "package a:b;", Some("x")));
        if let Some(byte) = bytes.get_mut(flip) {
            *byte ^= 1 << bit;
        }
        bytes.truncate(cut);
        drop(decode(&bytes));
    }

    #[test]
    fn any_text_round_trips(path in ".*", text in ".*", lock in proptest::option::of(".*")) {
        let section = section(&path, &text, lock.as_deref());
        prop_assert_eq!(decode(&encode(&section)), Ok(vec![section]));
    }
}
