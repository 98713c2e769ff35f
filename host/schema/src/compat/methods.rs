//! One method: its pattern, its tags, its messages and its errors.

use std::time::Duration;

use super::both::Both;
use super::place::Place;
use super::reason::Reason;
use super::services::{PROTO, Walk};
use super::spell::spell;
use super::{Side, Wire, proto};
use crate::codec::json;
use crate::proto::{FieldLayout, Label, MessageLayout, Slot};
use crate::{ErrorType, Field, Method, Plan, Record, Type, Value};

/// How much of a default is shown.
const SHOWN: usize = 60;

impl<'a> Walk<'a, '_> {
    pub(super) fn method(&mut self, path: &str, methods: Both<&'a Method>) {
        let patterns = methods.map(|method| method.pattern);
        self.tags(path, methods);
        if patterns.old != patterns.new {
            let change = format!("{} → {}", patterns.old.name(), patterns.new.name());
            for side in Side::ALL {
                self.note(path, &change, side, &Wire::ALL, Reason::OtherPattern);
            }
            return;
        }
        let request = match patterns.old.streams_in() {
            true => Place::new(format!("{path}(item)")),
            false => Place::call(path.to_owned()),
        };
        let reply = match patterns.old.streams_out() {
            true => Place::new(format!("{path} → item")),
            false => Place::new(format!("{path} → reply")),
        };
        let requests = methods.map(|method| &method.request);
        let replies = methods.map(|method| &method.response);
        self.shape(path, methods);
        self.types(&request, Side::Request, requests.map(|of| Some(of.message)));
        self.messages(&request, Side::Request, requests.map(|of| of.proto));
        self.defaults(&request, methods);
        self.types(&reply, Side::Response, replies.map(|of| of.message));
        self.messages(&reply, Side::Response, replies.map(|of| of.proto));
        self.errors(&format!("{path} → error"), methods);
    }

    /// A message of which nothing is left is none that can be read, whatever
    /// may be absent.
    fn shape(&mut self, path: &str, methods: Both<&'a Method>) {
        let records = self
            .plans
            .zip(methods)
            .map(|(plan, method)| record(plan, method));
        let Both {
            old: Some(old),
            new: Some(new),
        } = records
        else {
            return;
        };
        let is_spread = methods.map(|method| method.request.spread);
        let is_kept = |field: &Field| new.find(&field.name.plain, 0).is_some();
        let is_other =
            is_spread.old != is_spread.new && !old.fields.is_empty() && !new.fields.is_empty();
        if is_other && !old.fields.iter().any(is_kept) {
            let change = match is_spread.old {
                true => format!("parameters → {}", new.name.wit),
                false => format!("{} → parameters", old.name.wit),
            };
            self.note_all(path, change, Reason::OtherType);
        }
    }

    fn tags(&mut self, path: &str, methods: Both<&Method>) {
        match (methods.old.idempotent, methods.new.idempotent) {
            (true, false) => self.note_all(path, "@idempotent removed".to_owned(), Reason::NoGet),
            (false, true) => self.note_all(path, "@idempotent added".to_owned(), Reason::Get),
            _ => {}
        }
        let timeouts = methods.map(|method| method.timeout);
        if timeouts.old != timeouts.new {
            let shown = timeouts.map(|timeout| timeout.map_or("none".to_owned(), seconds));
            self.note_all(
                path,
                format!("@timeout {} → {}", shown.old, shown.new),
                Reason::Limit,
            );
        }
        let sizes = methods.map(|method| method.chunk_size);
        if sizes.old != sizes.new {
            self.note_all(
                path,
                format!("@chunk-size {} → {}", sizes.old, sizes.new),
                Reason::Limit,
            );
        }
        match (methods.old.deprecated, methods.new.deprecated) {
            (true, false) => self.note_all(path, "@deprecated removed".to_owned(), Reason::Notice),
            (false, true) => self.note_all(path, "@deprecated added".to_owned(), Reason::Notice),
            _ => {}
        }
    }

    /// `@default` of fields that both requests have.
    fn defaults(&mut self, place: &Place, methods: Both<&'a Method>) {
        let records = self
            .plans
            .zip(methods)
            .map(|(plan, method)| record(plan, method));
        let Both {
            old: Some(old),
            new: Some(new),
        } = records
        else {
            return;
        };
        for (at, field) in old.fields.iter().enumerate() {
            let Some(to) = new.find(&field.name.plain, at) else {
                continue;
            };
            let fields = Both {
                old: field,
                new: &new.fields[to],
            };
            let texts = self
                .plans
                .zip(fields)
                .map(|(plan, field)| text(plan, field));
            let place = place.part(&field.name.wit);
            match (texts.old, texts.new) {
                (Some(from), Some(to)) if from != to => {
                    let change = format!("default {} → {}", cut(&from), cut(&to));
                    self.note_all(place.path(), change, Reason::DefaultOther);
                }
                (Some(from), None) => {
                    self.no_default(
                        &place,
                        &format!("default {} removed", cut(&from)),
                        methods,
                        (to, fields.new),
                    );
                }
                (None, Some(to)) => {
                    self.new_default(
                        &place,
                        &format!("default {} added", cut(&to)),
                        methods,
                        (at, fields),
                    );
                }
                _ => {}
            }
        }
    }

    fn no_default(
        &mut self,
        place: &Place,
        change: &str,
        methods: Both<&Method>,
        (at, field): (usize, &Field),
    ) {
        let plan = self.plans.new;
        let plain = match plan[field.ty] {
            Type::Option(_) => Reason::DefaultGone,
            _ => Reason::NoneIsRefused,
        };
        self.note(place.path(), change, Side::Request, &[Wire::Plain], plain);
        let message = plan.proto().message(methods.new.request.proto);
        for wire in PROTO {
            let memory = self.memory.entry((Side::Request, wire)).or_default();
            let reason = match memory.absent(plan, message, at) {
                Reason::MissingIsRefused => Reason::NoneIsRefused,
                _ => Reason::DefaultGone,
            };
            self.note(place.path(), change, Side::Request, &[wire], reason);
        }
    }

    /// A zero that an old client does not write reads as the default.
    fn new_default(
        &mut self,
        place: &Place,
        change: &str,
        methods: Both<&Method>,
        (at, fields): (usize, Both<&Field>),
    ) {
        let plan = self.plans.old;
        self.note(
            place.path(),
            change,
            Side::Request,
            &[Wire::Plain],
            Reason::DefaultNew,
        );
        let message = plan.proto().message(methods.old.request.proto);
        let is_left_out = field_at(message, at).is_some_and(|field| match field.label {
            Label::Implicit => proto::may_be_left_out(plan, field),
            Label::Repeated { .. } | Label::Map { .. } => true,
            _ => false,
        });
        let is_zero = fields.new.default.as_ref().is_some_and(is_zero);
        let reason = match (&plan[fields.old.ty], is_left_out && !is_zero) {
            (Type::Option(_), _) => Reason::NoneIsDefault,
            (_, true) => Reason::ZeroIsDefault,
            (_, false) => Reason::DefaultNew,
        };
        self.note(place.path(), change, Side::Request, &PROTO, reason);
    }

    fn errors(&mut self, path: &str, methods: Both<&'a Method>) {
        let kinds = methods.map(|method| method.error);
        let change = |plans: Both<&Plan>| {
            let shown = plans.zip(kinds).map(|(plan, kind)| shown(plan, kind));
            format!("{} → {}", shown.old, shown.new)
        };
        let reason = match (kinds.old, kinds.new) {
            (ErrorType::None, ErrorType::None) | (ErrorType::Status(_), ErrorType::Status(_)) => {
                return;
            }
            (ErrorType::Other(None), ErrorType::Other(None)) => return,
            (ErrorType::Other(Some(old)), ErrorType::Other(Some(new))) => {
                let pair = Both { old, new };
                let place = Place::new(path.to_owned());
                self.types(&place, Side::Response, pair.map(Some));
                let messages = methods.map(|method| method.error_proto);
                if let Both {
                    old: Some(old),
                    new: Some(new),
                } = messages
                {
                    self.messages(&place, Side::Response, Both { old, new });
                }
                return self.details(path, methods, pair.map(Some));
            }
            (ErrorType::None, _) | (ErrorType::Other(None), ErrorType::Other(_)) => {
                Reason::NewError
            }
            (_, ErrorType::None) => Reason::NoError,
            _ => Reason::OtherError,
        };
        let change = change(self.plans);
        self.note(path, &change, Side::Response, &Wire::ALL, reason);
    }

    /// The names under which clients find the detail of an error.
    fn details(&mut self, path: &str, methods: Both<&Method>, types: Both<Option<crate::TypeId>>) {
        let plain = self.plans.zip(types).map(|(plan, ty)| spell(plan, ty));
        let is_named = self
            .plans
            .zip(types)
            .map(|(plan, ty)| ty.is_some_and(|ty| plan.origin(ty).is_some()));
        if plain.old != plain.new && (is_named.old || is_named.new) {
            let change = format!("detail {} → {}", plain.old, plain.new);
            self.note(
                path,
                &change,
                Side::Response,
                &[Wire::Plain],
                Reason::OtherDetail,
            );
        }
        let names = self.plans.zip(methods).map(|(plan, method)| {
            let message = method.error_proto.map(|id| plan.proto().message(id));
            message.map_or("", |message| &*message.full_name)
        });
        if names.old != names.new {
            let change = format!("detail {} → {}", names.old, names.new);
            self.note(path, &change, Side::Response, &PROTO, Reason::OtherDetail);
        }
    }
}

fn record<'a>(plan: &'a Plan, method: &Method) -> Option<&'a Record> {
    match &plan[method.request.message] {
        Type::Record(record) if !method.pattern.streams_in() => Some(record),
        _ => None,
    }
}

/// The default of a field as plain JSON.
fn text(plan: &Plan, field: &Field) -> Option<String> {
    let mut out = Vec::new();
    json::encode(plan, field.ty, field.default.as_ref()?, &mut out).ok()?;
    String::from_utf8(out).ok()
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

fn seconds(time: Duration) -> String {
    format!("{time:?}")
}

fn shown(plan: &Plan, kind: ErrorType) -> String {
    match kind {
        ErrorType::None => "none".to_owned(),
        ErrorType::Status(_) => "status".to_owned(),
        ErrorType::Other(ty) => spell(plan, ty),
    }
}

fn field_at(message: &MessageLayout, place: usize) -> Option<&FieldLayout> {
    let is_it =
        |field: &&FieldLayout| matches!(field.slot, Slot::Place(at) if at as usize == place);
    message.fields.iter().find(is_it)
}

/// What the wires of protobuf do not write of a field without presence. A zero
/// of an enum is taken for another value: at worst the difference is breaking.
fn is_zero(value: &Value) -> bool {
    match value {
        Value::Bool(on) => !on,
        Value::Uint(number) => *number == 0,
        Value::Int(number) => *number == 0,
        Value::Float(number) => number.to_bits() == 0,
        Value::String(text) => text.is_empty(),
        Value::Bytes(bytes) => bytes.is_empty(),
        Value::List(items) => items.is_empty(),
        Value::Map(entries) => entries.is_empty(),
        Value::Flags(bits) => *bits == 0,
        _ => false,
    }
}
