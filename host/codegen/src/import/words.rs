//! Names of protobuf as identifiers of WIT.

use std::collections::BTreeSet;

/// What WIT reserves; such a name gets a `%` in its text.
const KEYWORDS: &[&str] = &[
    "as",
    "async",
    "bool",
    "borrow",
    "char",
    "constructor",
    "enum",
    "error-context",
    "export",
    "f32",
    "f64",
    "flags",
    "from",
    "func",
    "future",
    "import",
    "include",
    "interface",
    "list",
    "map",
    "option",
    "own",
    "package",
    "record",
    "resource",
    "result",
    "s16",
    "s32",
    "s64",
    "s8",
    "static",
    "stream",
    "string",
    "tuple",
    "type",
    "u16",
    "u32",
    "u64",
    "u8",
    "use",
    "variant",
    "with",
    "world",
];

/// `raw-http-request` of `RawHTTPRequest`, `user-id` of `user_id`, `field1` of
/// `field_1`.
pub(super) fn kebab(name: &str) -> String {
    let chars: Vec<char> = name.chars().collect();
    let mut out = String::with_capacity(name.len() + 4);
    let mut begins = true;
    for (i, &c) in chars.iter().enumerate() {
        if !c.is_ascii_alphanumeric() {
            begins = true;
            continue;
        }
        let before = i.checked_sub(1).map(|before| chars[before]);
        let ends_acronym = before.is_some_and(|c| c.is_ascii_uppercase())
            && chars.get(i + 1).is_some_and(char::is_ascii_lowercase);
        let after_word = before.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
        begins |= c.is_ascii_uppercase() && (ends_acronym || after_word);
        // Toolchains differ about words that begin with a digit.
        if std::mem::take(&mut begins) && !out.is_empty() && !c.is_ascii_digit() {
            out.push('-');
        }
        out.push(c.to_ascii_lowercase());
    }
    match out.chars().next() {
        Some(first) if first.is_ascii_digit() => format!("n{out}"),
        Some(_) => out,
        None => "x".to_owned(),
    }
}

/// As it stands in WIT's text.
pub(super) fn escaped(name: &str) -> String {
    match KEYWORDS.contains(&name) {
        true => format!("%{name}"),
        false => name.to_owned(),
    }
}

/// Names of one scope.
#[derive(Clone, Debug, Default)]
pub(super) struct Taken(BTreeSet<String>);

impl Taken {
    /// Takes the first candidate that is free, or the last with a number.
    pub(super) fn take(&mut self, candidates: impl IntoIterator<Item = String>) -> String {
        let name =
            ostler_schema::proto::names::free_name(candidates, |name| !self.0.contains(name));
        self.0.insert(name.clone());
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_identifiers() {
        for (proto, wit) in [
            ("user_id", "user-id"),
            ("userId", "user-id"),
            ("RawHTTPRequest", "raw-http-request"),
            ("HTTP2Settings", "http2-settings"),
            ("field_1", "field1"),
            ("x509_cert", "x509-cert"),
            ("_private", "private"),
            ("__", "x"),
            ("_1st", "n1st"),
            ("CODE_NOT_FOUND", "code-not-found"),
            ("UInt64Value", "u-int64-value"),
            ("Outer.Inner", "outer-inner"),
        ] {
            assert_eq!(kebab(proto), wit);
        }
        assert_eq!(escaped("list"), "%list");
        assert_eq!(escaped("lists"), "lists");
    }

    #[test]
    fn a_name_is_taken_once() {
        let mut taken = Taken::default();
        let names = ["a", "a", "a"].map(|name| taken.take([name.to_owned()]));
        assert_eq!(names, ["a", "a2", "a3"]);
    }
}
