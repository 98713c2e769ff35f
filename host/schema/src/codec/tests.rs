//! The one entry, by encoding.

use super::*;
use crate::TypeId;
use crate::proto::MessageId;
use crate::types::testing::TestPlan;

/// A message of which protobuf knows nothing.
fn message(ty: TypeId) -> MessageType {
    MessageType {
        ty,
        proto: MessageId(0),
    }
}

#[test]
fn raw_chunks_are_not_copied() {
    let t = TestPlan::new("type bytes = list<u8>; record r { x: u8 }");
    let wire = Bytes::from(vec![1, 2, 3]);
    let value = decode(Encoding::Raw, &t.plan, message(t.ty("bytes")), &wire, 100).unwrap();
    let Value::Bytes(bytes) = &value else {
        panic!("{value:?}");
    };
    assert_eq!(bytes.as_ptr(), wire.as_ptr());
    let back = encode(Encoding::Raw, &t.plan, message(t.ty("bytes")), &value).unwrap();
    assert_eq!(back.as_ptr(), wire.as_ptr());

    let error = decode(Encoding::Raw, &t.plan, message(t.ty("r")), &wire, 100).unwrap_err();
    assert_eq!(error.to_string(), "expected object, found raw bytes");
    let record = Value::Record(vec![Value::Uint(1)]);
    let error = encode(Encoding::Raw, &t.plan, message(t.ty("r")), &record).unwrap_err();
    assert!(error.to_string().contains("chunk stream"));
}

#[test]
fn errors_become_statuses() {
    let t = TestPlan::new("record r { user-age: u8 }");
    let error = json::decode(&t.plan, t.ty("r"), b"{\"user_age\":\"x\"}", 100).unwrap_err();
    let status = ostler_call::Status::from(error);
    assert_eq!(status.code(), ostler_call::Code::InvalidArgument);
    assert_eq!(status.message(), "user_age: expected u8, found string");
    let error = json::encode(&t.plan, t.ty("r"), &Value::Uint(1), &mut Vec::new()).unwrap_err();
    assert_eq!(
        ostler_call::Status::from(error).code(),
        ostler_call::Code::Internal
    );
}
