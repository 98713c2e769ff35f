//! Authors' WIT.

use std::collections::BTreeMap;

use ostler_wit::{Package, rpc_files};
use wit_parser::{Resolve, SourceMap};

/// A line that begins a further file.
const FILE: &str = "//// ";

pub(crate) const WORDS: &[&str] = &[
    "interface x {",
    "world w {",
    "package a:c;",
    "package a:c {",
    "use x.{r};",
    "include w;",
    "import x;",
    "export x;",
    "type t = ",
    "record r { a: u8 }",
    "variant v { a, b(r) }",
    "enum e { a }",
    "flags f { a }",
    "resource s;",
    "func(",
    ") -> ",
    "async func()",
    "stream<",
    "future<",
    "list<u8>",
    "list<u8, 4>",
    "option<",
    "result<_, ",
    "tuple<",
    "map<string, ",
    "own<",
    "borrow<",
    ">",
    "status",
    "use ostler:rpc/types@0.1.0.{status, any, timestamp};",
    "/// @idempotent\n",
    "/// @default a 1\n",
    "/// @timeout 5s\n",
    "/// @chunk-size 7\n",
    "/// @nonsense\n",
    "/**",
    "*/",
    "//",
    "@since(version = 1.0.0)",
    "@unstable(feature = z)",
    "@deprecated(version = 2.0.0)",
    "%",
    "-",
    "_",
    "{",
    "}",
    ";",
    ",",
    ":",
    "/",
    "@1.0.0",
    "//// deps/x.wit\n",
    "//// b.wit\n",
    "é",
    "\u{202e}",
    "\t",
];

/// Files of a package: refused with a reason, or lowered to text that parses
/// and is the same whenever it is made.
///
/// # Panics
/// When that does not hold.
pub fn wit(data: &[u8]) {
    let files = files(&String::from_utf8_lossy(data));
    let package = match Package::from_files(files.clone()) {
        Ok(package) => package,
        Err(error) => return assert!(!error.to_string().is_empty()),
    };
    assert!(!package.services().is_empty());
    let lowered = match package.lower() {
        Ok(lowered) => lowered.to_wit(),
        Err(error) => return assert!(!error.to_string().is_empty()),
    };
    parses(&lowered);
    let again = Package::from_files(files).and_then(|package| package.lower());
    assert_eq!(again.map(|l| l.to_wit()).ok().as_ref(), Some(&lowered));
}

/// A text cut at its lines `//// PATH`.
pub(crate) fn files(text: &str) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    let mut path = "service.wit";
    let mut from = 0;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if let Some(next) = line.strip_prefix(FILE) {
            files.insert(path.to_owned(), text[from..at].to_owned());
            path = next.trim();
            from = at + line.len();
        }
        at += line.len();
    }
    files.insert(path.to_owned(), text[from..].to_owned());
    files
}

fn parses(lowered: &str) {
    let mut resolve = Resolve::default();
    let mut rpc = SourceMap::default();
    for (name, text) in rpc_files() {
        rpc.push_str(name, *text);
    }
    // The text brings what it uses of `ostler:rpc`, nested in it.
    if !lowered.contains("package ostler:rpc") {
        let pushed = rpc.parse().map_err(|(_, error)| error);
        let pushed = pushed.map(|group| resolve.push_group(group));
        assert!(pushed.is_ok_and(|pushed| pushed.is_ok()));
    }
    if let Err(error) = resolve.push_str("lowered.wit", lowered) {
        panic!("{error:#} in the lowered\n{lowered}");
    }
}

pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let mut seeds: Vec<Vec<u8>> = crate::files::wit_texts()
        .into_iter()
        .map(String::into_bytes)
        .collect();
    seeds.push(SEVERAL.as_bytes().to_vec());
    seeds
}

const SEVERAL: &str = "\
package a:b;
interface x { use y.{r}; use c:d/z.{t}; f: func(a: stream<r>) -> stream<t>; }
world w { export x; }
//// b.wit
interface y { record r { a: u8 } }
//// deps/z.wit
package c:d;
interface z { variant t { a, b(list<u8>) } }
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_into_files() {
        let files = files(SEVERAL);
        let paths: Vec<_> = files.keys().collect();
        assert_eq!(paths, ["b.wit", "deps/z.wit", "service.wit"]);
        assert!(Package::from_files(files).is_ok());
    }
}
