//! The seam between transports and the rest of the host: admit, then serve.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use ostler_call::{Body, Head, Reply};

use crate::{Contract, Method, Plan};

/// What a transport calls. Shared by all connections; every method may be
/// called at once from many tasks and none blocks.
pub trait Handler: Send + Sync + 'static {
    /// Finds the method and decides whether the call may run, before a byte of
    /// the body is read. What was granted (pin, permits) is held by
    /// [`Admitted`] and given back when that, or the reply's body, is dropped.
    ///
    /// # Errors
    /// The whole reply when the call is refused.
    fn admit(&self, head: Head) -> Result<Admission, Reply>;

    /// Whether a live service has this full name as protobuf, such as
    /// `demo.users.v1.Users`.
    fn has_proto_service(&self, name: &str) -> bool;

    /// The contracts of all live services, as the JSON text of
    /// `/.well-known/ostler/contract`.
    fn contract(&self) -> ContractFuture;

    /// Whether the host takes calls.
    fn health(&self) -> Health;
}

/// Whether the host takes calls.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Health {
    /// It does.
    Serving,
    /// It is starting or shutting down.
    NotServing,
}

/// The text of all contracts, once it is written.
pub type ContractFuture = Pin<Box<dyn Future<Output = Bytes> + Send>>;

/// What becomes of a call whose component may have to be loaded first.
pub enum Admission {
    /// It may run.
    Granted(Admitted),
    /// That is known once the component is there.
    Waiting(Pin<Box<dyn Future<Output = Result<Admitted, Reply>> + Send>>),
}

/// Admits a call, and waits until its component is loaded.
///
/// # Errors
/// The whole reply when the call is refused.
pub async fn admitted(handler: &dyn Handler, head: Head) -> Result<Admitted, Reply> {
    match handler.admit(head) {
        Ok(admission) => admission.granted().await,
        Err(refused) => Err(refused),
    }
}

impl Admission {
    /// Waits until the call may run.
    ///
    /// # Errors
    /// The whole reply when it is refused.
    pub async fn granted(self) -> Result<Admitted, Reply> {
        match self {
            Self::Granted(admitted) => Ok(admitted),
            Self::Waiting(admitted) => admitted.await,
        }
    }
}

impl fmt::Debug for Admission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Granted(admitted) => f.debug_tuple("Granted").field(admitted).finish(),
            Self::Waiting(_) => f.write_str("Waiting"),
        }
    }
}

/// The future of a reply.
pub type CallFuture = Pin<Box<dyn Future<Output = Reply> + Send>>;

/// An admitted call that has not begun. Dropping the future, or the body of
/// its reply, cancels the call.
pub trait Call: Send {
    /// Runs the call. Errors are replies.
    fn serve(self: Box<Self>, body: Body) -> CallFuture;
}

/// A call that may run, and what its transport must know of the method.
pub struct Admitted {
    contract: Arc<Contract>,
    service: usize,
    method: usize,
    call: Box<dyn Call>,
}

impl Admitted {
    /// A call of `contract.services[service].methods[method]`.
    pub fn new(
        contract: Arc<Contract>,
        service: usize,
        method: usize,
        call: Box<dyn Call>,
    ) -> Self {
        Self {
            contract,
            service,
            method,
            call,
        }
    }

    /// The method: its pattern, tags and message types.
    pub fn method(&self) -> &Method {
        &self.contract.services[self.service].methods[self.method]
    }

    /// The plan its types are in.
    pub fn plan(&self) -> &Plan {
        &self.contract.plan
    }

    /// Runs the call.
    pub fn serve(self, body: Body) -> CallFuture {
        self.call.serve(body)
    }
}

impl fmt::Debug for Admitted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Admitted")
            .field("method", &self.method().name)
            .finish_non_exhaustive()
    }
}
