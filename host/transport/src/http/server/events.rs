//! Streamed replies as server-sent events.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderValue, Response, StatusCode, header};
use ostler_call::{Body, Code, End, Guard, Kind, MessageStream, Metadata, Next, Reply};
use ostler_schema::CallFuture;
use ostler_wire::sse;
use tokio::time::{Instant, Sleep};

use super::error::error_body;
use super::reply::{ReplyBody, trailers_json};

/// The answer to an `EventSource` that has seen its stream to the end: any
/// status but 200 makes it stop connecting.
pub(super) fn finished() -> Response<ReplyBody> {
    let mut response = Response::new(ReplyBody::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let no_store = HeaderValue::from_static("no-store");
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, no_store);
    response
}

/// The reply of `call`, after `idle` at the latest: the head of a stream that
/// is silent from its start must not wait for the first message, or proxies
/// take the host for dead. What fails later is told by an event.
pub(super) async fn reply(mut call: CallFuture, idle: Duration) -> Reply {
    match tokio::time::timeout(idle, &mut call).await {
        Ok(reply) => reply,
        Err(_) => Reply {
            headers: Metadata::new(),
            body: Body::stream(Awaited::Call(call)),
        },
    }
}

/// The messages of a reply that is not there yet.
enum Awaited {
    Call(CallFuture),
    Reply(
        Kind,
        #[expect(dead_code, reason = "held for its drop alone")] Option<Guard>,
    ),
}

impl MessageStream for Awaited {
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Next> {
        if let Self::Call(call) = &mut *self {
            let body = ready!(call.as_mut().poll(cx)).body;
            *self = Self::Reply(body.kind, body.guard);
        }
        let Self::Reply(kind, _) = &mut *self else {
            return Poll::Pending;
        };
        match kind {
            Kind::Empty(end) => Poll::Ready(Next::End(end.clone())),
            Kind::One(message, trailers) => {
                let message = std::mem::take(message);
                let trailers = std::mem::take(trailers);
                let result = Ok(());
                *kind = Kind::Empty(End { result, trailers });
                Poll::Ready(Next::Message(message))
            }
            Kind::Stream(messages) => messages.as_mut().poll_next(cx),
        }
    }
}

/// Writes messages as events, and a comment when there is none for a while.
pub(super) struct Events {
    writer: sse::Writer,
    idle: Duration,
    /// When the next comment is due. Whatever goes out moves it; a client that
    /// is too slow to be polled for gets one comment, not those it missed.
    due: Pin<Box<Sleep>>,
}

impl Events {
    pub(super) fn new(idle: Duration) -> Self {
        Self {
            writer: sse::Writer::default(),
            idle,
            due: Box::pin(tokio::time::sleep(idle)),
        }
    }

    /// All of a stream without messages.
    pub(super) fn only_end(end: &End) -> Bytes {
        let mut out = BytesMut::new();
        put_end(&sse::Writer::default(), &mut out, end);
        out.freeze()
    }

    pub(super) fn item(&mut self, out: &mut BytesMut, message: &[u8]) {
        self.writer.item(out, message);
    }

    pub(super) fn end(&mut self, out: &mut BytesMut, end: &End) {
        put_end(&self.writer, out, end);
    }

    /// Ready with a comment in `out` once one is due; else wakes when it is.
    pub(super) fn poll_idle(&mut self, cx: &mut Context<'_>, out: &mut BytesMut) -> Poll<()> {
        ready!(self.due.as_mut().poll(cx));
        self.writer.comment(out);
        Poll::Ready(())
    }

    /// Something went out just now.
    pub(super) fn restart(&mut self) {
        self.due.as_mut().reset(Instant::now() + self.idle);
    }
}

/// The last event: the trailing metadata, or the error as its body would be.
fn put_end(writer: &sse::Writer, out: &mut BytesMut, end: &End) {
    match &end.result {
        Ok(()) => writer.end(out, trailers_json(&end.trailers).as_bytes()),
        // It says "try again", and an `EventSource` does so by itself.
        Err(status) if status.code() == Code::Unavailable => {
            writer.transient(out, &error_body(status));
        }
        Err(status) => writer.error(out, &error_body(status)),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use http_body_util::BodyExt as _;
    use ostler_call::Status;

    use super::super::reply::{self, Shape};
    use super::*;

    const IDLE: Duration = Duration::from_secs(20);

    /// Each message after its pause, then the end.
    struct Slow {
        messages: VecDeque<(u64, &'static str)>,
        pause: Option<Pin<Box<Sleep>>>,
        end: End,
    }

    impl MessageStream for Slow {
        fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Next> {
            let Some((pause, message)) = self.messages.front().copied() else {
                return Poll::Ready(Next::End(self.end.clone()));
            };
            let pause = self
                .pause
                .get_or_insert_with(|| Box::pin(tokio::time::sleep(Duration::from_secs(pause))));
            ready!(pause.as_mut().poll(cx));
            self.pause = None;
            self.messages.pop_front();
            Poll::Ready(Next::Message(message.into()))
        }
    }

    /// A reply whose head comes after `head` seconds.
    async fn slow(head: u64, messages: &[(u64, &'static str)], end: End) -> Reply {
        tokio::time::sleep(Duration::from_secs(head)).await;
        let messages = messages.iter().copied().collect();
        let body = Body::stream(Slow {
            messages,
            pause: None,
            end,
        });
        Reply {
            headers: Metadata::new(),
            body,
        }
    }

    /// What is sent, each frame with the second it is sent in.
    async fn frames(reply: impl Future<Output = Reply> + Send + 'static) -> Vec<(u64, String)> {
        let shape = Shape::of_events(IDLE);
        let start = Instant::now();
        let reply = super::reply(Box::pin(reply), IDLE).await;
        let mut body = reply::response(reply, shape, false).into_body();
        let mut frames = Vec::new();
        while let Some(frame) = body.frame().await {
            let data = frame.unwrap().into_data().unwrap();
            let text = String::from_utf8(data.to_vec()).unwrap();
            frames.push((start.elapsed().as_secs(), text));
        }
        frames
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_stream_shows_that_it_is_alive() {
        type Row = (
            &'static str,
            u64,
            &'static [(u64, &'static str)],
            Result<(), Status>,
            &'static [(u64, &'static str)],
        );
        const END: &str = "event: end\nid: end\ndata: {}\n\n";
        let rows: [Row; 7] = [
            ("no message", 0, &[], Ok(()), &[(0, END)]),
            (
                "messages before it is due",
                0,
                &[(19, "1"), (19, "2")],
                Ok(()),
                &[
                    (19, "id: 1\ndata: 1\n\n"),
                    (38, "id: 2\ndata: 2\n\nevent: end\nid: end\ndata: {}\n\n"),
                ],
            ),
            (
                "every 20 s since the last message",
                0,
                &[(5, "1"), (45, "2")],
                Ok(()),
                &[
                    (5, "id: 1\ndata: 1\n\n"),
                    (25, ":\n\n"),
                    (45, ":\n\n"),
                    (50, "id: 2\ndata: 2\n\nevent: end\nid: end\ndata: {}\n\n"),
                ],
            ),
            (
                "a late head",
                50,
                &[(0, "1")],
                Ok(()),
                &[
                    (40, ":\n\n"),
                    (50, "id: 1\ndata: 1\n\nevent: end\nid: end\ndata: {}\n\n"),
                ],
            ),
            ("a late end", 30, &[], Ok(()), &[(30, END)]),
            (
                "an error",
                0,
                &[(1, "1")],
                Err(Status::not_found("gone")),
                &[(
                    1,
                    "id: 1\ndata: 1\n\nevent: error\nid: end\ndata: {\"error\": \"gone\", \"code\": \"not_found\"}\n\n",
                )],
            ),
            (
                "an error that passes",
                0,
                &[(1, "1")],
                Err(Status::unavailable("soon")),
                &[(
                    1,
                    "id: 1\ndata: 1\n\nevent: error\ndata: {\"error\": \"soon\", \"code\": \"unavailable\"}\n\n",
                )],
            ),
        ];
        for (what, head, messages, result, expected) in rows {
            let end = End {
                result,
                trailers: Metadata::new(),
            };
            let sent = frames(slow(head, messages, end)).await;
            let sent: Vec<_> = sent.iter().map(|(at, text)| (*at, text.as_str())).collect();
            assert_eq!(sent, expected, "{what}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_was_not_read_for_gets_one_comment() {
        let reply = slow(0, &[(3600, "1")], End::ok()).await;
        let mut body = reply::response(reply, Shape::of_events(IDLE), false).into_body();
        tokio::time::sleep(10 * IDLE).await;
        let mut next = async || {
            let frame = body.frame().await.unwrap().unwrap();
            let data = frame.into_data().unwrap();
            String::from_utf8(data.to_vec()).unwrap()
        };
        let start = Instant::now();
        assert_eq!(
            (next().await.as_str(), start.elapsed()),
            (":\n\n", Duration::ZERO)
        );
        assert_eq!(next().await, ":\n\n");
        assert_eq!(start.elapsed().as_secs(), IDLE.as_secs());
    }

    #[tokio::test(start_paused = true)]
    async fn what_fails_late_is_told_by_an_event() {
        let call = async {
            tokio::time::sleep(2 * IDLE).await;
            Reply::from(Status::not_found("gone"))
        };
        let sent = frames(call).await;
        assert!(sent[0].1.starts_with("event: error\nid: end\n"), "{sent:?}");
        assert_eq!(sent.len(), 1);
    }
}
