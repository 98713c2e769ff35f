//! What is refused, and the words for it.

use crate::build::{lowered, native, plain};
use crate::{USERS, refused};

#[test]
fn files_that_are_no_component() {
    let module = b"\0asm\x01\0\0\0";
    for (bytes, want) in [
        (
            &b""[..],
            "this is not a WebAssembly component; give the .wasm file that your toolchain's component step writes",
        ),
        (
            b"hello",
            "this is not a WebAssembly component; give the .wasm file that your toolchain's component step writes",
        ),
        (
            module,
            "this is a core WebAssembly module, not a component; make it a component with `wasm-tools component new`, or build with `ostler build`",
        ),
    ] {
        assert_eq!(refused(bytes), want);
    }
    let component = lowered(USERS);
    let error = refused(&component[..component.len() - 7]);
    assert!(
        error.starts_with("the component cannot be read: "),
        "{error}"
    );
    assert!(error.ends_with("; build it again"), "{error}");
}

#[test]
fn a_wit_package_in_binary_form() {
    let mut resolve = wit_parser::Resolve::default();
    let package = resolve
        .push_str("a.wit", "package a:b; interface i { f: func(); }")
        .unwrap();
    let bytes = wit_component::encode(&resolve, package).unwrap();
    assert_eq!(
        refused(&bytes),
        "this is a WIT package in binary form, not a component; give the .wasm file of a built service"
    );
}

#[test]
fn components_without_a_service() {
    let want = "the component exports no service; export an interface of your own package from \
                its world, such as `world service { export users; }`";
    for world in [
        "world w {}",
        "interface types { record r { x: u8 } } world w { export types; }",
        "world w { export ostler:rpc/lifecycle@0.1.0; }",
    ] {
        assert_eq!(
            refused(&plain(&format!("package a:b; {world}"))),
            want,
            "{world}"
        );
    }
}

#[test]
fn what_is_exported_outside_a_package() {
    assert_eq!(
        refused(&plain("package a:b; world w { export f: func(); }")),
        "function f: it is exported outside an interface; put it into an interface and export that"
    );
    assert_eq!(
        refused(&plain(
            "package a:b; world w { export i: interface { f: func(); } }"
        )),
        "interface i: it is of no package; declare the interface in a package and export it by that name"
    );
}

#[test]
fn the_native_form() {
    for (function, what) in [
        ("f: func() -> stream<u8>;", "stream<T>"),
        ("f: func(x: stream<string>);", "stream<T>"),
        ("f: func(x: list<option<future<u8>>>);", "future<T>"),
        (
            "record r { s: stream<u8> } f: func() -> result<r>;",
            "stream<T>",
        ),
        ("f: async func();", "async func"),
    ] {
        let wit =
            format!("package a:b@1.0.0; interface i {{ {function} }} world w {{ export i; }}");
        assert_eq!(
            refused(&native(&wit)),
            format!(
                "interface a:b/i@1.0.0, function f: `{what}` in the native form of WASI 0.3 cannot be \
                 run yet; build the component in the resource form: `ostler_guest::service!` in Rust, \
                 `ostler bindgen` and `ostler build` in other languages"
            ),
            "{function}"
        );
    }
}

/// The resource form with these functions of `i`, and resources to take.
fn functions(functions: &str) -> Vec<u8> {
    plain(&format!(
        "package a:b;
         interface t {{
           use ostler:rpc/types@0.1.0.{{status, closed}};
           resource source {{ next: func() -> result<option<u8>, status>; }}
           resource sink {{ send: func(item: u8) -> result<_, closed>; }}
           resource other {{ frob: func(); }}
           resource wide {{
             next: func() -> result<option<u8>, status>;
             next-batch: func(max: u32) -> result<list<u16>, status>;
           }}
         }}
         interface i {{
           use t.{{source, sink, other, wide}};
           use ostler:rpc/types@0.1.0.{{status}};
           {functions}
         }}
         world w {{ import t; export i; }}"
    ))
}

#[test]
fn functions_that_no_wire_can_call() {
    let remedy = "a function takes plain values, or one stream, and then at most one sink";
    for (function, want) in [
        ("f: func(x: u8, s: source);", format!("function f, parameter s: a stream must be the first parameter; {remedy}")),
        ("f: func(s: source, x: u8);", format!("function f: a streamed request has no other parameters; {remedy}")),
        ("f: func(out: sink, x: u8) -> result<_, status>;", format!("function f, parameter out: a sink must be the last parameter; {remedy}")),
        ("f: func(out: sink);", "function f: a function with a sink must return result<_, E>; return result<_, status>".into()),
        ("f: func(out: sink) -> result<u8, status>;", "function f: a function with a sink must return result<_, E>; return result<_, status>".into()),
        ("f: func(o: other);", "function f, parameter o: a resource cannot be passed, unless it is a stream or a sink; pass an identifier instead".into()),
        ("f: func(s: borrow<source>);", "function f: a handle of a resource cannot be part of a message; pass an identifier instead".into()),
        ("f: func(s: list<source>);", "function f: a handle of a resource cannot be part of a message; pass an identifier instead".into()),
        ("f: func() -> source;", "function f: a handle of a resource cannot be part of a message; pass an identifier instead".into()),
    ] {
        assert_eq!(refused(&functions(function)), format!("interface a:b/i, {want}"), "{function}");
    }
    assert_eq!(
        refused(&functions("f: func(s: wide);")),
        "interface a:b/t, resource wide: its methods disagree about the type of an item; let all of \
         them take or give the same type"
    );
}

#[test]
fn methods_that_the_host_does_not_offer() {
    let wit = |method: &str| {
        format!(
            "package a:b;
             interface t {{
               use ostler:rpc/types@0.1.0.{{status}};
               resource source {{ next: func() -> result<option<u8>, status>; {method} }}
             }}
             interface i {{ use t.{{source}}; f: func(s: source); }}
             world w {{ import t; export i; }}"
        )
    };
    for method in [
        "peek: func() -> u8;",
        "subscribe: func() -> u8;",
        "open: static func() -> source;",
    ] {
        let name = method.split(':').next().unwrap();
        assert_eq!(
            refused(&plain(&wit(method))),
            format!(
                "interface a:b/t, resource source: {name} is no method of a stream that the host \
                 offers; a stream has next, next-batch and subscribe, with the types of the lowering"
            )
        );
    }
}

#[test]
fn a_status_of_another_shape() {
    let wit = "package a:b;
        interface i { use ostler:rpc/types@0.1.0.{status}; f: func() -> result<u8, status>; }
        world w { export i; }
        package ostler:rpc@0.1.0 { interface types { record status { code: u32 } } }";
    let wit = format!("{wit}\n");
    assert_eq!(
        refused(&plain(&wit)),
        "interface a:b/i, function f: its status is not that of ostler:rpc@0.1.0; build it with the \
         ostler:rpc package of this version"
    );
}
