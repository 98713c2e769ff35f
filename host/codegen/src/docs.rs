//! The doc comments of a contract, by the names that protobuf gives what they
//! are on.

use std::collections::BTreeMap;

use ostler_schema::proto::{AboutType, FieldLayout, Layout, MessageLayout, Shape, Slot};
use ostler_schema::{Contract, Plan, Type, TypeId};
use ostler_wit::{Package, TypeDocs};

/// Docs by full name: `demo.users.v1.User`, `demo.users.v1.User.age`,
/// `demo.users.v1.Role.ROLE_ADMIN`, `demo.users.v1.Users.GetUser`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Docs(BTreeMap<String, String>);

impl Docs {
    pub(crate) fn new(contract: &Contract) -> Self {
        let mut docs = Self::default();
        for service in &contract.services {
            docs.add(&service.proto, "", &service.docs);
            for method in &service.methods {
                docs.add(&service.proto, &method.proto, &method.docs);
            }
        }
        let types = Package::from_files(contract.wit.clone());
        // WIT printed from a component is of no author, and has no docs.
        for of in types.iter().flat_map(Package::type_docs) {
            docs.of_type(contract, &of);
        }
        docs
    }

    /// The docs on what has that name; empty when there are none.
    pub(crate) fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    fn add(&mut self, name: &str, member: &str, text: &str) {
        let name = match member {
            "" => name.to_owned(),
            member => format!("{name}.{member}"),
        };
        if !text.is_empty() {
            self.0.insert(name, text.to_owned());
        }
    }

    fn of_type(&mut self, contract: &Contract, of: &TypeDocs) {
        let layout = contract.plan.proto();
        for message in layout.messages() {
            if is_of(about(layout, &message.full_name), of) {
                self.add(&message.full_name, "", &of.docs);
                self.of_oneofs(contract, message, of);
                for field in &*message.fields {
                    let name = member(&contract.plan, message, field);
                    let text = name.and_then(|name| of.members.get(name));
                    self.add(
                        &message.full_name,
                        &field.name,
                        text.map_or("", String::as_str),
                    );
                }
            }
            self.of_inline(contract, message, of);
        }
        for values in layout.enums() {
            let Some(about) =
                about(layout, &values.full_name).filter(|about| is_of(Some(about), of))
            else {
                continue;
            };
            self.add(&values.full_name, "", &of.docs);
            for value in &*values.values {
                let case = value.case.and_then(|case| about.cases.get(case as usize));
                let text = case.and_then(|case| of.members.get(case));
                self.add(
                    &values.full_name,
                    &value.name,
                    text.map_or("", String::as_str),
                );
            }
        }
    }

    /// Fields that are oneofs.
    fn of_oneofs(&mut self, contract: &Contract, message: &MessageLayout, of: &TypeDocs) {
        let about = about(contract.plan.proto(), &message.full_name);
        for (place, name) in about.iter().flat_map(|about| &about.oneofs) {
            let field = place.and_then(|place| record_field(&contract.plan, message, place));
            let text = field.and_then(|(field, _)| of.members.get(field));
            self.add(&message.full_name, name, text.map_or("", String::as_str));
        }
    }

    /// Cases that are fields of the record their variant is in.
    fn of_inline(&mut self, contract: &Contract, message: &MessageLayout, of: &TypeDocs) {
        let plan = &contract.plan;
        for field in &*message.fields {
            let Slot::Oneof { place, case, .. } = field.slot else {
                continue;
            };
            let variant = record_field(plan, message, place).map(|(_, ty)| unwrapped(plan, ty));
            let Some(variant) = variant else { continue };
            let is_it = plan.origin(variant).is_some_and(|origin| {
                *origin.name == *of.name
                    && *origin.interface == *of.interface
                    && origin.package.to_string() == of.package.to_string()
            });
            if is_it && let Some(name) = case_name(plan, variant, case) {
                let text = of.members.get(name);
                self.add(
                    &message.full_name,
                    &field.name,
                    text.map_or("", String::as_str),
                );
            }
        }
    }
}

fn about<'a>(layout: &'a Layout, full_name: &str) -> Option<&'a AboutType> {
    layout.about().types.get(full_name)
}

/// Whether a message or enum is of that type of WIT.
fn is_of(about: Option<&AboutType>, of: &TypeDocs) -> bool {
    let place = format!("{}.{}", of.interface, of.name);
    let package = &of.package;
    let unversioned = format!("{}:{}", package.namespace, package.name);
    about.is_some_and(|about| {
        about.path == format!("{unversioned}/{place}") || about.path == format!("{package}/{place}")
    })
}

/// What WIT calls a field of a record, or a case of a variant.
fn member<'a>(plan: &'a Plan, message: &MessageLayout, field: &FieldLayout) -> Option<&'a str> {
    match (message.shape, field.slot) {
        (Shape::Record(_), Slot::Place(place)) => Some(record_field(plan, message, place)?.0),
        (Shape::Variant(ty), Slot::Case(case)) => case_name(plan, ty, case),
        _ => None,
    }
}

fn record_field<'a>(
    plan: &'a Plan,
    message: &MessageLayout,
    place: u32,
) -> Option<(&'a str, TypeId)> {
    let Shape::Record(ty) = message.shape else {
        return None;
    };
    let Type::Record(record) = &plan[ty] else {
        return None;
    };
    let field = record.fields.get(place as usize)?;
    Some((&field.name.wit, field.ty))
}

fn unwrapped(plan: &Plan, ty: TypeId) -> TypeId {
    match plan[ty] {
        Type::Option(inner) => inner,
        _ => ty,
    }
}

fn case_name(plan: &Plan, ty: TypeId, case: u32) -> Option<&str> {
    let Type::Variant(of) = &plan[ty] else {
        return None;
    };
    Some(&of.cases.get(case as usize)?.name.wit)
}
