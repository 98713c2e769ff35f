//! Values written as an object of one key: variants, results and options of
//! options.

use std::borrow::Cow;

use super::decode::Decoder;
use crate::codec::DecodeError;
use crate::codec::text::{narrow, unknown_name};
use crate::{Type, TypeId, Value};

type Result<T> = std::result::Result<T, DecodeError>;

impl<'a> Decoder<'a> {
    /// `{"some": …}`, where `null` alone would be ambiguous.
    #[inline(never)]
    pub(super) fn some(&mut self, inner: TypeId) -> Result<Value> {
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
    pub(super) fn variant(&mut self, ty: TypeId) -> Result<Value> {
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
    pub(super) fn result(
        &mut self,
        ty: TypeId,
        ok: Option<TypeId>,
        err: Option<TypeId>,
    ) -> Result<Value> {
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
}
