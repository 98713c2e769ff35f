//! The two ends of a call's streams as the guest holds them: what `next` reads
//! and `send` writes, shared with the pollables made by `subscribe`.

use std::fmt;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};

use ostler_call::{Code, Status};
use ostler_schema::Value;

use crate::deployment::{Closed, Sink, Source};
use crate::task::{GuestTask, Reason};

/// Items one `next-batch` hands over at most.
const MAX_BATCH: u32 = 1_024;

/// Bytes of a chunk copied out of a guest at once where its borders carry no
/// meaning, so that a stalled stream holds no more.
const PIECE: usize = 16 << 10;

/// What a guest reads. After the end or an error, reading repeats it.
#[derive(Clone)]
pub(crate) struct InputEnd {
    task: Arc<GuestTask>,
    state: Arc<Mutex<Input>>,
}

struct Input {
    source: Option<Box<dyn Source>>,
    peeked: Option<Value>,
    end: Result<(), Status>,
}

impl InputEnd {
    pub(crate) fn new(task: Arc<GuestTask>, source: Box<dyn Source>) -> Self {
        let state = Input {
            source: Some(source),
            peeked: None,
            end: Ok(()),
        };
        Self {
            task,
            state: Arc::new(Mutex::new(state)),
        }
    }

    /// Waits for the next item; `None` is the clean end.
    pub(crate) async fn next(&self) -> Result<Option<Value>, Status> {
        poll_fn(|cx| self.poll_next(cx)).await
    }

    /// Waits for one item, then takes what is already there, up to `max`.
    pub(crate) async fn next_batch(&self, max: u32) -> Result<Vec<Value>, Status> {
        let Some(first) = self.next().await? else {
            return Ok(Vec::new());
        };
        let mut items = vec![first];
        let mut cx = Context::from_waker(Waker::noop());
        while items.len() < max.min(MAX_BATCH) as usize {
            // An error that comes now is told by the next call: it repeats.
            match self.poll_next(&mut cx) {
                Poll::Ready(Ok(Some(item))) => items.push(item),
                _ => break,
            }
        }
        Ok(items)
    }

    /// Stops reading.
    pub(crate) fn close(&self) {
        self.lock().source = None;
    }

    /// Ready when `next` would not wait.
    pub(crate) fn poll_ready(&self, cx: &mut Context<'_>) -> Poll<()> {
        if self.interrupted().is_some() {
            return Poll::Ready(());
        }
        let mut input = self.lock();
        if input.peeked.is_none() {
            // The end needs no peeking: it repeats.
            let item = ready!(input.poll_source(cx));
            self.note(&item);
            input.peeked = item.ok().flatten();
        }
        Poll::Ready(())
    }

    fn poll_next(&self, cx: &mut Context<'_>) -> Poll<Result<Option<Value>, Status>> {
        if let Some(status) = self.interrupted() {
            return Poll::Ready(Err(status));
        }
        let mut input = self.lock();
        let item = match input.peeked.take() {
            Some(item) => Ok(Some(item)),
            None => ready!(input.poll_source(cx)),
        };
        self.note(&item);
        Poll::Ready(item)
    }

    /// A stream that broke because the caller is gone is how a cancellation
    /// shows first: the context says so from the same moment on.
    fn note(&self, item: &Result<Option<Value>, Status>) {
        self.task.touch();
        if item
            .as_ref()
            .is_err_and(|status| status.code() == Code::Cancelled)
        {
            self.task.interrupt(Reason::Cancelled);
        }
    }

    fn interrupted(&self) -> Option<Status> {
        let reason = self.task.reason();
        (reason != Reason::None).then(|| reason.status())
    }

    fn lock(&self) -> MutexGuard<'_, Input> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Input {
    fn poll_source(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Value>, Status>> {
        let Some(source) = &mut self.source else {
            return Poll::Ready(self.end.clone().map(|()| None));
        };
        let item = ready!(source.poll_next(cx)).transpose();
        if !matches!(item, Ok(Some(_))) {
            self.source = None;
            self.end = item.clone().map(|_| ());
        }
        Poll::Ready(item)
    }
}

impl fmt::Debug for InputEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InputEnd")
    }
}

/// What a guest writes.
#[derive(Clone)]
pub(crate) struct OutputEnd {
    task: Arc<GuestTask>,
    state: Arc<Mutex<Output>>,
}

struct Output {
    sink: Option<Box<dyn Sink>>,
    fault: Option<Status>,
}

impl OutputEnd {
    pub(crate) fn new(task: Arc<GuestTask>, sink: Box<dyn Sink>) -> Self {
        Self {
            task,
            state: Arc::new(Mutex::new(Output {
                sink: Some(sink),
                fault: None,
            })),
        }
    }

    /// Waits for room, then sends one item.
    pub(crate) async fn send(&self, item: Value) -> Result<(), Closed> {
        self.ready().await?;
        self.push(item)
    }

    /// Waits for room.
    pub(crate) async fn ready(&self) -> Result<(), Closed> {
        poll_fn(|cx| self.poll_ready(cx)).await
    }

    /// Sends one item for which there is room.
    pub(crate) fn push(&self, item: Value) -> Result<(), Closed> {
        self.task.touch();
        self.lock().push(item)
    }

    /// The largest piece of a chunk that is sent at once, bytes.
    pub(crate) fn piece(&self) -> usize {
        let splits = self
            .lock()
            .sink
            .as_ref()
            .is_some_and(|sink| sink.splits_chunks());
        if splits { PIECE } else { usize::MAX }
    }

    /// Sends items one after the other.
    pub(crate) async fn send_batch(&self, items: Vec<Value>) -> Result<(), Closed> {
        for item in items {
            self.send(item).await?;
        }
        Ok(())
    }

    /// Ends the output.
    pub(crate) fn close(&self) {
        self.lock().sink = None;
    }

    /// Why the output ended by the host's doing, such as an item above the
    /// message limit.
    pub(crate) fn take_fault(&self) -> Option<Status> {
        self.lock().fault.take()
    }

    /// Ready when `send` would not wait.
    pub(crate) fn poll_ready(&self, cx: &mut Context<'_>) -> Poll<Result<(), Closed>> {
        if self.task.reason() != Reason::None {
            return Poll::Ready(Err(Closed));
        }
        match &mut self.lock().sink {
            Some(sink) => sink.poll_ready(cx),
            None => Poll::Ready(Err(Closed)),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Output> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Output {
    fn push(&mut self, item: Value) -> Result<(), Closed> {
        let Some(sink) = &mut self.sink else {
            return Err(Closed);
        };
        sink.push(item).map_err(|status| {
            self.sink = None;
            self.fault = Some(status);
            Closed
        })
    }
}

impl fmt::Debug for OutputEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OutputEnd")
    }
}
