//! Without an embedded contract: what the component itself says.

use std::collections::BTreeSet;

use ostler_schema::{Contract, ErrorType, Pattern, StreamEnd, Type};

use crate::build::{files, lowered, lowered_text, plain};
use crate::{USERS, method, read, refused};

/// The resource form, written by hand with names of its own choice.
const BY_HAND: &str = r#"
package acme:print@2.1.0;

interface jobs {
  use ostler:rpc/types@0.1.0.{status, closed};
  use ostler:rpc/poll@0.1.0.{pollable};

  record sheet { title: string, pages: list<list<u8>> }

  resource inbox {
    next: func() -> result<option<sheet>, status>;
    next-batch: func(max: u32) -> result<list<sheet>, status>;
    subscribe: func() -> pollable;
  }
  resource tray {
    send: func(item: sheet) -> result<_, closed>;
    send-batch: func(items: list<sheet>) -> result<_, closed>;
    subscribe: func() -> pollable;
  }
  resource unrelated {
    constructor();
    next: func() -> u32;
  }
}

interface printing {
  use jobs.{sheet, inbox, tray};
  use ostler:rpc/types@0.1.0.{status};
  enum oops { jam, no-paper }

  print-one: func(sheet: sheet) -> result<u32, oops>;
  print-all: func(sheets: inbox) -> result<u32, status>;
  reprint: func(copies: u8, last: bool, onto: tray) -> result<_, oops>;
  staple: func(sheets: inbox, onto: tray) -> result<_, status>;
}

world service { import jobs; export printing; }
"#;

#[test]
fn streams_are_recognised_by_the_types_of_their_methods() {
    let contract = read(&plain(BY_HAND));
    assert_eq!(contract.services[0].package.to_string(), "acme:print@2.1.0");
    let shapes: Vec<_> = (contract.services[0].methods.iter())
        .map(|m| (&*m.name.plain, m.pattern, m.request.spread))
        .collect();
    assert_eq!(
        shapes,
        [
            ("print_one", Pattern::Unary, false),
            ("print_all", Pattern::ClientStreaming, false),
            ("reprint", Pattern::ServerStreaming, true),
            ("staple", Pattern::Bidirectional, false),
        ]
    );
    let ends: Vec<_> = contract.streams.iter().map(|s| (&*s.name, s.end)).collect();
    assert_eq!(
        ends,
        [("inbox", StreamEnd::Source), ("tray", StreamEnd::Sink)]
    );
    assert_eq!(contract.streams[0].interface, "acme:print/jobs@2.1.0");
    let Type::Record(sheet) = &contract.plan[contract.streams[1].item] else {
        panic!("no record");
    };
    assert_eq!(&*sheet.name.wit, "sheet");

    let reprint = method(&contract, "reprint");
    assert!(matches!(reprint.error, ErrorType::Other(Some(_))));
    assert_eq!(reprint.response.message, Some(contract.streams[1].item));
    let Type::Record(request) = &contract.plan[reprint.request.message] else {
        panic!("no record");
    };
    let fields: Vec<_> = request.fields.iter().map(|f| &*f.name.plain).collect();
    assert_eq!(fields, ["copies", "last"]);
}

#[test]
fn its_wit_can_be_read_again() {
    let contract = read(&plain(BY_HAND));
    assert_eq!(contract.wit.keys().collect::<Vec<_>>(), ["component.wit"]);
    let again = Contract::from_wit(contract.wit.clone(), None).unwrap();
    assert_eq!(format!("{again:?}"), format!("{contract:?}"));
}

#[test]
fn the_lowering_needs_no_section_while_methods_are_left() {
    let contract = read(&lowered(USERS));
    let patterns: Vec<_> = contract.services[0]
        .methods
        .iter()
        .map(|m| m.pattern)
        .collect();
    assert_eq!(
        patterns,
        [
            Pattern::Unary,
            Pattern::ServerStreaming,
            Pattern::Unary,
            Pattern::Unary,
            Pattern::ClientStreaming,
            Pattern::Bidirectional,
            Pattern::Bidirectional,
            Pattern::Unary,
        ]
    );
    assert_eq!(contract.services[0].docs, "");
    assert!(!method(&contract, "get-user").idempotent);
    let again = Contract::from_wit(contract.wit.clone(), None).unwrap();
    assert_eq!(
        format!("{:?}", again.services),
        format!("{:?}", contract.services)
    );
}

/// The lowered WIT of a stream in and out, with only these methods left.
fn with_methods(kept: &[&str]) -> Vec<u8> {
    let wit = "package a:b; interface i { copy: func(data: stream<string>) -> stream<string>; }
               world w { export i; }";
    let text = lowered_text(wit);
    let lines = text.lines().filter(|line| {
        let method = line.trim().split(':').next().unwrap_or_default();
        let methods = ["next", "next-batch", "send", "send-batch", "subscribe"];
        !methods.contains(&method) || kept.contains(&method)
    });
    plain(&lines.collect::<Vec<_>>().join("\n"))
}

#[test]
fn one_method_of_each_end_is_enough() {
    for kept in [
        ["next", "send"],
        ["next-batch", "send-batch"],
        ["next", "send-batch"],
    ] {
        let contract = read(&with_methods(&kept));
        assert_eq!(contract.streams[0].methods, [kept[0]], "{kept:?}");
        assert_eq!(contract.streams[1].methods, [kept[1]], "{kept:?}");
        for stream in &contract.streams {
            assert!(matches!(contract.plan[stream.item], Type::String));
        }
    }
}

#[test]
fn without_one_the_remedy_is_named() {
    let want = |function: &str, resource: &str| {
        format!(
            "interface a:b/i, function copy, parameter {function}: the component keeps no method of \
             resource {resource} that tells what it carries; embed the WIT (`ostler build` and \
             `ostler_guest::service!` do, as section ostler:contract), or call next, next-batch, \
             send or send-batch in the guest"
        )
    };
    assert_eq!(
        refused(&with_methods(&["send"])),
        want("data", "string-stream")
    );
    assert_eq!(
        refused(&with_methods(&["next", "subscribe"])),
        want("out", "string-sink")
    );
}

/// The lowering moves types to another interface; their names stay.
#[test]
fn protobuf_names_do_not_depend_on_the_lowering() {
    // The second `user` makes names depend on interfaces.
    let wit = crate::USERS.replace("export users;", "export users; export admins;")
        + "interface admins { record user { id: u64 } get: func() -> user; }";
    let names = |contract: &Contract| {
        let messages = contract.plan.proto().messages().iter();
        let all: BTreeSet<String> = messages
            .map(|message| message.full_name.to_string())
            .collect();
        all
    };
    let author = Contract::from_wit(files(&wit), None).unwrap();
    let own = read(&lowered(&wit));
    assert_eq!(names(&own), names(&author));
    let want = ["demo.users.v1.AdminsUser", "demo.users.v1.UsersUser"];
    assert!(
        want.iter().all(|name| names(&own).contains(*name)),
        "{:?}",
        names(&own)
    );
    assert!(own.lock.is_none() && author.lock.is_none());
}
