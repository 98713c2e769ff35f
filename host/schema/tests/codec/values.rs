//! Random values of the types of a plan.

use bytes::Bytes;
use ostler_schema::{Plan, Type, TypeId, Value, WellKnown};
use proptest::collection::vec;
use proptest::prelude::*;

/// A value of that type.
pub(crate) fn value(plan: &Plan, ty: TypeId) -> BoxedStrategy<Value> {
    match &plan[ty] {
        Type::List(item) => vec(value(plan, *item), 0..4).prop_map(Value::List).boxed(),
        Type::Option(inner) => prop::option::of(value(plan, *inner))
            .prop_map(|value| Value::Option(value.map(Box::new)))
            .boxed(),
        Type::Result { ok, err } => {
            let ok = payload(plan, *ok).prop_map(|value| Value::Result(Ok(value)));
            let err = payload(plan, *err).prop_map(|value| Value::Result(Err(value)));
            prop_oneof![ok, err].boxed()
        }
        Type::Tuple(items) => record(items.iter().map(|item| value(plan, *item)).collect()),
        Type::Record(of) => match of.well_known {
            Some(known) => well_known(known),
            None => record(of.fields.iter().map(|f| value(plan, f.ty)).collect()),
        },
        Type::Variant(of) => {
            let cases = (0..).zip(&*of.cases).map(|(place, case)| {
                let payload = payload(plan, case.ty);
                payload
                    .prop_map(move |payload| Value::Variant(place, payload))
                    .boxed()
            });
            proptest::strategy::Union::new(cases).boxed()
        }
        Type::Map(key, of) => vec((value(plan, *key), value(plan, *of)), 0..4)
            .prop_map(|entries| Value::Map(unique(entries)))
            .boxed(),
        leaf => self::leaf(leaf),
    }
}

fn record(fields: Vec<BoxedStrategy<Value>>) -> BoxedStrategy<Value> {
    fields.prop_map(Value::Record).boxed()
}

fn payload(plan: &Plan, ty: Option<TypeId>) -> BoxedStrategy<Option<Box<Value>>> {
    match ty {
        Some(ty) => value(plan, ty)
            .prop_map(|value| Some(Box::new(value)))
            .boxed(),
        None => Just(None).boxed(),
    }
}

fn unique(entries: Vec<(Value, Value)>) -> Vec<(Value, Value)> {
    let mut unique: Vec<(Value, Value)> = Vec::new();
    for (key, value) in entries {
        if unique.iter().all(|(k, _)| *k != key) {
            unique.push((key, value));
        }
    }
    unique
}

/// Zeros are as likely as anything else: they are what wires leave out.
fn leaf(ty: &Type) -> BoxedStrategy<Value> {
    fn or_zero<T: Clone + std::fmt::Debug + 'static>(
        zero: T,
        any: impl Strategy<Value = T> + 'static,
    ) -> impl Strategy<Value = T> {
        prop_oneof![1 => Just(zero), 3 => any]
    }
    let uint = |max: u64| or_zero(0, 0..=max).prop_map(Value::Uint).boxed();
    let int = |min: i64, max: i64| or_zero(0, min..=max).prop_map(Value::Int).boxed();
    match ty {
        Type::Bool => any::<bool>().prop_map(Value::Bool).boxed(),
        Type::U8 => uint(u8::MAX.into()),
        Type::U16 => uint(u16::MAX.into()),
        Type::U32 => uint(u32::MAX.into()),
        Type::U64 => uint(u64::MAX),
        Type::S8 => int(i8::MIN.into(), i8::MAX.into()),
        Type::S16 => int(i16::MIN.into(), i16::MAX.into()),
        Type::S32 => int(i32::MIN.into(), i32::MAX.into()),
        Type::S64 => int(i64::MIN, i64::MAX),
        Type::F32 | Type::F64 => float().prop_map(Value::Float).boxed(),
        Type::Char => any::<char>().prop_map(Value::Char).boxed(),
        Type::String => or_zero(String::new(), any::<String>())
            .prop_map(Value::String)
            .boxed(),
        Type::Bytes => vec(any::<u8>(), 0..50)
            .prop_map(|bytes| Value::Bytes(Bytes::from(bytes)))
            .boxed(),
        Type::Enum(of) => (0..of.cases.len() as u32).prop_map(Value::Enum).boxed(),
        Type::Flags(of) => {
            let unused = 32 - of.flags.len() as u32;
            or_zero(0, 0..=u32::MAX >> unused)
                .prop_map(Value::Flags)
                .boxed()
        }
        other => panic!("{other:?} is no leaf"),
    }
}

/// Numbers that any reader of JSON reads exactly; the tests of the plain
/// profile have all.
fn float() -> impl Strategy<Value = f64> {
    prop_oneof![
        1 => Just(0.0),
        1 => prop::sample::select(vec![-0.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY]),
        3 => any::<i16>().prop_map(|number| f64::from(number) / 64.0),
    ]
}

fn well_known(known: WellKnown) -> BoxedStrategy<Value> {
    let text = |text: &str| Value::String(text.to_owned());
    let seconds = |range| (range, 0..1_000_000_000_i64);
    let pair = |(seconds, nanos)| Value::Record(vec![Value::Int(seconds), Value::Int(nanos)]);
    match known {
        WellKnown::Timestamp => seconds(-62_135_596_800..=253_402_300_799_i64)
            .prop_map(pair)
            .boxed(),
        WellKnown::Duration => (seconds(0..=315_575_999_999_i64), any::<bool>())
            .prop_map(move |((s, n), negative)| {
                if negative {
                    pair((-s, -n))
                } else {
                    pair((s, n))
                }
            })
            .boxed(),
        // Messages that every random contract has.
        WellKnown::Any => prop::sample::select(vec![
            ("google.protobuf.Timestamp", &b""[..]),
            ("google.protobuf.Timestamp", b"\x08\x01"),
            ("a.b.SeenRequest", b"\x0a\x00"),
            ("a.b.SeenRequest", b"\x0a\x02\x08\x01"),
        ])
        .prop_map(move |(name, value)| {
            Value::Record(vec![text(name), Value::Bytes(Bytes::from_static(value))])
        })
        .boxed(),
        WellKnown::FieldMask => vec(prop::sample::select(vec!["a", "a.b_c", "x1.yz"]), 0..3)
            .prop_map(move |paths| {
                let paths = paths.into_iter().map(text).collect();
                Value::Record(vec![Value::List(paths)])
            })
            .boxed(),
        WellKnown::Struct => prop::sample::select(vec![
            "{}",
            r#"{"a":null}"#,
            r#"{"b":[1,-0.5,true,"\"é\n",{"c":[]},[{}]],"":false}"#,
        ])
        .prop_map(move |json| Value::Record(vec![text(json)]))
        .boxed(),
    }
}

/// A value as text in which maps and structs have one order, and NaN is equal
/// to itself.
pub(crate) fn shown(plan: &Plan, ty: TypeId, value: &Value) -> String {
    let mut value = value.clone();
    sort(plan, ty, &mut value);
    format!("{value:?}")
}

fn sort(plan: &Plan, ty: TypeId, value: &mut Value) {
    match (&plan[ty], value) {
        (Type::Map(_, of), Value::Map(entries)) => {
            entries
                .iter_mut()
                .for_each(|(_, value)| sort(plan, *of, value));
            entries.sort_by_cached_key(|(key, _)| format!("{key:?}"));
        }
        (Type::List(item), Value::List(items)) => {
            items.iter_mut().for_each(|value| sort(plan, *item, value));
        }
        (Type::Option(inner), Value::Option(Some(value))) => sort(plan, *inner, value),
        (Type::Tuple(types), Value::Record(values)) => {
            types
                .iter()
                .zip(values)
                .for_each(|(ty, value)| sort(plan, *ty, value));
        }
        (Type::Record(of), Value::Record(values)) => match (of.well_known, &mut values[..]) {
            (Some(WellKnown::Struct), [Value::String(json)]) => *json = sorted_json(json),
            (Some(_), _) => {}
            (None, values) => (of.fields.iter().zip(values))
                .for_each(|(field, value)| sort(plan, field.ty, value)),
        },
        (Type::Variant(of), Value::Variant(case, Some(payload))) => {
            let ty = of.cases[*case as usize].ty;
            ty.into_iter().for_each(|ty| sort(plan, ty, payload));
        }
        (Type::Result { ok, .. }, Value::Result(Ok(Some(payload)))) => {
            ok.iter().for_each(|ty| sort(plan, *ty, payload));
        }
        (Type::Result { err, .. }, Value::Result(Err(Some(payload)))) => {
            err.iter().for_each(|ty| sort(plan, *ty, payload));
        }
        _ => {}
    }
}

/// The text of an object with sorted keys, and numbers as doubles.
fn sorted_json(json: &str) -> String {
    fn doubles(json: &mut serde_json::Value) {
        match json {
            serde_json::Value::Number(number) => *json = number.as_f64().into(),
            serde_json::Value::Array(items) => items.iter_mut().for_each(doubles),
            serde_json::Value::Object(fields) => {
                fields.values_mut().for_each(doubles);
                fields.sort_keys();
            }
            _ => {}
        }
    }
    let mut json = serde_json::from_str(json).unwrap_or_else(|e| panic!("{e} in {json}"));
    doubles(&mut json);
    json.to_string()
}
