//! A body in one piece.

use std::future::Future;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::FutureExt as _;
use http_body::Body as _;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use ostler_call::{Deadline, Status};
use tokio::time::Instant;

/// Why a body was not read.
#[derive(Debug)]
pub(crate) enum Unreadable {
    /// It has more than so many bytes.
    TooLarge(usize),
    /// It did not arrive within the time a body may take.
    Slow(Duration),
    /// It did not arrive before the caller's deadline.
    Late,
    /// It ended before its end.
    Broken(hyper::Error),
}

impl From<Unreadable> for Status {
    fn from(why: Unreadable) -> Self {
        match why {
            Unreadable::TooLarge(limit) => Self::resource_exhausted(format!(
                "the message is larger than the limit of {limit} bytes"
            )),
            Unreadable::Slow(limit) => {
                Self::deadline_exceeded(format!("the request body did not arrive within {limit:?}"))
            }
            Unreadable::Late => {
                Self::deadline_exceeded("the deadline passed before the request body had arrived")
            }
            Unreadable::Broken(error) => {
                Self::cancelled(format!("the request body broke off: {error}"))
            }
        }
    }
}

/// What `reading` gives within `limit`, and before the caller's deadline. The
/// host's own deadlines count once the call has its message. This is no `async
/// fn`, which would keep `reading` twice.
///
/// The output is an error for [`Unreadable::Slow`] and [`Unreadable::Late`].
pub(crate) fn in_time<F: Future>(
    limit: Duration,
    deadline: Option<Deadline>,
    reading: F,
) -> impl Future<Output = Result<F::Output, Unreadable>> {
    let slow = Instant::now() + limit;
    let late = deadline.map(|deadline| Instant::from(deadline.instant()));
    let late = late.filter(|late| *late < slow);
    tokio::time::timeout_at(late.unwrap_or(slow), reading).map(move |read| {
        read.map_err(|_| match late {
            Some(_) => Unreadable::Late,
            None => Unreadable::Slow(limit),
        })
    })
}

/// All of a body of at most `limit` bytes; one in one piece is not copied.
///
/// # Errors
/// [`Unreadable::TooLarge`], by what its head says if it can be told so early,
/// and [`Unreadable::Broken`].
pub(crate) async fn whole(body: &mut Incoming, limit: usize) -> Result<Bytes, Unreadable> {
    if body.size_hint().lower() > limit as u64 {
        return Err(Unreadable::TooLarge(limit));
    }
    let mut first = Bytes::new();
    let mut rest = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(Unreadable::Broken)?.into_data() else {
            continue;
        };
        if first.len().max(rest.len()) + data.len() > limit {
            return Err(Unreadable::TooLarge(limit));
        }
        if first.is_empty() && rest.is_empty() {
            first = data;
        } else {
            if rest.is_empty() {
                rest.extend_from_slice(&first);
            }
            rest.extend_from_slice(&data);
        }
    }
    Ok(if rest.is_empty() {
        first
    } else {
        rest.freeze()
    })
}
