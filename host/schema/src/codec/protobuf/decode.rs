//! Bytes → [`Value`].
//!
//! A message field that occurs again is merged: its value is that of all its
//! occurrences one after the other. So a message is scanned first, its singular
//! messages are noted, and then read once each, from all their parts: the work
//! stays linear however often they occur, and no value is made to be replaced.

use bytes::Bytes;

use super::cell::{Cell, Parts};
use super::reader::{Range, Reader, Wire};
use super::{scalar, structs};
use crate::codec::DecodeError;
use crate::codec::proto::{
    Builder, any_value, case_of_number, finish, last_entries, name_of, well_known, wrap,
};
use crate::proto::{FieldLayout, Kind, Label, MessageId, MessageLayout, Shape};
use crate::{Plan, TypeId, Value, WellKnown};

type Result<T> = std::result::Result<T, DecodeError>;

/// Reads one message and all that it holds.
pub(super) struct Decoder<'a> {
    bytes: &'a Bytes,
    builder: Builder<'a>,
    max_depth: usize,
}

impl<'a> Decoder<'a> {
    pub(super) fn new(plan: &'a Plan, bytes: &'a Bytes, max_depth: usize) -> Self {
        Self {
            bytes,
            builder: Builder::new(plan, |field| &field.name),
            max_depth,
        }
    }

    /// All of the bytes as one message.
    pub(super) fn root(mut self, id: MessageId) -> Result<Value> {
        let end = self.bytes.len();
        self.message(id, &[Range { start: 0, end }], 0)
    }

    // Recursion: `message` calls the function of a shape, that calls `close`
    // for its singular messages and `scan` for repeated ones, and these call
    // `message`. The functions of shapes are never inlined, so that a level
    // costs the frame of one of them.
    fn message(&mut self, id: MessageId, parts: &[Range], depth: usize) -> Result<Value> {
        if depth >= self.max_depth {
            return Err(DecodeError::new(format!(
                "nested deeper than {}",
                self.max_depth
            )));
        }
        let message = self.builder.layout().message(id);
        match message.shape {
            Shape::Record(_) | Shape::Entry(_) => self.record(message, parts, depth),
            Shape::Empty(_) => {
                self.scan(message, parts, &mut [], depth)?;
                Ok(finish(message.shape, Vec::new()))
            }
            Shape::Variant(_) | Shape::Result(_) | Shape::Wrapper(_) => {
                self.single(message, parts, depth)
            }
        }
    }

    #[inline(never)]
    fn record(
        &mut self,
        message: &'a MessageLayout,
        parts: &[Range],
        depth: usize,
    ) -> Result<Value> {
        let known = well_known(self.builder.plan, message.shape);
        if known == Some(WellKnown::Struct) {
            let json = structs::decode(self.bytes, parts, self.max_depth - depth)?;
            return Ok(Value::Record(vec![Value::String(json)]));
        }
        self.builder.count(message.places())?;
        let mut cells: Vec<Cell<'a>> = Vec::new();
        cells.resize_with(message.places(), || Cell::Absent);
        self.scan(message, parts, &mut cells, depth)?;
        // The values take the room of the cells.
        let values = (cells.into_iter().enumerate())
            .map(|(place, cell)| self.close(message, place, cell, depth))
            .collect::<Result<Vec<Value>>>()?;
        let value = finish(message.shape, values);
        match known {
            Some(WellKnown::Any) => Ok(without_host(value)),
            _ => Ok(value),
        }
    }

    /// A message of one value.
    #[inline(never)]
    fn single(
        &mut self,
        message: &'a MessageLayout,
        parts: &[Range],
        depth: usize,
    ) -> Result<Value> {
        self.builder.count(1)?;
        let mut cell = Cell::Absent;
        self.scan(message, parts, std::slice::from_mut(&mut cell), depth)?;
        self.close(message, 0, cell, depth)
    }

    /// Puts what the fields of a message say into `cells`, by place.
    #[inline(never)]
    fn scan(
        &mut self,
        message: &'a MessageLayout,
        parts: &[Range],
        cells: &mut [Cell<'a>],
        depth: usize,
    ) -> Result<()> {
        for part in parts {
            let mut reader = Reader::new(self.bytes, *part);
            while let Some((number, wire)) = reader.tag()? {
                let field = message.find(number).map(|place| &message.fields[place]);
                match field {
                    Some(field) => {
                        let cell = &mut cells[field.slot.place()];
                        self.field(message.shape, field, wire, &mut reader, cell, depth)
                            .map_err(|error| error.within(&field.name))?;
                    }
                    None => reader.skip(number, wire, self.max_depth - depth)?,
                }
            }
        }
        Ok(())
    }

    #[inline]
    fn field(
        &mut self,
        shape: Shape,
        field: &'a FieldLayout,
        wire: Wire,
        reader: &mut Reader<'_>,
        cell: &mut Cell<'a>,
        depth: usize,
    ) -> Result<()> {
        let expected = scalar::wire(field.kind);
        match field.label {
            Label::Map { .. } if wire == Wire::Chunk => self.entry(field, reader, cell, depth),
            Label::Repeated { .. } if wire == expected => self.item(field, reader, cell, depth),
            Label::Repeated { .. } if wire == Wire::Chunk => {
                self.packed(field, reader, cell, depth)
            }
            Label::Implicit | Label::Optional | Label::Defaulted | Label::Oneof
                if wire == expected =>
            {
                match field.kind {
                    Kind::Message(_) | Kind::Opaque(_) => cell.add(field, reader.chunk()?),
                    kind => {
                        let value = self.scalar(kind, field.ty, reader)?;
                        *cell = Cell::Done(wrap(shape, field, value));
                    }
                }
                Ok(())
            }
            // Another type's: as unknown as a number that nobody has.
            _ => reader.skip(field.number, wire, self.max_depth - depth),
        }
    }

    /// The items of a repeated scalar in one chunk.
    #[inline(never)]
    fn packed(
        &mut self,
        field: &'a FieldLayout,
        reader: &mut Reader<'_>,
        cell: &mut Cell<'a>,
        depth: usize,
    ) -> Result<()> {
        let mut items = Reader::new(self.bytes, reader.chunk()?);
        while !items.is_empty() {
            self.item(field, &mut items, cell, depth)?;
        }
        Ok(())
    }

    /// One item of a repeated field.
    fn item(
        &mut self,
        field: &'a FieldLayout,
        reader: &mut Reader<'_>,
        cell: &mut Cell<'a>,
        depth: usize,
    ) -> Result<()> {
        self.builder.count(1)?;
        match (
            cell.get_or_insert_with(|| self.builder.no_items(field)),
            field.kind,
        ) {
            (Value::Flags(bits), Kind::Enum(id)) => {
                let number = scalar::enum_number(reader)?;
                let bit = case_of_number(self.builder.plan, id, number)?;
                *bits |= 1_u32.checked_shl(bit).unwrap_or(0);
            }
            (Value::Map(entries), Kind::Message(id)) => {
                let part = reader.chunk()?;
                let entry = self.message(id, &[part], depth + 1);
                entries.extend(pair(entry.map_err(|error| error.at(entries.len()))?));
            }
            (Value::List(items), kind) => {
                let item = self.one(kind, field.ty, reader, depth);
                items.push(item.map_err(|error| error.at(items.len()))?);
            }
            _ => return Err(DecodeError::new("the field is not as declared")),
        }
        Ok(())
    }

    /// One occurrence, a message included.
    #[inline]
    fn one(
        &mut self,
        kind: Kind,
        ty: Option<TypeId>,
        reader: &mut Reader<'_>,
        depth: usize,
    ) -> Result<Value> {
        match kind {
            Kind::Message(id) => {
                let part = reader.chunk()?;
                self.message(id, &[part], depth + 1)
            }
            Kind::Opaque(id) => {
                let part = reader.chunk()?;
                Ok(self.opaque(id, &[part]))
            }
            scalar => self.scalar(scalar, ty, reader),
        }
    }

    #[inline]
    fn scalar(&self, kind: Kind, ty: Option<TypeId>, reader: &mut Reader<'_>) -> Result<Value> {
        scalar::decode(self.builder.plan, self.bytes, kind, ty, reader)
    }

    /// A message that is kept as it is.
    fn opaque(&self, id: MessageId, parts: &[Range]) -> Value {
        let bytes = match parts {
            [part] => self.bytes.slice(part.start..part.end),
            parts => {
                let parts = parts.iter().map(|part| &self.bytes[part.start..part.end]);
                parts.collect::<Vec<_>>().concat().into()
            }
        };
        any_value(&self.builder.layout().message(id).full_name, bytes)
    }

    #[inline(never)]
    fn entry(
        &mut self,
        field: &'a FieldLayout,
        reader: &mut Reader<'_>,
        cell: &mut Cell<'a>,
        depth: usize,
    ) -> Result<()> {
        self.builder.count(2)?;
        let part = reader.chunk()?;
        let entry = self.key_and_value(field, part, depth)?;
        if let Value::Map(entries) = cell.get_or_insert_with(|| Value::Map(Vec::new())) {
            entries.push(entry);
        }
        Ok(())
    }

    fn key_and_value(
        &mut self,
        field: &'a FieldLayout,
        part: Range,
        depth: usize,
    ) -> Result<(Value, Value)> {
        let Label::Map { key, key_ty } = field.label else {
            return Err(DecodeError::new("the field is not as declared"));
        };
        let mut found = None;
        let mut cell = Cell::Absent;
        let mut reader = Reader::new(self.bytes, part);
        while let Some((number, wire)) = reader.tag()? {
            match number {
                1 if wire == scalar::wire(key) => {
                    found = Some(self.scalar(key, Some(key_ty), &mut reader)?);
                }
                2 if wire == scalar::wire(field.kind) => match field.kind {
                    Kind::Message(_) | Kind::Opaque(_) => cell.add(field, reader.chunk()?),
                    kind => {
                        let value = self.scalar(kind, field.ty, &mut reader);
                        cell = Cell::Done(value.map_err(|error| at_key(error, found.as_ref()))?);
                    }
                },
                _ => reader.skip(number, wire, self.max_depth - depth)?,
            }
        }
        let key = match found {
            Some(key) => key,
            None => self.builder.zero(key, Some(key_ty))?,
        };
        let value = match cell {
            Cell::Done(value) => Ok(value),
            Cell::Open(field, parts) => self.open(field, &parts, depth),
            Cell::Absent => self.builder.zero(field.kind, field.ty),
        };
        match value {
            Ok(value) => Ok((key, value)),
            Err(error) => Err(at_key(error, Some(&key))),
        }
    }

    /// The value at a place once all fields have been seen.
    fn close(
        &mut self,
        message: &'a MessageLayout,
        place: usize,
        cell: Cell<'a>,
        depth: usize,
    ) -> Result<Value> {
        match cell {
            Cell::Done(Value::Map(mut entries)) => {
                let label = message.field_at(place).map(|field| field.label);
                if let Some(Label::Map { .. }) = label {
                    last_entries(&mut entries);
                }
                Ok(Value::Map(entries))
            }
            Cell::Done(value) => Ok(value),
            Cell::Open(field, parts) => match self.open(field, &parts, depth) {
                Ok(value) => Ok(wrap(message.shape, field, value)),
                Err(error) => Err(error.within(&field.name)),
            },
            Cell::Absent => self.builder.absent(message, place),
        }
    }

    fn open(&mut self, field: &'a FieldLayout, parts: &Parts, depth: usize) -> Result<Value> {
        match field.kind {
            Kind::Message(id) => self.message(id, parts.as_slice(), depth + 1),
            Kind::Opaque(id) => Ok(self.opaque(id, parts.as_slice())),
            _ => Err(DecodeError::new("the field is not as declared")),
        }
    }
}

fn pair(entry: Value) -> Option<(Value, Value)> {
    match entry {
        Value::Record(fields) => {
            let [key, value] = <[Value; 2]>::try_from(fields).ok()?;
            Some((key, value))
        }
        _ => None,
    }
}

/// The record of an `any` names its type without the host of the URL.
fn without_host(mut any: Value) -> Value {
    if let Value::Record(fields) = &mut any
        && let Some(Value::String(url)) = fields.first_mut()
    {
        let host = url.len() - name_of(url).len();
        url.drain(..host);
    }
    any
}

#[cold]
fn at_key(error: DecodeError, key: Option<&Value>) -> DecodeError {
    match key {
        Some(key) => error.within(&format!("[{}]", shown(key))),
        None => error,
    }
}

fn shown(key: &Value) -> String {
    use crate::codec::text::excerpt;
    match key {
        Value::Bool(key) => excerpt(&key.to_string()),
        Value::Uint(key) => excerpt(&key.to_string()),
        Value::Int(key) => excerpt(&key.to_string()),
        Value::Char(key) => excerpt(&key.to_string()),
        Value::String(key) => excerpt(key),
        _ => "…".to_owned(),
    }
}
