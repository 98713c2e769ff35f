//! What an instance, or a whole deployment, does before its first call and after
//! its last.

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

/// Implemented by a service whose world has
/// `export ostler:rpc/deployment-lifecycle@0.1.0;`.
///
/// The host calls these once for each version that is put live, each on an
/// instance of its own that serves no call: nothing they leave in a static is
/// seen by anything else. They are for what is outside: a schema, a
/// registration.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be started and stopped as a deployment",
    note = "its world exports `ostler:rpc/deployment-lifecycle`: write `impl ostler_guest::DeploymentLifecycle for {Self}`"
)]
pub trait DeploymentLifecycle {
    /// Before the first call goes to this version, with the deployment's
    /// configuration, in order. A host that is started again calls it again.
    ///
    /// # Errors
    ///
    /// Keep the version from going live.
    fn start(config: Vec<(String, String)>) -> Result<(), Status>;

    /// After the last call of this version, unless the host is killed.
    fn stop() {}
}
