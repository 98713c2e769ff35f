//! Depth, size and shape of types.

use super::testing::TestPlan;
use super::*;

fn refused(body: &str) -> String {
    TestPlan::try_new(body).err().unwrap().to_string()
}

#[test]
fn aliases_share_a_type_and_lists_of_bytes_are_bytes() {
    let t = TestPlan::new("type byte = u8; type b = list<byte>; type c = b; record r { x: c }");
    assert_eq!(t.ty("b"), t.ty("c"));
    assert!(matches!(t.plan[t.ty("c")], Type::Bytes));
}

#[test]
fn well_known_records_are_known_by_package_and_shape() {
    let t = TestPlan::new(
        "use ostler:rpc/types@0.1.0.{timestamp, any, status};
         record duration { seconds: s64, nanos: s32 }",
    );
    let known = |name: &str| match &t.plan[t.ty(name)] {
        Type::Record(record) => record.well_known,
        _ => None,
    };
    assert_eq!(known("timestamp"), Some(WellKnown::Timestamp));
    assert_eq!(known("any"), Some(WellKnown::Any));
    assert_eq!(known("duration"), None);
    assert!(is_status_shape(&t.plan, t.ty("status")));
    assert!(!is_status_shape(&t.plan, t.ty("any")));
}

#[test]
fn what_cannot_be_part_of_a_message() {
    assert_eq!(
        refused("resource r; type h = own<r>;"),
        "a resource cannot be part of a message; pass an identifier instead"
    );
    assert_eq!(
        refused("type f = list<u8, 4>;"),
        "a fixed-length list cannot be part of a message; use list<T> or a tuple"
    );
    assert_eq!(
        refused("record r { f: future<u8> }"),
        "a future cannot be part of a message; use another type"
    );
}

#[test]
fn depth_is_bounded_even_through_names() {
    let chain = |count: usize| {
        let mut body = "record r0 { x: bool }".to_owned();
        for i in 1..count {
            body += &format!("record r{i} {{ x: r{} }}", i - 1);
        }
        body
    };
    assert!(TestPlan::try_new(&chain(99)).is_ok());
    assert_eq!(
        refused(&chain(100)),
        "types nest deeper than 100; flatten them"
    );
}

#[test]
fn the_number_of_types_is_bounded() {
    let body: String = (0..MAX_TYPES)
        .map(|i| format!("enum e{i} {{ a }}"))
        .collect();
    assert!(TestPlan::try_new(&body).is_ok());
    assert_eq!(
        refused(&(body + "enum last { a }")),
        "the contract has more than 10000 types; split it into several components"
    );
}
