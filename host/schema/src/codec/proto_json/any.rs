//! Messages kept as bytes in an `any`: written out in JSON.

use bytes::Bytes;

use super::decode::{Decoder, Result};
use super::encode::Encoder;
use crate::codec::proto::{Source, any, any_value, mismatch, name_of, opaque, url_of, well_known};
use crate::codec::text::excerpt;
use crate::codec::write::{EMBEDDED_DEPTH, write_string};
use crate::codec::{DecodeError, EncodeError, protobuf};
use crate::proto::{Form, MessageId, MessageLayout};
use crate::{Plan, Value};

/// Whether the JSON of a message is no object of its fields, so that beside
/// `@type` it is the field `value`.
fn is_special(plan: &Plan, message: &MessageLayout) -> bool {
    well_known(plan, message.shape).is_some() || message.form() != Form::Object
}

fn unknown(name: &str) -> String {
    format!(
        "the contract has no message {}, so that an any of it has no JSON",
        excerpt(name)
    )
}

impl<'a> Decoder<'a> {
    /// `{"@type": …, …}`.
    #[inline(never)]
    pub(super) fn any(&mut self) -> Result<Value> {
        let Some(url) = self.type_url()? else {
            return Ok(any_value("", Bytes::new()));
        };
        let name = name_of(&url);
        let Some(id) = self.builder.layout().find(name) else {
            return Err(DecodeError::new(unknown(name)).within("@type"));
        };
        let message = self.builder.layout().message(id);
        let value = if is_special(self.builder.plan, message) {
            self.value_beside_type(id)?
        } else {
            // `@type` is a name that the message does not have.
            self.object(message)?
        };
        self.in_any(id, name, &value)
    }

    /// The string at `@type`, wherever in the object; `None` when there is
    /// nothing in it at all.
    fn type_url(&mut self) -> Result<Option<String>> {
        let mut ahead = self.lexer.clone();
        if ahead.peek() != Some(b'{') {
            return Err(self.unexpected("object with \"@type\""));
        }
        ahead.enter()?;
        let mut first = true;
        while ahead.more(b'}', first)? {
            first = false;
            if ahead.key()? == "@type" {
                std::mem::swap(&mut self.lexer, &mut ahead);
                let url = self.string("string").map_err(|e| e.within("@type"))?;
                std::mem::swap(&mut self.lexer, &mut ahead);
                return Ok(Some(url.into_owned()));
            }
            let skipped = ahead.skip()?.len();
            self.ahead = self.ahead.checked_sub(skipped).ok_or_else(|| {
                DecodeError::new("must come first, where any are in any").within("@type")
            })?;
        }
        if first {
            self.lexer = ahead;
            return Ok(None);
        }
        Err(DecodeError::new("must be set").within("@type"))
    }

    /// The field `value` of a type that is no object of its fields.
    fn value_beside_type(&mut self, id: MessageId) -> Result<Value> {
        self.open(b'{', "object")?;
        let mut value = None;
        let mut first = true;
        while self.lexer.more(b'}', first)? {
            first = false;
            if self.lexer.key()? == "value" {
                value = Some(self.message(id).map_err(|error| error.within("value"))?);
            } else {
                self.lexer.skip()?;
            }
        }
        match value {
            Some(value) => Ok(value),
            None => Err(DecodeError::new("must be set").within("value")),
        }
    }

    /// A message of that one type, which contains itself.
    #[inline(never)]
    pub(super) fn opaque(&mut self, id: MessageId) -> Result<Value> {
        let value = self.message(id)?;
        let name = &self.builder.layout().message(id).full_name;
        self.in_any(id, name, &value)
    }

    fn in_any(&self, id: MessageId, name: &str, value: &Value) -> Result<Value> {
        let mut bytes = Vec::new();
        match protobuf::encode(self.builder.plan, id, value, &mut bytes) {
            Ok(()) => Ok(any_value(name, bytes.into())),
            Err(error) => Err(DecodeError::new(error.text())),
        }
    }
}

impl Encoder<'_, '_> {
    #[inline(never)]
    pub(super) fn any(&mut self, value: &Value) -> std::result::Result<(), EncodeError> {
        let Some((name, bytes)) = any(value) else {
            return Err(mismatch(self.plan, None));
        };
        if name.is_empty() && bytes.is_empty() {
            self.out.extend_from_slice(b"{}");
            return Ok(());
        }
        let Some(id) = self.plan.proto().find(name) else {
            return Err(EncodeError::new(unknown(name)));
        };
        let message = self.plan.proto().message(id);
        let value = self.opened(id, bytes)?;
        self.out.extend_from_slice(b"{\"@type\":");
        write_string(&url_of(name), self.out);
        if is_special(self.plan, message) {
            self.out.extend_from_slice(b",\"value\":");
            self.message(id, &value)?;
        } else {
            self.fields(message, Source::Value(&value), false)?;
        }
        self.out.push(b'}');
        self.opened -= 1;
        Ok(())
    }

    #[inline(never)]
    pub(super) fn opaque(
        &mut self,
        id: MessageId,
        value: &Value,
    ) -> std::result::Result<(), EncodeError> {
        let bytes = opaque(self.plan.proto().message(id), value)?;
        let value = self.opened(id, bytes)?;
        self.message(id, &value)?;
        self.opened -= 1;
        Ok(())
    }

    /// The message in an `any`, one level further in.
    fn opened(&mut self, id: MessageId, bytes: &Bytes) -> std::result::Result<Value, EncodeError> {
        if self.opened == EMBEDDED_DEPTH {
            return Err(EncodeError::new(format!(
                "messages in any nest deeper than {EMBEDDED_DEPTH}"
            )));
        }
        self.opened += 1;
        protobuf::decode(self.plan, id, bytes, EMBEDDED_DEPTH)
            .map_err(|error| EncodeError::new(error.to_string()))
    }
}
