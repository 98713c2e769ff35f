//! Values of TOML with their places, so that errors name the line.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::ContractError;

/// What errors call the file.
const FILE: &str = "ostler.lock";

/// The longest lock that is read.
const MAX_BYTES: usize = 1 << 20;

/// A lock as TOML.
#[derive(Clone, Copy)]
pub(super) struct Source<'s> {
    pub(super) text: &'s str,
}

/// A value of it.
pub(super) type Node<'s> = Spanned<DeValue<'s>>;

impl<'s> Source<'s> {
    pub(super) fn parse(self) -> Result<DeTable<'s>, ContractError> {
        if self.text.len() > MAX_BYTES {
            let problem = format!("it has more than {MAX_BYTES} bytes");
            return Err(ContractError::new(problem, "split the contract").within(FILE));
        }
        let parsed = DeTable::parse(self.text);
        parsed.map(Spanned::into_inner).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            self.refuse(at, error.message(), "restore it, or write it again")
        })
    }

    /// An error at byte `at`.
    pub(super) fn refuse(
        self,
        at: usize,
        problem: impl Into<String>,
        remedy: &str,
    ) -> ContractError {
        let before = self.text.as_bytes().iter().take(at);
        let line = before.filter(|byte| **byte == b'\n').count() + 1;
        ContractError::new(problem, remedy).within(format!("{FILE}:{line}"))
    }

    pub(super) fn expected(self, node: &Node<'s>, what: &str) -> ContractError {
        let problem = format!("expected {what}, found a {}", node.get_ref().type_str());
        self.refuse(
            node.span().start,
            problem,
            "correct it, or restore the file",
        )
    }

    /// A key that nothing is known of.
    pub(super) fn unknown(self, key: &Spanned<impl AsRef<str>>, known: &str) -> ContractError {
        let problem = format!("unknown key `{}`", key.get_ref().as_ref());
        self.refuse(
            key.span().start,
            problem,
            &format!("known are {known}; a newer version may know it"),
        )
    }

    pub(super) fn table<'n>(self, node: &'n Node<'s>) -> Result<&'n DeTable<'s>, ContractError> {
        let table = node.get_ref().as_table();
        table.ok_or_else(|| self.expected(node, "a table"))
    }

    pub(super) fn array<'n>(self, node: &'n Node<'s>) -> Result<&'n [Node<'s>], ContractError> {
        match node.get_ref() {
            DeValue::Array(items) => Ok(items),
            _ => Err(self.expected(node, "an array")),
        }
    }

    pub(super) fn text(self, node: &Node<'s>) -> Result<String, ContractError> {
        let text = node.get_ref().as_str().map(str::to_owned);
        text.ok_or_else(|| self.expected(node, "a text"))
    }

    pub(super) fn flag(self, node: &Node<'s>) -> Result<bool, ContractError> {
        let flag = node.get_ref().as_bool();
        flag.ok_or_else(|| self.expected(node, "true or false"))
    }

    pub(super) fn integer(self, node: &Node<'s>) -> Result<i32, ContractError> {
        let number = match node.get_ref() {
            DeValue::Integer(number) if number.radix() == 10 => {
                number.as_str().replace('_', "").parse().ok()
            }
            _ => None,
        };
        number.ok_or_else(|| self.expected(node, "a whole number of 32 bits"))
    }

    /// An identifier of protobuf.
    pub(super) fn name(self, node: &Node<'s>) -> Result<String, ContractError> {
        let name = self.text(node)?;
        match is_identifier(&name) {
            true => Ok(name),
            false => Err(self.no_name(node, &name)),
        }
    }

    /// What protobuf's compiler takes as a name in JSON.
    pub(super) fn json_name(self, node: &Node<'s>) -> Result<String, ContractError> {
        let name = self.text(node)?;
        let is_extension = name.starts_with('[') && name.ends_with(']');
        if name.is_empty() || is_extension || name.chars().any(char::is_control) {
            let problem = format!("{name:?} is no name in JSON");
            return Err(self.refuse(node.span().start, problem, "use a word"));
        }
        Ok(name)
    }

    /// Identifiers joined by dots.
    pub(super) fn full_name(self, node: &Node<'s>) -> Result<String, ContractError> {
        let name = self.text(node)?;
        match name.split('.').all(is_identifier) {
            true => Ok(name),
            false => Err(self.no_name(node, &name)),
        }
    }

    fn no_name(self, node: &Node<'s>, name: &str) -> ContractError {
        let problem = format!("{name:?} is no name of protobuf");
        self.refuse(node.span().start, problem, "use letters, digits and `_`")
    }
}

fn is_identifier(name: &str) -> bool {
    let mut chars = name.chars();
    let first = chars
        .next()
        .is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
    first && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
}
