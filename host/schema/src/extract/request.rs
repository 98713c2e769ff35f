//! The message of a request, and the values of `@default` in it.

use super::ContractError;
use super::assemble::{Assembler, Source};
use crate::codec::json;
use crate::proto::MessageId;
use crate::types::is_record;
use crate::{Field, MAX_TYPE_DEPTH, Name, Plan, Record, Request, Type, TypeId};

impl Assembler<'_> {
    /// The message of a request that does not stream.
    pub(super) fn request(
        &mut self,
        function: &ostler_wit::Function,
        source: Source,
    ) -> Result<Request, ContractError> {
        let defaults = &function.tags.defaults;
        let resolve = match (source, &self.author) {
            (Source::Author, Some((package, _))) => package.resolve(),
            _ => self.resolve,
        };
        if let [(_, only)] = &function.params[..]
            && is_record(resolve, only)
        {
            let message = self.add(only, source)?;
            return Ok(Request {
                message: self.with_defaults(message, defaults)?,
                proto: MessageId(0),
                spread: false,
                stream: None,
            });
        }
        let fields = function
            .params
            .iter()
            .map(|(name, ty)| Ok(Field::new(Name::new(name), self.add(ty, source)?)));
        let fields = fields.collect::<Result<Vec<_>, ContractError>>()?;
        let mut record = Record::new(Name::new(""), fields, None);
        set_defaults(&self.arena.plan, &mut record, defaults)?;
        Ok(Request {
            message: self.arena.push(Type::Record(record))?,
            proto: MessageId(0),
            spread: true,
            stream: None,
        })
    }

    /// Defaults belong to one function: its request has its own copy of the
    /// record, and other uses of the type stay as they are.
    fn with_defaults(
        &mut self,
        message: TypeId,
        defaults: &[(String, serde_json::Value)],
    ) -> Result<TypeId, ContractError> {
        let Type::Record(record) = &self.arena.plan[message] else {
            return Ok(message);
        };
        if defaults.is_empty() {
            return Ok(message);
        }
        let mut record = record.clone();
        set_defaults(&self.arena.plan, &mut record, defaults)?;
        let copy = self.arena.push(Type::Record(record))?;
        if let Some(origin) = self.arena.plan.origin(message).cloned() {
            self.arena.plan.origins.insert(copy, origin);
        }
        Ok(copy)
    }
}

/// Puts the values of `@default` into a request record.
fn set_defaults(
    plan: &Plan,
    record: &mut Record,
    defaults: &[(String, serde_json::Value)],
) -> Result<(), ContractError> {
    for (name, value) in defaults {
        let refused = |problem: String| {
            ContractError::new(
                problem,
                "write `@default FIELD VALUE`, the value in plain JSON",
            )
            .within(format!("@default {name}"))
        };
        let field = record
            .fields
            .iter_mut()
            .find(|field| *field.name.wit == **name);
        let field = field.ok_or_else(|| refused("the request has no such field".into()))?;
        let text = value.to_string();
        let value = json::decode(plan, field.ty, text.as_bytes(), MAX_TYPE_DEPTH)
            .map_err(|error| refused(error.to_string()))?;
        field.default = Some(value);
    }
    Ok(())
}
