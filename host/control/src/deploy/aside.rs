//! Where the work of a deployment is done: not on the threads that serve.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use ostler_runtime::stand_back;
use tokio::sync::oneshot;

use super::DeployError;

/// How far work stands back that takes a moment: what serves calls hardly
/// notices it, and it is done all the same where nothing is idle.
pub(super) const BRIEF: i32 = 19;
/// How far work stands back that may take minutes: where nothing is idle it
/// still gets a tenth of what a thread gets that serves.
pub(super) const LONG: i32 = 10;

/// Work that a call or a switch waits for, and that may block.
///
/// # Errors
/// [`DeployError::Panicked`].
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, DeployError> {
    let worked = tokio::task::spawn_blocking(work).await;
    worked.map_err(|panic| DeployError::Panicked(panic.to_string()))
}

/// Work on a component that no call waits for: it takes a core for as long as
/// the component is large, so a thread of its own stands back from those that
/// serve, by `niceness`.
///
/// # Errors
/// [`DeployError::Panicked`], also where the system refuses the thread.
pub(super) async fn aside<T: Send + 'static>(
    niceness: i32,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, DeployError> {
    let (done, worked) = oneshot::channel();
    let work = move || {
        stand_back(niceness);
        let outcome = catch_unwind(AssertUnwindSafe(work));
        // Who waited for it may be gone.
        done.send(outcome).unwrap_or_default();
    };
    let thread = thread::Builder::new().name("deploy".to_owned()).spawn(work);
    thread.map_err(|e| DeployError::Panicked(format!("no thread for it: {e}")))?;
    match worked.await {
        Ok(Ok(worked)) => Ok(worked),
        Ok(Err(panic)) => Err(DeployError::Panicked(message(&*panic).to_owned())),
        Err(_) => Err(DeployError::Leaving),
    }
}

fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("a panic")
}
