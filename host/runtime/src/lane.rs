//! Lanes: threads of lower priority on which guests run whose turn is not now.
//! First in, first out. The *guest lane* is for those that were pre-empted or
//! abandoned, the *aside lane* for those that serve no call.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use tokio::runtime::Handle;

use crate::task::GuestTask;

/// Lets the calling thread stand back from those that serve calls, for good:
/// for work that takes long and that no call waits for. `niceness` is added to
/// that of the thread.
pub fn stand_back(niceness: i32) {
    // Without the right to be nicer the work is done all the same.
    if let Err(error) = rustix::process::nice(niceness) {
        tracing::debug!(%error, "a thread keeps its priority");
    }
}

/// The queue of the lane. Bounded by the number of instances, since a task is
/// in it at most once.
#[derive(Debug, Default)]
pub(crate) struct Lane {
    queue: Mutex<Queue>,
    ready: Condvar,
}

#[derive(Debug, Default)]
struct Queue {
    tasks: VecDeque<Arc<GuestTask>>,
    closed: bool,
}

impl Lane {
    /// Starts `threads` threads that poll guests inside `handle`'s runtime, at
    /// this much more niceness, until [`Lane::close`].
    ///
    /// # Errors
    /// When the system refuses a thread.
    pub(crate) fn start(
        self: &Arc<Self>,
        name: &str,
        threads: usize,
        niceness: i32,
        handle: &Handle,
    ) -> std::io::Result<()> {
        for i in 0..threads {
            let lane = Arc::clone(self);
            let handle = handle.clone();
            std::thread::Builder::new()
                .name(format!("{name}-{i}"))
                .spawn(move || {
                    stand_back(niceness);
                    lane.run(&handle);
                })?;
        }
        Ok(())
    }

    pub(crate) fn push(&self, task: Arc<GuestTask>) {
        self.lock().tasks.push_back(task);
        self.ready.notify_one();
    }

    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.ready.notify_all();
    }

    fn run(&self, handle: &Handle) {
        let _runtime = handle.enter();
        while let Some(task) = self.next() {
            task.run_on_lane();
        }
    }

    fn next(&self) -> Option<Arc<GuestTask>> {
        let mut queue = self.lock();
        loop {
            if queue.closed {
                return None;
            }
            if let Some(task) = queue.tasks.pop_front() {
                return Some(task);
            }
            queue = self
                .ready
                .wait(queue)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
