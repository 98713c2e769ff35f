//! Errors that guests return, as statuses, and the details of statuses as
//! plain JSON.

use ostler_call::{Any, Code, Status};

use crate::codec::{self, json, protobuf};
use crate::{ErrorType, Method, PackageName, Plan, Type, TypeId, Value};

/// The status that a guest returned as the record `ostler:rpc/types.status`;
/// `None` when the value is no such record.
pub fn returned_status(value: Value) -> Option<Status> {
    let Value::Record(fields) = value else {
        return None;
    };
    let [code, message, details] = <[Value; 3]>::try_from(fields).ok()?;
    match (code, message, details) {
        (Value::Enum(case), Value::String(message), Value::List(details)) => {
            // The cases are gRPC's codes without `ok`.
            let code = Code::from_number(case.checked_add(1)?)?;
            let details = details.into_iter().map(detail).collect::<Option<_>>()?;
            Some(Status::new(code, message).with_details(details))
        }
        _ => None,
    }
}

fn detail(value: Value) -> Option<Any> {
    let Value::Record(fields) = value else {
        return None;
    };
    match <[Value; 2]>::try_from(fields).ok()? {
        [Value::String(type_name), Value::Bytes(value)] => Some(Any { type_name, value }),
        _ => None,
    }
}

/// The status of an error of the method's own type: `UNKNOWN`, with the name of
/// the case (of a variant or enum, else `error`) as its message and the value
/// as its one detail. The detail's name is the type's full name, such as
/// `demo.users.v1.LimitError`, its bytes are the value as plain JSON.
pub fn declared_status(
    package: &PackageName,
    plan: &Plan,
    error: ErrorType,
    value: Option<&Value>,
) -> Status {
    let (ErrorType::Other(Some(ty)), Some(value)) = (error, value) else {
        return Status::new(Code::Unknown, "error");
    };
    let mut bytes = Vec::new();
    let written = json::encode(plan, ty, value, &mut bytes);
    let detail = written.is_ok().then(|| Any {
        type_name: type_name(package, &plan[ty]),
        value: bytes.into(),
    });
    named(plan, ty, value, detail)
}

/// The same for clients of the proto profile: the detail is the message that
/// protobuf makes of the error, under its full name.
pub fn declared_proto_status(plan: &Plan, method: &Method, value: Option<&Value>) -> Status {
    let (ErrorType::Other(Some(ty)), Some(value)) = (method.error, value) else {
        return Status::new(Code::Unknown, "error");
    };
    let detail = method.error_proto.and_then(|message| {
        let mut bytes = Vec::new();
        protobuf::encode(plan, message, value, &mut bytes).ok()?;
        Some(Any {
            type_name: plan.proto().message(message).full_name.to_string(),
            value: bytes.into(),
        })
    });
    named(plan, ty, value, detail)
}

/// `UNKNOWN` with the name of the error's case.
fn named(plan: &Plan, ty: TypeId, value: &Value, detail: Option<Any>) -> Status {
    let message = case_name(plan, ty, value).unwrap_or("error");
    Status::new(Code::Unknown, message).with_details(detail.into_iter().collect())
}

fn case_name<'a>(plan: &'a Plan, ty: TypeId, value: &Value) -> Option<&'a str> {
    match (&plan[ty], value) {
        (Type::Enum(of), Value::Enum(case)) => Some(&of.cases.get(*case as usize)?.plain),
        (Type::Variant(of), Value::Variant(case, _)) => {
            Some(&of.cases.get(*case as usize)?.name.plain)
        }
        _ => None,
    }
}

/// `demo.users.v1.LimitError`; `demo.users.v1.Error` for a type without a name.
fn type_name(package: &PackageName, ty: &Type) -> String {
    let name = match ty {
        Type::Record(of) => &*of.name.wit,
        Type::Variant(of) => &*of.name.wit,
        Type::Enum(of) => &*of.name.wit,
        Type::Flags(of) => &*of.name.wit,
        _ => "",
    };
    let name = if name.is_empty() { "error" } else { name };
    let words = name.split('-').map(|word| {
        let mut chars = word.chars();
        let first = chars.next().into_iter().flat_map(char::to_uppercase);
        first.chain(chars).collect::<String>()
    });
    format!("{}.{}", package.proto(), words.collect::<String>())
}

/// Appends the details of a status as a JSON array of
/// `{"type":"demo.users.v1.LimitError","value":…}`. The value is JSON where the
/// bytes are JSON, as [`declared_status`] makes them, else base64.
pub fn write_details(details: &[Any], out: &mut Vec<u8>) {
    out.push(b'[');
    for (i, detail) in details.iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        out.extend_from_slice(b"{\"type\":");
        codec::write_string(&detail.type_name, out);
        out.extend_from_slice(b",\"value\":");
        codec::write_json_or_base64(&detail.value, out);
        out.push(b'}');
    }
    out.push(b']');
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use bytes::Bytes;

    use super::*;
    use crate::Contract;
    use crate::types::testing::TestPlan;

    fn package(version: Option<&str>) -> PackageName {
        PackageName {
            namespace: "demo".into(),
            name: "user-store".into(),
            version: version.map(Into::into),
        }
    }

    #[test]
    fn a_returned_status() {
        let any = Value::Record(vec![
            Value::String("a.B".into()),
            Value::Bytes(Bytes::from_static(b"\x08\x01")),
        ]);
        let value = |code| {
            Value::Record(vec![
                Value::Enum(code),
                Value::String("no user 7".into()),
                Value::List(vec![any.clone()]),
            ])
        };
        let status = returned_status(value(4)).unwrap();
        assert_eq!(status.code(), Code::NotFound);
        assert_eq!(status.message(), "no user 7");
        assert_eq!(status.details()[0].type_name, "a.B");
        assert_eq!(returned_status(value(0)).unwrap().code(), Code::Cancelled);
        assert_eq!(
            returned_status(value(15)).unwrap().code(),
            Code::Unauthenticated
        );
        for wrong in [value(16), value(u32::MAX), any.clone(), Value::Uint(1)] {
            assert_eq!(returned_status(wrong), None);
        }
    }

    #[test]
    fn a_declared_error() {
        let t = TestPlan::new(
            "record over { limit: u32 }
             variant limit-error { empty, over-limit(over) }
             enum kind { bad-name } type text = string;",
        );
        let over = Value::Record(vec![Value::Uint(7)]);
        for (ty, value, message, name, json) in [
            (
                "limit-error",
                Value::Variant(0, None),
                "empty",
                "LimitError",
                "\"empty\"",
            ),
            (
                "limit-error",
                Value::Variant(1, Some(Box::new(over.clone()))),
                "over_limit",
                "LimitError",
                "{\"over_limit\":{\"limit\":7}}",
            ),
            ("kind", Value::Enum(0), "bad_name", "Kind", "\"bad_name\""),
            ("over", over, "error", "Over", "{\"limit\":7}"),
            ("text", Value::String("x".into()), "error", "Error", "\"x\""),
        ] {
            let error = ErrorType::Other(Some(t.ty(ty)));
            let status = declared_status(&package(Some("1.2.0")), &t.plan, error, Some(&value));
            assert_eq!((status.code(), status.message()), (Code::Unknown, message));
            let detail = &status.details()[0];
            assert_eq!(detail.type_name, format!("demo.user_store.v1.{name}"));
            assert_eq!(detail.value, json);
        }
        let status = declared_status(&package(None), &t.plan, ErrorType::Other(None), None);
        assert_eq!((status.message(), status.details().len()), ("error", 0));
    }

    #[test]
    fn a_declared_error_as_protobuf() {
        let wit = "package demo:user-store@1.2.0;
            interface store {
              record over { limit: u32 }
              variant limit-error { empty, over-limit(over) }
              enum kind { bad-name }
              a: func() -> result<_, limit-error>;
              b: func() -> result<_, kind>;
              c: func() -> result<_, over>;
              d: func() -> result<u32, string>;
              e: func() -> result<u32>;
            }
            world w { export store; }";
        let files = BTreeMap::from([("a.wit".to_owned(), wit.to_owned())]);
        let contract = Contract::from_wit(files, None).unwrap();
        let methods = &contract.services[0].methods;
        let over = Value::Record(vec![Value::Uint(7)]);
        let over_limit = Value::Variant(1, Some(Box::new(over.clone())));
        for (method, value, message, name, bytes) in [
            (
                0,
                Value::Variant(0, None),
                "empty",
                "LimitError",
                &b"\x0a\x00"[..],
            ),
            (
                0,
                over_limit,
                "over_limit",
                "LimitError",
                b"\x12\x02\x08\x07",
            ),
            (1, Value::Enum(0), "bad_name", "BError", b"\x08\x01"),
            (2, over, "error", "Over", b"\x08\x07"),
            (
                3,
                Value::String("x".into()),
                "error",
                "DError",
                b"\x0a\x01x",
            ),
        ] {
            let status = declared_proto_status(&contract.plan, &methods[method], Some(&value));
            assert_eq!((status.code(), status.message()), (Code::Unknown, message));
            let [detail] = status.details() else {
                panic!("{status:?}");
            };
            assert_eq!(detail.type_name, format!("demo.user_store.v1.{name}"));
            assert_eq!(detail.value, bytes);
        }
        let status = declared_proto_status(&contract.plan, &methods[4], None);
        assert_eq!((status.message(), status.details().len()), ("error", 0));
    }

    #[test]
    fn proto_packages() {
        for (version, want) in [
            (Some("1.2.3"), "demo.user_store.v1"),
            (Some("0.4.0"), "demo.user_store.v0"),
            (Some("12.0.0-rc.1"), "demo.user_store.v12"),
            (None, "demo.user_store"),
        ] {
            assert_eq!(package(version).proto(), want);
        }
        assert_eq!(package(Some("1.0.0")).to_string(), "demo:user-store@1.0.0");
        assert_eq!(package(None).to_string(), "demo:user-store");
    }

    #[test]
    fn details_as_json() {
        let any = |value: &'static [u8]| Any {
            type_name: "a.\"B".into(),
            value: Bytes::from_static(value),
        };
        let mut out = Vec::new();
        write_details(
            &[
                any(b"{\"n\":\n1}"),
                any(b"\x08\x01"),
                any(b""),
                any(b"\xff"),
            ],
            &mut out,
        );
        assert_eq!(
            String::from_utf8(out).unwrap(),
            r#"[{"type":"a.\"B","value":{"n":1}},{"type":"a.\"B","value":"CAE="},{"type":"a.\"B","value":""},{"type":"a.\"B","value":"/w=="}]"#
        );
    }
}
