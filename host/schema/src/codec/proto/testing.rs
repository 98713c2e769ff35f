//! Messages for the tests of both codecs.

use std::collections::BTreeMap;

use crate::codec::json;
use crate::proto::{FieldLayout, Kind, Label, MessageId, MessageLayout, Shape, Slot};
use crate::{Contract, Plan, TypeId, Value};

/// Every way in which a field can be there or not.
const MESSAGES: &str = "
  use ostler:rpc/types@0.1.0.{timestamp, duration, any, field-mask, struct as object};
  enum role { admin, guest }
  enum level { unspecified, low, high }
  flags perms { read, write }
  record inner { n: s32, text: string }
  variant contact { none, email(string), home(inner), seen(list<u32>) }
  record scalars {
    a: u8, b: u16, c: u32, d: u64, e: s8, f: s16, g: s32, h: s64,
    i: f32, j: f64, k: bool, l: string, m: list<u8>,
  }
  record letter { c: char }
  record options {
    a: option<u32>, b: option<inner>, c: option<option<u32>>, d: option<list<u32>>,
    e: option<role>, f: option<contact>, g: option<string>,
  }
  record lists {
    a: list<u32>, b: list<string>, c: list<inner>, d: list<list<u32>>, e: list<role>,
    f: perms, g: list<list<u8>>, h: list<f64>, i: list<u8>, j: list<option<u32>>,
  }
  record maps {
    a: map<string, u32>, b: map<u32, inner>, c: map<bool, list<u32>>, d: map<u8, string>,
    e: map<char, role>, f: map<s64, u8>,
  }
  record nested { user-inner: inner, user-level: level, pair: tuple<u32, string> }
  record unions { first: contact, second: result<u32, string>, third: result }
  record required { role: role }
  record around { outer: required }
  record known {
    at: timestamp, took: duration, detail: option<any>, mask: field-mask, object: option<object>,
  }
  a1: func(v: scalars) -> letter;
  a2: func(v: options) -> lists;
  a3: func(v: maps) -> nested;
  a4: func(v: unions) -> around;
  a5: func(v: known) -> list<inner>;
  /// @default n 7
  /// @default tags [\"x\"]
  /// @default maybe 3
  a6: func(n: u32, tags: list<string>, maybe: option<u32>, plain: u32);
";

/// A contract and the plain JSON of its values, in which tests are written.
pub(in crate::codec) struct Messages {
    contract: Contract,
}

impl Messages {
    pub(in crate::codec) fn new() -> Self {
        Self::of(MESSAGES)
    }

    /// Those of an interface's body.
    pub(in crate::codec) fn of(body: &str) -> Self {
        let text = format!("package t:t;\ninterface i {{ {body} }}\nworld w {{ export i; }}");
        let files = BTreeMap::from([("t.wit".to_owned(), text)]);
        let contract = Contract::from_wit(files, None).unwrap();
        Self { contract }
    }

    pub(in crate::codec) fn plan(&self) -> &Plan {
        &self.contract.plan
    }

    /// The message `t.t.<name>`.
    pub(in crate::codec) fn id(&self, name: &str) -> MessageId {
        let full_name = format!("t.t.{name}");
        let found = self.plan().proto().find(&full_name);
        found.unwrap_or_else(|| panic!("no message {full_name}"))
    }

    /// Changes the fields of a message, as a lock could.
    pub(in crate::codec) fn change(
        &mut self,
        name: &str,
        change: impl FnOnce(&mut Vec<FieldLayout>),
    ) {
        let MessageId(place) = self.id(name);
        let message = &mut self.contract.plan.proto.messages[place as usize];
        let mut fields = message.fields.to_vec();
        change(&mut fields);
        *message = MessageLayout::new(message.full_name.clone(), message.shape, fields);
    }

    /// Makes a map one whose key protobuf does not allow: repeated entries.
    pub(in crate::codec) fn make_entries(&mut self, name: &str, field: usize) {
        let field = self.plan().proto().message(self.id(name)).fields[field].clone();
        let Label::Map { key, key_ty } = field.label else {
            panic!("{} is no map", field.name)
        };
        let part = |place, name: &str, kind, ty| FieldLayout {
            number: place + 1,
            name: name.into(),
            json_name: name.into(),
            slot: Slot::Whole(place),
            label: Label::Implicit,
            kind,
            ty,
        };
        let parts = vec![
            part(0, "key", key, Some(key_ty)),
            part(1, "value", field.kind, field.ty),
        ];
        let proto = &mut self.contract.plan.proto;
        let entry = MessageId(u32::try_from(proto.messages.len()).unwrap());
        let shape = Shape::Entry(key_ty);
        (proto.messages).push(MessageLayout::new("t.t.Entry", shape, parts));
        self.change(name, |fields| {
            for changed in fields.iter_mut().filter(|f| f.number == field.number) {
                changed.label = Label::Repeated { packed: false };
                changed.kind = Kind::Message(entry);
            }
        });
    }

    /// Puts a message of that full name around the scalar of a field.
    pub(in crate::codec) fn make_wrapper(&mut self, name: &str, field: usize, full_name: &str) {
        let field = self.plan().proto().message(self.id(name)).fields[field].clone();
        let ty = field.ty.unwrap();
        let value = FieldLayout {
            number: 1,
            name: "value".into(),
            json_name: "value".into(),
            slot: Slot::Whole(0),
            label: Label::Implicit,
            ..field.clone()
        };
        let proto = &mut self.contract.plan.proto;
        let wrapper = MessageId(u32::try_from(proto.messages.len()).unwrap());
        let shape = Shape::Wrapper(ty);
        (proto.messages).push(MessageLayout::new(full_name, shape, vec![value]));
        self.change(name, |fields| {
            for changed in fields.iter_mut().filter(|f| f.number == field.number) {
                changed.kind = Kind::Message(wrapper);
            }
        });
    }

    fn ty(&self, name: &str) -> TypeId {
        match self.plan().proto().message(self.id(name)).shape {
            Shape::Record(ty) | Shape::Variant(ty) | Shape::Result(ty) => ty,
            Shape::Wrapper(ty) | Shape::Entry(ty) => ty,
            Shape::Empty(_) => panic!("{name} has no type"),
        }
    }

    /// The value of a message, of its plain JSON.
    pub(in crate::codec) fn value(&self, name: &str, plain: &str) -> Value {
        json::decode(self.plan(), self.ty(name), plain.as_bytes(), 100)
            .unwrap_or_else(|error| panic!("{error} in {plain}"))
    }

    /// The plain JSON of a value.
    pub(in crate::codec) fn plain(&self, name: &str, value: &Value) -> String {
        let mut out = Vec::new();
        json::encode(self.plan(), self.ty(name), value, &mut out)
            .unwrap_or_else(|error| panic!("{error}: {value:?}"));
        String::from_utf8(out).unwrap()
    }
}
