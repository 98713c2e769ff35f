//! Another implementation of protobuf, given the descriptors of a contract,
//! agrees with both codecs of the proto profile.

use std::collections::BTreeMap;

use bytes::Bytes;
use ostler_call::Encoding;
use ostler_schema::proto::files;
use ostler_schema::{Contract, MessageType, Value};
use proptest::prelude::*;
use prost_reflect::prost::Message as _;
use prost_reflect::prost_types::FileDescriptorSet;
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor};

use crate::round_trip::{message, read, write};
use crate::values;

fn descriptor(contract: &Contract, of: MessageType) -> MessageDescriptor {
    let set = FileDescriptorSet {
        file: files(contract),
    };
    let pool = DescriptorPool::from_file_descriptor_set(set);
    let pool = pool.unwrap_or_else(|error| panic!("{error}"));
    let name = &contract.plan.proto().message(of.proto).full_name;
    pool.get_message_by_name(name)
        .unwrap_or_else(|| panic!("{name} is not described"))
}

fn to_json(message: &DynamicMessage) -> Bytes {
    let json = serde_json::to_vec(message);
    json.unwrap_or_else(|error| panic!("{error}")).into()
}

fn from_json(descriptor: MessageDescriptor, json: &[u8]) -> DynamicMessage {
    let mut reader = serde_json::Deserializer::from_slice(json);
    DynamicMessage::deserialize(descriptor, &mut reader)
        .unwrap_or_else(|error| panic!("{error} in {}", String::from_utf8_lossy(json)))
}

/// Theirs takes -0.0 for the zero that need not be written.
fn shown(contract: &Contract, of: MessageType, value: &Value) -> String {
    values::shown(&contract.plan, of.ty, value).replace("Float(-0.0)", "Float(0.0)")
}

/// What only a lock says: kinds, oneofs among other fields, wrappers, messages
/// that contain themselves.
const LOCKED: &str = "package t:t;
interface i {
  use ostler:rpc/types@0.1.0.{any};
  enum level { low, high }
  record leaf { text: string }
  variant choice { nothing, text(string), leaf(leaf), numbers(list<u32>) }
  record node {
    next: option<any>,
    many: list<any>,
    wrapped: option<s64>,
    words: list<string>,
    small: s32,
    fixed: list<u64>,
    choice: option<choice>,
    must: choice,
    level: level,
    unpacked: list<u16>,
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

#[test]
fn a_lock_is_followed_by_both() {
    let files = BTreeMap::from([("a.wit".to_owned(), LOCKED.to_owned())]);
    let contract = Contract::from_wit(files, Some(LOCK.to_owned())).unwrap();
    let of = contract.services[0].methods[0].request.codec();
    let descriptor = descriptor(&contract, of);
    for text in [
        r#"{"none":{},"small":0}"#,
        r#"{"l":{},"nothing":{},"small":-3,"f":["8","0"],"unpacked":[1,300],"wrapped":"0"}"#,
        r#"{"t":"","leaf":{"text":"x"},"level":"LEVEL_HIGH","words":["a",""],"small":1}"#,
        r#"{"n":{"value":[1,2]},"numbers":{},"small":2,"next":{"none":{},"small":3},"many":[{"l":{"text":"x"},"small":4,"next":{"t":"y","small":5}}]}"#,
    ] {
        let json: serde_json::Value = serde_json::from_str(text).unwrap();
        let value = read(&contract, of, &text.into(), Encoding::ProtoJson);
        let written = write(&contract, of, &value, Encoding::ProtoJson);
        assert_eq!(
            serde_json::from_slice::<serde_json::Value>(&written).unwrap(),
            json
        );

        let bytes = write(&contract, of, &value, Encoding::Proto);
        let theirs = DynamicMessage::decode(descriptor.clone(), bytes).unwrap();
        assert_eq!(
            serde_json::from_slice::<serde_json::Value>(&to_json(&theirs)).unwrap(),
            json
        );

        let theirs = from_json(descriptor.clone(), text.as_bytes());
        let back = read(
            &contract,
            of,
            &theirs.encode_to_vec().into(),
            Encoding::Proto,
        );
        assert_eq!(back, value, "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn both_read_and_write_the_same((contract, of, value) in message()) {
        let descriptor = descriptor(&contract, of);
        let want = shown(&contract, of, &value);
        let check = |bytes: Bytes, form| {
            let back = read(&contract, of, &bytes, form);
            prop_assert_eq!(shown(&contract, of, &back), want.clone(), "{:?}", form);
            Ok(())
        };
        let bytes = write(&contract, of, &value, Encoding::Proto);
        let theirs = DynamicMessage::decode(descriptor.clone(), bytes.clone()).unwrap();
        prop_assert_eq!(theirs.unknown_fields().count(), 0);
        check(theirs.encode_to_vec().into(), Encoding::Proto)?;
        check(to_json(&theirs), Encoding::ProtoJson)?;

        let json = write(&contract, of, &value, Encoding::ProtoJson);
        let theirs = from_json(descriptor, &json);
        check(theirs.encode_to_vec().into(), Encoding::Proto)?;
        check(to_json(&theirs), Encoding::ProtoJson)?;
    }

    /// One message behind another is both, merged.
    #[test]
    fn both_merge_the_same((contract, of, first, second) in two_messages()) {
        let bytes = [first, second].map(|value| write(&contract, of, &value, Encoding::Proto));
        let bytes = Bytes::from(bytes.concat());
        let theirs = DynamicMessage::decode(descriptor(&contract, of), bytes.clone()).unwrap();
        let [ours, theirs] = [bytes, theirs.encode_to_vec().into()]
            .map(|bytes| shown(&contract, of, &read(&contract, of, &bytes, Encoding::Proto)));
        prop_assert_eq!(ours, theirs);
    }
}

fn two_messages() -> impl Strategy<Value = (Contract, MessageType, Value, Value)> {
    message().prop_flat_map(|(contract, of, first)| {
        let second = values::value(&contract.plan, of.ty);
        second.prop_map(move |second| (contract.clone(), of, first.clone(), second))
    })
}
