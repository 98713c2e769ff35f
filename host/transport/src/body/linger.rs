//! The part of a request that nobody reads.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use http::request::Parts;
use http::{Version, header};
use http_body::Body;
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep};

/// How long the rest of a request is read away, at most.
const LINGER: Duration = Duration::from_secs(5);
/// A client that sends nothing for so long has stopped.
const LINGER_IDLE: Duration = Duration::from_millis(300);

/// How long a client that sends too much may go on before it is told.
const LET_THROUGH: Duration = Duration::from_millis(100);

/// Where the body of a request is left by whoever stops reading it. On
/// HTTP/1.1 it must be read away, or the client, still sending, does not get
/// to read the response; HTTP/2 can tell it to stop.
pub(crate) struct Unread<B = Incoming>(Option<Arc<Mutex<Option<B>>>>);

impl<B> Clone for Unread<B> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<B: Body> Unread<B> {
    /// The place for the body of a request with this head.
    pub(crate) fn of(parts: &Parts) -> Self {
        // Who asked first whether to send has sent nothing yet.
        let asks = parts.headers.contains_key(header::EXPECT);
        Self((parts.version < Version::HTTP_2 && !asks).then(Arc::default))
    }

    /// No place: what is left is dropped.
    pub(crate) fn nowhere() -> Self {
        Self(None)
    }

    /// Leaves a body, unless it was read to its end.
    pub(crate) fn leave(&self, body: B) {
        if let Some(place) = &self.0
            && !body.is_end_stream()
        {
            *place.lock().unwrap_or_else(PoisonError::into_inner) = Some(body);
        }
    }

    /// Reads a body that was left for a moment. Some clients, as Go's, stop
    /// sending when a response comes before they are through, and close the
    /// connection with the response in it.
    pub(crate) async fn let_through(&self)
    where
        B: Unpin,
    {
        let Some(mut body) = self.take() else { return };
        let reading = async {
            while let Some(Ok(_)) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {}
        };
        // Who needs longer is told meanwhile.
        tokio::time::timeout(LET_THROUGH, reading).await.ok();
        self.leave(body);
    }

    /// Whether a body was left.
    pub(crate) fn is_left(&self) -> bool {
        self.0.as_ref().is_some_and(|place| {
            let place = place.lock().unwrap_or_else(PoisonError::into_inner);
            place.is_some()
        })
    }

    /// What was left.
    pub(crate) fn take(&self) -> Option<B> {
        let place = self.0.as_ref()?;
        place.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Reads a body away.
pub(crate) struct Linger<B = Incoming> {
    unread: B,
    until: Pin<Box<Sleep>>,
    idle: Pin<Box<Sleep>>,
}

impl<B: Body + Unpin> Linger<B> {
    pub(crate) fn new(unread: B) -> Self {
        Self {
            unread,
            until: Box::pin(tokio::time::sleep(LINGER)),
            idle: Box::pin(tokio::time::sleep(LINGER_IDLE)),
        }
    }

    /// Ready once the client has stopped.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.until.as_mut().poll(cx).is_ready() {
            return Poll::Ready(());
        }
        loop {
            match Pin::new(&mut self.unread).poll_frame(cx) {
                Poll::Ready(Some(Ok(_))) => {
                    let next = Instant::now() + LINGER_IDLE;
                    self.idle.as_mut().reset(next);
                }
                Poll::Ready(Some(Err(_)) | None) => return Poll::Ready(()),
                Poll::Pending => return self.idle.as_mut().poll(cx),
            }
        }
    }
}
