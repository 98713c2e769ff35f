//! Random WIT.

use std::collections::BTreeMap;

use ostler_schema::{Contract, MessageType};
use proptest::collection::vec;
use proptest::prelude::*;

/// A type where it is used.
#[derive(Clone, Debug)]
enum Use {
    Plain(&'static str),
    /// One of the types defined before, by any number.
    Named(usize),
    List(Box<Self>),
    Option(Box<Self>),
    Tuple(Vec<Self>),
    Result(Option<Box<Self>>, Option<Box<Self>>),
    Map(&'static str, Box<Self>),
}

/// A type with a name.
#[derive(Clone, Debug)]
enum Definition {
    Record(Vec<Use>),
    Variant(Vec<Option<Use>>),
    Enum(usize),
    Flags(usize),
}

const PLAIN: &[&str] = &[
    "bool",
    "u8",
    "u16",
    "u32",
    "u64",
    "s8",
    "s16",
    "s32",
    "s64",
    "f32",
    "f64",
    "char",
    "string",
    "list<u8>",
    "timestamp",
    "duration",
    "any",
    "field-mask",
    "json-object",
];

const KEYS: &[&str] = &[
    "bool", "u8", "u16", "u32", "u64", "s8", "s16", "s32", "s64", "char", "string",
];

fn a_use() -> impl Strategy<Value = Use> {
    let leaf = prop_oneof![
        prop::sample::select(PLAIN).prop_map(Use::Plain),
        any::<usize>().prop_map(Use::Named),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        let boxed = inner.clone().prop_map(Box::new);
        let side = || prop::option::of(boxed.clone());
        prop_oneof![
            boxed.clone().prop_map(Use::List),
            boxed.clone().prop_map(Use::Option),
            vec(inner, 1..4).prop_map(Use::Tuple),
            (side(), side()).prop_map(|(ok, err)| Use::Result(ok, err)),
            (prop::sample::select(KEYS), boxed).prop_map(|(key, value)| Use::Map(key, value)),
        ]
    })
}

fn definition() -> impl Strategy<Value = Definition> {
    prop_oneof![
        4 => vec(a_use(), 1..20).prop_map(Definition::Record),
        2 => vec(prop::option::of(a_use()), 1..20).prop_map(Definition::Variant),
        1 => (1..40_usize).prop_map(Definition::Enum),
        1 => (1..=32_usize).prop_map(Definition::Flags),
    ]
}

/// A contract that sends and answers each of its types.
pub(crate) fn contract() -> impl Strategy<Value = Contract> {
    (vec(definition(), 1..5), vec(a_use(), 1..4)).prop_map(|(definitions, uses)| {
        let text = text(&definitions, &uses);
        let files = BTreeMap::from([("a.wit".to_owned(), text.clone())]);
        Contract::from_wit(files, None).unwrap_or_else(|error| panic!("{error} in {text}"))
    })
}

/// How one version of a contract becomes another.
#[derive(Clone, Debug)]
enum Edit {
    /// A field or case at the end.
    Add(Use),
    /// One that an old client need not know, so that more pairs are compatible.
    AddOptional(Use),
    Drop,
    Replace(usize, Use),
    /// The same in an option, or out of it.
    Wrap(usize),
    /// An integer of another width.
    Width(usize, &'static str),
    Turn(usize),
}

fn edit() -> impl Strategy<Value = Edit> {
    let at = any::<usize>;
    prop_oneof![
        1 => a_use().prop_map(Edit::Add),
        2 => a_use().prop_map(Edit::AddOptional),
        1 => Just(Edit::Drop),
        1 => (at(), a_use()).prop_map(|(at, of)| Edit::Replace(at, of)),
        1 => at().prop_map(Edit::Wrap),
        2 => (at(), prop::sample::select(&PLAIN[1..13])).prop_map(|(at, of)| Edit::Width(at, of)),
        1 => at().prop_map(Edit::Turn),
    ]
}

impl Edit {
    fn apply(&self, definition: &mut Definition) {
        match definition {
            Definition::Record(uses) => self.apply_to(uses, |of| of),
            Definition::Variant(cases) => self.apply_to(cases, Some),
            Definition::Enum(count) => *count = self.counted(*count, 40),
            Definition::Flags(count) => *count = self.counted(*count, 32),
        }
    }

    fn counted(&self, count: usize, most: usize) -> usize {
        match self {
            Self::Drop => (count - 1).max(1),
            _ => (count + 1).min(most),
        }
    }

    fn apply_to<T: Clone + AsUse>(&self, parts: &mut Vec<T>, of: impl Fn(Use) -> T) {
        let count = parts.len();
        match self {
            Self::Add(new) => parts.push(of(new.clone())),
            Self::AddOptional(new) => parts.push(of(Use::Option(Box::new(new.clone())))),
            Self::Drop if count > 1 => drop(parts.pop()),
            Self::Drop => {}
            Self::Replace(at, new) => parts[at % count] = of(new.clone()),
            Self::Wrap(at) => {
                if let Some(old) = parts[at % count].as_use() {
                    parts[at % count] = of(match old.clone() {
                        Use::Option(inner) => *inner,
                        other => Use::Option(Box::new(other)),
                    });
                }
            }
            Self::Width(at, name) => parts[at % count] = of(Use::Plain(name)),
            Self::Turn(at) => parts.rotate_left(at % count),
        }
    }
}

/// What may be a type where it is used.
trait AsUse {
    fn as_use(&self) -> Option<&Use>;
}

impl AsUse for Use {
    fn as_use(&self) -> Option<&Use> {
        Some(self)
    }
}

impl AsUse for Option<Use> {
    fn as_use(&self) -> Option<&Use> {
        self.as_ref()
    }
}

/// A contract and a later version of it.
pub(crate) fn versions() -> impl Strategy<Value = (Contract, Contract)> {
    let old = (vec(definition(), 1..4), vec(a_use(), 1..3));
    let edits = vec((any::<usize>(), edit()), 1..3);
    (old, edits).prop_map(|((definitions, uses), edits)| {
        let (mut new, mut new_uses) = (definitions.clone(), uses.clone());
        let places = new.len() + new_uses.len();
        for (at, edit) in &edits {
            match (at % places).checked_sub(new.len()) {
                None => edit.apply(&mut new[at % places]),
                // Methods stay what they are: one type, or another.
                Some(place) => match edit {
                    Edit::Add(_) | Edit::AddOptional(_) | Edit::Drop | Edit::Turn(_) => {}
                    edit => {
                        let mut one = vec![new_uses[place].clone()];
                        edit.apply_to(&mut one, |of| of);
                        new_uses[place] = one.remove(0);
                    }
                },
            }
        }
        let read = |text: String| {
            let files = BTreeMap::from([("a.wit".to_owned(), text.clone())]);
            Contract::from_wit(files, None).unwrap_or_else(|error| panic!("{error} in {text}"))
        };
        (read(text(&definitions, &uses)), read(text(&new, &new_uses)))
    })
}

/// The messages of its methods.
pub(crate) fn messages(contract: &Contract) -> Vec<MessageType> {
    let methods = contract
        .services
        .iter()
        .flat_map(|service| &service.methods);
    let messages =
        methods.flat_map(|method| [Some(method.request.codec()), method.response.codec()]);
    messages.flatten().collect()
}

fn text(definitions: &[Definition], uses: &[Use]) -> String {
    let mut body = String::new();
    for (place, definition) in definitions.iter().enumerate() {
        define(&mut body, place, definition);
    }
    let count = definitions.len();
    for place in 0..count {
        body.push_str(&format!(
            "own{place}: func(value: type{place}) -> type{place};\n"
        ));
    }
    for (place, of) in uses.iter().enumerate() {
        let of = spelt(of, count);
        body.push_str(&format!(
            "some{place}: func(first: {of}, second: u32) -> {of};\n"
        ));
    }
    body.push_str("seen: func(at: timestamp, number: u32);");
    format!(
        "package a:b;
         interface i {{
           use ostler:rpc/types@0.1.0.{{timestamp, duration, any, field-mask, struct as json-object}};
           {body}
         }}
         world w {{ export i; }}"
    )
}

fn define(body: &mut String, place: usize, definition: &Definition) {
    let names = |count| (0..count).map(|i| format!("part-{i}")).collect::<Vec<_>>();
    let (keyword, parts) = match definition {
        Definition::Record(uses) => {
            let parts = uses.iter().zip(names(uses.len()));
            let parts = parts.map(|(of, name)| format!("{name}: {}", spelt(of, place)));
            ("record", parts.collect())
        }
        Definition::Variant(cases) => {
            let parts = cases.iter().zip(names(cases.len()));
            let parts = parts.map(|(of, name)| match of {
                Some(of) => format!("{name}({})", spelt(of, place)),
                None => name,
            });
            ("variant", parts.collect())
        }
        Definition::Enum(count) => ("enum", names(*count)),
        Definition::Flags(count) => ("flags", names(*count)),
    };
    body.push_str(&format!(
        "{keyword} type{place} {{ {} }}\n",
        parts.join(", ")
    ));
}

/// A use where `defined` types have been.
fn spelt(of: &Use, defined: usize) -> String {
    let spelt = |of: &Use| spelt(of, defined);
    match of {
        Use::Plain(name) => (*name).to_owned(),
        Use::Named(_) if defined == 0 => "string".to_owned(),
        Use::Named(number) => format!("type{}", number % defined),
        Use::List(item) => format!("list<{}>", spelt(item)),
        Use::Option(inner) => format!("option<{}>", spelt(inner)),
        Use::Tuple(items) => {
            let items: Vec<String> = items.iter().map(spelt).collect();
            format!("tuple<{}>", items.join(", "))
        }
        Use::Result(ok, err) => match (ok, err) {
            (None, None) => "result".to_owned(),
            (Some(ok), None) => format!("result<{}>", spelt(ok)),
            (None, Some(err)) => format!("result<_, {}>", spelt(err)),
            (Some(ok), Some(err)) => format!("result<{}, {}>", spelt(ok), spelt(err)),
        },
        Use::Map(key, value) => format!("map<{key}, {}>", spelt(value)),
    }
}
