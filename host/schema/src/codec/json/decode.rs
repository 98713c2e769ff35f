//! JSON text → [`Value`].

use crate::codec::DecodeError;
use crate::codec::budget::Budget;
use crate::codec::lexer::Lexer;
use crate::codec::text::{from_text, is_numeric, mismatch, number, unknown_name};
use crate::{Field, Plan, Record, Type, TypeId, Value, WellKnown};

type Result<T> = std::result::Result<T, DecodeError>;

/// Reads one value of type `ty`.
pub(super) struct Decoder<'a> {
    pub(super) lexer: Lexer<'a>,
    pub(super) plan: &'a Plan,
    budget: Budget,
}

impl<'a> Decoder<'a> {
    pub(super) fn new(lexer: Lexer<'a>, plan: &'a Plan) -> Self {
        Self {
            lexer,
            plan,
            budget: Budget::default(),
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
    pub(super) fn value(&mut self, ty: TypeId) -> Result<Value> {
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
    pub(super) fn mismatch(&mut self, ty: TypeId) -> DecodeError {
        match self.lexer.kind() {
            Ok(found) => mismatch(self.plan, ty, found),
            Err(syntax) => syntax,
        }
    }

    /// Takes the opening byte of what `ty` is written in.
    #[inline]
    pub(super) fn open(&mut self, byte: u8, ty: TypeId) -> Result<()> {
        if self.lexer.peek() != Some(byte) {
            return Err(self.mismatch(ty));
        }
        self.lexer.enter()
    }

    pub(super) fn count(&mut self, values: usize) -> Result<()> {
        self.budget.take(values)
    }

    #[inline(never)]
    fn record(&mut self, ty: TypeId, record: &'a Record) -> Result<Value> {
        self.open(b'{', ty)?;
        let fields = &record.fields;
        self.count(fields.len())?;
        // Most objects have their fields in the order of declaration.
        let mut values = Vec::with_capacity(fields.len());
        while self.lexer.more(b'}', values.is_empty())? {
            let key = self.lexer.key()?;
            match fields.get(values.len()) {
                Some(field) if *field.name.plain == *key => self.push_field(field, &mut values)?,
                _ => return self.any_order(record, values, &key),
            }
        }
        for field in &fields[values.len()..] {
            values.push(absent(self.plan, field)?);
        }
        Ok(Value::Record(values))
    }

    /// The rest of a record from `key` on, whose first fields are known.
    #[inline(never)]
    fn any_order(&mut self, record: &'a Record, known: Vec<Value>, key: &str) -> Result<Value> {
        let mut guess = known.len();
        let mut slots: Vec<Option<Value>> = known.into_iter().map(Some).collect();
        slots.resize_with(record.fields.len(), || None);
        let mut take = |decoder: &mut Self, key: &str| {
            let Some(place) = record.find(key, guess) else {
                return decoder.lexer.skip().map(drop);
            };
            guess = place + 1;
            slots[place] = decoder.field(&record.fields[place])?;
            Ok(())
        };
        take(self, key)?;
        while self.lexer.more(b'}', false)? {
            let key = self.lexer.key()?;
            take(self, &key)?;
        }
        let mut values = Vec::with_capacity(slots.len());
        for (slot, field) in slots.into_iter().zip(&record.fields) {
            values.push(match slot {
                Some(value) => value,
                None => absent(self.plan, field)?,
            });
        }
        Ok(Value::Record(values))
    }

    /// Appends the value of a field. The commonest types are made where they
    /// stay: handing values up costs more than reading them.
    #[inline]
    fn push_field(&mut self, field: &'a Field, values: &mut Vec<Value>) -> Result<()> {
        match (self.lexer.peek(), &self.plan[field.ty]) {
            (Some(b'"'), Type::String) => {
                values.push(Value::String(self.lexer.string()?.into_owned()));
            }
            (Some(b'0'..=b'9'), Type::U32) => {
                let text = self.lexer.number()?;
                values.push(match text.parse::<u32>() {
                    Ok(small) => Value::Uint(small.into()),
                    // Out of range, or spelt `1.0` or `1e2`.
                    Err(_) => number(self.plan, field.ty, text)
                        .map_err(|error| error.within(&field.name.plain))?,
                });
            }
            _ => match self.field(field)? {
                Some(value) => values.push(value),
                None => values.push(absent(self.plan, field)?),
            },
        }
        Ok(())
    }

    /// The value of a field; `None` when `null` stands for its absence.
    #[inline(never)]
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
