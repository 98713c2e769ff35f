//! What is written reads back as the same value, in every form.

use bytes::Bytes;
use ostler_call::Encoding;
use ostler_schema::{Contract, MessageType, Value, codec};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::contracts::{contract, messages};
use crate::values::{shown, value};

/// How deep messages may nest; the host's default.
pub(crate) const MAX_DEPTH: usize = 100;

/// A message of a random contract and a value of it.
pub(crate) fn message() -> impl Strategy<Value = (Contract, MessageType, Value)> {
    (contract(), any::<prop::sample::Index>()).prop_flat_map(|(contract, choice)| {
        let message = *choice.get(&messages(&contract));
        value(&contract.plan, message.ty).prop_map(move |value| (contract.clone(), message, value))
    })
}

pub(crate) fn write(contract: &Contract, of: MessageType, value: &Value, form: Encoding) -> Bytes {
    codec::encode(form, &contract.plan, of, value)
        .unwrap_or_else(|error| panic!("{form:?}: {error}: {value:?}"))
}

pub(crate) fn read(contract: &Contract, of: MessageType, bytes: &Bytes, form: Encoding) -> Value {
    codec::decode(form, &contract.plan, of, bytes, MAX_DEPTH)
        .unwrap_or_else(|error| panic!("{form:?}: {error} in {bytes:?}"))
}

const FORMS: [Encoding; 3] = [Encoding::PlainJson, Encoding::Proto, Encoding::ProtoJson];

proptest! {
    #[test]
    fn a_written_value_reads_back((contract, of, value) in message()) {
        let want = shown(&contract.plan, of.ty, &value);
        for form in FORMS {
            let bytes = write(&contract, of, &value, form);
            let back = read(&contract, of, &bytes, form);
            prop_assert_eq!(shown(&contract.plan, of.ty, &back), want.clone(), "{:?}", form);
            prop_assert_eq!(write(&contract, of, &back, form), bytes, "{:?}", form);
        }
    }

    #[test]
    fn damaged_bytes_are_refused_or_read(
        (contract, of, value) in message(),
        damage in vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        for form in FORMS {
            let mut bytes = write(&contract, of, &value, form).to_vec();
            for (place, byte) in &damage {
                if !bytes.is_empty() {
                    let place = place.index(bytes.len());
                    bytes[place] = *byte;
                }
            }
            match codec::decode(form, &contract.plan, of, &bytes.into(), MAX_DEPTH) {
                // A type of an any, a text of a struct or a pair of seconds and
                // nanos may have become one without JSON.
                Ok(value) => drop(codec::encode(form, &contract.plan, of, &value)),
                Err(error) => prop_assert!(!error.to_string().is_empty()),
            }
        }
    }
}
