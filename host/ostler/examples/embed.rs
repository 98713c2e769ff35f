//! A host inside another program: serves one component, makes a call without
//! a socket, then serves until Ctrl-C.
//!
//! `cargo run -p ostler --example embed -- users.wasm users.get_user '{"user_id":1}'`

use std::future::poll_fn;
use std::time::Duration;

use ostler::call::{Body, Head, Kind, Next, Reply};
use ostler::{App, admitted};
use tokio::signal::unix::{SignalKind, signal};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let usage = "usage: embed FILE.wasm SERVICE.METHOD JSON";
    let component = args.next().ok_or(usage)?;
    let name = args.next().ok_or(usage)?;
    let (service, method) = name.rsplit_once('.').ok_or(usage)?;
    let message = args.next().ok_or(usage)?;

    // First of all: from the moment it serves, it can be stopped.
    let mut interrupt = signal(SignalKind::interrupt())?;
    let app = App::builder()
        .component(component)
        .listen("127.0.0.1:0")
        .grace(Duration::from_secs(5))
        .build()
        .await?;
    eprintln!("listening on {:?}", app.local_addrs());

    // The same path that transports take: admit the head, then serve the body.
    let reply = match admitted(&*app.handler(), Head::new(service, method)).await {
        Ok(call) => call.serve(Body::one(message.into())).await,
        Err(refused) => refused,
    };
    eprintln!("{}", text(reply).await);

    let summary = app
        .run(async {
            interrupt.recv().await;
        })
        .await;
    eprintln!("{} calls were lost", summary.lost);
    Ok(())
}

/// The messages of a reply, a line each, and why it failed if it did.
async fn text(reply: Reply) -> String {
    let mut messages = match reply.body.kind {
        Kind::One(message, _) => return String::from_utf8_lossy(&message).into_owned(),
        Kind::Empty(end) => {
            return end
                .result
                .map_or_else(|s| s.to_string(), |()| String::new());
        }
        Kind::Stream(messages) => messages,
    };
    let mut lines = Vec::new();
    loop {
        match poll_fn(|cx| messages.as_mut().poll_next(cx)).await {
            Next::Message(message) => lines.push(String::from_utf8_lossy(&message).into_owned()),
            Next::End(end) => {
                lines.extend(end.result.err().map(|status| status.to_string()));
                return lines.join("\n");
            }
        }
    }
}
