//! A plausible value of any type, for examples.

use bytes::Bytes;
use ostler_schema::{Plan, Record, Type, TypeId, Value, WellKnown};

/// A value of `ty`; a text is `name`, what the value is called.
pub(super) fn sample(plan: &Plan, ty: TypeId, name: &str) -> Value {
    match &plan[ty] {
        Type::Bool => Value::Bool(true),
        Type::U8 | Type::U16 | Type::U32 | Type::U64 => Value::Uint(1),
        Type::S8 | Type::S16 | Type::S32 | Type::S64 => Value::Int(1),
        Type::F32 | Type::F64 => Value::Float(1.5),
        Type::Char => Value::Char('a'),
        Type::String => Value::String(text(name)),
        Type::Bytes => Value::Bytes(Bytes::from_static(b"hello")),
        Type::List(item) => Value::List(vec![sample(plan, *item, name)]),
        Type::Option(inner) => Value::Option(Some(Box::new(sample(plan, *inner, name)))),
        Type::Result { ok, .. } => Value::Result(Ok(ok.map(|ok| Box::new(sample(plan, ok, name))))),
        Type::Tuple(items) => {
            Value::Record(items.iter().map(|item| sample(plan, *item, name)).collect())
        }
        Type::Record(record) => of_record(plan, record),
        Type::Variant(variant) => {
            let payload = variant.cases.first().and_then(|case| case.ty);
            Value::Variant(0, payload.map(|ty| Box::new(sample(plan, ty, name))))
        }
        Type::Enum(_) => Value::Enum(0),
        Type::Flags(_) => Value::Flags(1),
        Type::Map(key, value) => Value::Map(vec![(
            sample(plan, *key, "key"),
            sample(plan, *value, "value"),
        )]),
    }
}

fn of_record(plan: &Plan, record: &Record) -> Value {
    if let Some(known) = record.well_known {
        return Value::Record(of_well_known(known));
    }
    let fields = record.fields.iter().map(|field| {
        let default = field.default.clone();
        default.unwrap_or_else(|| sample(plan, field.ty, &field.name.plain))
    });
    Value::Record(fields.collect())
}

fn of_well_known(known: WellKnown) -> Vec<Value> {
    match known {
        // 2025-01-01T00:00:00Z.
        WellKnown::Timestamp => vec![Value::Int(1_735_689_600), Value::Int(0)],
        WellKnown::Duration => vec![Value::Int(1), Value::Int(0)],
        WellKnown::Any => vec![
            Value::String("google.protobuf.Empty".to_owned()),
            Value::Bytes(Bytes::new()),
        ],
        WellKnown::FieldMask => vec![Value::List(vec![Value::String("name".to_owned())])],
        WellKnown::Struct => vec![Value::String("{}".to_owned())],
    }
}

fn text(name: &str) -> String {
    let name = if name.is_empty() { "text" } else { name };
    name.to_owned()
}
