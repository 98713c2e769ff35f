//! What waits to be written to a socket: bounded in bytes, shared by all
//! calls of the socket.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::{Sink, SinkExt};
use ostler_wire::envelope::{self, Kind, Names, Tail};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_tungstenite::tungstenite::{Bytes, Error, Message, Utf8Bytes};

use super::WRITE_STALL;

/// Bytes that wait; one message may go over it.
const BUDGET: u32 = 64 << 10;

/// What a message costs at least.
const OVERHEAD: u32 = 256;

/// Messages that wait, which the budget already bounds.
const MESSAGES: usize = (BUDGET / OVERHEAD) as usize;

/// Where calls put what is to be written. Clones share one socket.
#[derive(Clone, Debug)]
pub(super) struct Outbox {
    messages: mpsc::Sender<Waiting>,
    bytes: Arc<Semaphore>,
    control: Arc<Control>,
}

/// The socket's end.
#[derive(Debug)]
pub(super) struct Drain {
    messages: mpsc::Receiver<Waiting>,
    control: Arc<Control>,
}

#[derive(Debug)]
struct Waiting {
    text: Utf8Bytes,
    /// Given back once the text was written.
    bytes: OwnedSemaphorePermit,
}

/// What may be said without waiting: at most two envelopes a call.
#[derive(Debug, Default)]
struct Control {
    waiting: Mutex<Says>,
    notify: Notify,
}

#[derive(Debug, Default)]
struct Says {
    grants: HashMap<String, u32>,
    cancels: Vec<String>,
}

/// The socket is gone.
#[derive(Clone, Copy, Debug)]
pub(super) struct Gone;

/// Whether the peer said anything lately.
#[derive(Debug, Default)]
pub(super) struct Alive {
    heard: AtomicBool,
    /// Nobody listens at the moment, so that silence means nothing.
    deaf: AtomicBool,
}

/// Why writing ended.
#[derive(Debug)]
pub(super) enum Ended {
    /// Nobody has anything to say any more, and all of it was written.
    Done,
    /// The peer answers no pings.
    Silent,
    /// The peer does not read.
    Stalled,
    /// The socket broke.
    Broken(Error),
}

pub(super) fn outbox() -> (Outbox, Drain) {
    let (sender, receiver) = mpsc::channel(MESSAGES);
    let control = Arc::<Control>::default();
    let outbox = Outbox {
        messages: sender,
        bytes: Arc::new(Semaphore::new(BUDGET as usize)),
        control: Arc::clone(&control),
    };
    let drain = Drain {
        messages: receiver,
        control,
    };
    (outbox, drain)
}

impl Outbox {
    /// Waits for room, then hands a JSON text over.
    ///
    /// # Errors
    /// [`Gone`] when the socket is.
    pub(super) async fn send(&self, json: Vec<u8>) -> Result<(), Gone> {
        let text = Utf8Bytes::try_from(json).map_err(|_| Gone)?;
        let cost = u32::try_from(text.len()).unwrap_or(BUDGET);
        let bytes = Arc::clone(&self.bytes)
            .acquire_many_owned(cost.clamp(OVERHEAD, BUDGET))
            .await
            .map_err(|_| Gone)?;
        self.messages
            .send(Waiting { text, bytes })
            .await
            .map_err(|_| Gone)
    }

    /// Grants the peer further messages of a call. Never waits: grants that
    /// were not written yet are added up.
    pub(super) fn grant(&self, id: &str, messages: u32) {
        let mut says = self.control.says();
        match says.grants.get_mut(id) {
            Some(waiting) => *waiting = waiting.saturating_add(messages),
            None => {
                says.grants.insert(id.to_owned(), messages);
            }
        }
        drop(says);
        self.control.notify.notify_one();
    }

    /// Cancels a call at the peer. Never waits; once a call.
    pub(super) fn cancel(&self, id: String) {
        let mut says = self.control.says();
        says.grants.remove(&id);
        says.cancels.push(id);
        drop(says);
        self.control.notify.notify_one();
    }
}

impl Control {
    fn says(&self) -> MutexGuard<'_, Says> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self) -> Vec<Vec<u8>> {
        let says = std::mem::take(&mut *self.says());
        let grants = says.grants.into_iter().map(|(id, messages)| {
            let payload = messages.to_string();
            say(Kind::Window, &id, Some(payload.as_bytes()))
        });
        let cancels = says
            .cancels
            .into_iter()
            .map(|id| say(Kind::Cancel, &id, None));
        grants.chain(cancels).collect()
    }
}

fn say(kind: Kind, id: &str, payload: Option<&[u8]>) -> Vec<u8> {
    envelope::write(kind, &Names::new("", "", id), payload, &Tail::default())
}

impl Alive {
    pub(super) fn heard(&self) {
        self.heard.store(true, Ordering::Relaxed);
    }

    /// Whether the socket is not read for a while.
    pub(super) fn deaf(&self, deaf: bool) {
        self.deaf.store(deaf, Ordering::Relaxed);
        self.heard();
    }

    fn take(&self) -> bool {
        self.heard.swap(false, Ordering::Relaxed) || self.deaf.load(Ordering::Relaxed)
    }
}

impl Drain {
    /// Writes until there is nothing more to say or nobody to say it to; pings
    /// `every` so often, and gives up on a peer that was silent for as long.
    pub(super) async fn write<S>(mut self, socket: &mut S, alive: &Alive, every: Duration) -> Ended
    where
        S: Sink<Message, Error = Error> + Unpin,
    {
        let mut ticks = interval(every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // The first one is now.
        ticks.tick().await;
        alive.heard();
        let control = Arc::clone(&self.control);
        loop {
            let batch = tokio::select! {
                biased;
                () = control.notify.notified() => Batch::control(&control),
                message = self.messages.recv() => match message {
                    Some(message) => self.batch(message),
                    None => return Ended::Done,
                },
                _ = ticks.tick() => {
                    if !alive.take() {
                        return Ended::Silent;
                    }
                    Batch::ping()
                }
            };
            match timeout(WRITE_STALL, batch.write(socket)).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => return Ended::Broken(error),
                Err(_) => return Ended::Stalled,
            }
        }
    }

    /// Everything that is there, so that it is flushed once.
    fn batch(&mut self, first: Waiting) -> Batch {
        let mut batch = Batch::default();
        let mut next = Some(first);
        while let Some(waiting) = next {
            batch.messages.push(Message::Text(waiting.text));
            batch.held.push(waiting.bytes);
            next = self.messages.try_recv().ok();
        }
        batch
    }
}

/// What is written and flushed together.
#[derive(Default)]
struct Batch {
    messages: Vec<Message>,
    held: Vec<OwnedSemaphorePermit>,
}

impl Batch {
    fn control(control: &Control) -> Self {
        let texts = control.take().into_iter();
        let messages = texts.filter_map(|json| Utf8Bytes::try_from(json).ok());
        Self {
            messages: messages.map(Message::Text).collect(),
            held: Vec::new(),
        }
    }

    fn ping() -> Self {
        Self {
            messages: vec![Message::Ping(Bytes::new())],
            held: Vec::new(),
        }
    }

    async fn write<S>(self, socket: &mut S) -> Result<(), Error>
    where
        S: Sink<Message, Error = Error> + Unpin,
    {
        for message in self.messages {
            socket.feed(message).await?;
        }
        socket.flush().await?;
        drop(self.held);
        Ok(())
    }
}
