//! With the author's WIT embedded: names, docs, tags and types are the
//! author's, and must agree with what is left in the component.

use std::time::Duration;

use ostler_schema::{Contract, ErrorType, Pattern, StreamEnd, Type, TypeId, Value, codec::json};

use crate::build::{contract, files, lowered, lowered_text, plain, with_nested, with_outer};
use crate::{USERS, method, read, refused};

const LOCK: &str = "format = 1";

fn users() -> Contract {
    read(&with_outer(lowered(USERS), &contract(USERS, Some(LOCK))))
}

/// A value of a type, read from JSON and written again.
fn through(contract: &Contract, ty: TypeId, text: &str) -> Result<String, String> {
    let value =
        json::decode(&contract.plan, ty, text.as_bytes(), 100).map_err(|e| e.to_string())?;
    let mut out = Vec::new();
    json::encode(&contract.plan, ty, &value, &mut out).map_err(|e| e.to_string())?;
    Ok(String::from_utf8(out).unwrap())
}

#[test]
fn everything_the_author_said() {
    let contract = users();
    assert_eq!(contract.lock.as_deref(), Some(LOCK));
    assert_eq!(contract.wit, files(USERS));
    let [service] = &contract.services[..] else {
        panic!("{:?}", contract.services);
    };
    assert_eq!(service.export, "demo:users/users@1.0.0");
    assert_eq!(&*service.name.plain, "users");
    assert_eq!(service.docs, "Everything about users.");
    assert_eq!(service.package.to_string(), "demo:users@1.0.0");
    let shapes: Vec<_> = (service.methods.iter())
        .map(|m| {
            (
                &*m.name.plain,
                m.pattern,
                m.idempotent,
                m.chunk_size,
                m.request.spread,
            )
        })
        .collect();
    assert_eq!(
        shapes,
        [
            ("get_user", Pattern::Unary, true, 65536, true),
            ("list_users", Pattern::ServerStreaming, false, 65536, true),
            ("get_page", Pattern::Unary, false, 65536, false),
            ("put_page", Pattern::Unary, false, 65536, false),
            ("aggregate", Pattern::ClientStreaming, false, 65536, false),
            ("conversation", Pattern::Bidirectional, false, 65536, false),
            ("copy", Pattern::Bidirectional, false, 1024, false),
            ("ping", Pattern::Unary, false, 65536, true),
        ]
    );
    let get = method(&contract, "get-user");
    assert_eq!(get.docs, "Look one user up.");
    assert_eq!(get.timeout, Some(Duration::from_secs(5)));
    assert!(matches!(get.error, ErrorType::Status(_)));
    assert!(matches!(
        method(&contract, "list-users").error,
        ErrorType::Status(_)
    ));
    assert!(matches!(
        method(&contract, "put-page").error,
        ErrorType::Other(Some(_))
    ));
    assert_eq!(method(&contract, "ping").error, ErrorType::None);
    assert_eq!(method(&contract, "ping").response.message, None);
}

#[test]
fn messages_are_the_record_or_the_parameters() {
    let contract = users();
    let request =
        |name: &str, text: &str| through(&contract, method(&contract, name).request.message, text);
    assert_eq!(
        request("get-user", r#"{"user_id":7}"#).unwrap(),
        r#"{"user_id":7}"#
    );
    assert_eq!(request("ping", "{}").unwrap(), "{}");
    assert_eq!(request("aggregate", "7").unwrap(), "7");
    assert_eq!(request("copy", "\"AAE=\"").unwrap(), "\"AAE=\"");
    let reply = method(&contract, "get-user").response.message.unwrap();
    let user = r#"{"user_name":"ada","age":36}"#;
    assert_eq!(through(&contract, reply, user).unwrap(), user);
}

#[test]
fn a_default_belongs_to_one_method() {
    let contract = users();
    let request =
        |name: &str, text: &str| through(&contract, method(&contract, name).request.message, text);
    assert_eq!(request("list-users", "{}").unwrap(), r#"{"limit":100}"#);
    assert_eq!(
        request("get-page", r#"{"start":1}"#).unwrap(),
        r#"{"start":1,"size":20}"#
    );
    assert_eq!(
        request("put-page", r#"{"start":1}"#).unwrap_err(),
        "size: missing required field"
    );
}

#[test]
fn streams_are_known_by_resource() {
    let contract = users();
    let stream = |name: &str| {
        let found = contract.streams.iter().find(|stream| stream.name == name);
        found.unwrap_or_else(|| panic!("{name}: {:?}", contract.streams))
    };
    assert_eq!(contract.streams.len(), 6);
    let source = stream("u32-stream");
    assert_eq!(source.interface, "demo:users/users-types@1.0.0");
    assert_eq!(source.end, StreamEnd::Source);
    assert_eq!(source.methods, ["next", "next-batch", "subscribe"]);
    assert!(matches!(contract.plan[source.item], Type::U32));
    let sink = stream("chunk-sink");
    assert_eq!(sink.end, StreamEnd::Sink);
    assert_eq!(sink.methods, ["send", "send-batch", "subscribe"]);
    assert!(matches!(contract.plan[sink.item], Type::Bytes));

    let name = |index: Option<usize>| index.map(|i| contract.streams[i].name.as_str());
    let conversation = method(&contract, "conversation");
    assert_eq!(name(conversation.request.stream), Some("u32-stream"));
    assert_eq!(name(conversation.response.sink), Some("user-sink"));
    let get = method(&contract, "get-user");
    assert_eq!(
        (name(get.request.stream), name(get.response.sink)),
        (None, None)
    );
}

#[test]
fn a_section_in_the_core_module_counts() {
    let contract = read(&with_nested(USERS, &[contract(USERS, None)]));
    assert_eq!(contract.services[0].docs, "Everything about users.");
    assert_eq!(contract.lock, None);
}

#[test]
fn the_components_own_level_wins() {
    let outer = USERS.replace("Everything about", "All of the");
    let component = with_nested(USERS, &[contract(USERS, None)]);
    let contract = read(&with_outer(component, &contract(&outer, None)));
    assert_eq!(contract.services[0].docs, "All of the users.");
}

#[test]
fn of_several_records_the_one_about_an_export_counts() {
    let other = USERS.replace("demo:users", "demo:others");
    let both = [contract(&other, None), contract(USERS, None)].concat();
    let read = read(&with_nested(USERS, &[both]));
    assert_eq!(read.services[0].docs, "Everything about users.");
    let again = crate::read(&with_nested(
        USERS,
        &[contract(&other, None), contract(USERS, None)],
    ));
    assert_eq!(again.services[0].docs, "Everything about users.");
    // A part that is not exported says nothing of this component.
    let foreign = crate::read(&with_nested(USERS, &[contract(&other, None)]));
    assert_eq!(foreign.services[0].docs, "");
}

#[test]
fn methods_that_a_linker_dropped_are_no_difference() {
    let text = lowered_text(USERS);
    let kept: String = (text.lines())
        .filter(|line| {
            !["next", "send", "subscribe"]
                .iter()
                .any(|m| line.trim().starts_with(m))
        })
        .collect::<Vec<_>>()
        .join("\n");
    let contract = read(&with_outer(plain(&kept), &contract(USERS, None)));
    assert!(
        contract
            .streams
            .iter()
            .all(|stream| stream.methods.is_empty())
    );
    let aggregate = method(&contract, "aggregate");
    let stream = &contract.streams[aggregate.request.stream.unwrap()];
    assert_eq!(stream.end, StreamEnd::Source);
    assert!(matches!(contract.plan[stream.item], Type::U32));
}

#[test]
fn what_differs_is_named() {
    for (old, new, want) in [
        (
            "user-id: u64",
            "user-id: u32",
            "function get-user, parameter user-id: u32 in the embedded WIT, u64 in the component",
        ),
        (
            "user-id: u64",
            "id: u64",
            "function get-user: the parameters are (id) in the embedded WIT and (user-id) in the component",
        ),
        (
            "age: u32 }",
            "age: string }",
            "function get-user, result: age: string in the embedded WIT, u32 in the component",
        ),
        (
            "age: u32 }",
            "years: u32 }",
            "function get-user, result: years: a field only in the embedded WIT",
        ),
        (
            "age: u32 }",
            "age: u32, more: bool }",
            "function get-user, result: more: a field only in the embedded WIT",
        ),
        (
            "record user { user-name: string, age: u32 }",
            "record user { age: u32, user-name: string }",
            "function get-user, result: the fields are in another order",
        ),
        (
            "over(u32)",
            "over(option<u32>)",
            "function put-page, error: over: option in the embedded WIT, u32 in the component",
        ),
        (
            "over(u32)",
            "over",
            "function put-page, error: over: has a value only in the component",
        ),
        (
            "ages: stream<u32>) -> result<summary",
            "ages: list<u32>) -> result<summary",
            "function aggregate: the embedded WIT says unary, the component client streaming",
        ),
        (
            "ages: stream<u32>) -> result<summary",
            "ages: stream<u64>) -> result<summary",
            "function aggregate, items of ages: u64 in the embedded WIT, u32 in the component",
        ),
        (
            "result<_, limit-error>",
            "result<_, status>",
            "function put-page: the error is another in the embedded WIT than in the component",
        ),
        (
            "-> list<user>",
            "-> result<list<user>, status>",
            "function get-page: the error is another in the embedded WIT than in the component",
        ),
        (
            "-> list<user>",
            "",
            "function get-page: the result is there in only one of the embedded WIT and the component",
        ),
        (
            "ping: func();",
            "",
            "function ping: the component exports it, the embedded WIT does not",
        ),
        (
            "ping: func();",
            "ping: func(); pong: func();",
            "function pong: the embedded WIT has it, the component does not export it",
        ),
    ] {
        let stale = USERS.replace(old, new);
        assert_ne!(stale, USERS, "{old}");
        let error = refused(&with_outer(lowered(USERS), &contract(&stale, None)));
        let want = format!(
            "interface demo:users/users@1.0.0, {want}; build the component again from the WIT it embeds"
        );
        assert_eq!(error, want);
    }
}

#[test]
fn sections_that_cannot_be_used() {
    let component = || lowered(USERS);
    for (section, want) in [
        (vec![1, 2], "cut off at byte 0"),
        (contract(USERS, None)[..100].to_vec(), "cut off at byte 0"),
        ([&4_u32.to_le_bytes()[..], b"nope"].concat(), "not JSON"),
        (
            [&12_u32.to_le_bytes()[..], b"{\"format\":2}"].concat(),
            "format 2 is unknown",
        ),
        (
            contract(
                "package a:b; interface i { f: async func(); } world w { export i; }",
                None,
            ),
            "async func",
        ),
        (contract("nonsense", None), "service.wit"),
        (
            contract(&USERS.replace("1.0.0;", "2.0.0;"), None),
            "is about none of the exports (demo:users/users@1.0.0)",
        ),
    ] {
        let error = refused(&with_outer(component(), &section));
        assert!(error.contains("section ostler:contract"), "{error}");
        assert!(error.contains(want), "{error}");
    }
    let two = USERS.replace("export users;", "export users; export more;")
        + "interface more { f: func(); }";
    let error = refused(&with_outer(component(), &contract(&two, None)));
    assert_eq!(
        error,
        "interface demo:users/more@1.0.0: the embedded WIT exports it, the component does not; \
         build the component again from the WIT it embeds"
    );
}

#[test]
fn from_the_wit_alone_it_is_the_same() {
    let component = users();
    let wit = Contract::from_wit(files(USERS), Some(LOCK.into())).unwrap();
    assert_eq!(
        format!("{:?}", wit.services),
        format!("{:?}", component.services)
    );
    assert_eq!(format!("{:?}", wit.plan), format!("{:?}", component.plan));
    let names = |contract: &Contract| {
        let mut names: Vec<_> = contract.streams.iter().map(|s| s.name.clone()).collect();
        names.sort();
        names
    };
    // A component imports only the pairs' ends that a function takes.
    assert!(
        names(&component)
            .iter()
            .all(|name| names(&wit).contains(name))
    );
    assert!(Contract::from_wit(files("package a:b;"), None).is_err());
}

#[test]
fn defaults_reach_the_guest_as_values() {
    let contract = users();
    let Type::Record(record) = &contract.plan[method(&contract, "list-users").request.message]
    else {
        panic!("no record");
    };
    assert_eq!(record.fields[0].default, Some(Value::Uint(100)));
}

#[test]
fn an_extract_has_the_contract_of_its_component() {
    let nested = [contract(USERS, Some(LOCK))];
    for (what, component) in [
        ("types alone", lowered(USERS)),
        ("text", plain(&lowered_text(USERS))),
        ("outer", with_outer(lowered(USERS), &nested[0])),
        ("nested", with_nested(USERS, &nested)),
    ] {
        let extract = Contract::extract(&component).unwrap();
        let contract = Contract::from_extract(&extract).unwrap();
        let whole = read(&component);
        assert_eq!(format!("{contract:?}"), format!("{whole:?}"), "{what}");
        assert!(extract.len() < component.len(), "{what}");
        // Neither is taken for the other.
        assert!(Contract::from_component(&extract).is_err(), "{what}");
        assert!(Contract::from_extract(&component).is_err(), "{what}");
    }
    assert!(Contract::extract(b"no component").is_err());
}
