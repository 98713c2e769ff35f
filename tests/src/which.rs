//! Components written by hand that say which one they are.

use std::net::SocketAddr;

use bytes::Bytes;

use crate::{Http, Request, call, component};

/// A service `name` of that version, whose one method `which` answers
/// `answer`.
pub fn which(name: &str, version: &str, answer: u32) -> Bytes {
    made(name, version, &format!("i32.const {answer}"))
}

/// The same, whose method traps.
pub fn broken_which(name: &str, version: &str) -> Bytes {
    made(name, version, "unreachable")
}

fn made(name: &str, version: &str, body: &str) -> Bytes {
    let wit = format!(
        "package test:{name}@{version};
         interface {name} {{ which: func() -> u32; }}
         world service {{ export {name}; }}"
    );
    let wat = format!(
        r#"(module (memory (export "memory") 1)
             (func (export "test:{name}/{name}@{version}#which") (result i32) {body}))"#
    );
    component(&wit, &wat).into()
}

/// What `which` of a service answers.
///
/// # Errors
/// The HTTP status.
///
/// # Panics
/// When the answer is no number.
pub async fn ask_which(addr: SocketAddr, service: &str) -> Result<u64, u16> {
    let request = Request::json(&format!("/{service}/which"), "{}");
    let answer = call(addr, Http::One, request).await;
    match answer.status() {
        200 => Ok(answer.json().as_u64().expect("a number")),
        status => Err(status),
    }
}
