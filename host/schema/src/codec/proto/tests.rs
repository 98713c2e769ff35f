//! What holds of both codecs.

use bytes::Bytes;

use super::testing::Messages;
use crate::codec::{proto_json, protobuf};

/// The deepest types that WIT allows: records in records, and variants of lists
/// of records.
fn deep(levels: usize, with_lists: bool) -> (Messages, String) {
    let mut body = "record r0 { x: option<u8> }".to_owned();
    let mut plain = "{\"x\":7}".to_owned();
    for i in 1..levels {
        let inner = i - 1;
        if with_lists {
            body += &format!("variant v{i} {{ a(list<r{inner}>) }} record r{i} {{ x: v{i} }}");
            plain = format!("{{\"x\":{{\"a\":[{plain}]}}}}");
        } else {
            body += &format!("record r{i} {{ x: r{inner} }}");
            plain = format!("{{\"x\":{plain}}}");
        }
    }
    body += &format!("f: func(v: r{}) -> r0;", levels - 1);
    (Messages::of(&body), plain)
}

/// A level takes about a kilobyte in the dev profile.
#[test]
fn the_deepest_types_fit_a_small_stack() {
    for (levels, with_lists) in [(21, true), (62, false)] {
        let (messages, plain) = deep(levels, with_lists);
        let name = format!("R{}", levels - 1);
        let (plan, id) = (messages.plan(), messages.id(&name));
        let value = messages.value(&name, &plain);
        let codecs = || {
            let mut bytes = Vec::new();
            protobuf::encode(plan, id, &value, &mut bytes).unwrap();
            let bytes = Bytes::from(bytes);
            assert_eq!(protobuf::decode(plan, id, &bytes, 100).unwrap(), value);
            let mut json = Vec::new();
            proto_json::encode(plan, id, &value, &mut json).unwrap();
            assert_eq!(proto_json::decode(plan, id, &json, 100).unwrap(), value);
        };
        std::thread::scope(|scope| {
            let small = std::thread::Builder::new().stack_size(128 << 10);
            small.spawn_scoped(scope, codecs).unwrap().join().unwrap();
        });
    }
}
