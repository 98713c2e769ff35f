//! The queue between a guest that sends and a transport that takes: bounded
//! in bytes, one producer, one consumer.

use std::collections::VecDeque;
use std::mem::size_of;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use ostler_runtime::Closed;

/// Bytes queued before the producer waits; one message may go over it.
pub(crate) const BUDGET: usize = 16 << 10;

/// What a queued message costs beside its own bytes, so that a million empty
/// messages are bounded too.
const OVERHEAD: usize = size_of::<Bytes>();

/// The two ends of a queue of `budget` bytes.
pub(crate) fn queue(budget: usize) -> (Producer, Consumer) {
    let shared = Arc::new(Shared {
        budget,
        state: Mutex::default(),
    });
    let consumer = Consumer {
        shared: shared.clone(),
        batch: VecDeque::new(),
        left: 0,
        handed_on: 0,
    };
    (Producer(shared), consumer)
}

/// The guest's end.
#[derive(Debug)]
pub(crate) struct Producer(Arc<Shared>);

/// The transport's end; dropping it tells the producer that nobody reads.
///
/// Messages are taken out of the shared state all at once and handed on one by
/// one, so that a guest on another thread is met at the lock twice a batch.
#[derive(Debug)]
pub(crate) struct Consumer {
    shared: Arc<Shared>,
    batch: VecDeque<Bytes>,
    /// Cost of `batch`.
    left: usize,
    /// Cost of what was handed on, while [`State::used`] still counts it.
    handed_on: usize,
}

#[derive(Debug)]
struct Shared {
    budget: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    messages: VecDeque<Bytes>,
    /// Cost of `messages` and of what the consumer has not handed on yet.
    used: usize,
    /// The consumer is gone.
    closed: bool,
    producer: Option<Waker>,
    consumer: Option<Waker>,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing here panics between two related changes, so the state
        // behind a poisoned lock is whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Producer {
    /// Ready when there is room for one message of any size.
    pub(crate) fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Closed>> {
        let mut state = self.0.state();
        if state.closed {
            return Poll::Ready(Err(Closed));
        }
        if state.used < self.0.budget {
            return Poll::Ready(Ok(()));
        }
        register(&mut state.producer, cx);
        Poll::Pending
    }

    /// Queues a message; dropped when nobody reads any more.
    pub(crate) fn push(&mut self, message: Bytes) {
        let mut state = self.0.state();
        if state.closed {
            return;
        }
        state.used += cost(&message);
        state.messages.push_back(message);
        let waiting = state.consumer.take();
        drop(state);
        wake(waiting);
    }
}

impl Consumer {
    /// The oldest message, if there is one. Whoever asks is awake, so an
    /// earlier wish to be woken is forgotten.
    pub(crate) fn pop(&mut self) -> Option<Bytes> {
        if self.batch.is_empty() {
            self.refill();
        }
        let message = self.batch.pop_front()?;
        let half = self.shared.budget / 2;
        let before = self.left;
        self.left -= cost(&message);
        self.handed_on += cost(&message);
        // Half empty, not one message: a wake-up for each would cost more
        // than the messages.
        if self.batch.is_empty() || (before > half && self.left <= half) {
            self.settle();
        }
        Some(message)
    }

    /// Ready when there is a message.
    pub(crate) fn poll_filled(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if !self.batch.is_empty() {
            return Poll::Ready(());
        }
        let mut state = self.shared.state();
        if state.messages.is_empty() {
            register(&mut state.consumer, cx);
            return Poll::Pending;
        }
        Poll::Ready(())
    }

    /// The oldest message, or a wake-up when there is one.
    pub(crate) fn poll_pop(&mut self, cx: &mut Context<'_>) -> Poll<Bytes> {
        match self.poll_filled(cx) {
            // There is no other consumer that could have taken it.
            Poll::Ready(()) => self.pop().map_or(Poll::Pending, Poll::Ready),
            Poll::Pending => Poll::Pending,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.batch.is_empty() && self.shared.state().messages.is_empty()
    }

    /// Takes what is queued; the producer's budget still counts it.
    fn refill(&mut self) {
        let mut state = self.shared.state();
        state.consumer = None;
        std::mem::swap(&mut state.messages, &mut self.batch);
        self.left = state.used;
    }

    /// Gives the budget back and wakes the producer if half of it is free.
    fn settle(&mut self) {
        let mut state = self.shared.state();
        state.used -= std::mem::take(&mut self.handed_on);
        let waiting = if state.used <= self.shared.budget / 2 {
            state.producer.take()
        } else {
            None
        };
        drop(state);
        wake(waiting);
    }
}

impl Drop for Consumer {
    fn drop(&mut self) {
        let mut state = self.shared.state();
        state.closed = true;
        let unread = std::mem::take(&mut state.messages);
        let waiting = state.producer.take();
        drop(state);
        drop(unread);
        wake(waiting);
    }
}

/// What a queued message takes of the budget.
fn cost(message: &Bytes) -> usize {
    message.len() + OVERHEAD
}

fn register(place: &mut Option<Waker>, cx: &Context<'_>) {
    match place {
        Some(waker) => waker.clone_from(cx.waker()),
        None => *place = Some(cx.waker().clone()),
    }
}

fn wake(waiting: Option<Waker>) {
    if let Some(waker) = waiting {
        waker.wake();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    use super::*;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    impl Count {
        fn get(&self) -> usize {
            self.0.load(Ordering::Relaxed)
        }
    }

    fn message(len: usize) -> Bytes {
        Bytes::from(vec![7; len - OVERHEAD])
    }

    #[test]
    fn the_producer_waits_when_full_and_is_woken_at_half() {
        let woken = Arc::new(Count::default());
        let waker = woken.clone().into();
        let mut cx = Context::from_waker(&waker);
        let (mut producer, mut consumer) = queue(1000);
        for _ in 0..4 {
            assert!(matches!(producer.poll_ready(&mut cx), Poll::Ready(Ok(()))));
            producer.push(message(250));
        }
        assert!(producer.poll_ready(&mut cx).is_pending());
        consumer.pop().unwrap();
        assert_eq!(woken.get(), 0);
        consumer.pop().unwrap();
        assert_eq!(woken.get(), 1);
        assert!(matches!(producer.poll_ready(&mut cx), Poll::Ready(Ok(()))));
    }

    #[test]
    fn what_comes_while_a_batch_is_handed_on_counts_too() {
        let woken = Arc::new(Count::default());
        let waker = woken.clone().into();
        let mut cx = Context::from_waker(&waker);
        let (mut producer, mut consumer) = queue(1000);
        producer.push(message(400));
        producer.push(message(400));
        consumer.pop().unwrap();
        producer.push(message(600));
        assert!(producer.poll_ready(&mut cx).is_pending());
        // 1,400 were sent; 600 are left when all but the last are gone.
        consumer.pop().unwrap();
        assert_eq!(woken.get(), 0);
        assert!(producer.poll_ready(&mut cx).is_ready());
        assert!(!consumer.is_empty());
        consumer.pop().unwrap();
        assert!(consumer.is_empty());
        assert!(consumer.pop().is_none());
    }

    #[test]
    fn one_message_may_be_larger_than_the_budget() {
        let mut cx = Context::from_waker(Waker::noop());
        let (mut producer, mut consumer) = queue(1000);
        assert!(producer.poll_ready(&mut cx).is_ready());
        producer.push(message(5000));
        assert!(producer.poll_ready(&mut cx).is_pending());
        assert_eq!(consumer.pop().unwrap().len(), 5000 - OVERHEAD);
        assert!(producer.poll_ready(&mut cx).is_ready());
    }

    #[test]
    fn empty_messages_are_bounded_too() {
        let mut cx = Context::from_waker(Waker::noop());
        let (mut producer, _consumer) = queue(1000);
        let mut sent = 0;
        while producer.poll_ready(&mut cx).is_ready() {
            producer.push(Bytes::new());
            sent += 1;
        }
        assert_eq!(sent, 1000_usize.div_ceil(OVERHEAD));
    }

    #[test]
    fn the_consumer_is_woken_by_a_message() {
        let woken = Arc::new(Count::default());
        let waker = woken.clone().into();
        let mut cx = Context::from_waker(&waker);
        let (mut producer, mut consumer) = queue(1000);
        assert!(consumer.poll_pop(&mut cx).is_pending());
        producer.push(Bytes::from_static(b"a"));
        producer.push(Bytes::from_static(b"b"));
        assert_eq!(woken.get(), 1);
        assert!(!consumer.is_empty());
        assert_eq!(
            consumer.poll_pop(&mut cx),
            Poll::Ready(Bytes::from_static(b"a"))
        );
        assert_eq!(
            consumer.poll_pop(&mut cx),
            Poll::Ready(Bytes::from_static(b"b"))
        );
        assert!(consumer.poll_pop(&mut cx).is_pending());
    }

    #[test]
    fn dropping_the_consumer_closes() {
        let woken = Arc::new(Count::default());
        let waker = woken.clone().into();
        let mut cx = Context::from_waker(&waker);
        let (mut producer, consumer) = queue(100);
        producer.push(message(100));
        assert!(producer.poll_ready(&mut cx).is_pending());
        drop(consumer);
        assert_eq!(woken.get(), 1);
        assert!(matches!(
            producer.poll_ready(&mut cx),
            Poll::Ready(Err(Closed))
        ));
        producer.push(message(100));
    }
}
