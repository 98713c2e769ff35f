//! A lock with everything that a contract has now.

use std::collections::{BTreeMap, BTreeSet};

use super::{EnumLock, FieldLock, Lock, MessageLock, Pinned, Reserved};
use crate::proto::names::value_name;
use crate::proto::{AboutType, EnumLayout, MessageLayout, Shape, Slot};
use crate::{Contract, ContractError, Plan, Type, TypeId};

/// The lock of a contract, extended by what it does not have yet: nothing gets
/// another number or name, and what was removed is reserved. A contract
/// without a lock gets its first.
///
/// # Errors
/// [`ContractError`] when the contract's lock is damaged.
pub fn extend_lock(contract: &Contract) -> Result<String, ContractError> {
    let mut lock = Lock::read(contract.lock.as_deref())?;
    let layout = contract.plan.proto();
    for message in layout.messages() {
        // Those of protobuf are as they are, and any number of methods has the
        // same one, so the name says nothing of whose it is.
        if message.full_name.starts_with("google.protobuf.") {
            continue;
        }
        let about = layout.about.types.get(&message.full_name);
        if let Some(about) = about.filter(|about| !about.anonymous) {
            let of = lock.messages.entry(about.path.clone()).or_default();
            extend_message(of, &contract.plan, message, about);
        }
    }
    for of in layout.enums() {
        if let Some(about) = layout.about.types.get(&of.full_name) {
            let entry = lock.enums.entry(about.path.clone()).or_default();
            extend_enum(entry, of, about);
        }
    }
    Ok(lock.write())
}

fn extend_message(lock: &mut MessageLock, plan: &Plan, message: &MessageLayout, about: &AboutType) {
    keep_name(&mut lock.name, &message.full_name, about);
    let mut kept = BTreeSet::new();
    for field in &*message.fields {
        let Some((oneof, name)) = wit_names(plan, message.shape, field.slot) else {
            // A wrapper's field is as it always was.
            continue;
        };
        let fields = match oneof {
            Some(of) => &mut lock.oneofs.entry(of.to_owned()).or_default().fields,
            None => &mut lock.fields,
        };
        fields.entry(name.to_owned()).or_default().number = Some(field.number);
        kept.insert((oneof, name));
    }
    if matches!(message.shape, Shape::Wrapper(_)) {
        return;
    }
    let MessageLock {
        fields,
        oneofs,
        reserved,
        ..
    } = lock;
    reserve(fields, reserved, |name| kept.contains(&(None, name)));
    for (of, oneof) in &mut *oneofs {
        reserve(&mut oneof.fields, reserved, |name| {
            kept.contains(&(Some(of), name))
        });
    }
    oneofs.retain(|_, oneof| !oneof.fields.is_empty());
    let names = message.fields.iter().map(|field| &*field.name);
    tidy(reserved, &names.collect());
}

/// The field of a record that is a oneof, if one is, and the field or case.
fn wit_names(plan: &Plan, shape: Shape, slot: Slot) -> Option<(Option<&str>, &str)> {
    match (shape, slot) {
        (Shape::Record(ty), Slot::Place(place)) => Some((None, field(plan, ty, place)?.0)),
        (Shape::Record(ty), Slot::Oneof { place, case, .. }) => {
            let (of, inner) = field(plan, ty, place)?;
            let inner = match plan[inner] {
                Type::Option(inner) => inner,
                _ => inner,
            };
            Some((Some(of), self::case(plan, inner, case)?))
        }
        (Shape::Variant(ty), Slot::Case(case)) => Some((None, self::case(plan, ty, case)?)),
        _ => None,
    }
}

fn field(plan: &Plan, ty: TypeId, place: u32) -> Option<(&str, TypeId)> {
    let Type::Record(record) = &plan[ty] else {
        return None;
    };
    let field = record.fields.get(place as usize)?;
    Some((&field.name.wit, field.ty))
}

fn case(plan: &Plan, ty: TypeId, case: u32) -> Option<&str> {
    let Type::Variant(of) = &plan[ty] else {
        return None;
    };
    Some(&of.cases.get(case as usize)?.name.wit)
}

fn extend_enum(lock: &mut EnumLock, of: &EnumLayout, about: &AboutType) {
    keep_name(&mut lock.name, &of.full_name, about);
    for value in &*of.values {
        let case = value.case.and_then(|case| about.cases.get(case as usize));
        if let Some(case) = case {
            lock.values.entry(case.clone()).or_default().number = Some(value.number);
        }
    }
    let short = of.full_name.rsplit('.').next().unwrap_or_default();
    let EnumLock {
        values, reserved, ..
    } = lock;
    values.retain(|case, value| {
        let kept = about.cases.contains(case);
        if !kept {
            reserved
                .numbers
                .extend(value.number.map(|number| (number, number)));
            let name = value.name.take();
            reserved
                .names
                .push(name.unwrap_or_else(|| value_name(short, case)));
        }
        kept
    });
    let names = of.values.iter().map(|value| &*value.name);
    tidy(reserved, &names.collect());
}

/// Messages keep their names, whatever other types come beside them.
fn keep_name(name: &mut Option<Pinned>, full_name: &str, about: &AboutType) {
    let local = full_name.strip_prefix(&*about.package).unwrap_or(full_name);
    name.get_or_insert_with(|| Pinned::Short(local.trim_start_matches('.').to_owned()));
}

fn reserve(
    fields: &mut BTreeMap<String, FieldLock>,
    reserved: &mut Reserved,
    is_kept: impl Fn(&str) -> bool,
) {
    fields.retain(|wit, field| {
        let kept = is_kept(wit);
        if !kept {
            let number = field.number.and_then(|number| i32::try_from(number).ok());
            reserved
                .numbers
                .extend(number.map(|number| (number, number)));
            let name = field.name.take();
            reserved
                .names
                .push(name.unwrap_or_else(|| wit.replace('-', "_")));
        }
        kept
    });
}

/// In order; a name that is in use again is not reserved.
fn tidy(reserved: &mut Reserved, used: &BTreeSet<&str>) {
    let Reserved { numbers, mut names } = std::mem::take(reserved);
    names.retain(|name| !used.contains(&**name));
    *reserved = Reserved::new(numbers, names);
}
