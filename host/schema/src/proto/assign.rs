//! Names and numbers for everything in a contract, from its lock or, without
//! one, from the order of declaration.

use super::{MessageId, MessageLayout, Shape};
use crate::{ContractError, Plan, Service};

/// Fills in what protobuf calls services, methods and messages, and the
/// layout of the plan.
///
/// # Errors
/// [`ContractError`] when the lock is damaged or says what cannot be.
pub(crate) fn assign(
    services: &mut [Service],
    plan: &mut Plan,
    _lock: Option<&str>,
) -> Result<(), ContractError> {
    plan.proto.messages.push(MessageLayout {
        full_name: "google.protobuf.Empty".into(),
        shape: Shape::Empty(None),
        fields: Box::default(),
        dense: Box::default(),
    });
    for service in services {
        for method in &mut service.methods {
            method.request.proto = MessageId(0);
            method.response.proto = MessageId(0);
        }
    }
    Ok(())
}
