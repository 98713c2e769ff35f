//! Whether what is left in a component is what its author's WIT says.

use std::collections::HashSet;

use ostler_wit::ErrorKind;

use super::ContractError;
use super::component::Signature;
use super::resources::Resource;
use crate::types::{Arena, TypeError, Types};
use crate::{Name, Plan, Type, TypeId};

/// One side's types and the arena they go to.
pub(super) struct Side<'s, 'a> {
    pub(super) types: &'s mut Types<'a>,
    pub(super) arena: &'s mut Arena,
}

impl Side<'_, '_> {
    fn add(&mut self, ty: &wit_parser::Type) -> Result<TypeId, TypeError> {
        self.types.add(self.arena, ty)
    }
}

/// Both sides of a comparison.
pub(super) struct Pair<'s, 'a, 'c> {
    /// What the embedded WIT says.
    pub(super) author: Side<'s, 'a>,
    /// What the component says.
    pub(super) seen: Side<'s, 'c>,
}

/// Compares one function.
pub(super) fn function(
    mut pair: Pair<'_, '_, '_>,
    wit: &ostler_wit::Function,
    component: &Signature,
    resources: &[Resource],
) -> Result<(), ContractError> {
    let streams = |input: bool, output: bool| match (input, output) {
        (false, false) => "unary",
        (false, true) => "server streaming",
        (true, false) => "client streaming",
        (true, true) => "bidirectional",
    };
    let wit_pattern = streams(wit.input.is_some(), wit.output.is_some());
    let component_pattern = streams(component.input.is_some(), component.output.is_some());
    if wit_pattern != component_pattern {
        return Err(differ(format!(
            "the embedded WIT says {wit_pattern}, the component {component_pattern}"
        )));
    }
    let item = |index: Option<usize>| index.and_then(|index| resources[index].item());
    // A resource without methods says nothing that could differ.
    if let (Some((name, wit)), Some(item)) = (&wit.input, item(component.input)) {
        pair.same(&format!("items of {name}"), Some(*wit), Some(item))?;
    }
    if let (Some(wit), Some(item)) = (wit.output, item(component.output)) {
        pair.same("items of the reply", Some(wit), Some(item))?;
    }
    params(&mut pair, wit, component)?;
    pair.same("result", wit.result, component.result)?;
    match (wit.error, component.error) {
        (ErrorKind::None, ErrorKind::None) => Ok(()),
        (ErrorKind::Status(wit), ErrorKind::Status(component)) => {
            pair.same("error", Some(wit), Some(component))
        }
        (ErrorKind::Other(wit), ErrorKind::Other(component)) => pair.same("error", wit, component),
        _ => Err(differ(
            "the error is another in the embedded WIT than in the component",
        )),
    }
}

fn params(
    pair: &mut Pair<'_, '_, '_>,
    wit: &ostler_wit::Function,
    component: &Signature,
) -> Result<(), ContractError> {
    let names = |params: &[(String, wit_parser::Type)]| {
        params
            .iter()
            .map(|(name, _)| name.clone())
            .collect::<Vec<_>>()
    };
    let (wit_names, component_names) = (names(&wit.params), names(&component.params));
    if wit_names != component_names {
        return Err(differ(format!(
            "the parameters are ({}) in the embedded WIT and ({}) in the component",
            wit_names.join(", "),
            component_names.join(", ")
        )));
    }
    for ((name, wit), (_, component)) in wit.params.iter().zip(&component.params) {
        pair.same(&format!("parameter {name}"), Some(*wit), Some(*component))?;
    }
    Ok(())
}

fn differ(problem: impl Into<String>) -> ContractError {
    ContractError::new(problem, "build the component again from the WIT it embeds")
}

impl Pair<'_, '_, '_> {
    fn same(
        &mut self,
        place: &str,
        wit: Option<wit_parser::Type>,
        component: Option<wit_parser::Type>,
    ) -> Result<(), ContractError> {
        let (wit, component) = match (wit, component) {
            (None, None) => return Ok(()),
            (Some(wit), Some(component)) => (wit, component),
            _ => {
                return Err(differ(format!(
                    "the {place} is there in only one of the embedded WIT and the component"
                )));
            }
        };
        let within = |error: TypeError| ContractError::from(error).within(place);
        let wit = self.author.add(&wit).map_err(within)?;
        let component = self.seen.add(&component).map_err(within)?;
        match difference(
            &self.author.arena.plan,
            wit,
            &self.seen.arena.plan,
            component,
        ) {
            None => Ok(()),
            Some(text) => Err(differ(text).within(place)),
        }
    }
}

/// Where two types differ, in structure and in names of fields and cases; the
/// first is the author's. The names of the types themselves do not count.
pub(super) fn difference(a: &Plan, x: TypeId, b: &Plan, y: TypeId) -> Option<String> {
    let mut compare = Compare {
        a,
        b,
        same: HashSet::new(),
    };
    compare.types(x, y)
}

struct Compare<'a> {
    a: &'a Plan,
    b: &'a Plan,
    /// Pairs already compared, so that shared parts are compared once.
    same: HashSet<(TypeId, TypeId)>,
}

impl Compare<'_> {
    fn types(&mut self, x: TypeId, y: TypeId) -> Option<String> {
        if !self.same.insert((x, y)) {
            return None;
        }
        match (&self.a[x], &self.b[y]) {
            (Type::List(x), Type::List(y)) => self.part("items", *x, *y),
            (Type::Option(x), Type::Option(y)) => self.types(*x, *y),
            (Type::Map(xk, xv), Type::Map(yk, yv)) => self
                .part("key", *xk, *yk)
                .or_else(|| self.part("value", *xv, *yv)),
            (Type::Result { ok: xo, err: xe }, Type::Result { ok: yo, err: ye }) => self
                .optional("ok", *xo, *yo)
                .or_else(|| self.optional("err", *xe, *ye)),
            (Type::Tuple(x), Type::Tuple(y)) if x.len() == y.len() => x
                .iter()
                .zip(y)
                .enumerate()
                .find_map(|(i, (x, y))| self.part(&i.to_string(), *x, *y)),
            (Type::Record(x), Type::Record(y)) => {
                let names = x.fields.iter().map(|field| &field.name);
                self.names("field", names, y.fields.iter().map(|field| &field.name))
                    .or_else(|| {
                        x.fields
                            .iter()
                            .zip(&y.fields)
                            .find_map(|(x, y)| self.part(&x.name.wit, x.ty, y.ty))
                    })
            }
            (Type::Variant(x), Type::Variant(y)) => {
                let names = x.cases.iter().map(|case| &case.name);
                self.names("case", names, y.cases.iter().map(|case| &case.name))
                    .or_else(|| {
                        x.cases
                            .iter()
                            .zip(&y.cases)
                            .find_map(|(x, y)| self.optional(&x.name.wit, x.ty, y.ty))
                    })
            }
            (Type::Enum(x), Type::Enum(y)) => self.names("case", x.cases.iter(), y.cases.iter()),
            (Type::Flags(x), Type::Flags(y)) => self.names("flag", x.flags.iter(), y.flags.iter()),
            (x, y) if x.noun() == y.noun() && !matches!(x, Type::Tuple(_)) => None,
            (x, y) => Some(format!(
                "{} in the embedded WIT, {} in the component",
                x.noun(),
                y.noun()
            )),
        }
    }

    fn part(&mut self, step: &str, x: TypeId, y: TypeId) -> Option<String> {
        self.types(x, y).map(|text| match text.split_once(": ") {
            Some((path, rest)) => format!("{step}.{path}: {rest}"),
            None => format!("{step}: {text}"),
        })
    }

    fn optional(&mut self, step: &str, x: Option<TypeId>, y: Option<TypeId>) -> Option<String> {
        match (x, y) {
            (None, None) => None,
            (Some(x), Some(y)) => self.part(step, x, y),
            (Some(_), None) => Some(format!("{step}: has a value only in the embedded WIT")),
            (None, Some(_)) => Some(format!("{step}: has a value only in the component")),
        }
    }

    fn names<'n>(
        &self,
        what: &str,
        x: impl Iterator<Item = &'n Name>,
        y: impl Iterator<Item = &'n Name>,
    ) -> Option<String> {
        let (x, y): (Vec<_>, Vec<_>) = (x.map(|n| &*n.wit).collect(), y.map(|n| &*n.wit).collect());
        if x == y {
            return None;
        }
        Some(
            match (
                x.iter().find(|n| !y.contains(n)),
                y.iter().find(|n| !x.contains(n)),
            ) {
                (Some(name), _) => format!("{name}: a {what} only in the embedded WIT"),
                (_, Some(name)) => format!("{name}: a {what} only in the component"),
                (None, None) => format!("the {what}s are in another order"),
            },
        )
    }
}
