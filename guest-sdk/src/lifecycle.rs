//! What an instance does before its first call and after its last.

use crate::Status;

/// Implemented by a service whose world has `export ostler:rpc/lifecycle@0.1.0;`.
///
/// The host calls these once for each instance, and there are many instances
/// of one service: what `start` loads into a static is this instance's copy.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be started and stopped",
    note = "its world exports `ostler:rpc/lifecycle`: write `impl ostler_guest::Lifecycle for {Self}`"
)]
pub trait Lifecycle {
    /// Before the first call of this instance, with the deployment's
    /// configuration, in order.
    ///
    /// # Errors
    ///
    /// Keep the instance from being used.
    fn start(config: Vec<(String, String)>) -> Result<(), Status>;

    /// Before the instance is released. An instance that trapped, or ran out
    /// of its time, is dropped without it.
    fn stop() {}
}
