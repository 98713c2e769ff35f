//! A body as messages.

use std::fmt::Display;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::Body;
use ostler_call::{End, MessageStream, Next, Status};
use ostler_wire::{FramingError, Split};

use super::Unread;

/// Messages of a request body; `F` says what a fault of its framing is.
pub(crate) struct Messages<B: Body, S, F> {
    body: Option<B>,
    splitter: S,
    fault: F,
    unread: Unread<B>,
    end: Option<End>,
}

impl<B, S, F> Messages<B, S, F>
where
    B: Body<Data = Bytes, Error: Display> + Unpin,
    S: Split,
    F: Fn(FramingError) -> Status,
{
    pub(crate) fn new(body: B, splitter: S, unread: Unread<B>, fault: F) -> Self {
        Self {
            body: Some(body),
            splitter,
            fault,
            unread,
            end: None,
        }
    }

    /// The next message; `None` at the end. An error is how the body broke.
    pub(crate) fn poll_message(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Option<Bytes>, Status>> {
        loop {
            if let Some(message) = self.splitter.next().map_err(&self.fault)? {
                return Poll::Ready(Ok(Some(message)));
            }
            let Some(body) = &mut self.body else {
                return Poll::Ready(self.splitter.finish().map_err(&self.fault));
            };
            match ready!(Pin::new(body).poll_frame(cx)) {
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        self.splitter.push(data);
                    }
                }
                Some(Err(error)) => {
                    return Poll::Ready(Err(Status::cancelled(format!(
                        "the request body broke off: {error}"
                    ))));
                }
                None => self.body = None,
            }
        }
    }
}

impl<B: Body, S, F> Messages<B, S, F> {
    /// Nothing more is read: the client is told to stop sending.
    fn stop(&mut self) {
        if let Some(body) = self.body.take() {
            self.unread.leave(body);
        }
    }
}

impl<B: Body, S, F> Drop for Messages<B, S, F> {
    fn drop(&mut self) {
        self.stop();
    }
}

impl<B, S, F> MessageStream for Messages<B, S, F>
where
    B: Body<Data = Bytes, Error: Display> + Send + Unpin,
    S: Split + Send + Unpin,
    F: Fn(FramingError) -> Status + Send + Unpin,
{
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Next> {
        if let Some(end) = &self.end {
            return Poll::Ready(Next::End(end.clone()));
        }
        let end = match ready!(self.poll_message(cx)) {
            Ok(Some(message)) => return Poll::Ready(Next::Message(message)),
            Ok(None) => End::ok(),
            Err(status) => status.into(),
        };
        self.stop();
        self.end = Some(end.clone());
        Poll::Ready(Next::End(end))
    }
}

#[cfg(test)]
mod tests {
    use futures_util::stream;
    use http::Request;
    use http_body::Frame;
    use http_body_util::{BodyExt as _, StreamBody};
    use ostler_call::Code;
    use ostler_wire::ndjson;

    use super::*;

    type Chunk = Result<&'static str, &'static str>;

    /// Messages of these chunks, and where the body is left.
    fn messages(
        chunks: &'static [Chunk],
        version: http::Version,
    ) -> (impl MessageStream + Unpin, impl Fn() -> bool) {
        let frame = |chunk: &Chunk| chunk.map(|c| Frame::data(Bytes::from_static(c.as_bytes())));
        let body = StreamBody::new(stream::iter(chunks.iter().map(frame))).boxed_unsync();
        let (parts, ()) = Request::post("/")
            .version(version)
            .body(())
            .unwrap()
            .into_parts();
        let unread = Unread::of(&parts);
        let fault = |error: FramingError| Status::invalid_argument(error.to_string());
        let messages = Messages::new(body, ndjson::Splitter::new(3), unread.clone(), fault);
        (messages, move || unread.is_left())
    }

    fn next(messages: &mut (impl MessageStream + Unpin)) -> Result<Bytes, Option<Code>> {
        let mut cx = Context::from_waker(std::task::Waker::noop());
        match Pin::new(messages).poll_next(&mut cx) {
            Poll::Ready(Next::Message(message)) => Ok(message),
            Poll::Ready(Next::End(end)) => Err(end.result.err().map(|status| status.code())),
            Poll::Pending => panic!("all chunks are there"),
        }
    }

    #[test]
    fn ends_of_bodies() {
        let rows: [(&[Chunk], Option<Code>, bool); 4] = [
            (&[Ok("1\n2"), Ok("\n")], None, false),
            (&[Ok("1\n2\n"), Err("gone")], Some(Code::Cancelled), true),
            (
                &[Ok("1\n2\n55555"), Ok("5")],
                Some(Code::InvalidArgument),
                true,
            ),
            (
                &[Ok("1\n2\n55555"), Err("gone")],
                Some(Code::InvalidArgument),
                true,
            ),
        ];
        for (chunks, expected, left) in rows {
            let (mut messages, is_left) = messages(chunks, http::Version::HTTP_11);
            assert_eq!(next(&mut messages).unwrap(), "1", "{chunks:?}");
            assert!(!is_left(), "{chunks:?}");
            assert_eq!(next(&mut messages).unwrap(), "2", "{chunks:?}");
            // The end stays the end.
            assert_eq!(next(&mut messages), Err(expected), "{chunks:?}");
            assert_eq!(next(&mut messages), Err(expected), "{chunks:?}");
            assert_eq!(is_left(), left, "{chunks:?}");
        }
    }

    #[test]
    fn who_stops_reading_leaves_the_rest() {
        for (version, left) in [
            (http::Version::HTTP_11, true),
            (http::Version::HTTP_2, false),
        ] {
            let (mut messages, is_left) = messages(&[Ok("1\n"), Ok("2\n")], version);
            assert_eq!(next(&mut messages).unwrap(), "1");
            drop(messages);
            assert_eq!(is_left(), left, "{version:?}");
        }
    }
}
