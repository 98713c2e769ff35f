//! The instances of one deployment: exclusive per call, reused last in first
//! out, bounded by count and idle time.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::instance::Instance;
use crate::task::GuestTask;

/// Idle instances are dropped after this time.
const MAX_IDLE_MS: u64 = 60_000;

/// An instance between two calls.
pub(crate) struct Idle {
    pub(crate) instance: Box<Instance>,
    pub(crate) task: Arc<GuestTask>,
    since_ms: u64,
}

/// The pool of one deployment.
pub(crate) struct Pool {
    idle: Mutex<Vec<Idle>>,
    counts: Arc<Counts>,
    limit: usize,
}

#[derive(Debug, Default)]
struct Counts {
    live: AtomicUsize,
    running: AtomicUsize,
    /// Told whenever a call ends.
    ended: Notify,
}

/// The place of one live instance; given back when dropped.
pub(crate) struct Permit(Arc<Counts>);

/// The place of one running call; given back when dropped.
#[derive(Debug)]
pub(crate) struct Busy(Arc<Counts>);

impl fmt::Debug for Idle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Idle").finish_non_exhaustive()
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool")
            .field("counts", &self.counts)
            .finish_non_exhaustive()
    }
}

impl Pool {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            idle: Mutex::default(),
            counts: Arc::default(),
            limit,
        }
    }

    /// The instance that served last: its memory is still in the caches.
    pub(crate) fn take(&self) -> Option<Idle> {
        self.lock().pop()
    }

    /// A place for a new instance; `None` when the limit is reached.
    pub(crate) fn reserve(&self) -> Option<Permit> {
        let counted = self
            .counts
            .live
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |live| {
                (live < self.limit).then_some(live + 1)
            });
        counted.ok().map(|_| Permit(Arc::clone(&self.counts)))
    }

    /// Counts a running call.
    pub(crate) fn busy(&self) -> Busy {
        self.counts.running.fetch_add(1, Ordering::Relaxed);
        Busy(Arc::clone(&self.counts))
    }

    pub(crate) fn put(&self, instance: Box<Instance>, task: Arc<GuestTask>) {
        let since_ms = task.now_ms();
        self.lock().push(Idle {
            instance,
            task,
            since_ms,
        });
    }

    /// Takes out what was idle for too long; the caller drops it, outside of
    /// any lock.
    pub(crate) fn expired(&self, now_ms: u64) -> Vec<Idle> {
        let mut idle = self.lock();
        // The oldest are at the bottom.
        let old = idle
            .iter()
            .take_while(|i| now_ms.saturating_sub(i.since_ms) > MAX_IDLE_MS)
            .count();
        idle.drain(..old).collect()
    }

    pub(crate) fn live(&self) -> usize {
        self.counts.live.load(Ordering::Relaxed)
    }

    pub(crate) fn running(&self) -> usize {
        self.counts.running.load(Ordering::Acquire)
    }

    pub(crate) fn idle(&self) -> usize {
        self.lock().len()
    }

    /// Waits until no call runs.
    pub(crate) async fn quiet(&self) {
        loop {
            let ended = self.counts.ended.notified();
            if self.running() == 0 {
                return;
            }
            ended.await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Idle>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.live.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::Release);
        self.0.ended.notify_waiters();
    }
}
