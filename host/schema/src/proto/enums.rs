//! Enums and flags.

use std::collections::BTreeMap;

use super::lock::EnumLock;
use super::names::{upper_camel, upper_snake, value_name};
use super::numbers::Numbers;
use super::{EnumLayout, EnumValue};
use crate::ContractError;

/// A case of this name is the enum's zero, which else is added.
const UNSPECIFIED: &str = "unspecified";

/// The names of an enum's values.
pub(super) struct ValueNames {
    /// By case.
    pub(super) cases: Vec<String>,
    /// Of the zero, if no case is it.
    pub(super) zero: Option<String>,
}

/// The names of the values of enum `name`, in its prefix unless the lock says
/// otherwise.
pub(super) fn value_names(name: &str, cases: &[&str], lock: Option<&EnumLock>) -> ValueNames {
    let of = |case: &&str| {
        let pinned = lock.and_then(|lock| lock.values.get(*case)?.name.clone());
        pinned.unwrap_or_else(|| value_name(name, case))
    };
    let has_zero = zero_case(cases, lock).is_some();
    let zero = lock.and_then(|lock| lock.zero.clone());
    let zero = zero.unwrap_or_else(|| value_name(name, UNSPECIFIED));
    ValueNames {
        cases: cases.iter().map(of).collect(),
        zero: (!has_zero).then_some(zero),
    }
}

/// The case that is number 0.
fn zero_case(cases: &[&str], lock: Option<&EnumLock>) -> Option<usize> {
    cases.iter().position(|case| {
        let number = lock.and_then(|lock| lock.values.get(*case)?.number);
        match number {
            Some(number) => number == 0,
            None => *case == UNSPECIFIED,
        }
    })
}

/// The layout of an enum or of flags with these cases.
pub(super) fn layout(
    full_name: &str,
    cases: &[&str],
    lock: Option<&EnumLock>,
) -> Result<EnumLayout, ContractError> {
    let name = full_name.rsplit('.').next().unwrap_or(full_name);
    let names = value_names(name, cases, lock);
    let numbers = numbers(cases, lock);
    let value = |number, name: String, case| EnumValue {
        number,
        name: name.into(),
        case,
    };
    let zero = names.zero.map(|name| value(0, name, None));
    let cases = (0_u32..).zip(names.cases).zip(numbers);
    let cases = cases.map(|((case, name), number)| value(number, name, Some(case)));
    let layout = EnumLayout::new(full_name, zero.into_iter().chain(cases).collect());
    check_names(name, &layout.values)?;
    Ok(layout)
}

/// A number for each case: the lock's, else the next that nothing has or had.
fn numbers(cases: &[&str], lock: Option<&EnumLock>) -> Vec<i32> {
    let locked = |case: &str| lock.and_then(|lock| lock.values.get(case)?.number);
    let values = lock.iter().flat_map(|lock| lock.values.values());
    let used = values.filter_map(|value| value.number);
    let mut fresh = Numbers::of_values(used, lock.map(|lock| &lock.reserved));
    let zero = zero_case(cases, lock);
    let number = |(place, case): (usize, &&str)| match locked(case) {
        Some(number) => number,
        None if zero == Some(place) => 0,
        None => fresh.next(),
    };
    cases.iter().enumerate().map(number).collect()
}

/// Protobuf's compiler refuses values that are alike without case and prefix.
fn check_names(name: &str, values: &[EnumValue]) -> Result<(), ContractError> {
    let prefix = upper_snake(name).replace('_', "");
    let mut seen = BTreeMap::new();
    for EnumValue { name: value, .. } in values {
        let bare = upper_camel(&value.to_ascii_lowercase()).to_ascii_uppercase();
        let bare = match bare.strip_prefix(&prefix) {
            Some(rest) if !rest.is_empty() => rest.to_owned(),
            _ => bare,
        };
        if let Some(other) = seen.insert(bare, value) {
            return Err(ContractError::new(
                format!("values {other} and {value} are the same to protobuf"),
                "rename a case, or give its value another name in ostler.lock",
            ));
        }
    }
    Ok(())
}
