//! Components that are too large, too deep, or not what they embed: refused by
//! file, reason and remedy, while a host serves beside.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;

use ostler_tests::{Table, command, component, within};
use ostler_wit::section::{self, Section};
use tempfile::TempDir;
use wasm_encoder::{ComponentSection as _, CustomSection};

use crate::Site;

/// A component that cannot be served.
const COMPONENT: i32 = 3;

#[tokio::test]
async fn components() {
    let site = Site::start(&[], "").await;
    let folder = TempDir::new().unwrap();
    let mut table = Table::new("Faults: components");
    for (what, bytes, words) in rows() {
        let file = folder
            .path()
            .join(format!("{}.wasm", what.replace(' ', "-")));
        std::fs::write(&file, bytes).unwrap();
        refused(&site, &mut table, what, &file, words).await;
    }
    let file = folder.path().join("large.wasm");
    // Without bytes on the disk, and more of them than memory.
    File::create(&file).unwrap().set_len(1 << 40).unwrap();
    let words = &["1099511627776", "268435456"];
    refused(&site, &mut table, "a file of 1 TiB", &file, words).await;
    site.finish(table).await;
}

/// Neither command serves it; both say why.
async fn refused(site: &Site, table: &mut Table, what: &str, file: &Path, words: &[&str]) {
    for verb in ["run", "inspect"] {
        site.row(table, format!("{what}: ostler {verb}"), async {
            let mut command = command();
            command.arg(verb).arg(file);
            if verb == "run" {
                command.args(["--listen", "127.0.0.1:0"]);
            }
            let output = within("ostler to refuse it", command.output())
                .await
                .unwrap();
            let text = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(COMPONENT), "{text}");
            assert!(text.contains(file.to_str().unwrap()), "{text}");
            for word in words {
                assert!(text.contains(word), "{text:?} does not say {word:?}");
            }
            assert!(!text.contains("panicked"), "{text}");
        })
        .await;
    }
}

type Row = (&'static str, Vec<u8>, &'static [&'static str]);

fn rows() -> Vec<Row> {
    vec![
        (
            "33 components in each other",
            nested(33),
            &["nest deeper than 32", "compose fewer levels"],
        ),
        (
            "10000 components in each other",
            nested(10_000),
            &["nest deeper than 32", "compose fewer levels"],
        ),
        (
            "an embedded contract of other services",
            embedding(
                "package test:other; interface other { f: func(); } world service { export other; }",
            ),
            &["about none of the exports", "build the component again"],
        ),
        (
            "an embedded contract of other types",
            embedding(
                "package test:sizes; interface sizes { size: func() -> string; } world service { export sizes; }",
            ),
            &["in the embedded WIT", "build the component again"],
        ),
        (
            "an embedded contract that is none",
            with_section(b"nonsense"),
            &["ostler:contract"],
        ),
    ]
}

/// Empty components, each in the one before.
fn nested(levels: usize) -> Vec<u8> {
    let mut component = wasm_encoder::Component::new().finish();
    for _ in 1..levels {
        let mut outer = wasm_encoder::Component::new();
        outer.section(&wasm_encoder::RawSection {
            id: wasm_encoder::ComponentSectionId::Component.into(),
            data: &component,
        });
        component = outer.finish();
    }
    component
}

/// A service whose method gives a `u32`, with this WIT as what its author
/// wrote.
fn embedding(wit: &str) -> Vec<u8> {
    with_section(&section::encode(&Section {
        wit: BTreeMap::from([("service.wit".to_owned(), wit.to_owned())]),
        lock: None,
    }))
}

fn with_section(data: &[u8]) -> Vec<u8> {
    let wit = "package test:sizes; interface sizes { size: func() -> u32; }
               world service { export sizes; }";
    let wat = "(module (func (export \"test:sizes/sizes#size\") (result i32) i32.const 7))";
    let mut component = component(wit, wat);
    let section = CustomSection {
        name: section::NAME.into(),
        data: Cow::Borrowed(data),
    };
    section.append_to_component(&mut component);
    component
}
