//! JSON text → [`Value`].

use std::borrow::Cow;

use super::known;
use crate::codec::DecodeError;
use crate::codec::lexer::Lexer;
use crate::codec::proto::{
    Builder, case_of, case_of_name, case_of_number, finish, last_entries, well_known, wrap,
};
use crate::codec::text::{excerpt, from_bare, from_text, number};
use crate::proto::{EnumId, FieldLayout, Form, Kind, Label, MessageId, MessageLayout, Shape, Slot};
use crate::{Plan, TypeId, Value, WellKnown};

pub(super) type Result<T> = std::result::Result<T, DecodeError>;

/// Reads one message and all that it holds.
pub(super) struct Decoder<'a> {
    pub(super) lexer: Lexer<'a>,
    pub(super) builder: Builder<'a>,
    /// How many more bytes may be read twice, to find an `@type` that is not
    /// first.
    pub(super) ahead: usize,
}

/// How often the whole text may be read again for that, so that `any` in `any`
/// does not make the work quadratic.
const READ_AGAIN: usize = 4;

impl<'a> Decoder<'a> {
    pub(super) fn new(lexer: Lexer<'a>, plan: &'a Plan, length: usize) -> Self {
        Self {
            ahead: length * READ_AGAIN,
            lexer,
            builder: Builder::new(plan, |field| &field.json_name),
        }
    }

    /// The whole text as one message.
    pub(super) fn root(mut self, id: MessageId) -> Result<Value> {
        let value = self.message(id)?;
        self.lexer.end()?;
        Ok(value)
    }

    // Recursion: `message` calls `object`, that calls `field`, that calls
    // `message` for what a message holds.
    #[inline(never)]
    pub(super) fn message(&mut self, id: MessageId) -> Result<Value> {
        let message = self.builder.layout().message(id);
        match well_known(self.builder.plan, message.shape) {
            Some(WellKnown::Any) => self.any(),
            Some(WellKnown::Struct) => self.json_object(),
            Some(known) => {
                let text = self.string(known::expected(known))?;
                known::from_text(known, &text)
            }
            None if message.form() == Form::Scalar => self.bare(message),
            None => self.object(message),
        }
    }

    fn json_object(&mut self) -> Result<Value> {
        if self.lexer.peek() != Some(b'{') {
            return Err(self.unexpected("object"));
        }
        let text = self.lexer.skip()?;
        Ok(Value::Record(vec![Value::String(text.to_owned())]))
    }

    /// `google.protobuf.Int64Value` and its like.
    fn bare(&mut self, message: &MessageLayout) -> Result<Value> {
        let Some(field) = message.fields.first() else {
            return Err(DecodeError::new("a value without a field"));
        };
        self.builder.count(1)?;
        let value = self.one(field.kind, field.ty)?;
        Ok(finish(
            message.shape,
            vec![wrap(message.shape, field, value)],
        ))
    }

    /// An object with the fields of a message.
    #[inline(never)]
    pub(super) fn object(&mut self, message: &'a MessageLayout) -> Result<Value> {
        self.open(b'{', "object")?;
        self.builder.count(message.places())?;
        let mut values = vec![None; message.places()];
        let mut guess = 0;
        let mut first = true;
        while self.lexer.more(b'}', first)? {
            first = false;
            let key = self.lexer.key()?;
            match message.find_name(&key, guess) {
                Some(place) => {
                    guess = place + 1;
                    let field = &message.fields[place];
                    let value = &mut values[field.slot.place()];
                    self.field(message, field, value)
                        .map_err(|error| error.within(&field.json_name))?;
                }
                None => drop(self.lexer.skip()?),
            }
        }
        // The values take the room of what may be absent.
        let values = (values.into_iter().enumerate())
            .map(|(place, value)| match value {
                Some(value) => Ok(value),
                None => self.builder.absent(message, place),
            })
            .collect::<Result<Vec<Value>>>()?;
        Ok(finish(message.shape, values))
    }

    /// Puts what is said of a field where its value belongs; `null` says that
    /// it is absent.
    fn field(
        &mut self,
        message: &'a MessageLayout,
        field: &'a FieldLayout,
        value: &mut Option<Value>,
    ) -> Result<()> {
        let other = match field.slot {
            Slot::Case(case) | Slot::Oneof { case, .. } => {
                let set = value.as_ref().and_then(case_of);
                set.filter(|set| *set != case)
            }
            Slot::Place(_) | Slot::Whole(_) => None,
        };
        let is_null = self.lexer.peek() == Some(b'n');
        match (is_null, other) {
            (true, Some(_)) => self.lexer.literal("null"),
            (true, None) => {
                *value = None;
                self.lexer.literal("null")
            }
            (false, Some(other)) => Err(two_members(message, field, other)),
            (false, None) => {
                *value = Some(self.labelled(message.shape, field)?);
                Ok(())
            }
        }
    }

    fn labelled(&mut self, shape: Shape, field: &'a FieldLayout) -> Result<Value> {
        match field.label {
            Label::Repeated { .. } => self.list(field),
            Label::Map { key, key_ty } => self.map(field, key, key_ty),
            _ => {
                let value = self.one(field.kind, field.ty)?;
                Ok(wrap(shape, field, value))
            }
        }
    }

    #[inline(never)]
    fn list(&mut self, field: &'a FieldLayout) -> Result<Value> {
        self.open(b'[', "array")?;
        let mut value = self.builder.no_items(field);
        let mut count = 0;
        while self.lexer.more(b']', count == 0)? {
            self.builder.count(1)?;
            self.item(field, &mut value)
                .map_err(|error| error.at(count))?;
            count += 1;
        }
        Ok(value)
    }

    fn item(&mut self, field: &'a FieldLayout, value: &mut Value) -> Result<()> {
        match (value, field.kind) {
            (Value::Flags(bits), Kind::Enum(id)) => {
                let bit = self.enumeration(id)?;
                *bits |= 1_u32.checked_shl(bit).unwrap_or(0);
            }
            (Value::Map(entries), Kind::Message(id)) => {
                if let Value::Record(fields) = self.message(id)?
                    && let Ok([key, value]) = <[Value; 2]>::try_from(fields)
                {
                    entries.push((key, value));
                }
            }
            (Value::List(items), kind) => items.push(self.one(kind, field.ty)?),
            _ => return Err(DecodeError::new("the field is not as declared")),
        }
        Ok(())
    }

    #[inline(never)]
    fn map(&mut self, field: &'a FieldLayout, _key: Kind, key_ty: TypeId) -> Result<Value> {
        self.open(b'{', "object")?;
        let mut entries = Vec::new();
        while self.lexer.more(b'}', entries.is_empty())? {
            self.builder.count(2)?;
            let text = self.lexer.key()?;
            let step = || format!("[{}]", excerpt(&text));
            let key = from_bare(self.builder.plan, key_ty, &text)
                .map_err(|error| error.within(&step()))?;
            let value = self
                .one(field.kind, field.ty)
                .map_err(|error| error.within(&step()))?;
            entries.push((key, value));
        }
        last_entries(&mut entries);
        Ok(Value::Map(entries))
    }

    /// One occurrence of a field.
    pub(super) fn one(&mut self, kind: Kind, ty: Option<TypeId>) -> Result<Value> {
        match (kind, ty) {
            (Kind::Message(id), _) => self.message(id),
            (Kind::Opaque(id), _) => self.opaque(id),
            (Kind::Enum(id), _) => self.enumeration(id).map(Value::Enum),
            (Kind::Bool, _) => self.bool(),
            (Kind::String, Some(ty)) => {
                let text = self.string("string")?;
                from_text(self.builder.plan, ty, text)
            }
            (Kind::Bytes, Some(ty)) => {
                let text = self.string("base64 string")?;
                from_text(self.builder.plan, ty, text)
            }
            (_, Some(ty)) => self.number(ty),
            // A case without payload, whatever its kind.
            (_, None) => self.lexer.skip().map(|_| Value::Bool(false)),
        }
    }

    fn bool(&mut self) -> Result<Value> {
        match self.lexer.peek() {
            Some(b't') => self.lexer.literal("true").map(|()| Value::Bool(true)),
            Some(b'f') => self.lexer.literal("false").map(|()| Value::Bool(false)),
            _ => Err(self.unexpected("bool")),
        }
    }

    /// A number, or one in a string.
    fn number(&mut self, ty: TypeId) -> Result<Value> {
        let plan = self.builder.plan;
        match self.lexer.peek() {
            Some(b'"') => {
                let text = self.lexer.string()?;
                from_bare(plan, ty, &text)
            }
            Some(b'-' | b'0'..=b'9') => number(plan, ty, self.lexer.number()?),
            _ => {
                let expected = crate::codec::text::expected(plan, ty);
                Err(self.unexpected(&expected))
            }
        }
    }

    /// The case that a name or number stands for.
    fn enumeration(&mut self, id: EnumId) -> Result<u32> {
        let plan = self.builder.plan;
        match self.lexer.peek() {
            Some(b'"') => case_of_name(plan, id, &self.lexer.string()?),
            Some(b'-' | b'0'..=b'9') => {
                let text = self.lexer.number()?;
                case_of_number(plan, id, enum_number(text)?)
            }
            _ => Err(self.unexpected("name or number of an enum value")),
        }
    }

    pub(super) fn string(&mut self, expected: &str) -> Result<Cow<'a, str>> {
        if self.lexer.peek() != Some(b'"') {
            return Err(self.unexpected(expected));
        }
        self.lexer.string()
    }

    pub(super) fn open(&mut self, byte: u8, expected: &str) -> Result<()> {
        if self.lexer.peek() != Some(byte) {
            return Err(self.unexpected(expected));
        }
        self.lexer.enter()
    }

    #[cold]
    #[inline(never)]
    pub(super) fn unexpected(&mut self, expected: &str) -> DecodeError {
        match self.lexer.kind() {
            Ok(found) => DecodeError::new(format!("expected {expected}, found {found}")),
            Err(syntax) => syntax,
        }
    }
}

fn enum_number(text: &str) -> Result<i32> {
    use crate::codec::number::{Integer, integer};
    let whole = match integer(text) {
        Integer::Exact(number) => i32::try_from(number).ok(),
        Integer::Fraction | Integer::Huge => None,
    };
    whole
        .ok_or_else(|| DecodeError::new(format!("{} is no number of an enum value", excerpt(text))))
}

#[cold]
fn two_members(message: &MessageLayout, field: &FieldLayout, other: u32) -> DecodeError {
    let is_other = |member: &&FieldLayout| matches!(member.slot, Slot::Case(case) | Slot::Oneof { case, .. } if case == other);
    let mut members = message.members(field.slot.place());
    let other = members
        .find(is_other)
        .map_or("another", |member| &member.json_name);
    DecodeError::new(format!("only one of a oneof may be set, and {other} is"))
}
