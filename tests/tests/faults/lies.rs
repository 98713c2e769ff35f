//! Guests that break the rules of the component model, written by hand: what
//! they return is not of the type they declare, or their allocator lies. Each
//! call fails, the next one gets a fresh instance.

use std::fmt::Write as _;
use std::path::Path;

use ostler_tests::{Http, Request, Table, call, component};
use tempfile::TempDir;

use crate::Site;

/// Method, result in WIT, instructions that make it, and the status of a call.
/// What is returned by address is at 1024.
type Lie = (&'static str, &'static str, &'static str, u16);

#[tokio::test]
async fn guests_that_lie() {
    let folder = TempDir::new().unwrap();
    let mut files = vec![write(&folder, "lies", &results())];
    for (name, realloc, _) in ALLOCATORS {
        files.push(write(&folder, name, &allocating(name, realloc, "")));
    }
    for (name, start, _) in STARTS {
        files.push(write(
            &folder,
            name,
            &allocating(name, TRUE_ALLOCATOR, start),
        ));
    }
    let files: Vec<_> = files.iter().map(String::as_str).collect();
    let site = Site::start(&files, "[limits]\ncpu = \"100ms\"\n").await;
    let addr = site.host.addr;
    let mut table = Table::new("Faults: guests that lie");
    for (method, result, _, status) in LIES {
        site.row(
            &mut table,
            format!("{method}, a {result}: {status}"),
            async {
                for http in Http::BOTH {
                    let path = format!("/lies/{}", method.replace('-', "_"));
                    let answer = call(addr, http, Request::json(&path, "{}")).await;
                    assert_eq!(answer.status(), status, "{}", answer.text());
                    assert!(!answer.text().contains("wasm"), "{}", answer.text());
                }
            },
        )
        .await;
    }
    for (name, _, status) in ALLOCATORS.iter().chain(&STARTS) {
        site.row(&mut table, format!("{name}: {status}"), async {
            for http in Http::BOTH {
                let path = format!("/{}/length", name.replace('-', "_"));
                let answer = call(addr, http, Request::json(&path, r#"{"text":"four"}"#)).await;
                assert_eq!(answer.status(), *status, "{}", answer.text());
            }
        })
        .await;
    }
    site.finish(table).await;
}

const LIES: [Lie; 17] = [
    ("truth", "u32", "i32.const 7", 200),
    (
        "text-that-is-not-utf8",
        "string",
        "(i32.store8 (i32.const 2048) (i32.const 255)) (i32.store (i32.const 1024) (i32.const 2048)) (i32.store (i32.const 1028) (i32.const 1)) i32.const 1024",
        500,
    ),
    (
        "text-outside-of-memory",
        "string",
        "(i32.store (i32.const 1024) (i32.const 65000)) (i32.store (i32.const 1028) (i32.const 1000)) i32.const 1024",
        500,
    ),
    (
        "text-of-4-gib",
        "string",
        "(i32.store (i32.const 1028) (i32.const -1)) i32.const 1024",
        500,
    ),
    ("an-address-outside", "string", "i32.const 65532", 500),
    ("an-address-not-aligned", "string", "i32.const 1025", 500),
    ("a-surrogate", "char", "i32.const 0xd800", 500),
    (
        "a-character-beyond-unicode",
        "char",
        "i32.const 0x110000",
        500,
    ),
    ("a-case-beyond-the-enum", "colour", "i32.const 2", 500),
    (
        "a-case-beyond-the-variant",
        "shape",
        "(i32.store (i32.const 1024) (i32.const 9)) i32.const 1024",
        500,
    ),
    (
        "an-option-that-is-two",
        "option<u32>",
        "(i32.store (i32.const 1024) (i32.const 2)) i32.const 1024",
        500,
    ),
    (
        "a-result-that-is-two",
        "result<u32, string>",
        "(i32.store (i32.const 1024) (i32.const 2)) i32.const 1024",
        500,
    ),
    (
        "a-list-outside-of-memory",
        "list<u64>",
        "(i32.store (i32.const 1024) (i32.const 2048)) (i32.store (i32.const 1028) (i32.const 0x10000000)) i32.const 1024",
        500,
    ),
    (
        "a-list-that-is-not-aligned",
        "list<u64>",
        "(i32.store (i32.const 1024) (i32.const 2049)) (i32.store (i32.const 1028) (i32.const 1)) i32.const 1024",
        500,
    ),
    // The rules take any number for true, and the low bits of numbers.
    ("a-truth-that-is-two", "bool", "i32.const 2", 200),
    ("a-byte-beyond-8-bits", "u8", "i32.const 0x1ff", 200),
    ("nothing-after-a-return", "string", "i32.const 1024", 500),
];

/// What frees a result traps.
const POST_RETURN: &str = "nothing-after-a-return";

const TRUE_ALLOCATOR: &str = "i32.const 4096";

/// A service, what its allocator does, and the status of a call that needs it.
const ALLOCATORS: [(&str, &str, u16); 5] = [
    ("an-allocator-that-works", TRUE_ALLOCATOR, 200),
    ("an-allocator-that-traps", "unreachable", 500),
    ("an-allocator-beyond-memory", "i32.const 65535", 500),
    ("an-allocator-at-the-end", "i32.const -1", 500),
    ("an-allocator-without-end", "(loop (br 0)) unreachable", 429),
];

/// A service, what its module does when it is made, and the status of a call.
const STARTS: [(&str, &str, u16); 2] = [
    ("a-start-that-traps", "unreachable", 500),
    ("a-start-without-end", "(loop (br 0))", 500),
];

fn results() -> Vec<u8> {
    let mut wit = "package test:lies; interface lies {
        enum colour { red, green }
        variant shape { point, circle(u32) }\n"
        .to_owned();
    let mut wat = "(module (memory (export \"memory\") 1)\n".to_owned();
    for (method, result, body, _) in LIES {
        writeln!(wit, "{method}: func() -> {result};").unwrap();
        writeln!(
            wat,
            "(func (export \"test:lies/lies#{method}\") (result i32) {body})"
        )
        .unwrap();
    }
    wit += "} world service { export lies; }";
    writeln!(
        wat,
        "(func (export \"cabi_post_test:lies/lies#{POST_RETURN}\") (param i32) unreachable))"
    )
    .unwrap();
    component(&wit, &wat)
}

/// A service `name` whose one method takes a text, and so allocates.
fn allocating(name: &str, realloc: &str, start: &str) -> Vec<u8> {
    let wit = format!(
        "package test:allocating; interface {name} {{ length: func(text: string) -> u32; }}
         world service {{ export {name}; }}"
    );
    let start = match start {
        "" => String::new(),
        start => format!("(func $start {start}) (start $start)"),
    };
    let wat = format!(
        "(module (memory (export \"memory\") 1) {start}
           (func (export \"cabi_realloc\") (param i32 i32 i32 i32) (result i32) {realloc})
           (func (export \"test:allocating/{name}#length\") (param i32 i32) (result i32) local.get 1))"
    );
    component(&wit, &wat)
}

fn write(folder: &TempDir, name: &str, bytes: &[u8]) -> String {
    let file: &Path = &folder.path().join(format!("{name}.wasm"));
    std::fs::write(file, bytes).unwrap();
    file.to_str().unwrap().to_owned()
}
