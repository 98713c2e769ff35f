//! Details of statuses as peers send them:
//! `{"type":"demo.users.v1.LimitError","value":…}`.

use bytes::Bytes;
use ostler_call::Any;
use serde::Deserialize;
use serde_json::value::RawValue;

/// One detail.
#[derive(Deserialize)]
pub(crate) struct Detail<'a> {
    #[serde(rename = "type")]
    type_name: String,
    #[serde(borrow)]
    value: &'a RawValue,
}

/// The value of each is its JSON text.
pub(crate) fn anys(details: Vec<Detail<'_>>) -> Vec<Any> {
    let any = |detail: Detail<'_>| Any {
        type_name: detail.type_name,
        value: Bytes::copy_from_slice(detail.value.get().as_bytes()),
    };
    details.into_iter().map(any).collect()
}
