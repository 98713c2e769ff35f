//! Hostile WIT is an error: no panic, no overflow of the stack, no endless work.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use ostler_wit::{Error, Lowered, MAX_NESTING, MAX_SOURCE_BYTES, Package};
use proptest::prelude::*;

fn read(text: impl Into<String>) -> Result<Lowered, Error> {
    read_files([("hostile.wit", text.into())])
}

fn read_files<'a>(files: impl IntoIterator<Item = (&'a str, String)>) -> Result<Lowered, Error> {
    let files = files
        .into_iter()
        .map(|(path, text)| (path.to_owned(), text));
    Package::from_files(files.collect())?.lower()
}

fn interface(body: &str) -> String {
    format!("package a:b;\ninterface x {{\n{body}\n}}\nworld w {{ export x; }}\n")
}

fn refused(text: impl Into<String>, expected: &str) {
    let error = read(text).unwrap_err().to_string();
    assert!(error.contains(expected), "{error} instead of {expected}");
}

#[test]
fn deep_text_is_refused_before_it_is_parsed() {
    for (open, close) in [("list<", ">"), ("tuple<u8, ", ">"), ("result<_, ", ">")] {
        let ty = format!("{}u8{}", open.repeat(50_000), close.repeat(50_000));
        refused(
            interface(&format!("f: func(a: {ty});")),
            "brackets nest deeper",
        );
    }
    refused("package a:b {".repeat(50_000), "deeper than 64 levels");
    refused("{".repeat(MAX_SOURCE_BYTES), "brackets nest deeper");
    refused("/*".repeat(MAX_SOURCE_BYTES / 2), "");
    let at_limit = format!("{}u8{}", "list<".repeat(60), ">".repeat(60));
    assert!(
        read(interface(&format!(
            "f: func() -> stream<record-{at_limit}>;"
        )))
        .is_err()
    );
}

#[test]
fn nesting_up_to_the_limit_is_fine() {
    // Two levels are the interface's and the signature's brackets.
    let depth = MAX_NESTING - 2;
    let ty = format!("{}u8{}", "list<".repeat(depth), ">".repeat(depth));
    assert!(read(interface(&format!("f: func(a: {ty}) -> {ty};"))).is_ok());
}

#[test]
fn deep_names_are_refused() {
    let mut body = "type t0 = list<u8>;\n".to_owned();
    for i in 1..20_000 {
        writeln!(body, "type t{i} = option<t{}>;", i - 1).unwrap();
    }
    refused(interface(&format!("{body}f: func();")), "nests deeper");
    let mut body = "type t0 = u8;\n".to_owned();
    for i in 1..30_000 {
        writeln!(body, "type t{i} = t{};", i - 1).unwrap();
    }
    refused(
        interface(&format!("{body}f: func() -> stream<t29999>;")),
        "nests deeper",
    );
}

#[test]
fn types_that_double_are_refused() {
    let mut body = "type t0 = tuple<u8, u8>;\n".to_owned();
    for i in 1..60 {
        writeln!(body, "type t{i} = tuple<t{}, t{0}>;", i - 1).unwrap();
    }
    refused(
        interface(&format!("{body}f: func() -> stream<t59>;")),
        "more than 100000 parts",
    );
}

#[test]
fn large_sources_are_refused() {
    let comment = format!("// {}\n", "x".repeat(MAX_SOURCE_BYTES));
    refused(
        format!("{comment}{}", interface("f: func();")),
        "bytes of WIT are more than",
    );
    let half = "//".repeat(MAX_SOURCE_BYTES / 4);
    let files = ["a.wit", "b.wit", "c.wit"].map(|path| (path, format!("{half}\n")));
    let error = read_files(files).unwrap_err().to_string();
    assert!(error.contains("bytes of WIT are more than"), "{error}");
}

#[test]
fn many_files_and_interfaces_are_refused() {
    let files: BTreeMap<String, String> = (0..2000)
        .map(|i| (format!("f{i}.wit"), String::new()))
        .collect();
    let error = Package::from_files(files).unwrap_err().to_string();
    assert!(error.contains("2000 WIT files"), "{error}");
    refused(chain(1000), "more than 512 interfaces");
}

#[test]
fn a_long_chain_of_interfaces_is_no_overflow() {
    // The parser follows uses by recursion; a test's thread has 2 MiB of stack.
    let error = read(chain(500)).unwrap_err().to_string();
    assert!(error.contains("nests deeper"), "{error}");
    let mut text = "package a:b;\ninterface i0 { record t { a: u8 } }\n".to_owned();
    for i in 1..500 {
        writeln!(
            text,
            "interface i{i} {{ use i{}.{{t as s}}; record t {{ a: u8 }} }}",
            i - 1
        )
        .unwrap();
    }
    text.push_str("interface x { use i499.{t}; f: func() -> stream<t>; }\nworld w { export x; }\n");
    assert!(read(text).is_ok());
}

/// Interfaces each of which uses the type of the one before.
fn chain(length: usize) -> String {
    let mut text = "package a:b;\ninterface i0 { record t { a: u8 } }\n".to_owned();
    for i in 1..length {
        writeln!(text, "interface i{i} {{ use i{}.{{t}}; }}", i - 1).unwrap();
    }
    let last = length - 1;
    write!(
        text,
        "interface x {{ use i{last}.{{t}}; f: func() -> stream<t>; }}\nworld w {{ export x; }}\n"
    )
    .unwrap();
    text
}

#[test]
fn many_functions_and_types_take_bounded_work() {
    let mut body = String::new();
    for i in 0..4000 {
        writeln!(
            body,
            "record rec{i} {{ a: u8 }}\n/// @timeout 5s\nfun{i}: func() -> stream<rec{i}>;"
        )
        .unwrap();
    }
    assert_eq!(read(interface(&body)).unwrap().streams.len(), 4000);
}

#[test]
fn long_tags_are_refused_quickly() {
    let word = "x".repeat(500_000);
    refused(
        interface(&format!("/// @{word}\nf: func();")),
        "unknown tag",
    );
    let deep = "[".repeat(100_000);
    refused(
        interface(&format!("/// @default a {deep}\nf: func(a: u8);")),
        "is not JSON",
    );
}

fn golden_texts() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let mut texts = Vec::new();
    for kind in ["accepted", "refused"] {
        for case in fs::read_dir(folder.join(kind)).unwrap() {
            let path = case.unwrap().path().join("wit/service.wit");
            texts.extend(fs::read_to_string(path));
        }
    }
    texts.sort();
    texts
}

const WORDS: &[&str] = &[
    "/**/",
    "/** x */",
    "/*",
    "*/",
    "/// @default a {\"a\":1}",
    "//\n",
    "///\n",
    "/// @timeout 5s\n",
    "\n",
    "interface",
    "world",
    "package",
    "use",
    "include",
    "import",
    "export",
    "with",
    "as",
    "from",
    "type",
    "record",
    "variant",
    "enum",
    "flags",
    "resource",
    "constructor",
    "static",
    "func",
    "async",
    "stream",
    "future",
    "list",
    "option",
    "result",
    "tuple",
    "map",
    "own",
    "borrow",
    "error-context",
    "a",
    "b",
    "r",
    "x",
    "f",
    "w",
    "y",
    "%a",
    "%",
    "a:b",
    "a:b/x",
    "a:c/y@1.0.0",
    "ostler:rpc/types",
    "ostler:rpc/types@0.1.0",
    "status",
    "u8",
    "u64",
    "string",
    "_",
    "0",
    "1.0.0",
    "@since",
    "(version = 1.0.0)",
    "@unstable(feature = z)",
    "@deprecated(version = 2.0.0)",
    "@external-id(\"z\")",
    "\"",
    "\"z\"",
    "{",
    "}",
    "(",
    ")",
    "<",
    ">",
    ",",
    ";",
    ":",
    ".",
    "/",
    "@",
    "=",
    "->",
    "-",
    "+",
    "*",
    "{ a: u8 }",
    "y: func();",
    "use x.{r};",
    "include w;",
    "export x;",
    "import x;",
    "interface y {}",
    "world v {}",
    "package a:c {}",
    "type t = r;",
    "resource s;",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_text_panics(text in "[ -~\n]{0,300}") {
        drop(read(text));
    }

    /// Words of WIT in any order, inside a contract.
    #[test]
    fn no_words_panic(
        at in any::<prop::sample::Index>(),
        words in proptest::collection::vec(prop::sample::select(WORDS), 0..12),
    ) {
        let text = interface("record r { a: u8 }\n  /// Docs.\n  f: func(a: r) -> stream<r>;");
        let mut at = at.index(text.len());
        while !text[at..].starts_with([' ', '\n']) && at > 0 {
            at -= 1;
        }
        drop(read(format!("{} {} {}", &text[..at], words.join(" "), &text[at..])));
    }

    /// A piece of one contract put into another reaches deeper than noise.
    #[test]
    fn no_splice_panics(
        from in any::<prop::sample::Index>(),
        into in any::<prop::sample::Index>(),
        cut in any::<(prop::sample::Index, prop::sample::Index)>(),
        at in any::<(prop::sample::Index, prop::sample::Index)>(),
    ) {
        let texts = golden_texts();
        let piece = slice(from.get(&texts).as_str(), cut);
        let into = into.get(&texts).as_str();
        let hole = slice(into, at);
        let text = into.replacen(hole, piece, 1);
        drop(read(text));
    }
}

fn slice(text: &str, (a, b): (prop::sample::Index, prop::sample::Index)) -> &str {
    let (a, b) = (a.index(text.len()), b.index(text.len()));
    let (mut start, mut end) = (a.min(b), a.max(b).min(a.min(b) + 60));
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    while !text.is_char_boundary(end) {
        end += 1;
    }
    &text[start..end]
}
