//! [`Value`] → JSON text.

use super::known;
use crate::codec::EncodeError;
use crate::codec::proto::{Content, Source, mismatch, walk, well_known};
use crate::codec::write::{base64, float, json_object, write_string};
use crate::proto::{EnumId, FieldLayout, Form, Kind, Label, MessageId, MessageLayout};
use crate::{Plan, TypeId, Value, WellKnown};

type Result<T = ()> = std::result::Result<T, EncodeError>;

/// Appends messages to a text.
pub(super) struct Encoder<'a, 'o> {
    pub(super) plan: &'a Plan,
    pub(super) out: &'o mut Vec<u8>,
    /// How many messages kept as bytes are around this place.
    pub(super) opened: usize,
}

impl<'a, 'o> Encoder<'a, 'o> {
    pub(super) fn new(plan: &'a Plan, out: &'o mut Vec<u8>) -> Self {
        Self {
            plan,
            out,
            opened: 0,
        }
    }

    #[inline(never)]
    pub(super) fn message(&mut self, id: MessageId, value: &Value) -> Result {
        let message = self.plan.proto().message(id);
        match well_known(self.plan, message.shape) {
            Some(WellKnown::Any) => return self.any(value),
            Some(WellKnown::Struct) => return self.json_object(value),
            Some(known) => {
                write_string(&known::to_text(known, value)?, self.out);
                return Ok(());
            }
            None => {}
        }
        match message.form() {
            Form::Scalar => self.bare(message, value),
            Form::Object | Form::Empty => {
                self.out.push(b'{');
                self.fields(message, Source::Value(value), true)?;
                self.out.push(b'}');
                Ok(())
            }
        }
    }

    fn json_object(&mut self, value: &Value) -> Result {
        match value {
            Value::Record(fields) => match &fields[..] {
                [Value::String(json)] => json_object(json, self.out),
                _ => Err(mismatch(self.plan, None)),
            },
            _ => Err(mismatch(self.plan, None)),
        }
    }

    /// `google.protobuf.Int64Value` and its like.
    fn bare(&mut self, message: &MessageLayout, value: &Value) -> Result {
        match message.fields.first() {
            Some(field) => self.one(field.kind, field.ty, value),
            None => Err(mismatch(self.plan, None)),
        }
    }

    /// The fields of a message, the first without a comma before it.
    #[inline(never)]
    pub(super) fn fields(
        &mut self,
        message: &MessageLayout,
        source: Source<'_>,
        mut first: bool,
    ) -> Result {
        let plan = self.plan;
        walk(plan, message, source, |field, content| {
            if !std::mem::take(&mut first) {
                self.out.push(b',');
            }
            write_string(&field.json_name, self.out);
            self.out.push(b':');
            self.content(field, content)
        })
    }

    fn content(&mut self, field: &FieldLayout, content: Content<'_>) -> Result {
        match content {
            Content::One(value) => self.one(field.kind, field.ty, value),
            Content::Bare => self.nothing(field.kind),
            Content::Many(items) => self.list(field, items),
            Content::Flags(bits) => self.flags(field, bits),
            Content::Entries(entries) => self.map(field, entries),
        }
    }

    /// A case without payload: an empty message, or the zero of whatever a lock
    /// says.
    fn nothing(&mut self, kind: Kind) -> Result {
        let text = match kind {
            Kind::Message(_) | Kind::Opaque(_) => "{}",
            Kind::Bool => "false",
            Kind::String | Kind::Bytes => "\"\"",
            _ => "0",
        };
        self.out.extend_from_slice(text.as_bytes());
        Ok(())
    }

    pub(super) fn one(&mut self, kind: Kind, ty: Option<TypeId>, value: &Value) -> Result {
        match (kind, value) {
            (Kind::Message(id), _) => return self.message(id, value),
            (Kind::Opaque(id), _) => return self.opaque(id, value),
            (Kind::String, Value::String(text)) => write_string(text, self.out),
            (Kind::String, Value::Char(c)) => write_string(c.encode_utf8(&mut [0; 4]), self.out),
            (Kind::Bool, Value::Bool(true)) => self.out.extend_from_slice(b"true"),
            (Kind::Bool, Value::Bool(false)) => self.out.extend_from_slice(b"false"),
            (Kind::Bytes, Value::Bytes(bytes)) => base64(bytes, self.out),
            (Kind::Enum(id), Value::Enum(case)) => return self.enumeration(id, ty, *case),
            (Kind::Float, Value::Float(number)) => float(true, *number, self.out),
            (Kind::Double, Value::Float(number)) => float(false, *number, self.out),
            (_, Value::Uint(number)) => {
                self.integer(kind, itoa::Buffer::new().format(*number));
            }
            (_, Value::Int(number)) => self.integer(kind, itoa::Buffer::new().format(*number)),
            _ => return Err(mismatch(self.plan, ty)),
        }
        Ok(())
    }

    /// Numbers of 64 bits are strings: other readers know only doubles.
    fn integer(&mut self, kind: Kind, digits: &str) {
        let is_long = matches!(
            kind,
            Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 | Kind::Uint64 | Kind::Fixed64
        );
        let quote: &[u8] = if is_long { b"\"" } else { b"" };
        self.out.extend_from_slice(quote);
        self.out.extend_from_slice(digits.as_bytes());
        self.out.extend_from_slice(quote);
    }

    fn enumeration(&mut self, id: EnumId, ty: Option<TypeId>, case: u32) -> Result {
        match self.plan.proto().enumeration(id).value_of(case) {
            Some(value) => write_string(&value.name, self.out),
            None => return Err(mismatch(self.plan, ty)),
        }
        Ok(())
    }

    #[inline(never)]
    fn list(&mut self, field: &FieldLayout, items: &[Value]) -> Result {
        self.out.push(b'[');
        for (i, item) in items.iter().enumerate() {
            if i > 0 {
                self.out.push(b',');
            }
            self.one(field.kind, field.ty, item)
                .map_err(|error| error.at(i))?;
        }
        self.out.push(b']');
        Ok(())
    }

    fn flags(&mut self, field: &FieldLayout, bits: u32) -> Result {
        let Kind::Enum(id) = field.kind else {
            return Err(mismatch(self.plan, field.ty));
        };
        let of = self.plan.proto().enumeration(id);
        let set = (0..u32::BITS).filter(|bit| bits >> bit & 1 == 1);
        self.out.push(b'[');
        for (i, value) in set.filter_map(|bit| of.value_of(bit)).enumerate() {
            if i > 0 {
                self.out.push(b',');
            }
            write_string(&value.name, self.out);
        }
        self.out.push(b']');
        Ok(())
    }

    #[inline(never)]
    fn map(&mut self, field: &FieldLayout, entries: &[(Value, Value)]) -> Result {
        let is_object = matches!(field.label, Label::Map { .. });
        self.out.push(if is_object { b'{' } else { b'[' });
        for (i, entry) in entries.iter().enumerate() {
            if i > 0 {
                self.out.push(b',');
            }
            self.entry(field, entry).map_err(|error| error.at(i))?;
        }
        self.out.push(if is_object { b'}' } else { b']' });
        Ok(())
    }

    fn entry(&mut self, field: &FieldLayout, (key, value): &(Value, Value)) -> Result {
        match (field.label, field.kind) {
            (Label::Map { .. }, _) => {
                self.key(key)?;
                self.out.push(b':');
                self.one(field.kind, field.ty, value)
            }
            (_, Kind::Message(id)) => {
                let message = self.plan.proto().message(id);
                self.out.push(b'{');
                self.fields(message, Source::Pair(key, value), true)?;
                self.out.push(b'}');
                Ok(())
            }
            _ => Err(mismatch(self.plan, field.ty)),
        }
    }

    /// A key as a string, whatever its type.
    fn key(&mut self, key: &Value) -> Result {
        match key {
            Value::String(text) => write_string(text, self.out),
            Value::Char(c) => write_string(c.encode_utf8(&mut [0; 4]), self.out),
            Value::Bool(on) => write_string(if *on { "true" } else { "false" }, self.out),
            Value::Uint(number) => write_string(itoa::Buffer::new().format(*number), self.out),
            Value::Int(number) => write_string(itoa::Buffer::new().format(*number), self.out),
            _ => return Err(mismatch(self.plan, None)),
        }
        Ok(())
    }
}
