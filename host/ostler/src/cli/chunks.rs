//! Which sides of a method are chunk streams (`stream<list<u8>>`).

use ostler_schema::{Method, Plan, Type};

/// Whether requests of the method are a chunk stream.
pub(super) fn are_requests(method: &Method, plan: &Plan) -> bool {
    method.pattern.streams_in() && matches!(plan[method.request.message], Type::Bytes)
}

/// Whether replies of the method are a chunk stream.
pub(super) fn are_replies(method: &Method, plan: &Plan) -> bool {
    let message = method.response.message;
    method.pattern.streams_out() && message.is_some_and(|ty| matches!(plan[ty], Type::Bytes))
}
