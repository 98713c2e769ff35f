//! The doc comments of types, which components do not keep.

use std::collections::BTreeMap;

use wit_parser::{PackageName, Resolve, Span, TypeDef, TypeDefKind, TypeOwner};

use crate::docs::Comments;

/// The docs of one type and of its parts.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TypeDocs {
    /// The package that declares it.
    pub package: PackageName,
    /// The interface in it.
    pub interface: String,
    /// Its name.
    pub name: String,
    /// Its doc comment.
    pub docs: String,
    /// Those of its fields, cases or flags that have one.
    pub members: BTreeMap<String, String>,
}

/// The docs of every type that has any.
pub(crate) fn of_types(resolve: &Resolve, files: &BTreeMap<String, String>) -> Vec<TypeDocs> {
    let mut reader = Reader {
        resolve,
        files,
        comments: BTreeMap::new(),
    };
    let types = resolve.types.iter().filter_map(|(_, def)| reader.of(def));
    types.collect()
}

struct Reader<'a> {
    resolve: &'a Resolve,
    files: &'a BTreeMap<String, String>,
    /// By file: a text is cut into tokens once.
    comments: BTreeMap<&'a str, Comments<'a>>,
}

impl Reader<'_> {
    fn of(&mut self, def: &TypeDef) -> Option<TypeDocs> {
        let TypeOwner::Interface(owner) = def.owner else {
            return None;
        };
        let interface = &self.resolve.interfaces[owner];
        let mut members = BTreeMap::new();
        for (name, span) in parts(def) {
            let docs = self.docs(span);
            if !docs.is_empty() {
                members.insert(name.to_owned(), docs);
            }
        }
        let docs = self.docs(def.span);
        let has_any = !docs.is_empty() || !members.is_empty();
        has_any.then_some(TypeDocs {
            package: self.resolve.packages[interface.package?].name.clone(),
            interface: interface.name.clone()?,
            name: def.name.clone()?,
            docs,
            members,
        })
    }

    fn docs(&mut self, span: Span) -> String {
        let Some(location) = self.resolve.source_map.resolve_span(span) else {
            return String::new();
        };
        let Some((path, text)) = self.files.get_key_value(location.path) else {
            return String::new();
        };
        let comments = self.comments.entry(path);
        let comments = comments.or_insert_with(|| Comments::new(text));
        comments.above(location.range.start).text
    }
}

/// Fields, cases and flags, and where they are named.
fn parts(def: &TypeDef) -> Vec<(&str, Span)> {
    match &def.kind {
        TypeDefKind::Record(of) => of.fields.iter().map(|f| (&*f.name, f.span)).collect(),
        TypeDefKind::Variant(of) => of.cases.iter().map(|c| (&*c.name, c.span)).collect(),
        TypeDefKind::Enum(of) => of.cases.iter().map(|c| (&*c.name, c.span)).collect(),
        TypeDefKind::Flags(of) => of.flags.iter().map(|f| (&*f.name, f.span)).collect(),
        _ => Vec::new(),
    }
}
