//! Types of a contract as a list that JavaScript converts values along
//! (guest-sdk/javascript/src/values.js).

use std::collections::HashMap;

use heck::ToLowerCamelCase;
use ostler_wit::wit_parser::{Resolve, Type, TypeDefKind};
use serde_json::{Value, json};

use super::contract::{dealias, kind};

/// The list, and the place of each type in it.
pub(super) struct Shapes<'a> {
    resolve: &'a Resolve,
    list: Vec<Value>,
    places: HashMap<Type, usize>,
}

impl<'a> Shapes<'a> {
    pub(super) fn new(resolve: &'a Resolve) -> Self {
        Self {
            resolve,
            list: Vec::new(),
            places: HashMap::new(),
        }
    }

    /// The place of a type, added with what it is made of.
    pub(super) fn add(&mut self, ty: Type) -> usize {
        let ty = dealias(self.resolve, ty);
        if let Some(place) = self.places.get(&ty) {
            return *place;
        }
        let shape = self.shape(ty);
        self.list.push(shape);
        self.places.insert(ty, self.list.len() - 1);
        self.list.len() - 1
    }

    /// The same of what may be nothing.
    pub(super) fn add_optional(&mut self, ty: Option<Type>) -> Value {
        ty.map_or(Value::Null, |ty| self.add(ty).into())
    }

    pub(super) fn finish(self) -> Value {
        self.list.into()
    }

    fn shape(&mut self, ty: Type) -> Value {
        // Deeper than a contract may nest, this does not recurse.
        match kind(self.resolve, ty).cloned() {
            Some(TypeDefKind::List(item)) => json!({ "list": self.add(item) }),
            Some(TypeDefKind::Option(some)) if self.is_option(some) => {
                json!({ "variant": [["none", null], ["some", self.add(some)]] })
            }
            Some(TypeDefKind::Option(some)) => json!({ "option": self.add(some) }),
            Some(TypeDefKind::Tuple(tuple)) => {
                let parts: Vec<usize> = tuple.types.iter().map(|ty| self.add(*ty)).collect();
                json!({ "tuple": parts })
            }
            Some(TypeDefKind::Record(record)) => {
                let fields = record.fields.iter();
                let fields: Vec<Value> = fields
                    .map(|field| json!([field.name.to_lower_camel_case(), self.add(field.ty)]))
                    .collect();
                json!({ "record": fields })
            }
            Some(TypeDefKind::Variant(variant)) => {
                let cases = variant.cases.iter();
                let cases: Vec<Value> = cases
                    .map(|case| json!([case.name, self.add_optional(case.ty)]))
                    .collect();
                json!({ "variant": cases })
            }
            Some(TypeDefKind::Result(result)) => {
                let (ok, err) = (self.add_optional(result.ok), self.add_optional(result.err));
                json!({ "variant": [["ok", ok], ["err", err]] })
            }
            Some(_) => json!("same"),
            None => json!(primitive(ty)),
        }
    }

    fn is_option(&self, ty: Type) -> bool {
        matches!(kind(self.resolve, ty), Some(TypeDefKind::Option(_)))
    }
}

fn primitive(ty: Type) -> &'static str {
    match ty {
        Type::U8 => "u8",
        Type::S8 => "s8",
        Type::U16 => "u16",
        Type::S16 => "s16",
        Type::U32 => "u32",
        Type::S32 => "s32",
        Type::U64 => "u64",
        Type::S64 => "s64",
        Type::F32 => "f32",
        Type::F64 => "f64",
        _ => "same",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_listed_once_after_what_it_is_made_of() {
        let mut resolve = Resolve::default();
        resolve
            .push_source(
                "t.wit",
                "package t:t; interface t { type id = u64; record pair { some-id: id, maybe: option<option<id>> } }",
            )
            .unwrap();
        let pair = resolve
            .types
            .iter()
            .find(|(_, def)| def.name.as_deref() == Some("pair"));
        let mut shapes = Shapes::new(&resolve);
        assert_eq!(shapes.add(Type::Id(pair.unwrap().0)), 3);
        assert_eq!(shapes.add(Type::U64), 0);
        assert_eq!(
            shapes.finish(),
            json!([
                "u64",
                { "option": 0 },
                { "variant": [["none", null], ["some", 1]] },
                { "record": [["someId", 0], ["maybe", 2]] },
            ])
        );
    }
}
