//! Files that cannot be served: `run` and `inspect` name the file, the reason
//! and the remedy, and exit with the documented code.

use std::path::Path;
use std::process::Output;

use ostler_tests::{Table, command, guest, within};
use tempfile::TempDir;
use wit_component::{ComponentEncoder, StringEncoding, dummy_module, embed_component_metadata};
use wit_parser::{LiftLowerAbi, ManglingAndAbi, Resolve};

/// A component that cannot be served.
const COMPONENT: i32 = 3;
/// A file that cannot be read.
const FILE: i32 = 5;

/// A file, what is in it, the commands that refuse it with which exit code, and
/// words of reason and remedy.
struct Row {
    what: &'static str,
    bytes: Option<Vec<u8>>,
    commands: &'static [&'static str],
    code: i32,
    words: &'static [&'static str],
}

#[tokio::test]
async fn components() {
    let folder = TempDir::new().unwrap();
    let mut table = Table::new("Bad input: components");
    for row in rows() {
        let name = format!("{}.wasm", row.what.replace([' ', ':', '`'], "-"));
        let file = folder.path().join(name);
        if let Some(bytes) = &row.bytes {
            std::fs::write(&file, bytes).unwrap();
        }
        for verb in row.commands {
            table
                .row(format!("{}: ostler {verb}", row.what), async {
                    let output = ostler(verb, &[&file]).await;
                    refused(&output, row.code, &file, row.words);
                })
                .await;
        }
    }
    table
        .row("a folder: ostler run", async {
            let output = ostler("run", &[folder.path()]).await;
            let words = ["exports no service"];
            refused(&output, COMPONENT, folder.path(), &words);
        })
        .await;
    table
        .row("two services of one name: ostler run", async {
            let copy = folder.path().join("copy.wasm");
            std::fs::copy(guest("users"), &copy).unwrap();
            let output = ostler("run", &[&guest("users"), &copy]).await;
            refused(
                &output,
                COMPONENT,
                &copy,
                &["\"users.v1\"", "leave one out"],
            );
        })
        .await;
    table
        .row(
            "a good one does not make up for a bad one: ostler run",
            async {
                let bad = folder.path().join("bad.wasm");
                std::fs::write(&bad, "garbage").unwrap();
                let output = ostler("run", &[&guest("users"), &bad]).await;
                refused(&output, COMPONENT, &bad, &[]);
            },
        )
        .await;
    table.finish();
}

const BOTH: &[&str] = &["run", "inspect"];

fn rows() -> Vec<Row> {
    let whole = std::fs::read(guest("users")).unwrap();
    let row = |what, bytes, words| Row {
        what,
        bytes: Some(bytes),
        commands: BOTH,
        code: COMPONENT,
        words,
    };
    vec![
        Row {
            what: "a file that is missing",
            bytes: None,
            commands: BOTH,
            code: FILE,
            words: &["cannot be read", "No such file"],
        },
        row("an empty file", Vec::new(), &["not a", "component"]),
        row(
            "garbage",
            b"this is no component at all".to_vec(),
            &["not a", "component"],
        ),
        row("zeros", vec![0; 4096], &["not a", "component"]),
        row(
            "a core module",
            wasm_encoder::Module::new().finish(),
            &["core WebAssembly module", "make it a component"],
        ),
        row("half a component", whole[..whole.len() / 2].to_vec(), &[]),
        row(
            "an empty component",
            wasm_encoder::Component::new().finish(),
            &["no service", "export"],
        ),
        row(
            "a component without a service",
            made(NO_SERVICE, LiftLowerAbi::Sync),
            &["no service", "export"],
        ),
        row(
            "a function outside an interface",
            made(LOOSE, LiftLowerAbi::Sync),
            &["run-it", "interface"],
        ),
        row(
            "a native stream",
            made(NATIVE_STREAM, LiftLowerAbi::Sync),
            &["stream<T>", "resource form"],
        ),
        row(
            "a native future",
            made(NATIVE_FUTURE, LiftLowerAbi::Sync),
            &["future<T>", "resource form"],
        ),
        row(
            "a native async function",
            made(NATIVE_ASYNC, LiftLowerAbi::AsyncCallback),
            &["async func", "resource form"],
        ),
        row(
            "a resource as a parameter",
            made(RESOURCE, LiftLowerAbi::Sync),
            &["parameter it", "a resource cannot be passed", "identifier"],
        ),
        Row {
            commands: &["run"],
            ..row(
                "an import that is not there",
                made(ABSENT_IMPORT, LiftLowerAbi::Sync),
                &["test:absent/elsewhere", "import"],
            )
        },
        Row {
            commands: &["run"],
            ..row(
                "an import that was not granted",
                made(HTTP_IMPORT, LiftLowerAbi::Sync),
                &["wasi:http/types", "import"],
            )
        },
    ]
}

const NO_SERVICE: &str = "package test:none; world service { }";
const LOOSE: &str = "package test:loose; world service { export run-it: func(); }";
const NATIVE_STREAM: &str = "package test:native;
    interface native { count: func(limit: u32) -> stream<u32>; }
    world service { export native; }";
const NATIVE_FUTURE: &str = "package test:native;
    interface native { later: func(limit: future<u32>); }
    world service { export native; }";
const NATIVE_ASYNC: &str = "package test:native;
    interface native { wait: async func(ms: u32); }
    world service { export native; }";
const RESOURCE: &str = "package test:handles;
    interface things { resource thing { name: func() -> string; } look: func(at: thing) -> string; }
    world service { import things; export viewer; }
    interface viewer { use things.{thing}; view: func(it: thing) -> string; }";
const ABSENT_IMPORT: &str = "package test:absent;
    interface elsewhere { ask: func(question: string) -> string; }
    interface answers { answer: func() -> string; }
    world service { import elsewhere; export answers; }";
const HTTP_IMPORT: &str = "package test:http;
    interface answers { answer: func() -> string; }
    world service { import wasi:http/types@0.2.0; export answers; }
    package wasi:http@0.2.0 { interface types { fetch: func(url: string) -> string; } }";

/// A component of this WIT whose functions do nothing.
fn made(wit: &str, abi: LiftLowerAbi) -> Vec<u8> {
    let mut resolve = Resolve::default();
    let package = resolve.push_str("service.wit", wit).unwrap();
    let world = *resolve.packages[package].worlds.values().next().unwrap();
    let mut module = dummy_module(&resolve, world, ManglingAndAbi::Legacy(abi));
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
    ComponentEncoder::default()
        .module(&module)
        .unwrap()
        .encode()
        .unwrap()
}

async fn ostler(verb: &str, files: &[&Path]) -> Output {
    let mut command = command();
    command.arg(verb).args(files);
    if verb == "run" {
        command.args(["--listen", "127.0.0.1:0"]);
    }
    within("ostler to refuse a component", command.output())
        .await
        .unwrap()
}

fn refused(output: &Output, code: i32, file: &Path, words: &[&str]) {
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{text}");
    assert_eq!(output.stdout, b"", "{text}");
    let file = file.to_string_lossy();
    assert!(text.contains(&*file), "{text:?} does not name {file}");
    for word in words {
        assert!(text.contains(word), "{text:?} does not say {word:?}");
    }
    assert!(!text.contains("panicked"), "{text}");
}
