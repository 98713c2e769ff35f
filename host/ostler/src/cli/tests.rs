//! Arguments as typed, and what is printed, word for word.

use clap::{CommandFactory as _, Parser as _};
use ostler_schema::{Contract, read_contracts};
use serde_json::json;

use super::listing::Listing;
use super::*;

/// The contract of one author's WIT.
fn contract(service: &str, wit: &str) -> Contract {
    let text = json!({
        "format": 1,
        "services": [{"name": service, "package": "demo:p@1.0.0", "methods": []}],
        "wit": {"p.wit": wit},
        "lock": null,
    });
    let mut all = read_contracts(text.to_string().as_bytes()).unwrap_or_else(|e| panic!("{e}"));
    all.remove(0)
}

fn listing(contract: &Contract, host: Option<&str>) -> Listing {
    let mut listing = Listing::default();
    let host = host.map(|host| curl::reachable(&format!("http://{host}")));
    listing.add(Some("p.wasm"), contract, host.as_deref());
    listing
}

const PATTERNS: &str = "
package demo:p@1.0.0;
interface things {
  record point { x: f64, label: option<string> }
  /// @idempotent
  get: func(id: u64) -> point;
  /// @default limit 10
  all: func(limit: u32) -> stream<point>;
  sum: func(points: stream<point>) -> f64;
  talk: func(words: stream<string>) -> stream<string>;
  ping: func();
}
world service { export things; }
";

#[test]
fn a_table_with_a_line_to_paste_for_each_method() {
    let things = contract("things", PATTERNS);
    let expected = r#"SERVICE  METHOD  PATTERN            PACKAGE
things   get     unary, idempotent  demo:p@1.0.0
  curl http://127.0.0.1:8080/things/get -H 'content-type: application/json' -d '{"id":1}'
things   all     server streaming   demo:p@1.0.0
  curl -N http://127.0.0.1:8080/things/all -H 'content-type: application/json' -d '{"limit":10}'
things   sum     client streaming   demo:p@1.0.0
  curl http://127.0.0.1:8080/things/sum -H 'content-type: application/json' -d '[{"x":1.5,"label":"label"},{"x":1.5,"label":"label"}]'
things   talk    bidirectional      demo:p@1.0.0
  curl -N http://127.0.0.1:8080/things/talk -H 'content-type: application/json' -d '["text","text"]'
things   ping    unary              demo:p@1.0.0
  curl http://127.0.0.1:8080/things/ping -H 'content-type: application/json' -d '{}'
"#;
    assert_eq!(listing(&things, Some("0.0.0.0:8080")).table(), expected);
}

#[test]
fn a_table_of_a_file_has_no_lines_to_paste() {
    let things = contract("things", PATTERNS);
    let table = listing(&things, None).table();
    assert_eq!(table.lines().count(), 6);
    assert!(!table.contains("curl"));
}

#[test]
fn chunk_streams_are_bytes() {
    let blobs = contract(
        "blobs",
        "package demo:p@1.0.0;
         interface blobs {
           upload: func(data: stream<list<u8>>) -> u64;
           download: func(size: u64) -> stream<list<u8>>;
         }
         world service { export blobs; }",
    );
    let listing = listing(&blobs, Some("[::1]:1"));
    let lines: Vec<_> = listing.services[0]
        .methods
        .iter()
        .filter_map(|m| m.curl.as_deref())
        .collect();
    assert_eq!(
        lines,
        [
            "printf hello | curl http://[::1]:1/blobs/upload -H 'content-type: application/octet-stream' --data-binary @-",
            "curl -N http://[::1]:1/blobs/download -H 'content-type: application/json' -d '{\"size\":1}' -H 'accept: application/octet-stream' -o out.bin",
        ]
    );
}

#[test]
fn every_type_has_a_sample() {
    let types = contract(
        "types",
        "package demo:p@1.0.0;
         interface types {
           use ostler:rpc/types@0.1.0.{timestamp, duration, field-mask, struct};
           enum colour { red, green }
           flags rights { read, write }
           variant shape { circle(f32), empty }
           record all {
             yes: bool, small: s8, letter: char, data: list<u8>, many: list<u16>,
             pair: tuple<string, s64>, maybe: option<option<u8>>,
             either: result<string, u8>, colour: colour, rights: rights, shape: shape,
             at: timestamp, lasting: duration, mask: field-mask, free: struct,
           }
           put: func(all: all);
         }
         world service { export types; }",
    );
    let listing = listing(&types, Some("127.0.0.1:1"));
    let curl = listing.services[0].methods[0]
        .curl
        .as_deref()
        .unwrap_or_default();
    let (_, body) = curl.split_once("-d ").unwrap();
    assert_eq!(
        body,
        r#"'{"yes":true,"small":1,"letter":"a","data":"aGVsbG8=","many":[1],"pair":["pair",1],"maybe":{"some":1},"either":{"ok":"either"},"colour":"red","rights":["read"],"shape":{"circle":1.5},"at":"2025-01-01T00:00:00Z","lasting":"PT1S","mask":"name","free":{}}'"#
    );
}

#[test]
fn the_machine_form() {
    let one = contract(
        "one",
        "package demo:p@1.0.0; interface one { f: func(); } world service { export one; }",
    );
    let mut listing = listing(&one, Some("127.0.0.1:7"));
    listing.listen = vec!["127.0.0.1:7".to_owned()];
    assert_eq!(
        listing.json(),
        r#"{"listen":["127.0.0.1:7"],"services":[{"name":"one","package":"demo:p@1.0.0","component":"p.wasm","methods":[{"name":"f","pattern":"unary","idempotent":false,"curl":"curl http://127.0.0.1:7/one/f -H 'content-type: application/json' -d '{}'"}]}]}"#
    );
}

#[test]
fn a_method_is_found_by_its_names() {
    let contracts = [contract("things", PATTERNS)];
    for (service, plain) in [
        ("things", "things"),
        ("things.v1", "things.v1"),
        ("demo.p.v1.Things", "things.v1"),
    ] {
        for method in ["sum", "Sum"] {
            let found = remote::find(&contracts, service, method).unwrap();
            assert_eq!(found.method.pattern.name(), "client_streaming");
            assert_eq!(found.plain(service), plain);
        }
    }
    let text = |service, method| remote::find(&contracts, service, method).unwrap_err().text;
    assert_eq!(
        text("things.v2", "sum"),
        "not_found: Service 'things.v2' not found; there are: things"
    );
    assert_eq!(
        text("things", "add"),
        "not_found: Method 'add' not found in service 'things'; there are: get, all, sum, talk, ping"
    );
}

#[test]
fn the_arguments_are_consistent() {
    Cli::command().debug_assert();
}

#[test]
fn help_documents_the_exit_codes() {
    let help = Cli::command().render_help().to_string();
    assert!(
        help.contains("10 + n   the call ended with gRPC status n"),
        "{help}"
    );
}

#[test]
fn wrong_arguments_are_refused() {
    for line in [
        &["ostler"][..],
        &["ostler", "serve"],
        &["ostler", "run", "--port", "1"],
        &["ostler", "inspect"],
        &["ostler", "call", "http://h"],
        &["ostler", "call", "http://h", "a.b", "--timeout", "soon"],
        &["ostler", "call", "http://h", "a.b", "--metadata", "novalue"],
        &["ostler", "call", "http://h", "a.b", "{}", "--in", "f"],
    ] {
        let error = Cli::try_parse_from(line).map(drop).unwrap_err();
        assert_eq!(error.exit_code(), 2, "{line:?}");
    }
}

#[test]
fn a_server_logs_more_than_a_tool() {
    let log = |line: &[&str]| Cli::try_parse_from(line).unwrap().command.default_log();
    assert_eq!(
        log(&["ostler", "run", "a.wasm", "b.wasm", "--json"]),
        "info"
    );
    assert_eq!(log(&["ostler", "inspect", "a.wasm"]), "warn");
    assert_eq!(log(&["ostler", "call", "http://h", "a.b", "-"]), "warn");
}
