use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::arbitrary::{cut, drain, texts};

fn elements(max: usize, body: &str) -> Result<Vec<String>, FramingError> {
    let mut splitter = Splitter::new(max);
    texts(drain!(splitter, [Bytes::copy_from_slice(body.as_bytes())]))
}

/// The same body a byte a chunk.
fn bytewise(max: usize, body: &str) -> Result<Vec<String>, FramingError> {
    let mut splitter = Splitter::new(max);
    let chunks = body.as_bytes().chunks(1).map(Bytes::copy_from_slice);
    texts(drain!(splitter, chunks))
}

#[test]
fn table() {
    let rows: &[(&str, &[&str])] = &[
        ("", &[]),
        (" \n", &[]),
        ("{}", &[]),
        (" { } \n", &[]),
        ("[]", &[]),
        (" [ ] ", &[]),
        ("[1]", &["1"]),
        ("[1,2,-3.5e1]", &["1", "2", "-3.5e1"]),
        ("[ true , null\n,false ]", &["true", "null", "false"]),
        ("[{\"n\":1},{\"n\":2}]", &["{\"n\":1}", "{\"n\":2}"]),
        ("[[],[[1],2]]", &["[]", "[[1],2]"]),
        ("[\"\",\"a\"]", &["\"\"", "\"a\""]),
        (r#"["\"],[","\\"]"#, &[r#""\"],[""#, r#""\\""#]),
        (r#"[{"a]":"}\\"},{}]"#, &[r#"{"a]":"}\\"}"#, "{}"]),
        ("[\"é☺\"]", &["\"é☺\""]),
    ];
    for (body, expected) in rows {
        assert_eq!(elements(100, body).unwrap(), *expected, "{body}");
        assert_eq!(bytewise(100, body).unwrap(), *expected, "{body}");
    }
}

#[test]
fn what_is_no_array_is_refused() {
    for (body, message) in [
        (
            "x",
            "expected a JSON array of messages at byte 0, found 'x'",
        ),
        (
            "1",
            "expected a JSON array of messages at byte 0, found '1'",
        ),
        (
            "{\"n\":1}",
            "expected a JSON array of messages, or {} for none at byte 1, found '\"'",
        ),
        ("[", "the body ended before its JSON array was closed"),
        ("{", "the body ended before its JSON array was closed"),
        ("[1", "the body ended before its JSON array was closed"),
        ("[1,", "the body ended before its JSON array was closed"),
        ("[\"a", "the body ended before its JSON array was closed"),
        ("[\"\\", "the body ended before its JSON array was closed"),
        (
            "[{\"a\":[",
            "the body ended before its JSON array was closed",
        ),
        ("[,]", "expected a JSON value at byte 1, found ','"),
        ("[1,]", "expected a JSON value at byte 3, found ']'"),
        ("[1,,2]", "expected a JSON value at byte 3, found ','"),
        ("[1 2]", "expected ',' or ']' at byte 3, found '2'"),
        ("[{} {}]", "expected ',' or ']' at byte 4, found '{'"),
        ("[\"a\"b]", "expected ',' or ']' at byte 4, found 'b'"),
        ("[}]", "expected a JSON value at byte 1, found '}'"),
        ("[é]", "expected a JSON value at byte 1, found byte 0xc3"),
        (
            "[]]",
            "expected nothing after the JSON array of messages at byte 2, found ']'",
        ),
        (
            "{} x",
            "expected nothing after the JSON array of messages at byte 3, found 'x'",
        ),
    ] {
        let expected = Err(FramingError::Malformed(message.to_owned()));
        assert_eq!(elements(100, body), expected, "{body}");
        assert_eq!(bytewise(100, body), expected, "{body}");
    }
}

#[test]
fn an_element_comes_out_before_the_array_ends() {
    let mut splitter = Splitter::new(100);
    splitter.push(Bytes::from_static(b"[{\"n\":1}"));
    assert_eq!(splitter.next().unwrap().unwrap(), "{\"n\":1}");
    assert_eq!(splitter.next().unwrap(), None);
    splitter.push(Bytes::from_static(b", 2"));
    assert_eq!(splitter.next().unwrap(), None);
    splitter.push(Bytes::from_static(b"3]"));
    assert_eq!(splitter.next().unwrap().unwrap(), "23");
    assert_eq!(splitter.finish().unwrap(), None);
}

#[test]
fn elements_before_an_error_come_out_and_the_error_stays() {
    let mut splitter = Splitter::new(100);
    splitter.push(Bytes::from_static(b"[1,x"));
    assert_eq!(splitter.next().unwrap().unwrap(), "1");
    let error = splitter.next().unwrap_err();
    assert_eq!(splitter.next(), Err(error.clone()));
    assert_eq!(splitter.finish(), Err(error));
}

#[test]
fn limit_is_kept_while_an_element_grows() {
    let too_large = Err(FramingError::TooLarge { limit: 4 });
    assert_eq!(elements(4, "[1234, \"ab\" ]").unwrap(), ["1234", "\"ab\""]);
    for body in ["[12345]", "[\"abc\"]", "[\"abcdefgh", "[[[[[[[[[[["] {
        assert_eq!(elements(4, body), too_large, "{body}");
        assert_eq!(bytewise(4, body), too_large, "{body}");
    }
    // White space between elements is no message, however much there is.
    let spaces = " ".repeat(1000);
    let body = format!("{spaces}[{spaces}1{spaces},{spaces}2{spaces}]{spaces}");
    assert_eq!(elements(4, &body).unwrap(), ["1", "2"]);
}

#[test]
fn an_element_in_one_chunk_is_not_copied() {
    let chunk = Bytes::from_static(b"[{},{\"a\":1}]");
    let mut splitter = Splitter::new(100);
    splitter.push(chunk.clone());
    let found = drain!(splitter, []).unwrap();
    assert_eq!(found[1].as_ptr(), chunk[4..].as_ptr());
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[\"\\\\\\[\\]{},a-cé\n]*".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec(("[\"\\\\}a]*", inner), 0..4)
                .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn elements_are_those_of_the_array(
        values in prop::collection::vec(json(), 0..6),
        pretty in any::<bool>(),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..20),
    ) {
        let write = if pretty { serde_json::to_vec_pretty } else { serde_json::to_vec };
        let body = write(&values).unwrap();
        let mut splitter = Splitter::new(body.len());
        let found = drain!(splitter, cut(&body, &cuts)).unwrap();
        let found: Vec<Value> = found.iter().map(|m| serde_json::from_slice(m).unwrap()).collect();
        prop_assert_eq!(found, values);
    }

    /// An array is accepted, its elements decoded, exactly if all of it is JSON.
    #[test]
    fn agrees_with_a_whole_parse_and_cuts_do_not_matter(
        body in prop_oneof!["[\\[\\]{}\",:1a\\\\ ]{0,12}", "\\[[\\[\\]{}\",:1 ]{0,10}\\]"],
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
    ) {
        let body = body.as_bytes();
        let mut whole = Splitter::new(100);
        let whole = drain!(whole, [Bytes::copy_from_slice(body)]);
        let mut pieces = Splitter::new(100);
        prop_assert_eq!(&whole, &drain!(pieces, cut(body, &cuts)));
        let decoded: Option<Vec<Value>> = whole.ok().and_then(|messages| {
            messages.iter().map(|m| serde_json::from_slice(m).ok()).collect()
        });
        let expected = match serde_json::from_slice(body) {
            Ok(Value::Array(values)) => Some(values),
            Ok(Value::Object(fields)) if fields.is_empty() => Some(Vec::new()),
            Ok(_) => None,
            Err(_) if body.iter().all(|b| is_space(*b)) => Some(Vec::new()),
            Err(_) => None,
        };
        prop_assert_eq!(decoded, expected);
    }
}
