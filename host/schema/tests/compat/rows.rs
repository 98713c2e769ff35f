//! The changes of `table.rs`.

use crate::table::Row;

pub(crate) const ROWS: &[Row] = &[
    Row {
        title: "a required field of a request added",
        wit: [
            "record user { name: string } put: func(user: user);",
            "record user { name: string, age: u32 } put: func(user: user);",
        ],
        locks: [None, None],
        want: &["breaking: users.user.age: added (u32) (request; plain)"],
    },
    Row {
        title: "a required field of a reply added",
        wit: [
            "record user { name: string } get: func() -> user;",
            "record user { name: string, age: u32 } get: func() -> user;",
        ],
        locks: [None, None],
        want: &["compatible: users.user.age: added (u32) (response; plain, proto)"],
    },
    Row {
        title: "a required field of both added",
        wit: [
            "record user { name: string } put: func(user: user) -> user;",
            "record user { name: string, age: u32 } put: func(user: user) -> user;",
        ],
        locks: [None, None],
        want: &["breaking: users.user.age: added (u32) (request; plain)"],
    },
    Row {
        title: "a required char of a request added",
        wit: [
            "record user { name: string } put: func(user: user);",
            "record user { name: string, key: char } put: func(user: user);",
        ],
        locks: [None, None],
        want: &["breaking: users.user.key: added (char) (request; plain, proto)"],
    },
    Row {
        title: "a required enum of a request added",
        wit: [
            "enum role { admin } record user { name: string } put: func(user: user);",
            "enum role { admin } record user { name: string, role: role } put: func(user: user);",
        ],
        locks: [None, None],
        want: &["breaking: users.user.role: added (role) (request; plain, proto)"],
    },
    Row {
        title: "a required enum with a zero added",
        wit: [
            "enum role { unspecified, admin } record user { name: string } put: func(user: user);",
            "enum role { unspecified, admin } record user { name: string, role: role } put: func(user: user);",
        ],
        locks: [None, None],
        want: &["breaking: users.user.role: added (role) (request; plain)"],
    },
    Row {
        title: "a required record that may be empty added",
        wit: [
            "record inner { n: u32 } record user { name: string } put: func(user: user);",
            "record inner { n: u32 } record user { name: string, inner: inner } put: func(user: user);",
        ],
        locks: [None, None],
        want: &["breaking: users.user.inner: added (inner) (request; plain)"],
    },
    Row {
        title: "a required record that may not be empty added",
        wit: [
            "record inner { c: char } record user { name: string } put: func(user: user);",
            "record inner { c: char } record user { name: string, inner: inner } put: func(user: user);",
        ],
        locks: [None, None],
        want: &["breaking: users.user.inner: added (inner) (request; plain, proto)"],
    },
    Row {
        title: "a required list of a request added",
        wit: [
            "record user { name: string } put: func(user: user);",
            "record user { name: string, tags: list<string> } put: func(user: user);",
        ],
        locks: [None, None],
        want: &["breaking: users.user.tags: added (list<string>) (request; plain)"],
    },
    Row {
        title: "a required variant of a request added",
        wit: [
            "variant contact { none, email(string) } record user { name: string } put: func(user: user);",
            "variant contact { none, email(string) } record user { name: string, contact: contact } put: func(user: user);",
        ],
        locks: [None, None],
        want: &["breaking: users.user.contact: added (contact) (request; plain, proto)"],
    },
    Row {
        title: "an optional field of both added",
        wit: [
            "record user { name: string } put: func(user: user) -> user;",
            "record user { name: string, age: option<u32> } put: func(user: user) -> user;",
        ],
        locks: [None, None],
        want: &[
            "compatible: users.user.age: added (option<u32>) (request, response; plain, proto)",
        ],
    },
    Row {
        title: "a field with a default added",
        wit: [
            "record page { start: u32 } all: func(page: page);",
            "record page { start: u32, size: u32 }\n/// @default size 20\nall: func(page: page);",
        ],
        locks: [None, None],
        want: &["compatible: users.page.size: added (u32) (request; plain, proto)"],
    },
    Row {
        title: "a default in one of two methods",
        wit: [
            "record page { start: u32 } all: func(page: page); count: func(page: page);",
            "record page { start: u32, size: u32 }\n/// @default size 20\nall: func(page: page);\ncount: func(page: page);",
        ],
        locks: [None, None],
        want: &["breaking: users.page.size: added (u32) (request; plain)"],
    },
    Row {
        title: "a field of a request removed",
        wit: [
            "record user { name: string, age: u32 } put: func(user: user);",
            "record user { name: string } put: func(user: user);",
        ],
        locks: [None, None],
        want: &["compatible: users.user.age: removed (u32) (request; plain, proto)"],
    },
    Row {
        title: "a field of a reply removed",
        wit: [
            "record user { name: string, age: u32 } get: func() -> user;",
            "record user { name: string } get: func() -> user;",
        ],
        locks: [None, None],
        want: &["breaking: users.user.age: removed (u32) (response; plain)"],
    },
    Row {
        title: "a field of both removed",
        wit: [
            "record user { name: string, age: u32 } put: func(user: user) -> user;",
            "record user { name: string } put: func(user: user) -> user;",
        ],
        locks: [None, None],
        want: &["breaking: users.user.age: removed (u32) (response; plain)"],
    },
    Row {
        title: "a char of a reply removed",
        wit: [
            "record user { name: string, key: char } get: func() -> user;",
            "record user { name: string } get: func() -> user;",
        ],
        locks: [None, None],
        want: &["breaking: users.user.key: removed (char) (response; plain, proto)"],
    },
    Row {
        title: "an optional field of both removed",
        wit: [
            "record user { name: string, age: option<u32> } put: func(user: user) -> user;",
            "record user { name: string } put: func(user: user) -> user;",
        ],
        locks: [None, None],
        want: &["breaking: users.user.age: removed (option<u32>) (response; plain)"],
    },
    Row {
        title: "a field before others removed, without a lock",
        wit: [
            "record user { name: string, age: u32 } put: func(user: user) -> user;",
            "record user { age: u32 } put: func(user: user) -> user;",
        ],
        locks: [None, None],
        want: &[
            "breaking: users.user.age: number 2 → 1 (request, response; protobuf)",
            "breaking: users.user.name: removed (string) (request, response; plain, protobuf)",
        ],
    },
    Row {
        title: "a field renamed",
        wit: [
            "record user { name: string, age: u32 } put: func(user: user) -> user;",
            "record user { name: string, years: u32 } put: func(user: user) -> user;",
        ],
        locks: [None, None],
        want: &["breaking: users.user.age: renamed years (request, response; plain, proto JSON)"],
    },
    Row {
        title: "an optional field renamed",
        wit: [
            "record user { name: string, age: option<u32> } put: func(user: user) -> user;",
            "record user { name: string, years: option<u32> } put: func(user: user) -> user;",
        ],
        locks: [None, None],
        want: &["breaking: users.user.age: renamed years (request, response; plain, proto JSON)"],
    },
    Row {
        title: "a number used again for another type",
        wit: [
            "record user { name: string, age: u32 } put: func(user: user) -> user;",
            "record user { name: string, mail: option<string> } put: func(user: user) -> user;",
        ],
        locks: [None, None],
        want: &[
            "breaking: users.user.age: removed (u32) (request, response; plain, protobuf)",
            "breaking: users.user.mail: added (option<string>) (response; protobuf)",
        ],
    },
    Row {
        title: "fields in another order",
        wit: [
            "record user { name: string, age: u32 } put: func(user: user) -> user;",
            "record user { age: u32, name: string } put: func(user: user) -> user;",
        ],
        locks: [None, None],
        want: &[
            "breaking: users.user.age: number 2 → 1 (request, response; protobuf)",
            "breaking: users.user.name: number 1 → 2 (request, response; protobuf)",
        ],
    },
    Row {
        title: "a record that goes by another name",
        wit: [
            "record user { name: string } put: func(user: user) -> user;",
            "record person { name: string } put: func(user: person) -> person;",
        ],
        locks: [None, None],
        want: &[],
    },
    Row {
        title: "a record and its alias",
        wit: [
            "record user { name: string } put: func(user: user) -> user;",
            "record user { name: string } type person = user; put: func(user: person) -> person;",
        ],
        locks: [None, None],
        want: &[],
    },
    Row {
        title: "u32 → u64",
        wit: [
            "put: func(x: u32); get: func() -> u32;",
            "put: func(x: u64); get: func() -> u64;",
        ],
        locks: [None, None],
        want: &[
            "breaking: users.get → reply: u32 → u64 (response; plain, proto)",
            "compatible: users.put(x): u32 → u64 (request; plain, proto)",
        ],
    },
    Row {
        title: "u64 → u32",
        wit: [
            "put: func(x: u64); get: func() -> u64;",
            "put: func(x: u32); get: func() -> u32;",
        ],
        locks: [None, None],
        want: &[
            "compatible: users.get → reply: u64 → u32 (response; plain, proto)",
            "breaking: users.put(x): u64 → u32 (request; plain, proto)",
        ],
    },
    Row {
        title: "s32 → s64",
        wit: [
            "put: func(x: s32); get: func() -> s32;",
            "put: func(x: s64); get: func() -> s64;",
        ],
        locks: [None, None],
        want: &[
            "breaking: users.get → reply: s32 → s64 (response; plain, proto)",
            "compatible: users.put(x): s32 → s64 (request; plain, proto)",
        ],
    },
    Row {
        title: "s64 → s8",
        wit: [
            "put: func(x: s64); get: func() -> s64;",
            "put: func(x: s8); get: func() -> s8;",
        ],
        locks: [None, None],
        want: &[
            "compatible: users.get → reply: s64 → s8 (response; plain, proto)",
            "breaking: users.put(x): s64 → s8 (request; plain, proto)",
        ],
    },
    Row {
        title: "u32 → s64",
        wit: [
            "put: func(x: u32); get: func() -> u32;",
            "put: func(x: s64); get: func() -> s64;",
        ],
        locks: [None, None],
        want: &[
            "breaking: users.get → reply: u32 → s64 (response; plain, proto)",
            "compatible: users.put(x): u32 → s64 (request; plain, proto)",
        ],
    },
    Row {
        title: "u32 → s32",
        wit: [
            "put: func(x: u32); get: func() -> u32;",
            "put: func(x: s32); get: func() -> s32;",
        ],
        locks: [None, None],
        want: &[
            "breaking: users.get → reply: u32 → s32 (response; plain, proto)",
            "breaking: users.put(x): u32 → s32 (request; plain, proto)",
        ],
    },
    Row {
        title: "s32 → u64",
        wit: [
            "put: func(x: s32); get: func() -> s32;",
            "put: func(x: u64); get: func() -> u64;",
        ],
        locks: [None, None],
        want: &[
            "breaking: users.get → reply: s32 → u64 (response; plain, proto)",
            "breaking: users.put(x): s32 → u64 (request; plain, proto)",
        ],
    },
    Row {
        title: "f32 → f64",
        wit: [
            "put: func(x: f32); get: func() -> f32;",
            "put: func(x: f64); get: func() -> f64;",
        ],
        locks: [None, None],
        want: &[
            "breaking: users.get → reply: f32 → f64 (response; plain, proto)",
            "breaking: users.put(x): f32 → f64 (request; protobuf)",
        ],
    },
    Row {
        title: "f64 → f32",
        wit: [
            "put: func(x: f64); get: func() -> f64;",
            "put: func(x: f32); get: func() -> f32;",
        ],
        locks: [None, None],
        want: &[
            "breaking: users.get → reply: f64 → f32 (response; protobuf)",
            "breaking: users.put(x): f64 → f32 (request; plain, proto)",
        ],
    },
    Row {
        title: "u32 → f64",
        wit: [
            "put: func(x: u32); get: func() -> u32;",
            "put: func(x: f64); get: func() -> f64;",
        ],
        locks: [None, None],
        want: &[
            "breaking: users.get → reply: u32 → f64 (response; plain, proto)",
            "breaking: users.put(x): u32 → f64 (request; plain, proto)",
        ],
    },
    Row {
        title: "char → string",
        wit: [
            "put: func(x: char); get: func() -> char;",
            "put: func(x: string); get: func() -> string;",
        ],
        locks: [None, None],
        want: &[
            "breaking: users.get → reply: char → string (response; plain, proto)",
            "compatible: users.put(x): char → string (request; plain, proto)",
        ],
    },
    Row {
        title: "string → char",
        wit: [
            "put: func(x: string); get: func() -> string;",
            "put: func(x: char); get: func() -> char;",
        ],
        locks: [None, None],
        want: &[
            "compatible: users.get → reply: string → char (response; plain, proto)",
            "breaking: users.put(x): string → char (request; plain, proto)",
        ],
    },
    Row {
        title: "string → list<u8>",
        wit: [
            "put: func(x: string); get: func() -> string;",
            "put: func(x: list<u8>); get: func() -> list<u8>;",
        ],
        locks: [None, None],
        want: &[
            "breaking: users.get → reply: JSON name value → data (response; proto JSON)",
            "breaking: users.get → reply: string → list<u8> (response; plain, protobuf)",
            "breaking: users.put(x): string → list<u8> (request; plain, proto)",
        ],
    },
    Row {
        title: "list<u8> → list<u16>",
        wit: [
            "put: func(x: list<u8>); get: func() -> list<u8>;",
            "put: func(x: list<u16>); get: func() -> list<u16>;",
        ],
        locks: [None, None],
        want: &[
            "breaking: users.get → reply: JSON name data → value (response; proto JSON)",
            "breaking: users.get → reply: list<u8> → list<u16> (response; plain, protobuf)",
            "breaking: users.put(x): list<u8> → list<u16> (request; plain, proto)",
        ],
    },
    Row {
        title: "u32 → string",
        wit: [
            "put: func(x: u32); get: func() -> u32;",
            "put: func(x: string); get: func() -> string;",
        ],
        locks: [None, None],
        want: &[
            "breaking: users.get → reply: u32 → string (response; plain, proto)",
            "breaking: users.put(x): u32 → string (request; plain, proto)",
        ],
    },
    Row {
        title: "bool → u32",
        wit: [
            "put: func(x: bool); get: func() -> bool;",
            "put: func(x: u32); get: func() -> u32;",
        ],
        locks: [None, None],
        want: &[
            "breaking: users.get → reply: bool → u32 (response; plain, proto)",
            "breaking: users.put(x): bool → u32 (request; plain, proto)",
        ],
    },
    Row {
        title: "timestamp → string",
        wit: [
            "put: func(x: timestamp); get: func() -> timestamp;",
            "put: func(x: string); get: func() -> string;",
        ],
        locks: [None, None],
        want: &[
            "breaking: users.get → reply: added (string) (response; protobuf)",
            "breaking: users.get → reply: timestamp → string (response; plain, proto JSON)",
            "compatible: users.get → reply.nanos: removed (s32) (response; protobuf)",
            "compatible: users.get → reply.seconds: removed (s64) (response; protobuf)",
            "breaking: users.put: timestamp → parameters (request; plain, proto)",
            "compatible: users.put(nanos): removed (s32) (request; protobuf)",
            "breaking: users.put(seconds): removed (s64) (request; protobuf)",
            "compatible: users.put(x): added (string) (request; protobuf)",
        ],
    },
    Row {
        title: "timestamp → duration",
        wit: [
            "put: func(x: timestamp); get: func() -> timestamp;",
            "put: func(x: duration); get: func() -> duration;",
        ],
        locks: [None, None],
        want: &[
            "breaking: users.get → reply: timestamp → duration (response; plain, proto JSON)",
            "breaking: users.put: timestamp → duration (request; plain, proto JSON)",
        ],
    },
    Row {
        title: "object → string",
        wit: [
            "put: func(x: object); get: func() -> object;",
            "put: func(x: string); get: func() -> string;",
        ],
        locks: [None, None],
        want: &[
            "breaking: users.get → reply: struct → string (response; plain, proto)",
            "breaking: users.put: struct → parameters (request; plain, proto)",
        ],
    },
    Row {
        title: "option<T> → T",
        wit: [
            "put: func(x: option<u32>); get: func() -> option<u32>;",
            "put: func(x: u32); get: func() -> u32;",
        ],
        locks: [None, None],
        want: &[
            "compatible: users.get → reply: option<u32> → u32 (response; plain, proto)",
            "breaking: users.put(x): option<u32> → u32 (request; plain)",
        ],
    },
    Row {
        title: "T → option<T>",
        wit: [
            "put: func(x: u32); get: func() -> u32;",
            "put: func(x: option<u32>); get: func() -> option<u32>;",
        ],
        locks: [None, None],
        want: &[
            "breaking: users.get → reply: u32 → option<u32> (response; plain)",
            "compatible: users.put(x): u32 → option<u32> (request; plain, proto)",
        ],
    },
    Row {
        title: "a record, now optional",
        wit: [
            "record user { age: u32 } put: func(x: user); get: func() -> user;",
            "record user { age: u32 } put: func(x: option<user>); get: func() -> option<user>;",
        ],
        locks: [None, None],
        want: &[
            "breaking: users.get → reply: added (option<user>) (response; protobuf)",
            "breaking: users.get → reply: user → option<user> (response; plain)",
            "compatible: users.get → reply.age: removed (u32) (response; proto)",
            "breaking: users.put: user → parameters (request; plain, proto)",
            "breaking: users.put(age): removed (u32) (request; protobuf)",
            "compatible: users.put(x): added (option<user>) (request; plain, proto)",
        ],
    },
    Row {
        title: "an optional char",
        wit: [
            "put: func(x: option<char>); get: func() -> option<char>;",
            "put: func(x: char); get: func() -> char;",
        ],
        locks: [None, None],
        want: &[
            "compatible: users.get → reply: option<char> → char (response; plain, proto)",
            "breaking: users.put(x): option<char> → char (request; plain, proto)",
        ],
    },
    Row {
        title: "an optional variant",
        wit: [
            "variant contact { a, b(u32) } put: func(x: option<contact>); get: func() -> option<contact>;",
            "variant contact { a, b(u32) } put: func(x: contact); get: func() -> contact;",
        ],
        locks: [None, None],
        want: &[
            "compatible: users.get → reply: option<contact> → contact (response; plain, proto)",
            "breaking: users.put(x): option<contact> → contact (request; plain, proto)",
        ],
    },
    Row {
        title: "an option in an option",
        wit: [
            "put: func(x: option<u32>); get: func() -> option<u32>;",
            "put: func(x: option<option<u32>>); get: func() -> option<option<u32>>;",
        ],
        locks: [None, None],
        want: &[
            "breaking: users.get → reply: option<u32> → option<option<u32>> (response; plain)",
            "breaking: users.get → reply: u32 → option<u32> (response; proto)",
            "breaking: users.put(x): option<u32> → option<option<u32>> (request; plain)",
            "breaking: users.put(x): u32 → option<u32> (request; proto)",
        ],
    },
    Row {
        title: "an optional list",
        wit: [
            "put: func(x: list<u32>); get: func() -> list<u32>;",
            "put: func(x: option<list<u32>>); get: func() -> option<list<u32>>;",
        ],
        locks: [None, None],
        want: &[
            "breaking: users.get → reply: list<u32> → option<list<u32>> (response; plain, proto)",
            "breaking: users.put(x): list<u32> → option<list<u32>> (request; proto)",
        ],
    },
    Row {
        title: "options of other types",
        wit: [
            "put: func(x: option<u32>); get: func() -> option<u32>;",
            "put: func(x: option<u64>); get: func() -> option<u64>;",
        ],
        locks: [None, None],
        want: &[
            "breaking: users.get → reply: u32 → u64 (response; plain, proto)",
            "compatible: users.put(x): u32 → u64 (request; plain, proto)",
        ],
    },
    Row {
        title: "options in a list",
        wit: [
            "put: func(x: list<option<u32>>); get: func() -> list<option<u32>>;",
            "put: func(x: list<u32>); get: func() -> list<u32>;",
        ],
        locks: [None, None],
        want: &[
            "breaking: users.get → reply[]: option<u32> → u32 (response; proto)",
            "breaking: users.put(x)[]: option<u32> → u32 (request; plain, proto)",
        ],
    },
    Row {
        title: "one and many",
        wit: [
            "put: func(x: string); get: func() -> string;",
            "put: func(x: list<string>); get: func() -> list<string>;",
        ],
        locks: [None, None],
        want: &[
            "breaking: users.get → reply: string → list<string> (response; plain, proto)",
            "breaking: users.put(x): string → list<string> (request; plain, proto)",
        ],
    },
    Row {
        title: "lists of other types",
        wit: [
            "put: func(x: list<u32>); get: func() -> list<u32>;",
            "put: func(x: list<string>); get: func() -> list<string>;",
        ],
        locks: [None, None],
        want: &[
            "breaking: users.get → reply[]: u32 → string (response; plain, proto)",
            "breaking: users.put(x)[]: u32 → string (request; plain, proto)",
        ],
    },
    Row {
        title: "lists in lists",
        wit: [
            "put: func(x: list<list<u32>>); get: func() -> list<list<u32>>;",
            "put: func(x: list<list<string>>); get: func() -> list<list<string>>;",
        ],
        locks: [None, None],
        want: &[
            "breaking: users.get → reply[][]: u32 → string (response; plain, proto)",
            "breaking: users.put(x)[][]: u32 → string (request; plain, proto)",
        ],
    },
    Row {
        title: "a longer tuple",
        wit: [
            "put: func(x: tuple<u32, string>); get: func() -> tuple<u32, string>;",
            "put: func(x: tuple<u32, string, bool>); get: func() -> tuple<u32, string, bool>;",
        ],
        locks: [None, None],
        want: &[
            "breaking: users.get → reply: tuple<u32, string> → tuple<u32, string, bool> (response; plain)",
            "compatible: users.get → reply.2: added (bool) (response; proto)",
            "breaking: users.put(x): tuple<u32, string> → tuple<u32, string, bool> (request; plain)",
            "compatible: users.put(x).2: added (bool) (request; proto)",
        ],
    },
    Row {
        title: "an item of a tuple",
        wit: [
            "put: func(x: tuple<u32, string>); get: func() -> tuple<u32, string>;",
            "put: func(x: tuple<u64, string>); get: func() -> tuple<u64, string>;",
        ],
        locks: [None, None],
        want: &[
            "breaking: users.get → reply.0: u32 → u64 (response; plain, proto)",
            "compatible: users.put(x).0: u32 → u64 (request; plain, proto)",
        ],
    },
    Row {
        title: "a tuple and a record",
        wit: [
            "record pair { f0: u32, f1: string } put: func(x: tuple<u32, string>); get: func() -> tuple<u32, string>;",
            "record pair { f0: u32, f1: string } put: func(x: pair); get: func() -> pair;",
        ],
        locks: [None, None],
        want: &[
            "compatible: users.get → reply: removed (tuple<u32, string>) (response; proto)",
            "breaking: users.get → reply: tuple<u32, string> → pair (response; plain)",
            "breaking: users.get → reply.f0: added (u32) (response; protobuf)",
            "compatible: users.get → reply.f1: added (string) (response; proto)",
            "breaking: users.put: parameters → pair (request; plain, proto)",
            "breaking: users.put(f0): added (u32) (request; plain)",
            "breaking: users.put(f1): added (string) (request; plain)",
            "breaking: users.put(x): removed (tuple<u32, string>) (request; protobuf)",
        ],
    },
    Row {
        title: "keys of a map",
        wit: [
            "put: func(x: map<u8, string>); get: func() -> map<u8, string>;",
            "put: func(x: map<u32, string>); get: func() -> map<u32, string>;",
        ],
        locks: [None, None],
        want: &[
            "breaking: users.get → reply.key: u8 → u32 (response; plain, proto)",
            "compatible: users.put(x).key: u8 → u32 (request; plain, proto)",
        ],
    },
    Row {
        title: "keys of a map of another type",
        wit: [
            "put: func(x: map<string, string>); get: func() -> map<string, string>;",
            "put: func(x: map<u32, string>); get: func() -> map<u32, string>;",
        ],
        locks: [None, None],
        want: &[
            "breaking: users.get → reply.key: string → u32 (response; plain, proto)",
            "breaking: users.put(x).key: string → u32 (request; plain, proto)",
        ],
    },
    Row {
        title: "values of a map",
        wit: [
            "put: func(x: map<string, u32>); get: func() -> map<string, u32>;",
            "put: func(x: map<string, string>); get: func() -> map<string, string>;",
        ],
        locks: [None, None],
        want: &[
            "breaking: users.get → reply.value: u32 → string (response; plain, proto)",
            "breaking: users.put(x).value: u32 → string (request; plain, proto)",
        ],
    },
    Row {
        title: "a map and a list",
        wit: [
            "put: func(x: map<string, u32>); get: func() -> map<string, u32>;",
            "put: func(x: list<tuple<string, u32>>); get: func() -> list<tuple<string, u32>>;",
        ],
        locks: [None, None],
        want: &[
            "breaking: users.get → reply: map<string, u32> → list<tuple<string, u32>> (response; plain, proto)",
            "breaking: users.put(x): map<string, u32> → list<tuple<string, u32>> (request; plain, proto)",
        ],
    },
    Row {
        title: "the ok of a result in a list",
        wit: [
            "put: func(x: list<result<u32, string>>); get: func() -> list<result<u32, string>>;",
            "put: func(x: list<result<u64, string>>); get: func() -> list<result<u64, string>>;",
        ],
        locks: [None, None],
        want: &[
            "breaking: users.get → reply[].ok: u32 → u64 (response; plain, proto)",
            "compatible: users.put(x)[].ok: u32 → u64 (request; plain, proto)",
        ],
    },
    Row {
        title: "the err of a result in a list",
        wit: [
            "put: func(x: list<result<u32, string>>); get: func() -> list<result<u32, string>>;",
            "put: func(x: list<result<u32, u32>>); get: func() -> list<result<u32, u32>>;",
        ],
        locks: [None, None],
        want: &[
            "breaking: users.get → reply[].err: string → u32 (response; plain, proto)",
            "breaking: users.put(x)[].err: string → u32 (request; plain, proto)",
        ],
    },
    Row {
        title: "a result without its err",
        wit: [
            "put: func(x: list<result<u32, string>>); get: func() -> list<result<u32, string>>;",
            "put: func(x: list<result<u32>>); get: func() -> list<result<u32>>;",
        ],
        locks: [None, None],
        want: &[
            "breaking: users.get → reply[].err: string → nothing (response; plain, proto)",
            "breaking: users.put(x)[].err: string → nothing (request; plain, proto)",
        ],
    },
    Row {
        title: "a case added",
        wit: [
            "variant contact { email(string) } put: func(x: contact); get: func() -> contact;",
            "variant contact { email(string), phone(u64) } put: func(x: contact); get: func() -> contact;",
        ],
        locks: [None, None],
        want: &["breaking: users.contact.phone: added (response; plain, proto)"],
    },
    Row {
        title: "a case removed",
        wit: [
            "variant contact { email(string), phone(u64) } put: func(x: contact); get: func() -> contact;",
            "variant contact { email(string) } put: func(x: contact); get: func() -> contact;",
        ],
        locks: [None, None],
        want: &["breaking: users.contact.phone: removed (request; plain, proto)"],
    },
    Row {
        title: "a case of a request added",
        wit: [
            "variant contact { email(string) } put: func(x: contact);",
            "variant contact { email(string), phone(u64) } put: func(x: contact);",
        ],
        locks: [None, None],
        want: &["compatible: users.contact.phone: added (request; plain, proto)"],
    },
    Row {
        title: "a case of a reply removed",
        wit: [
            "variant contact { email(string), phone(u64) } get: func() -> contact;",
            "variant contact { email(string) } get: func() -> contact;",
        ],
        locks: [None, None],
        want: &["compatible: users.contact.phone: removed (response; plain, proto)"],
    },
    Row {
        title: "a case renamed",
        wit: [
            "variant contact { email(string), phone(u64) } put: func(x: contact); get: func() -> contact;",
            "variant contact { email(string), mobile(u64) } put: func(x: contact); get: func() -> contact;",
        ],
        locks: [None, None],
        want: &[
            "breaking: users.contact.phone: renamed mobile (request, response; plain, proto JSON)",
        ],
    },
    Row {
        title: "cases in another order",
        wit: [
            "variant contact { email(string), phone(u64) } put: func(x: contact); get: func() -> contact;",
            "variant contact { phone(u64), email(string) } put: func(x: contact); get: func() -> contact;",
        ],
        locks: [None, None],
        want: &[
            "breaking: users.contact.email: number 1 → 2 (request, response; protobuf)",
            "breaking: users.contact.phone: number 2 → 1 (request, response; protobuf)",
        ],
    },
    Row {
        title: "the payload of a case",
        wit: [
            "variant contact { phone(u32) } put: func(x: contact); get: func() -> contact;",
            "variant contact { phone(u64) } put: func(x: contact); get: func() -> contact;",
        ],
        locks: [None, None],
        want: &["breaking: users.contact.phone: u32 → u64 (response; plain, proto)"],
    },
    Row {
        title: "a case with a payload, now without",
        wit: [
            "variant contact { a, phone(u32) } put: func(x: contact); get: func() -> contact;",
            "variant contact { a, phone } put: func(x: contact); get: func() -> contact;",
        ],
        locks: [None, None],
        want: &["breaking: users.contact.phone: u32 → nothing (request, response; plain, proto)"],
    },
    Row {
        title: "a case without a payload, now with",
        wit: [
            "variant contact { a, phone } put: func(x: contact); get: func() -> contact;",
            "variant contact { a, phone(u32) } put: func(x: contact); get: func() -> contact;",
        ],
        locks: [None, None],
        want: &["breaking: users.contact.phone: nothing → u32 (request, response; plain, proto)"],
    },
    Row {
        title: "an enum's case added",
        wit: [
            "enum role { admin } put: func(x: role); get: func() -> role;",
            "enum role { admin, guest } put: func(x: role); get: func() -> role;",
        ],
        locks: [None, None],
        want: &["breaking: users.role.guest: added (response; plain, proto)"],
    },
    Row {
        title: "an enum's case removed",
        wit: [
            "enum role { admin, guest } put: func(x: role); get: func() -> role;",
            "enum role { admin } put: func(x: role); get: func() -> role;",
        ],
        locks: [None, None],
        want: &["breaking: users.role.guest: removed (request; plain, proto)"],
    },
    Row {
        title: "an enum's case renamed",
        wit: [
            "enum role { admin, guest } put: func(x: role); get: func() -> role;",
            "enum role { admin, visitor } put: func(x: role); get: func() -> role;",
        ],
        locks: [None, None],
        want: &[
            "breaking: users.role.guest: renamed visitor (request, response; plain, proto JSON)",
        ],
    },
    Row {
        title: "an enum's cases in another order",
        wit: [
            "enum role { admin, guest } put: func(x: role); get: func() -> role;",
            "enum role { guest, admin } put: func(x: role); get: func() -> role;",
        ],
        locks: [None, None],
        want: &[
            "breaking: users.role.admin: number 1 → 2 (request, response; protobuf)",
            "breaking: users.role.guest: number 2 → 1 (request, response; protobuf)",
        ],
    },
    Row {
        title: "an enum's first case removed, without a lock",
        wit: [
            "enum role { admin, guest } put: func(x: role); get: func() -> role;",
            "enum role { guest } put: func(x: role); get: func() -> role;",
        ],
        locks: [None, None],
        want: &[
            "breaking: users.role.admin: removed (request; plain, proto)",
            "breaking: users.role.guest: number 2 → 1 (request, response; protobuf)",
        ],
    },
    Row {
        title: "an enum that goes by another name",
        wit: [
            "enum role { admin } put: func(x: role); get: func() -> role;",
            "enum rank { admin } put: func(x: rank); get: func() -> rank;",
        ],
        locks: [None, None],
        want: &[
            "breaking: users.get → reply.admin: JSON name ROLE_ADMIN → RANK_ADMIN (response; proto JSON)",
            "breaking: users.put(x).admin: JSON name ROLE_ADMIN → RANK_ADMIN (request; proto JSON)",
        ],
    },
    Row {
        title: "an enum and a variant",
        wit: [
            "enum role { admin } put: func(x: role); get: func() -> role;",
            "variant role { admin } put: func(x: role); get: func() -> role;",
        ],
        locks: [None, None],
        want: &[
            "breaking: users.get → reply: enum role → variant role (response; proto)",
            "breaking: users.put(x): enum role → variant role (request; proto)",
        ],
    },
    Row {
        title: "an enum gets its zero",
        wit: [
            "enum role { admin } put: func(x: role); get: func() -> role;",
            "enum role { admin, unspecified } put: func(x: role); get: func() -> role;",
        ],
        locks: [None, None],
        want: &["breaking: users.role.unspecified: added (response; plain, proto)"],
    },
    Row {
        title: "a flag added",
        wit: [
            "flags perms { read } put: func(x: perms); get: func() -> perms;",
            "flags perms { read, write } put: func(x: perms); get: func() -> perms;",
        ],
        locks: [None, None],
        want: &["breaking: users.perms.write: added (response; plain, proto)"],
    },
    Row {
        title: "a flag removed",
        wit: [
            "flags perms { read, write } put: func(x: perms); get: func() -> perms;",
            "flags perms { read } put: func(x: perms); get: func() -> perms;",
        ],
        locks: [None, None],
        want: &["breaking: users.perms.write: removed (request; plain, proto)"],
    },
    Row {
        title: "flags in another order",
        wit: [
            "flags perms { read, write } put: func(x: perms); get: func() -> perms;",
            "flags perms { write, read } put: func(x: perms); get: func() -> perms;",
        ],
        locks: [None, None],
        want: &[
            "breaking: users.perms.read: number 1 → 2 (request, response; protobuf)",
            "breaking: users.perms.write: number 2 → 1 (request, response; protobuf)",
        ],
    },
    Row {
        title: "flags and a list of an enum",
        wit: [
            "flags perms { read } put: func(x: perms); get: func() -> perms;",
            "enum perm { read } put: func(x: list<perm>); get: func() -> list<perm>;",
        ],
        locks: [None, None],
        want: &[
            "breaking: users.get → reply: perms → list<perm> (response; plain, proto)",
            "breaking: users.put(x): perms → list<perm> (request; plain, proto)",
        ],
    },
    Row {
        title: "a type used in both, deep",
        wit: [
            "record inner { n: u32 } record user { many: list<option<inner>> } put: func(user: user) -> user;",
            "record inner { n: string } record user { many: list<option<inner>> } put: func(user: user) -> user;",
        ],
        locks: [None, None],
        want: &["breaking: users.inner.n: u32 → string (request, response; plain, proto)"],
    },
    Row {
        title: "a parameter added",
        wit: ["get: func(id: u32);", "get: func(id: u32, deep: bool);"],
        locks: [None, None],
        want: &["breaking: users.get(deep): added (bool) (request; plain)"],
    },
    Row {
        title: "an optional parameter added",
        wit: [
            "get: func(id: u32);",
            "get: func(id: u32, deep: option<bool>);",
        ],
        locks: [None, None],
        want: &["compatible: users.get(deep): added (option<bool>) (request; plain, proto)"],
    },
    Row {
        title: "a parameter with a default added",
        wit: [
            "get: func(id: u32);",
            "/// @default deep true\nget: func(id: u32, deep: bool);",
        ],
        locks: [None, None],
        want: &["compatible: users.get(deep): added (bool) (request; plain, proto)"],
    },
    Row {
        title: "a parameter removed",
        wit: ["get: func(id: u32, deep: bool);", "get: func(id: u32);"],
        locks: [None, None],
        want: &["compatible: users.get(deep): removed (bool) (request; plain, proto)"],
    },
    Row {
        title: "the only parameter removed",
        wit: ["get: func(id: u32);", "get: func();"],
        locks: [None, None],
        want: &["compatible: users.get(id): removed (u32) (request; plain, proto)"],
    },
    Row {
        title: "the first parameter added",
        wit: ["get: func();", "get: func(id: u32);"],
        locks: [None, None],
        want: &["breaking: users.get(id): added (u32) (request; plain)"],
    },
    Row {
        title: "parameters in another order",
        wit: [
            "get: func(id: u32, deep: bool);",
            "get: func(deep: bool, id: u32);",
        ],
        locks: [None, None],
        want: &[
            "breaking: users.get(deep): number 2 → 1 (request; protobuf)",
            "breaking: users.get(id): number 1 → 2 (request; protobuf)",
        ],
    },
    Row {
        title: "a parameter renamed",
        wit: ["get: func(id: u32);", "get: func(user-id: u32);"],
        locks: [None, None],
        want: &["breaking: users.get(id): renamed user-id (request; plain, proto JSON)"],
    },
    Row {
        title: "parameters, now one record",
        wit: [
            "get: func(id: u32, deep: bool);",
            "record query { id: u32, deep: bool } get: func(query: query);",
        ],
        locks: [None, None],
        want: &[],
    },
    Row {
        title: "one record, now parameters",
        wit: [
            "record query { id: u32, deep: bool } get: func(query: query);",
            "get: func(id: u64, deep: bool);",
        ],
        locks: [None, None],
        want: &["compatible: users.get(id): u32 → u64 (request; plain, proto)"],
    },
    Row {
        title: "one record, now another parameter",
        wit: [
            "record query { id: u32 } get: func(query: query);",
            "record query { id: u32 } get: func(query: option<query>);",
        ],
        locks: [None, None],
        want: &[
            "breaking: users.get: query → parameters (request; plain, proto)",
            "breaking: users.get(id): removed (u32) (request; protobuf)",
            "compatible: users.get(query): added (option<query>) (request; plain, proto)",
        ],
    },
    Row {
        title: "a type replaced by another of other fields",
        wit: [
            "record a { n: u32 } record b { m: string } put: func(x: a, y: u32); get: func() -> a;",
            "record a { n: u32 } record b { m: string } put: func(x: b, y: u32); get: func() -> b;",
        ],
        locks: [None, None],
        want: &[
            "breaking: users.get → reply.m: added (string) (response; protobuf)",
            "breaking: users.get → reply.n: removed (u32) (response; plain)",
            "breaking: users.put(x).m: added (string) (request; plain)",
            "breaking: users.put(x).n: removed (u32) (request; protobuf)",
        ],
    },
    Row {
        title: "a reply where there was none",
        wit: ["get: func();", "get: func() -> u32;"],
        locks: [None, None],
        want: &[
            "compatible: users.get → reply: added (u32) (response; proto)",
            "breaking: users.get → reply: nothing → u32 (response; plain)",
        ],
    },
    Row {
        title: "a reply no more",
        wit: ["get: func() -> u32;", "get: func();"],
        locks: [None, None],
        want: &[
            "compatible: users.get → reply: removed (u32) (response; proto)",
            "breaking: users.get → reply: u32 → nothing (response; plain)",
        ],
    },
    Row {
        title: "a value, now a record of it",
        wit: [
            "get: func() -> u32;",
            "record reply { value: u32 } get: func() -> reply;",
        ],
        locks: [None, None],
        want: &["breaking: users.get → reply: u32 → reply (response; plain)"],
    },
    Row {
        title: "an error where there was none",
        wit: ["get: func() -> u32;", "get: func() -> result<u32, status>;"],
        locks: [None, None],
        want: &["compatible: users.get → error: none → status (response; plain, proto)"],
    },
    Row {
        title: "an error no more",
        wit: ["get: func() -> result<u32, status>;", "get: func() -> u32;"],
        locks: [None, None],
        want: &["compatible: users.get → error: status → none (response; plain, proto)"],
    },
    Row {
        title: "a status, now an error of its own",
        wit: [
            "get: func() -> result<u32, status>;",
            "get: func() -> result<u32, string>;",
        ],
        locks: [None, None],
        want: &["breaking: users.get → error: status → string (response; plain, proto)"],
    },
    Row {
        title: "an error of its own, now a status",
        wit: [
            "get: func() -> result<u32, string>;",
            "get: func() -> result<u32, status>;",
        ],
        locks: [None, None],
        want: &["breaking: users.get → error: string → status (response; plain, proto)"],
    },
    Row {
        title: "the type of an error",
        wit: [
            "get: func() -> result<_, string>;",
            "get: func() -> result<_, u32>;",
        ],
        locks: [None, None],
        want: &["breaking: users.get → error: string → u32 (response; plain, proto)"],
    },
    Row {
        title: "a case of an error added",
        wit: [
            "variant failure { empty } get: func() -> result<_, failure>;",
            "variant failure { empty, full } get: func() -> result<_, failure>;",
        ],
        locks: [None, None],
        want: &["breaking: users.failure.full: added (response; plain, proto)"],
    },
    Row {
        title: "a case of an error removed",
        wit: [
            "variant failure { empty, full } get: func() -> result<_, failure>;",
            "variant failure { empty } get: func() -> result<_, failure>;",
        ],
        locks: [None, None],
        want: &["compatible: users.failure.full: removed (response; plain, proto)"],
    },
    Row {
        title: "the name of an error",
        wit: [
            "variant failure { empty } get: func() -> result<_, failure>;",
            "variant problem { empty } get: func() -> result<_, problem>;",
        ],
        locks: [None, None],
        want: &[
            "breaking: users.get → error: detail demo.users.v1.Failure → demo.users.v1.Problem (response; proto)",
            "breaking: users.get → error: detail failure → problem (response; plain)",
        ],
    },
    Row {
        title: "an error that says nothing",
        wit: [
            "get: func() -> result<u32, string>;",
            "get: func() -> result<u32>;",
        ],
        locks: [None, None],
        want: &["breaking: users.get → error: string → nothing (response; plain, proto)"],
    },
    Row {
        title: "a unary method, now streaming",
        wit: [
            "all: func(limit: u32) -> u32;",
            "all: func(limit: u32) -> stream<u32>;",
        ],
        locks: [None, None],
        want: &["breaking: users.all: unary → server_streaming (request, response; plain, proto)"],
    },
    Row {
        title: "a streamed request, now one",
        wit: [
            "sum: func(n: stream<u32>) -> u32;",
            "sum: func(n: u32) -> u32;",
        ],
        locks: [None, None],
        want: &["breaking: users.sum: client_streaming → unary (request, response; plain, proto)"],
    },
    Row {
        title: "the items of a reply",
        wit: ["all: func() -> stream<u32>;", "all: func() -> stream<u64>;"],
        locks: [None, None],
        want: &["breaking: users.all → item: u32 → u64 (response; plain, proto)"],
    },
    Row {
        title: "the items of a request",
        wit: [
            "sum: func(n: stream<u32>) -> u32;",
            "sum: func(n: stream<u64>) -> u32;",
        ],
        locks: [None, None],
        want: &["compatible: users.sum(item): u32 → u64 (request; plain, proto)"],
    },
    Row {
        title: "a field of streamed records",
        wit: [
            "record user { name: string } chat: func(n: stream<user>) -> stream<user>;",
            "record user { name: string, age: u32 } chat: func(n: stream<user>) -> stream<user>;",
        ],
        locks: [None, None],
        want: &["breaking: users.user.age: added (u32) (request; plain)"],
    },
    Row {
        title: "chunks, now texts",
        wit: [
            "copy: func(n: stream<list<u8>>) -> stream<list<u8>>;",
            "copy: func(n: stream<string>) -> stream<string>;",
        ],
        locks: [None, None],
        want: &[
            "breaking: users.copy → item: JSON name data → value (response; proto JSON)",
            "breaking: users.copy → item: list<u8> → string (response; plain, protobuf)",
            "breaking: users.copy(item): JSON name data → value (request; proto JSON)",
            "breaking: users.copy(item): list<u8> → string (request; plain, protobuf)",
        ],
    },
    Row {
        title: "a stream that may fail at once",
        wit: [
            "all: func() -> stream<u32>;",
            "all: func() -> result<stream<u32>, status>;",
        ],
        locks: [None, None],
        want: &[],
    },
    Row {
        title: "a method added",
        wit: ["get: func();", "get: func(); put: func();"],
        locks: [None, None],
        want: &["compatible: users.put: added (request; plain, proto)"],
    },
    Row {
        title: "a method removed",
        wit: ["get: func(); put: func();", "get: func();"],
        locks: [None, None],
        want: &["breaking: users.put: removed (request; plain, proto)"],
    },
    Row {
        title: "a method that is idempotent",
        wit: ["get: func();", "/// @idempotent\nget: func();"],
        locks: [None, None],
        want: &["compatible: users.get: @idempotent added (request; plain, proto)"],
    },
    Row {
        title: "a method that is idempotent no more",
        wit: ["/// @idempotent\nget: func();", "get: func();"],
        locks: [None, None],
        want: &["breaking: users.get: @idempotent removed (request; plain, proto)"],
    },
    Row {
        title: "another default",
        wit: [
            "/// @default n 1\nget: func(n: u32);",
            "/// @default n 2\nget: func(n: u32);",
        ],
        locks: [None, None],
        want: &["compatible: users.get(n): default 1 → 2 (request; plain, proto)"],
    },
    Row {
        title: "a default added",
        wit: ["get: func(n: u32);", "/// @default n 2\nget: func(n: u32);"],
        locks: [None, None],
        want: &["breaking: users.get(n): default 2 added (request; proto)"],
    },
    Row {
        title: "a default that is zero added",
        wit: ["get: func(n: u32);", "/// @default n 0\nget: func(n: u32);"],
        locks: [None, None],
        want: &["compatible: users.get(n): default 0 added (request; plain, proto)"],
    },
    Row {
        title: "a default removed",
        wit: ["/// @default n 2\nget: func(n: u32);", "get: func(n: u32);"],
        locks: [None, None],
        want: &["breaking: users.get(n): default 2 removed (request; plain)"],
    },
    Row {
        title: "a default of a char removed",
        wit: [
            r#"/// @default c "x"
get: func(c: char);"#,
            "get: func(c: char);",
        ],
        locks: [None, None],
        want: &[r#"breaking: users.get(c): default "x" removed (request; plain, proto)"#],
    },
    Row {
        title: "a default of an option removed",
        wit: [
            "/// @default n 2\nget: func(n: option<u32>);",
            "get: func(n: option<u32>);",
        ],
        locks: [None, None],
        want: &["compatible: users.get(n): default 2 removed (request; plain, proto)"],
    },
    Row {
        title: "an option, now with a default instead",
        wit: [
            "get: func(n: option<u32>);",
            "/// @default n 2\nget: func(n: u32);",
        ],
        locks: [None, None],
        want: &[
            "compatible: users.get(n): default 2 added (request; plain, proto)",
            "compatible: users.get(n): option<u32> → u32 (request; plain, proto)",
        ],
    },
    Row {
        title: "another timeout",
        wit: [
            "/// @timeout 5s\nget: func();",
            "/// @timeout 10s\nget: func();",
        ],
        locks: [None, None],
        want: &["compatible: users.get: @timeout 5s → 10s (request; plain, proto)"],
    },
    Row {
        title: "another chunk size",
        wit: [
            "/// @chunk-size 1024\ncopy: func() -> stream<list<u8>>;",
            "copy: func() -> stream<list<u8>>;",
        ],
        locks: [None, None],
        want: &["compatible: users.copy: @chunk-size 1024 → 65536 (request; plain, proto)"],
    },
    Row {
        title: "other docs",
        wit: ["/// One.\nget: func();", "/// Two.\nget: func();"],
        locks: [None, None],
        want: &[],
    },
    Row {
        title: "a minor version",
        wit: [
            "package demo:users@1.0.0; interface users { get: func(); } world w { export users; }",
            "package demo:users@1.2.3; interface users { get: func(); } world w { export users; }",
        ],
        locks: [None, None],
        want: &[],
    },
    Row {
        title: "a major version",
        wit: [
            "package demo:users@1.0.0; interface users { get: func(); } world w { export users; }",
            "package demo:users@2.0.0; interface users { get: func(); } world w { export users; }",
        ],
        locks: [None, None],
        want: &[
            "compatible: users: added (demo:users@2) (request; plain, proto)",
            "breaking: users: removed (demo:users@1) (request; plain, proto)",
        ],
    },
    Row {
        title: "a version where there was none",
        wit: [
            "package demo:users; interface users { get: func(); } world w { export users; }",
            "package demo:users@1.0.0; interface users { get: func(); } world w { export users; }",
        ],
        locks: [None, None],
        want: &[
            "compatible: users: added (demo:users@1) (request; plain, proto)",
            "breaking: users: removed (demo:users) (request; plain, proto)",
        ],
    },
    Row {
        title: "a service added",
        wit: [
            "package demo:users@1.0.0; interface users { get: func(); } world w { export users; }",
            "package demo:users@1.0.0; interface users { get: func(); } interface admin { put: func(); } world w { export users; export admin; }",
        ],
        locks: [None, None],
        want: &["compatible: admin: added (demo:users@1) (request; plain, proto)"],
    },
    Row {
        title: "a service removed",
        wit: [
            "package demo:users@1.0.0; interface users { get: func(); } interface admin { put: func(); } world w { export users; export admin; }",
            "package demo:users@1.0.0; interface users { get: func(); } world w { export users; }",
        ],
        locks: [None, None],
        want: &["breaking: admin: removed (demo:users@1) (request; plain, proto)"],
    },
    Row {
        title: "a field renamed, its number and name kept by the lock",
        wit: [
            "record user { age: u32 } put: func(user: user) -> user;",
            "record user { years: u32 } put: func(user: user) -> user;",
        ],
        locks: [
            None,
            Some(
                r#"format = 1
[messages."demo:users/users.user"]
fields.years = { number = 1, name = "age" }
"#,
            ),
        ],
        want: &["breaking: users.user.age: renamed years (request, response; plain)"],
    },
    Row {
        title: "another number in the lock",
        wit: [
            "record user { age: u32 } put: func(user: user) -> user;",
            "record user { age: u32 } put: func(user: user) -> user;",
        ],
        locks: [
            None,
            Some(
                r#"format = 1
[messages."demo:users/users.user"]
fields.age = 7
"#,
            ),
        ],
        want: &["breaking: users.user.age: number 1 → 7 (request, response; protobuf)"],
    },
    Row {
        title: "another JSON name in the lock",
        wit: [
            "record user { age: u32 } put: func(user: user) -> user;",
            "record user { age: u32 } put: func(user: user) -> user;",
        ],
        locks: [
            None,
            Some(
                r#"format = 1
[messages."demo:users/users.user"]
fields.age = { number = 1, json-name = "years" }
"#,
            ),
        ],
        want: &["breaking: users.user.age: JSON name age → years (response; proto JSON)"],
    },
    Row {
        title: "another kind in the lock",
        wit: [
            "record user { age: s32 } put: func(user: user) -> user;",
            "record user { age: s32 } put: func(user: user) -> user;",
        ],
        locks: [
            None,
            Some(
                r#"format = 1
[messages."demo:users/users.user"]
fields.age = { number = 1, kind = "sint32" }
"#,
            ),
        ],
        want: &["breaking: users.user.age: int32 → sint32 (request, response; protobuf)"],
    },
    Row {
        title: "a oneof in the lock",
        wit: [
            "variant contact { a(u32), b(string) } record user { contact: contact } put: func(user: user) -> user;",
            "variant contact { a(u32), b(string) } record user { contact: contact } put: func(user: user) -> user;",
        ],
        locks: [
            None,
            Some(
                r#"format = 1
[messages."demo:users/users.user"]
oneofs.contact = { fields.a = 1, fields.b = 2 }
"#,
            ),
        ],
        want: &[
            "breaking: users.contact.a: added (request, response; proto)",
            "breaking: users.contact.b: added (request, response; proto)",
            "breaking: users.user.contact: removed (contact) (request, response; proto)",
        ],
    },
    Row {
        title: "a case of a oneof added",
        wit: [
            "variant contact { a(u32) } record user { contact: contact } put: func(user: user) -> user;",
            "variant contact { a(u32), b(string) } record user { contact: contact } put: func(user: user) -> user;",
        ],
        locks: [
            Some(
                r#"format = 1
[messages."demo:users/users.user"]
oneofs.contact = { fields.a = 1 }
"#,
            ),
            Some(
                r#"format = 1
[messages."demo:users/users.user"]
oneofs.contact = { fields.a = 1, fields.b = 2 }
"#,
            ),
        ],
        want: &["breaking: users.contact.b: added (response; plain, proto)"],
    },
    Row {
        title: "a oneof that may be left out",
        wit: [
            "variant contact { a(u32), b(string) } record user { contact: contact } put: func(user: user) -> user;",
            "variant contact { a(u32), b(string) } record user { contact: option<contact> } put: func(user: user) -> user;",
        ],
        locks: [
            Some(
                r#"format = 1
[messages."demo:users/users.user"]
oneofs.contact = { fields.a = 1, fields.b = 2 }
"#,
            ),
            Some(
                r#"format = 1
[messages."demo:users/users.user"]
oneofs.contact = { fields.a = 1, fields.b = 2 }
"#,
            ),
        ],
        want: &[
            "breaking: users.contact.a: contact → option<contact> (response; proto)",
            "breaking: users.contact.b: contact → option<contact> (response; proto)",
            "breaking: users.user.contact: contact → option<contact> (response; plain)",
        ],
    },
    Row {
        title: "another number of a case",
        wit: [
            "enum role { admin } put: func(x: role); get: func() -> role;",
            "enum role { admin } put: func(x: role); get: func() -> role;",
        ],
        locks: [
            None,
            Some(
                r#"format = 1
[enums."demo:users/users.role"]
values.admin = 5
"#,
            ),
        ],
        want: &["breaking: users.role.admin: number 1 → 5 (request, response; protobuf)"],
    },
    Row {
        title: "another name of a value",
        wit: [
            "enum role { admin } put: func(x: role); get: func() -> role;",
            "enum role { admin } put: func(x: role); get: func() -> role;",
        ],
        locks: [
            None,
            Some(
                r#"format = 1
[enums."demo:users/users.role"]
values.admin = { number = 1, name = "ROOT" }
"#,
            ),
        ],
        want: &[
            "breaking: users.role.admin: JSON name ROLE_ADMIN → ROOT (request, response; proto JSON)",
        ],
    },
    Row {
        title: "another full name of a service",
        wit: ["get: func();", "get: func();"],
        locks: [
            None,
            Some(
                r#"format = 1
packages = ["a.b"]
[services."demo:users/users"]
full-name = "a.b.Users"
"#,
            ),
        ],
        want: &["breaking: users: demo.users.v1.Users → a.b.Users (request; proto)"],
    },
    Row {
        title: "another name of a method",
        wit: ["get: func();", "get: func();"],
        locks: [
            None,
            Some(
                r#"format = 1
[services."demo:users/users"]
methods.get = "Fetch"
"#,
            ),
        ],
        want: &["breaking: users.get: Get → Fetch (request; proto)"],
    },
    Row {
        title: "a method renamed, its wire name kept",
        wit: ["get: func();", "fetch: func();"],
        locks: [
            None,
            Some(
                r#"format = 1
[services."demo:users/users"]
methods.fetch = "Get"
"#,
            ),
        ],
        want: &["breaking: users.get: renamed fetch (request; plain)"],
    },
];
