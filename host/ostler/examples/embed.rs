//! A host inside another program: serves one component, makes a call without
//! a socket, then serves until Ctrl-C.
//!
//! `cargo run -p ostler --example embed -- users.wasm`

use std::future::poll_fn;
use std::time::Duration;

use ostler::App;
use ostler::call::{Body, Head, Kind, Next, Reply};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let component = std::env::args().nth(1).ok_or("usage: embed FILE.wasm")?;
    let app = App::builder()
        .component(component)
        .listen("127.0.0.1:0")
        .grace(Duration::from_secs(5))
        .build()
        .await?;
    eprintln!("listening on {:?}", app.local_addrs());

    // The same path a transport takes: admit the head, then serve the body.
    // Unlike the client of a network, this one sees metadata and statuses as
    // the host does.
    let handler = app.handler();
    for service in app.services() {
        let Some(declared) = service.contract.services.first() else {
            continue;
        };
        let Some(method) = declared.methods.first() else {
            continue;
        };
        let head = Head::new(&*declared.name.plain, &*method.name.plain);
        let reply = match handler.admit(head) {
            Ok(call) => call.serve(Body::one("{}".into())).await,
            Err(reply) => reply,
        };
        eprintln!(
            "{}.{}: {}",
            declared.name.plain,
            method.name.plain,
            text(reply).await
        );
    }

    let summary = app
        .run(async {
            // Without Ctrl-C there is nothing left to wait for.
            let _unavailable = tokio::signal::ctrl_c().await;
        })
        .await;
    eprintln!("{} calls were lost", summary.lost);
    Ok(())
}

/// The messages of a reply, and how it ended.
async fn text(reply: Reply) -> String {
    let mut messages = match reply.body.kind {
        Kind::Empty(end) => return format!("{:?}", end.result),
        Kind::One(message, _) => return String::from_utf8_lossy(&message).into_owned(),
        Kind::Stream(messages) => messages,
    };
    let mut all = String::new();
    loop {
        match poll_fn(|cx| messages.as_mut().poll_next(cx)).await {
            Next::Message(message) => all += &format!("{}\n", String::from_utf8_lossy(&message)),
            Next::End(end) => return format!("{all}{:?}", end.result),
        }
    }
}
