//! The WIT text of a component that embeds none, written and read back.

use std::collections::{BTreeMap, HashMap};

use wit_component::WitPrinter;
use wit_parser::{Resolve, Type, TypeId, WorldId};

use super::ContractError;
use super::native::children;

/// Where the text of a component's own WIT is kept.
const PATH: &str = "component.wit";

/// The package that the decoder invents for a component.
const PACKAGE: &str = "package root:component;";

/// The longest text read or written.
const MAX_BYTES: usize = 1 << 20;

/// Brackets in each other; more than the types of a plan may nest.
const MAX_BRACKETS: usize = 128;

/// Interfaces, worlds and packages: the parser follows the uses among them by
/// recursion.
const MAX_SCOPES: usize = 512;

/// The component as one file.
pub(super) fn print(
    resolve: &Resolve,
    world: WorldId,
) -> Result<BTreeMap<String, String>, ContractError> {
    // Types without a name are written out wherever they are used.
    let size: usize = Sizes::new(resolve).whole();
    let too_long = || {
        ContractError::new(
            "the types of the component are too large to be written out",
            "give names to the types that are used often",
        )
    };
    if size > MAX_BYTES / 8 {
        return Err(too_long());
    }
    let Some(root) = resolve.worlds[world].package else {
        return Ok(BTreeMap::new());
    };
    let mut nested = resolve.topological_packages();
    nested.retain(|id| *id != root && !resolve.packages[*id].interfaces.is_empty());
    let mut printer = WitPrinter::default();
    printer
        .print(resolve, root, &nested)
        .map_err(|error| ContractError::new(format!("its WIT cannot be written: {error:#}"), ""))?;
    let text = printer.output.to_string();
    if text.len() > MAX_BYTES {
        return Err(too_long());
    }
    Ok(BTreeMap::from([(PATH.to_owned(), text)]))
}

/// The text of [`print`], if it is what the files are.
pub(super) fn printed(files: &BTreeMap<String, String>) -> Option<&str> {
    let text = files.get(PATH).filter(|_| files.len() == 1)?;
    text.trim_start().starts_with(PACKAGE).then_some(text)
}

/// Reads the text of [`print`], which may come from a stranger's host.
pub(super) fn parse(text: &str) -> Result<(Resolve, WorldId), ContractError> {
    let refused = |problem: String| {
        ContractError::new(problem, "ask the host for the component itself").within(PATH)
    };
    if text.len() > MAX_BYTES {
        return Err(refused(format!("the WIT has more than {MAX_BYTES} bytes")));
    }
    if brackets(text) > MAX_BRACKETS || scopes(text) > MAX_SCOPES {
        return Err(refused(
            "the WIT nests too deep or has too many interfaces".into(),
        ));
    }
    let mut resolve = Resolve::default();
    let package = resolve
        .push_str(PATH, text)
        .map_err(|error| refused(format!("{error:#}")))?;
    match resolve.packages[package].worlds.values().next() {
        Some(&world) => Ok((resolve, world)),
        None => Err(refused("the WIT has no world".into())),
    }
}

/// How deep brackets nest at most; comments count, which the printed text has
/// none of.
fn brackets(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut deepest = 0;
    let mut previous = b' ';
    for &byte in text.as_bytes() {
        match byte {
            b'<' | b'(' | b'{' => depth += 1,
            b'>' if previous == b'-' => {}
            b'>' | b')' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
        previous = byte;
    }
    deepest
}

fn scopes(text: &str) -> usize {
    let words = text.split_whitespace();
    words
        .filter(|word| matches!(*word, "interface" | "world" | "package"))
        .count()
}

/// How many words types take when they are written out.
struct Sizes<'a> {
    resolve: &'a Resolve,
    known: HashMap<TypeId, usize>,
}

impl<'a> Sizes<'a> {
    fn new(resolve: &'a Resolve) -> Self {
        Self {
            resolve,
            known: HashMap::new(),
        }
    }

    fn whole(mut self) -> usize {
        let mut size = 0_usize;
        for (id, def) in self.resolve.types.iter() {
            if def.name.is_some() {
                size = size.saturating_add(self.parts(id));
            }
        }
        let interfaces = self.resolve.interfaces.iter();
        let of_interfaces = interfaces.flat_map(|(_, interface)| interface.functions.values());
        for function in of_interfaces {
            let params = function.params.iter().map(|param| param.ty);
            for ty in params.chain(function.result) {
                size = size.saturating_add(self.of(&ty));
            }
        }
        size
    }

    /// A type where it is used: its name, or all of it.
    fn of(&mut self, ty: &Type) -> usize {
        match *ty {
            Type::Id(id) if self.resolve.types[id].name.is_none() => self.parts(id),
            _ => 1,
        }
    }

    /// The validator bounds how deep this goes.
    fn parts(&mut self, id: TypeId) -> usize {
        if let Some(&size) = self.known.get(&id) {
            return size;
        }
        let mut parts = Vec::new();
        children(&self.resolve.types[id].kind, |child| parts.push(child));
        let size = (parts.iter()).fold(1_usize, |size, part| size.saturating_add(self.of(part)));
        self.known.insert(id, size);
        size
    }
}
