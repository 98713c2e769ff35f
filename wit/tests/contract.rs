//! What a package says of its services, functions and tags.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use ostler_wit::wit_parser::{Resolve, Type, TypeDefKind};
use ostler_wit::{ErrorKind, Function, Package, Pattern, Service, rpc_files};
use serde_json::json;

fn golden(case: &str) -> Package {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/accepted");
    Package::from_dir(&folder.join(case).join("wit")).unwrap()
}

fn function<'a>(package: &'a Package, name: &str) -> &'a Function {
    let mut functions = package
        .services()
        .iter()
        .flat_map(|service| &service.functions);
    functions.find(|function| function.name == name).unwrap()
}

fn type_name(resolve: &Resolve, ty: Type) -> &str {
    let Type::Id(id) = ty else { return "primitive" };
    resolve.types[id].name.as_deref().unwrap_or("unnamed")
}

#[test]
fn the_users_example_is_read_as_designed() {
    let package = golden("users");
    let resolve = package.resolve();
    let [
        Service {
            export,
            docs,
            functions,
            ..
        },
    ] = package.services()
    else {
        panic!("one service");
    };
    assert_eq!(export, "demo:users/users@1.0.0");
    assert_eq!(docs, "Everything about users.");
    let patterns: Vec<_> = functions
        .iter()
        .map(|f| (f.name.as_str(), f.pattern))
        .collect();
    assert_eq!(
        patterns,
        [
            ("get-user", Pattern::Unary),
            ("list-users", Pattern::ServerStreaming),
            ("aggregate", Pattern::ClientStreaming),
            ("conversation", Pattern::Bidirectional),
        ]
    );

    let get = &functions[0];
    assert_eq!(get.docs, "Unary: look one user up.");
    assert!(get.tags.idempotent);
    assert_eq!(get.params, [("user-id".to_owned(), Type::U64)]);
    assert_eq!(type_name(resolve, get.result.unwrap()), "user");
    assert!(matches!(get.error, ErrorKind::Status(ty) if type_name(resolve, ty) == "status"));

    let list = &functions[1];
    assert_eq!(list.tags.defaults, [("limit".to_owned(), json!(100))]);
    assert_eq!(type_name(resolve, list.output.unwrap()), "user");
    assert_eq!((list.result, &list.input), (None, &None));
    assert!(matches!(list.error, ErrorKind::Status(_)));

    let aggregate = &functions[2];
    assert!(aggregate.params.is_empty());
    let (name, item) = aggregate.input.clone().unwrap();
    assert_eq!(
        (name.as_str(), type_name(resolve, item)),
        ("points", "data-point")
    );
    assert_eq!(type_name(resolve, aggregate.result.unwrap()), "summary");
}

#[test]
fn errors_are_told_apart() {
    let package = golden("results");
    let error = |name| function(&package, name).error;
    assert_eq!(error("nothing"), ErrorKind::None);
    assert_eq!(error("plain"), ErrorKind::None);
    assert!(matches!(error("full"), ErrorKind::Status(_)));
    assert!(matches!(error("done"), ErrorKind::Status(_)));
    assert!(matches!(error("other"), ErrorKind::Other(Some(_))));
    assert_eq!(error("no-error"), ErrorKind::Other(None));
    assert_eq!(error("bare"), ErrorKind::Other(None));
    assert_eq!(function(&package, "done").result, None);
    assert_eq!(function(&package, "value").result, Some(Type::U32));

    let package = golden("aliases-count-as-what-they-name");
    let error = |name| function(&package, name).error;
    assert!(matches!(error("four"), ErrorKind::Status(_)));
    assert!(matches!(error("plain"), ErrorKind::Status(_)));
    assert_eq!(function(&package, "two").pattern, Pattern::ServerStreaming);
    assert_eq!(
        function(&package, "three").pattern,
        Pattern::ServerStreaming
    );
}

#[test]
fn a_stream_says_the_same_with_and_without_a_status() {
    let package = golden("stream-errors");
    let resolve = package.resolve();
    for name in ["none-given", "status-given"] {
        let ErrorKind::Status(mut ty) = function(&package, name).error else {
            panic!("{name}");
        };
        while let Type::Id(id) = ty
            && let TypeDefKind::Type(of) = resolve.types[id].kind
        {
            ty = of;
        }
        assert_eq!(type_name(resolve, ty), "status");
    }
    assert_eq!(function(&package, "no-type").error, ErrorKind::Other(None));
}

#[test]
fn tags_are_read_and_taken_out_of_the_docs() {
    let package = golden("docs");
    let tagged = function(&package, "tagged");
    assert_eq!(tagged.docs, "First line.\n  Indented.\n\nAfter the tag.");
    assert!(tagged.tags.idempotent);
    assert_eq!(tagged.tags.timeout, Some(Duration::from_secs(5)));
    assert_eq!(function(&package, "plain").docs, "");
    assert_eq!(function(&package, "block").docs, "In a block.");
    assert_eq!(
        function(&package, "starred").docs,
        "With stars.\nAnd lines."
    );
    assert_eq!(function(&package, "next").docs, "");
    assert_eq!(
        package.services()[0].docs,
        "The interface.\n\nIn two parts."
    );

    let package = golden("chunk-size-and-timeout");
    assert_eq!(function(&package, "a").tags.chunk_size, Some(1));
    assert_eq!(function(&package, "b").tags.chunk_size, Some(4 << 20));
    assert_eq!(
        function(&package, "b").tags.timeout,
        Some(Duration::from_millis(500))
    );
    assert_eq!(
        function(&package, "c").tags.timeout,
        Some(Duration::from_secs(86_400))
    );
}

#[test]
fn only_three_slashes_make_a_tag() {
    let package = golden("comments-are-no-tags");
    for function in &package.services()[0].functions {
        assert_eq!(function.tags, Default::default(), "{}", function.name);
    }
    assert_eq!(
        function(&package, "e").docs,
        "The address is me@example.com."
    );

    let package = golden("attributes-between-docs-and-item");
    assert!(function(&package, "old").tags.idempotent);
    assert_eq!(function(&package, "old").docs, "Docs.");
    assert!(function(&package, "below").tags.idempotent);
}

#[test]
fn defaults_are_kept_in_order() {
    let package = golden("defaults");
    let many = &function(&package, "many").tags.defaults;
    assert_eq!(many.len(), 25);
    assert_eq!(many[0], ("b".to_owned(), json!(true)));
    assert_eq!(many[3], ("n64".to_owned(), json!(u64::MAX)));
    assert_eq!(many[24], ("list".to_owned(), json!([])));
    let of_record = &function(&package, "of-record").tags.defaults;
    let fields: Vec<_> = of_record.iter().map(|(field, _)| field.as_str()).collect();
    assert_eq!(fields, ["limit", "after"]);
}

#[test]
fn files_are_those_of_the_author() {
    let package = golden("several-files");
    let names: Vec<_> = package.files().keys().map(String::as_str).collect();
    assert_eq!(names, ["a.wit", "b.wit", "c.wit"]);
    let package = golden("service-of-a-dependency");
    let names: Vec<_> = package.files().keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "app.wit",
            "deps/chat.wit",
            "deps/users/types.wit",
            "deps/users/users.wit"
        ]
    );
    // What was read can be read again, from memory.
    let again = Package::from_files(package.files().clone()).unwrap();
    assert_eq!(
        again.lower().unwrap().to_wit(),
        package.lower().unwrap().to_wit()
    );
}

#[test]
fn services_are_named_by_their_export() {
    let package = golden("service-of-a-dependency");
    let exports: Vec<_> = package
        .services()
        .iter()
        .map(|s| s.export.as_str())
        .collect();
    assert_eq!(exports, ["demo:users/users@1.0.0", "demo:chat/rooms"]);
    let world = &package.resolve().worlds[package.world()];
    assert_eq!(world.name, "app");
    assert_eq!(
        golden("reserved-exports-are-no-services").services().len(),
        1
    );
    assert_eq!(
        golden("types-only-export-is-no-service").services().len(),
        1
    );
}

#[test]
fn our_package_is_whole() {
    let names: Vec<_> = rpc_files().iter().map(|(name, _)| *name).collect();
    assert_eq!(
        names,
        [
            "context.wit",
            "lifecycle.wit",
            "log.wit",
            "poll.wit",
            "types.wit"
        ]
    );
}

#[test]
fn an_error_knows_its_place() {
    let text = "package a:b;\ninterface x {\n  f: async func();\n}\nworld w { export x; }\n";
    let files = BTreeMap::from([("x.wit".to_owned(), text.to_owned())]);
    let error = Package::from_files(files).unwrap_err();
    assert_eq!((error.file(), error.line()), (Some("x.wit"), Some(3)));
}

#[test]
fn a_missing_folder_is_an_error() {
    let error = Package::from_dir(Path::new("/nowhere/at/all")).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("/nowhere/at/all: cannot be read"),
        "{error}"
    );
}

#[test]
fn windows_line_ends_and_a_byte_order_mark_are_fine() {
    let text = "\u{feff}package a:b;\r\ninterface x {\r\n  /// Docs.\r\n  /// @timeout 5s\r\n  \
                f: func() -> stream<u8>;\r\n}\r\nworld w { export x; }\r\n";
    let files = BTreeMap::from([("x.wit".to_owned(), text.to_owned())]);
    let package = Package::from_files(files).unwrap();
    assert_eq!(function(&package, "f").docs, "Docs.");
    assert_eq!(
        function(&package, "f").tags.timeout,
        Some(Duration::from_secs(5))
    );
    assert!(package.lower().unwrap().to_wit().contains("u8-sink"));
}
