//! Requests as envelopes.

use std::future::poll_fn;
use std::sync::{Arc, OnceLock};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use ostler_call::{Body, Deadline, Encoding, Head, Kind as BodyKind, MessageStream, Next, Status};
use ostler_schema::Pattern;
use ostler_wire::envelope::{self, Kind, Names, Tail};
use tokio_util::task::AbortOnDropHandle;

use super::Ongoing;
use crate::clock::now;
use crate::dial;
use crate::websocket::credit::Credit;
use crate::websocket::outbox::{Gone, Outbox};

/// The rest of a request that streams; sending ends when it is dropped.
#[derive(Default)]
pub(super) struct Sending {
    failed: Arc<OnceLock<Status>>,
    _task: Option<AbortOnDropHandle<()>>,
}

impl Sending {
    /// Why the request's own stream failed.
    pub(super) fn failure(&self) -> Option<Status> {
        self.failed.get().cloned()
    }
}

/// Opens a call and sends its messages; those of a stream while the reply is
/// awaited.
pub(super) async fn send(
    call: &Ongoing,
    head: &Head,
    pattern: Pattern,
    body: Body,
) -> Result<Sending, Status> {
    if head.request == Encoding::Query {
        return Err(Status::invalid_argument(
            "a WebSocket has no URL queries: send the message as JSON",
        ));
    }
    let names = Names::new(&head.address.service, &head.address.method, &call.id);
    let metadata: Vec<_> = head.metadata.iter().collect();
    let tail = Tail {
        metadata: &metadata,
        timeout_ms: head.deadline.map(millis),
        ..Tail::default()
    };
    let payload = match (&body.kind, pattern.streams_in()) {
        (BodyKind::One(message, _), false) => Some(message.clone()),
        _ => None,
    };
    let opening = envelope::write(Kind::Request, &names, payload.as_deref(), &tail);
    call.shared.outbox.send(opening).await.map_err(gone)?;
    if !pattern.streams_in() {
        return Ok(Sending::default());
    }
    let sender = Sender {
        names: Names::new("", "", &call.id),
        encoding: head.request,
        credit: Arc::clone(&call.credit),
        outbox: call.shared.outbox.clone(),
    };
    let sending = Sending::default();
    let failed = Arc::clone(&sending.failed);
    let id = call.id.clone();
    let task = dial::spawn(async move {
        if let Err(status) = sender.send(body).await {
            failed.set(status).unwrap_or_default();
            sender.outbox.cancel(id);
        }
    });
    Ok(Sending {
        _task: Some(task),
        ..sending
    })
}

struct Sender {
    names: Names,
    encoding: Encoding,
    credit: Arc<Credit>,
    outbox: Outbox,
}

impl Sender {
    /// # Errors
    /// The failure of the request's own stream.
    async fn send(&self, body: Body) -> Result<(), Status> {
        match body.kind {
            BodyKind::Empty(_) => {}
            BodyKind::One(message, _) => self.push(&message).await,
            BodyKind::Stream(mut messages) => self.push_all(messages.as_mut()).await?,
        }
        self.say(Kind::StreamEnd, None).await;
        Ok(())
    }

    async fn push_all(
        &self,
        mut messages: std::pin::Pin<&mut dyn MessageStream>,
    ) -> Result<(), Status> {
        loop {
            match poll_fn(|cx| messages.as_mut().poll_next(cx)).await {
                Next::Message(message) => self.push(&message).await,
                Next::End(end) => return end.result,
            }
        }
    }

    async fn push(&self, message: &Bytes) {
        self.credit.take(message.len()).await;
        if self.encoding == Encoding::Raw {
            let text = format!("\"{}\"", STANDARD.encode(message));
            self.say(Kind::StreamPush, Some(text.as_bytes())).await;
        } else {
            self.say(Kind::StreamPush, Some(message)).await;
        }
    }

    async fn say(&self, kind: Kind, payload: Option<&[u8]>) {
        let json = envelope::write(kind, &self.names, payload, &Tail::default());
        // The call hears of a lost socket by itself.
        self.outbox.send(json).await.unwrap_or_default();
    }
}

fn millis(deadline: Deadline) -> u64 {
    let left = deadline.remaining(now());
    u64::try_from(left.as_millis()).unwrap_or(u64::MAX)
}

fn gone(_: Gone) -> Status {
    Status::unavailable("the socket is closed")
}
