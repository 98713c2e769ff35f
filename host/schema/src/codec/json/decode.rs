//! JSON text → [`Value`].

use std::borrow::Cow;
use std::collections::HashMap;

use super::lexer::Lexer;
use crate::codec::DecodeError;
use crate::codec::text::{
    excerpt, from_bare, from_text, has_key_text, is_numeric, mismatch, narrow, number, unknown_name,
};
use crate::{Field, Plan, Record, Type, TypeId, Value, WellKnown};

type Result<T> = std::result::Result<T, DecodeError>;

/// The most values one message may hold. `{}` can stand for a record of many
/// optional fields, so that the size of the text does not bound the memory its
/// values take; this does, at about 40 MiB.
const MAX_VALUES: usize = 1 << 20;

/// Reads one value of type `ty`.
pub(super) struct Decoder<'a> {
    lexer: Lexer<'a>,
    plan: &'a Plan,
    values_left: usize,
}

impl<'a> Decoder<'a> {
    pub(super) fn new(lexer: Lexer<'a>, plan: &'a Plan) -> Self {
        Self {
            lexer,
            plan,
            values_left: MAX_VALUES,
        }
    }

    /// The whole text as one value.
    pub(super) fn message(mut self, ty: TypeId) -> Result<Value> {
        let value = self.value(ty)?;
        self.lexer.end()?;
        Ok(value)
    }

    // Recursion: `value` calls the function of a container, that calls `value`
    // for what it holds. Containers are never inlined, so that a level costs
    // the frame of one of them; the depth is that of the plan's types.
    fn value(&mut self, ty: TypeId) -> Result<Value> {
        match &self.plan[ty] {
            Type::Record(record) => match record.well_known {
                None | Some(WellKnown::Any) => self.record(ty, record),
                Some(WellKnown::Struct) => self.json_object(ty),
                Some(_) => self.scalar(ty),
            },
            Type::List(item) => self.list(ty, *item),
            Type::Option(inner) => self.option(*inner),
            Type::Tuple(items) => self.tuple(ty, items),
            Type::Variant(_) if self.lexer.peek() == Some(b'{') => self.variant(ty),
            Type::Result { ok, err } => self.result(ty, *ok, *err),
            Type::Map(key, value) => self.map(ty, *key, *value),
            Type::Flags(_) => self.flags(ty),
            _ => self.scalar(ty),
        }
    }

    #[inline]
    fn scalar(&mut self, ty: TypeId) -> Result<Value> {
        match (self.lexer.peek(), &self.plan[ty]) {
            (Some(b'"'), _) => {
                let text = self.lexer.string()?;
                from_text(self.plan, ty, text)
            }
            (Some(b'-' | b'0'..=b'9'), scalar) if is_numeric(scalar) => {
                let text = self.lexer.number()?;
                number(self.plan, ty, text)
            }
            (Some(b't'), Type::Bool) => self.lexer.literal("true").map(|()| Value::Bool(true)),
            (Some(b'f'), Type::Bool) => self.lexer.literal("false").map(|()| Value::Bool(false)),
            _ => Err(self.mismatch(ty)),
        }
    }

    #[cold]
    #[inline(never)]
    fn mismatch(&mut self, ty: TypeId) -> DecodeError {
        match self.lexer.kind() {
            Ok(found) => mismatch(self.plan, ty, found),
            Err(syntax) => syntax,
        }
    }

    /// Takes the opening byte of what `ty` is written in.
    #[inline]
    fn open(&mut self, byte: u8, ty: TypeId) -> Result<()> {
        if self.lexer.peek() != Some(byte) {
            return Err(self.mismatch(ty));
        }
        self.lexer.enter()
    }

    fn count(&mut self, values: usize) -> Result<()> {
        let left = self.values_left.checked_sub(values);
        self.values_left = left.ok_or_else(|| {
            DecodeError::new(format!("the message holds more than {MAX_VALUES} values"))
        })?;
        Ok(())
    }

    #[inline(never)]
    fn record(&mut self, ty: TypeId, record: &'a Record) -> Result<Value> {
        self.open(b'{', ty)?;
        self.count(record.fields.len())?;
        let mut slots: Vec<Option<Value>> = Vec::new();
        slots.resize_with(record.fields.len(), || None);
        let mut guess = 0;
        let mut first = true;
        while self.lexer.more(b'}', first)? {
            first = false;
            let key = self.lexer.key()?;
            let Some(place) = record.find(&key, guess) else {
                self.lexer.skip()?;
                continue;
            };
            guess = place + 1;
            slots[place] = self.field(&record.fields[place])?;
        }
        // The same allocation: an absent value is no larger than a value.
        let filled = slots
            .into_iter()
            .zip(&record.fields)
            .map(|(slot, field)| match slot {
                Some(value) => Ok(value),
                None => self.absent(field),
            });
        filled.collect::<Result<_>>().map(Value::Record)
    }

    /// The value of a field; `None` when `null` stands for its absence.
    #[inline]
    fn field(&mut self, field: &'a Field) -> Result<Option<Value>> {
        if self.lexer.peek() == Some(b'n') && !matches!(self.plan[field.ty], Type::Option(_)) {
            if field.default.is_none() {
                return Err(self.mismatch(field.ty).within(&field.name.plain));
            }
            return self.lexer.literal("null").map(|()| None);
        }
        match self.value(field.ty) {
            Ok(value) => Ok(Some(value)),
            Err(error) => Err(error.within(&field.name.plain)),
        }
    }

    #[inline(never)]
    fn absent(&self, field: &Field) -> Result<Value> {
        absent(self.plan, field)
    }

    #[inline(never)]
    fn list(&mut self, ty: TypeId, item: TypeId) -> Result<Value> {
        self.open(b'[', ty)?;
        let mut items = Vec::new();
        while self.lexer.more(b']', items.is_empty())? {
            self.count(1)?;
            match self.value(item) {
                Ok(value) => items.push(value),
                Err(error) => return Err(error.at(items.len())),
            }
        }
        Ok(Value::List(items))
    }

    #[inline(never)]
    fn tuple(&mut self, ty: TypeId, types: &[TypeId]) -> Result<Value> {
        self.open(b'[', ty)?;
        self.count(types.len())?;
        let mut items = Vec::with_capacity(types.len());
        while self.lexer.more(b']', items.is_empty())? {
            let Some(item) = types.get(items.len()) else {
                return Err(mismatch(self.plan, ty, "more"));
            };
            match self.value(*item) {
                Ok(value) => items.push(value),
                Err(error) => return Err(error.at(items.len())),
            }
        }
        if items.len() < types.len() {
            return Err(mismatch(self.plan, ty, &items.len().to_string()));
        }
        Ok(Value::Record(items))
    }

    fn option(&mut self, inner: TypeId) -> Result<Value> {
        if self.lexer.peek() == Some(b'n') {
            self.lexer.literal("null")?;
            return Ok(Value::Option(None));
        }
        let value = match &self.plan[inner] {
            Type::Option(_) => self.some(inner)?,
            _ => self.value(inner)?,
        };
        Ok(Value::Option(Some(Box::new(value))))
    }

    /// `{"some": …}`, where `null` alone would be ambiguous.
    #[inline(never)]
    fn some(&mut self, inner: TypeId) -> Result<Value> {
        let some = "an object with the one field \"some\"";
        self.open(b'{', inner).map_err(|error| {
            if error.is_syntax() {
                error
            } else {
                self.wrong_tag(some)
            }
        })?;
        let tag = self.tag(some)?;
        if tag != "some" {
            return Err(self.wrong_tag(some));
        }
        let value = self.value(inner).map_err(|error| error.within("some"))?;
        self.end_tag(some)?;
        Ok(value)
    }

    /// The one key of an object just entered.
    fn tag(&mut self, wanted: &str) -> Result<Cow<'a, str>> {
        if !self.lexer.more(b'}', true)? {
            return Err(DecodeError::new(format!(
                "expected {wanted}, found an empty object"
            )));
        }
        self.lexer.key()
    }

    fn end_tag(&mut self, wanted: &str) -> Result<()> {
        if self.lexer.more(b'}', false)? {
            return Err(DecodeError::new(format!(
                "expected {wanted}, found more fields"
            )));
        }
        Ok(())
    }

    #[cold]
    fn wrong_tag(&mut self, wanted: &str) -> DecodeError {
        DecodeError::new(format!("expected {wanted}"))
    }

    #[inline(never)]
    fn variant(&mut self, ty: TypeId) -> Result<Value> {
        let Type::Variant(of) = &self.plan[ty] else {
            return Err(self.mismatch(ty));
        };
        let wanted = "an object with one case";
        self.lexer.enter()?;
        let tag = self.tag(wanted)?;
        let Some(place) = of.find(&tag) else {
            let cases = of.cases.iter().map(|case| &*case.name.plain);
            return Err(unknown_name("case", &tag, cases));
        };
        let case = &of.cases[place];
        let payload = self.payload(case.ty, &case.name.plain)?;
        self.end_tag(wanted)?;
        Ok(Value::Variant(narrow(place), payload))
    }

    #[inline(never)]
    fn result(&mut self, ty: TypeId, ok: Option<TypeId>, err: Option<TypeId>) -> Result<Value> {
        self.open(b'{', ty)?;
        let wanted = "an object with \"ok\" or \"err\"";
        let tag = self.tag(wanted)?;
        let value = match &*tag {
            "ok" => Ok(self.payload(ok, "ok")?),
            "err" => Err(self.payload(err, "err")?),
            other => return Err(unknown_name("case", other, ["ok", "err"].into_iter())),
        };
        self.end_tag(wanted)?;
        Ok(Value::Result(value))
    }

    /// The value of a case; `null` when the case has none.
    fn payload(&mut self, ty: Option<TypeId>, case: &str) -> Result<Option<Box<Value>>> {
        self.count(1)?;
        match ty {
            Some(ty) => match self.value(ty) {
                Ok(value) => Ok(Some(Box::new(value))),
                Err(error) => Err(error.within(case)),
            },
            None if self.lexer.peek() == Some(b'n') => {
                self.lexer.literal("null")?;
                Ok(None)
            }
            None => {
                let found = self.lexer.kind()?;
                Err(DecodeError::new(format!("expected null, found {found}")).within(case))
            }
        }
    }

    #[inline(never)]
    fn flags(&mut self, ty: TypeId) -> Result<Value> {
        let Type::Flags(of) = &self.plan[ty] else {
            return Err(self.mismatch(ty));
        };
        self.open(b'[', ty)?;
        let mut bits = 0;
        let mut count = 0;
        while self.lexer.more(b']', count == 0)? {
            if self.lexer.peek() != Some(b'"') {
                let found = self.lexer.kind()?;
                return Err(
                    DecodeError::new(format!("expected name of a flag, found {found}")).at(count),
                );
            }
            let name = self.lexer.string()?;
            match of.flags.iter().position(|flag| *flag.plain == *name) {
                Some(bit) => bits |= 1 << bit,
                None => return Err(unknown_flag(&name, &of.flags).at(count)),
            }
            count += 1;
        }
        Ok(Value::Flags(bits))
    }

    #[inline(never)]
    fn map(&mut self, ty: TypeId, key: TypeId, value: TypeId) -> Result<Value> {
        if !has_key_text(&self.plan[key]) {
            return self.pairs(ty, key, value);
        }
        self.open(b'{', ty)?;
        let mut entries: Vec<(Value, Value)> = Vec::new();
        // Duplicate keys: the last wins, in the first one's place.
        let mut places: HashMap<String, usize> = HashMap::new();
        let mut first = true;
        while self.lexer.more(b'}', first)? {
            first = false;
            self.count(2)?;
            let text = self.lexer.key()?;
            let step = || format!("[{}]", excerpt(&text));
            let entry_key =
                from_bare(self.plan, key, &text).map_err(|error| error.within(&step()))?;
            let entry = self.value(value).map_err(|error| error.within(&step()))?;
            match places.get(&*text) {
                Some(&place) => entries[place].1 = entry,
                None => {
                    places.insert(text.into_owned(), entries.len());
                    entries.push((entry_key, entry));
                }
            }
        }
        Ok(Value::Map(entries))
    }

    /// A map as an array of `[key, value]`.
    #[inline(never)]
    fn pairs(&mut self, ty: TypeId, key: TypeId, value: TypeId) -> Result<Value> {
        self.open(b'[', ty)?;
        let mut entries = Vec::new();
        while self.lexer.more(b']', entries.is_empty())? {
            self.count(2)?;
            match self.pair(key, value) {
                Ok(entry) => entries.push(entry),
                Err(error) => return Err(error.at(entries.len())),
            }
        }
        Ok(Value::Map(entries))
    }

    fn pair(&mut self, key: TypeId, value: TypeId) -> Result<(Value, Value)> {
        let wanted = || DecodeError::new("expected a pair [key, value]");
        if self.lexer.peek() != Some(b'[') {
            self.lexer.kind()?;
            return Err(wanted());
        }
        self.lexer.enter()?;
        if !self.lexer.more(b']', true)? {
            return Err(wanted());
        }
        let key = self.value(key).map_err(|error| error.at(0))?;
        if !self.lexer.more(b']', false)? {
            return Err(wanted());
        }
        let value = self.value(value).map_err(|error| error.at(1))?;
        if self.lexer.more(b']', false)? {
            return Err(wanted());
        }
        Ok((key, value))
    }

    /// `ostler:rpc/types.struct`: the text of the object, as it was sent.
    fn json_object(&mut self, ty: TypeId) -> Result<Value> {
        if self.lexer.peek() != Some(b'{') {
            return Err(self.mismatch(ty));
        }
        let text = self.lexer.skip()?;
        Ok(Value::Record(vec![Value::String(text.to_owned())]))
    }
}

/// What a field is when the wire has no such field.
pub(crate) fn absent(plan: &Plan, field: &Field) -> Result<Value> {
    match (&field.default, &plan[field.ty]) {
        (Some(default), _) => Ok(default.clone()),
        (None, Type::Option(_)) => Ok(Value::Option(None)),
        (None, _) => Err(DecodeError::new("missing required field").within(&field.name.plain)),
    }
}

#[cold]
fn unknown_flag(found: &str, flags: &[crate::Name]) -> DecodeError {
    unknown_name("flag", found, flags.iter().map(|flag| &*flag.plain))
}
