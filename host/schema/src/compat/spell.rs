//! Types as WIT spells them.

use super::both::Both;
use crate::{Plan, Type, TypeId};

/// How deep a type is spelt out.
const DEPTH: usize = 4;

/// `option<u32>`; `nothing` where there is no type.
pub(super) fn spell(plan: &Plan, ty: Option<TypeId>) -> String {
    nested(plan, ty, DEPTH)
}

fn nested(plan: &Plan, ty: Option<TypeId>, depth: usize) -> String {
    let Some(ty) = ty else {
        return "nothing".to_owned();
    };
    let Some(depth) = depth.checked_sub(1) else {
        return "…".to_owned();
    };
    let inner = |ty: TypeId| nested(plan, Some(ty), depth);
    match &plan[ty] {
        Type::List(item) => format!("list<{}>", inner(*item)),
        Type::Option(item) => format!("option<{}>", inner(*item)),
        Type::Map(key, value) => format!("map<{}, {}>", inner(*key), inner(*value)),
        Type::Tuple(items) => {
            let items: Vec<String> = items.iter().map(|item| inner(*item)).collect();
            format!("tuple<{}>", items.join(", "))
        }
        Type::Result { ok, err } => match (ok, err) {
            (None, None) => "result".to_owned(),
            (Some(ok), None) => format!("result<{}>", inner(*ok)),
            (None, Some(err)) => format!("result<_, {}>", inner(*err)),
            (Some(ok), Some(err)) => format!("result<{}, {}>", inner(*ok), inner(*err)),
        },
        of => match name(of) {
            Some("") => "parameters".to_owned(),
            Some(name) => name.to_owned(),
            None => of.noun().to_owned(),
        },
    }
}

/// `u32 → string`; with what they are, where both have one name.
pub(super) fn change(plans: Both<&Plan>, types: Both<Option<TypeId>>) -> String {
    let pairs = plans.zip(types);
    let spelt = pairs.map(|(plan, ty)| spell(plan, ty));
    if spelt.old != spelt.new {
        return format!("{} → {}", spelt.old, spelt.new);
    }
    let full = pairs.map(|(plan, ty)| ty.map_or("", |ty| plan[ty].noun()));
    match full.old == full.new {
        true => format!("another {}", spelt.old),
        false => format!("{} {} → {} {}", full.old, spelt.old, full.new, spelt.new),
    }
}

fn name(ty: &Type) -> Option<&str> {
    Some(match ty {
        Type::Record(of) => &of.name.wit,
        Type::Variant(of) => &of.name.wit,
        Type::Enum(of) => &of.name.wit,
        Type::Flags(of) => &of.name.wit,
        _ => return None,
    })
}
