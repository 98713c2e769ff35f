//! What `ostler.lock` keeps, and what it may say.

use std::collections::BTreeMap;

use ostler_schema::proto::{Label, extend_lock};
use ostler_schema::{Contract, ContractError};

fn try_contract(body: &str, lock: Option<&str>) -> Result<Contract, ContractError> {
    let wit = format!(
        "package demo:users@1.0.0;
         interface users {{ use ostler:rpc/types@0.1.0.{{any, status}}; {body} }}
         world w {{ export users; }}"
    );
    let files = BTreeMap::from([("a.wit".to_owned(), wit)]);
    Contract::from_wit(files, lock.map(str::to_owned))
}

fn contract(body: &str, lock: Option<&str>) -> Contract {
    try_contract(body, lock).unwrap_or_else(|error| panic!("{error}"))
}

/// `name=number` of the fields of a message, by number.
fn fields(contract: &Contract, message: &str) -> Vec<String> {
    let layout = contract.plan.proto();
    let message = layout.message(layout.find(message).unwrap());
    let fields = message.fields.iter();
    fields
        .map(|field| format!("{}={}", field.name, field.number))
        .collect()
}

fn values(contract: &Contract) -> Vec<String> {
    let of = &contract.plan.proto().enums()[0];
    let values = of.values.iter();
    values
        .map(|value| format!("{}={}", value.name, value.number))
        .collect()
}

const FIRST: &str = "
    enum role { admin, guest }
    record user { user-name: string, age: u32, role: role }
    variant found { user(user), nobody }
    get: func(id: u64) -> found;
    all: func() -> list<string>;";

const FIRST_LOCK: &str = r#"# What protobuf calls the parts of this contract. `ostler lock` extends it; keep it
# with the WIT, so that numbers stay when the WIT changes.
format = 1

[messages."demo:users/users.all.response"]
name = "AllResponse"

[messages."demo:users/users.found"]
name = "Found"
fields.user = 1
fields.nobody = 2

[messages."demo:users/users.get.request"]
name = "GetRequest"
fields.id = 1

[messages."demo:users/users.get.response"]
name = "GetResponse"

[messages."demo:users/users.user"]
name = "User"
fields.user-name = 1
fields.age = 2
fields.role = 3

[enums."demo:users/users.role"]
name = "Role"
values.admin = 1
values.guest = 2
"#;

#[test]
fn the_first_lock_has_all_there_is() {
    let lock = extend_lock(&contract(FIRST, None)).unwrap();
    assert_eq!(lock, FIRST_LOCK);
    let again = extend_lock(&contract(FIRST, Some(&lock))).unwrap();
    assert_eq!(again, lock);
}

/// Fields and cases come, go and move; numbers stay.
#[test]
fn nothing_is_renumbered_and_what_was_removed_is_reserved() {
    let second = "
        enum role { owner, guest }
        record user { email: string, user-name: string, role: role }
        variant found { user(user), nobody }
        get: func(id: u64) -> found;
        all: func() -> list<string>;";
    let before = contract(second, Some(FIRST_LOCK));
    let want = ["user_name=1", "role=3", "email=4"];
    assert_eq!(fields(&before, "demo.users.v1.User"), want);
    let lock = extend_lock(&before).unwrap();
    let user = r#"
[messages."demo:users/users.user"]
name = "User"
fields.user-name = 1
fields.role = 3
fields.email = 4
reserved = [2]
reserved-names = ["age"]

[enums."demo:users/users.role"]
name = "Role"
values.guest = 2
values.owner = 3
reserved = [1]
reserved-names = ["ROLE_ADMIN"]
"#;
    assert!(lock.ends_with(user), "{lock}");
    let after = contract(second, Some(&lock));
    assert_eq!(fields(&after, "demo.users.v1.User"), want);
    assert_eq!(
        values(&after),
        ["ROLE_UNSPECIFIED=0", "ROLE_GUEST=2", "ROLE_OWNER=3"]
    );

    // What comes back is new; its name is free again.
    let back = contract(FIRST, Some(&lock));
    assert_eq!(
        fields(&back, "demo.users.v1.User"),
        ["user_name=1", "role=3", "age=5"]
    );
    let lock = extend_lock(&back).unwrap();
    assert!(
        lock.contains("reserved = [2, 4]\nreserved-names = [\"email\"]"),
        "{lock}"
    );
}

#[test]
fn a_type_that_no_method_uses_keeps_its_numbers() {
    let without = contract("ping: func();", Some(FIRST_LOCK));
    assert_eq!(extend_lock(&without).unwrap(), FIRST_LOCK);
}

#[test]
fn names_kinds_and_oneofs_are_the_locks() {
    let lock = r#"
        format = 1
        packages = ["acme.people"]
        [services."demo:users/users"]
        full-name = "acme.people.Directory"
        methods.get = "Lookup"
        [messages."demo:users/users.get.request"]
        full-name = "acme.people.Query"
        fields.id = { number = 7, kind = "fixed64", name = "ID", json-name = "id" }
        [messages."demo:users/users.person"]
        full-name = "acme.people.Person"
        fields.name = 1
        fields.nick = { kind = "google.protobuf.StringValue" }
        fields.scores = { number = 9, kind = "sint32", packed = false }
        fields.parent = { number = 3, any = "demo:users/users.person" }
        oneofs.contact.name = "how"
        oneofs.contact.fields.mail = 4
        oneofs.contact.fields.phone = { number = 5, name = "tel" }
        [messages."demo:users/users.nothing"]
        full-name = "acme.people.Person.Nothing"
        [enums."demo:users/users.level"]
        full-name = "acme.people.Person.Level"
        values.none = { number = 0, name = "NO_LEVEL" }
        values.high = { number = 5, name = "HIGH" }
    "#;
    let body = "
        variant contact { mail(string), phone(u64) }
        enum nothing { nothing }
        enum level { none, high }
        record person { name: string, nick: option<string>, scores: list<s32>, parent: option<any>,
                        contact: option<contact>, nothing: option<nothing>, level: level }
        get: func(id: u64) -> person;";
    let contract = contract(body, Some(lock));
    assert_eq!(contract.services[0].proto, "acme.people.Directory");
    assert_eq!(contract.services[0].methods[0].proto, "Lookup");
    assert_eq!(fields(&contract, "acme.people.Query"), ["ID=7"]);
    let want = [
        "name=1",
        "parent=3",
        "mail=4",
        "tel=5",
        "scores=9",
        "nick=10",
        "nothing=11",
        "level=12",
    ];
    assert_eq!(fields(&contract, "acme.people.Person"), want);
    assert_eq!(values(&contract), ["NO_LEVEL=0", "HIGH=5"]);
    let files = ostler_schema::proto::files(&contract);
    let file = files
        .iter()
        .find(|file| file.package() == "acme.people")
        .unwrap();
    assert_eq!(file.name(), "acme/people/people.proto");
    let person = file
        .message_type
        .iter()
        .find(|m| m.name() == "Person")
        .unwrap();
    assert_eq!(person.nested_type[0].name(), "Nothing");
    assert_eq!(person.enum_type[0].name(), "Level");
    assert_eq!(person.oneof_decl[0].name(), "how");
    let field = |name: &str| person.field.iter().find(|f| f.name() == name).unwrap();
    assert_eq!(field("parent").type_name(), ".acme.people.Person");
    assert_eq!(field("nick").type_name(), ".google.protobuf.StringValue");
    assert_eq!(field("tel").oneof_index, Some(0));
    assert!(!field("scores").options.as_ref().unwrap().packed());
    // Written again it says the same.
    let again = extend_lock(&contract).unwrap();
    let same = self::contract(body, Some(&again));
    assert_eq!(ostler_schema::proto::files(&same), files);
}

#[test]
fn a_default_gives_a_field_presence_in_every_use_of_its_message() {
    let contract = contract(
        "record page { start: u32, size: u32 }
         /// @default size 20
         get: func(page: page) -> u32;
         put: func(page: page);",
        None,
    );
    let layout = contract.plan.proto();
    let messages: Vec<_> = contract.services[0]
        .methods
        .iter()
        .map(|m| layout.message(m.request.proto))
        .collect();
    assert_ne!(messages[0].shape, messages[1].shape);
    for message in messages {
        assert_eq!(&*message.full_name, "demo.users.v1.Page");
        let labels: Vec<_> = message.fields.iter().map(|f| f.label).collect();
        assert_eq!(labels, [Label::Implicit, Label::Defaulted]);
    }
}

/// Each body, its lock below `format = 1`, and what is said of it.
#[test]
fn what_is_refused() {
    let page = "record page { start: u32, size: u32 } get: func(page: page);";
    let message = |lock: &str| format!("format = 1\n[messages.\"demo:users/users.page\"]\n{lock}");
    for (body, lock, want) in [
        (page, "nonsense".to_owned(), "ostler.lock:1: "),
        (page, "".to_owned(), "ostler.lock:1: it says no `format`; restore it"),
        (page, "format = 2".to_owned(), "format 2 is unknown (this version reads 1); update ostler"),
        (page, "format = 1\nformats = 1".to_owned(), "ostler.lock:2: unknown key `formats`; known are format, packages,"),
        (page, format!("format = 1\npackages = [{}]", "\"a\",".repeat(101)), "ostler.lock:2: there are more than 100 packages"),
        (page, message("field.start = 1"), "ostler.lock:3: unknown key `field`; known are name, full-name, fields,"),
        (page, message("fields.start = 0"), "ostler.lock:3: 0 cannot be the number of a field; use 1 to 536870911, but not 19000 to 19999"),
        (page, message("fields.start = 19500"), "19500 cannot be the number"),
        (page, message("fields.start = 536870912"), "536870912 cannot be the number"),
        (page, message("fields.start = 99999999999"), "expected a whole number of 32 bits"),
        (page, message("fields.start = \"1\""), "ostler.lock:3: expected a whole number of 32 bits, found a string"),
        (page, message("fields.start = 1\nfields.size = 1"), "ostler.lock:2: size and start both have number 1"),
        (page, message("fields.start = 1\nreserved = [\"1-3\"]"), "start has number 1, which is reserved; give it another"),
        (page, message("reserved = [\"3-1\"]"), "no number, or range of numbers"),
        (page, message("name = \"my-page\""), "\"my-page\" is no name of protobuf; use letters, digits and `_`"),
        (page, message("full-name = \"demo.users.v1.Users\""), "demo:users/users.page: demo.users.v1.Users is the full name of another one too"),
        (page, message("fields.start.kind = \"sint32\""), "message demo.users.v1.Page: ostler.lock says of field start what cannot be: kind sint32, which is none of uint32, fixed32"),
        (page, message("fields.start.kind = \"google.protobuf.Int32Value\""), "google.protobuf.Int32Value, which does not hold its type"),
        (page, message("fields.start.any = \"demo:users/users.page\""), "ostler.lock says `any` of field start, which is none"),
        (page, message("oneofs.start.fields.a = 1"), "field start is no variant, nor an option of one; only a variant can be a oneof"),
        (page, message("fields.start = { number = 1, name = \"size\" }"), "two of its fields have the same name; rename one, or give it"),
        (
            "get: func(a-1: u32, a1: u32);",
            "format = 1".to_owned(),
            "function get, message demo.users.v1.GetRequest: fields a_1 and a1 have in JSON the name a1; rename one, or give it another `name` in ostler.lock",
        ),
        (
            "enum e { a-1, a1 } get: func(e: e);",
            "format = 1".to_owned(),
            "enum demo.users.v1.E: values E_A_1 and E_A1 are the same to protobuf; rename a case",
        ),
        (
            "enum e { a, b } get: func(e: e);",
            "format = 1\n[messages.\"demo:users/users.e\"]\nname = \"E\"".to_owned(),
            "demo:users/users.e: only a record, a variant, or an enum of one case is a message",
        ),
        (
            "record r { x: any } get: func(r: r);",
            "format = 1\n[messages.\"demo:users/users.r\"]\nfields.x.any = \"demo:users/users.gone\"".to_owned(),
            "its `any` names demo:users/users.gone, which no method uses",
        ),
        (
            "get-it: func(); put-it: func();",
            "format = 1\n[services.\"demo:users/users\"]\nmethods.get-it = \"PutIt\"".to_owned(),
            "functions get-it and put-it are both PutIt to protobuf; rename one",
        ),
    ] {
        let error = match try_contract(body, Some(&lock)) {
            Ok(_) => panic!("accepted: {lock}"),
            Err(error) => error.to_string(),
        };
        assert!(error.contains(want), "{error}\n{want}");
    }
}
