//! Another implementation of protobuf, given the descriptors of a contract,
//! agrees with both codecs of the proto profile.

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
