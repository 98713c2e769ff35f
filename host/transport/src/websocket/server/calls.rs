//! The calls of one socket, by id.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use ostler_call::{End, Status};
use tokio::sync::oneshot;

use crate::websocket::credit::Credit;
use crate::websocket::inbox::Feeder;

/// Calls that ended before their client's stream did, whose late messages are
/// known as such; the oldest is forgotten first.
const ENDED: usize = 1_000;

/// What a call reads.
#[derive(Debug)]
pub(super) enum Piece {
    Message(Bytes),
    End(End),
}

/// A call that runs.
#[derive(Debug)]
pub(super) struct Live {
    /// Where its messages go; `None` once its client has ended them, or when
    /// they came all at once.
    pub(super) input: Option<Feeder<Piece>>,
    pub(super) credit: Arc<Credit>,
    /// Ends it with a status.
    pub(super) abort: oneshot::Sender<Status>,
}

/// What is known of an id.
pub(super) enum Found {
    /// A call that reads.
    Reading(Feeder<Piece>),
    /// A call that reads no more, or has ended while its client still sends.
    Deaf,
    /// Nothing.
    Unknown,
}

#[derive(Debug, Default)]
pub(super) struct Calls(Mutex<Table>);

#[derive(Debug, Default)]
struct Table {
    live: HashMap<String, Live>,
    ended: HashSet<String>,
    /// In order of their ends.
    order: VecDeque<String>,
}

impl Calls {
    fn table(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn count(&self) -> usize {
        self.table().live.len()
    }

    pub(super) fn is_live(&self, id: &str) -> bool {
        self.table().live.contains_key(id)
    }

    pub(super) fn add(&self, id: String, call: Live) {
        let mut table = self.table();
        table.ended.remove(&id);
        table.live.insert(id, call);
    }

    pub(super) fn find(&self, id: &str) -> Found {
        let table = self.table();
        match table.live.get(id) {
            Some(call) => match &call.input {
                Some(input) => Found::Reading(input.clone()),
                None => Found::Deaf,
            },
            None if table.ended.contains(id) => Found::Deaf,
            None => Found::Unknown,
        }
    }

    /// Where the end of a client's stream goes.
    ///
    /// # Errors
    /// What the id is instead, when nobody reads that.
    pub(super) fn end_input(&self, id: &str) -> Result<Feeder<Piece>, Found> {
        let mut table = self.table();
        if table.ended.remove(id) {
            return Err(Found::Deaf);
        }
        match table.live.get_mut(id) {
            Some(call) => call.input.take().ok_or(Found::Deaf),
            None => Err(Found::Unknown),
        }
    }

    pub(super) fn grant(&self, id: &str, messages: u32) {
        if let Some(call) = self.table().live.get(id) {
            call.credit.grant(messages);
        }
    }

    /// Ends a call; `false` when there is none.
    pub(super) fn abort(&self, id: &str, status: Status) -> bool {
        let mut table = self.table();
        let Some(call) = table.live.remove(id) else {
            return table.ended.remove(id);
        };
        table.left(id, &call);
        // A call that has just ended needs no abort.
        call.abort.send(status).unwrap_or_default();
        true
    }

    /// A call is over.
    pub(super) fn finish(&self, id: &str) {
        let mut table = self.table();
        if let Some(call) = table.live.remove(id) {
            table.left(id, &call);
        }
    }

    /// The socket closes, and with it every call ends.
    pub(super) fn abort_all(&self) {
        let table = std::mem::take(&mut *self.table());
        for call in table.live.into_values() {
            let status = Status::cancelled("the socket was closed");
            call.abort.send(status).unwrap_or_default();
        }
    }
}

impl Table {
    /// Remembers a call whose client still sends.
    fn left(&mut self, id: &str, call: &Live) {
        if call.input.is_none() {
            return;
        }
        if self.ended.insert(id.to_owned()) {
            self.order.push_back(id.to_owned());
        }
        while self.order.len() > ENDED {
            if let Some(oldest) = self.order.pop_front() {
                self.ended.remove(&oldest);
            }
        }
    }
}
