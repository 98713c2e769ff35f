//! HTTP/2 answers that go out together.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;

/// Polls `connection` to its end, each time after the tasks that are ready by
/// then had their turn. The first stream that has an answer wakes its
/// connection, which tokio would poll at once, before the other streams it
/// started together with that one: each answer would be a write of its own.
pub(super) async fn gathered<F: Future>(mut connection: Pin<&mut F>) -> F::Output {
    let mut waited = false;
    poll_fn(|cx| {
        waited = !waited;
        if waited {
            // A task that wakes itself goes to the end of the queue.
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        connection.as_mut().poll(cx)
    })
    .await
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio_util::task::TaskTracker;

    use super::*;

    const STREAMS: usize = 8;

    /// Starts its streams, and gives how often it was polled until all of them
    /// had an answer.
    async fn connection(tasks: TaskTracker) -> usize {
        let answered = Arc::new(AtomicUsize::new(0));
        let mut polls = 0;
        poll_fn(|cx| {
            polls += 1;
            if polls == 1 {
                for _ in 0..STREAMS {
                    let (answered, waker) = (Arc::clone(&answered), cx.waker().clone());
                    tasks.spawn(async move {
                        answered.fetch_add(1, Ordering::Relaxed);
                        waker.wake();
                    });
                }
            }
            if answered.load(Ordering::Relaxed) < STREAMS {
                return Poll::Pending;
            }
            Poll::Ready(polls)
        })
        .await
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn streams_have_their_turn_before_the_connection() {
        let tasks = TaskTracker::new();
        let streams = tasks.clone();
        let polls = tasks.spawn(async move {
            let connection = pin!(connection(streams));
            gathered(connection).await
        });
        assert_eq!(polls.await.unwrap(), 2);
    }
}
