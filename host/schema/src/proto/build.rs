//! Messages and enums for the types that methods use.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::definitions::FullNames;
use super::draft::Draft;
use super::lock::Lock;
use super::methods::{Source, Sources};
use super::numbers::Numbers;
use super::scope::Scope;
use super::{
    About, AboutType, EnumId, EnumLayout, Kind, Layout, MessageId, MessageLayout, Shape, enums,
    well_known,
};
use crate::{ContractError, Plan, Record, Type, TypeId};

/// The most fields, values and messages of a contract together: types without
/// names are written out wherever they are used.
const MAX_PARTS: usize = 100_000;

/// The message that has no fields.
const EMPTY: &str = "google.protobuf.Empty";

/// A layout in the making.
pub(super) struct Builder<'a> {
    pub(super) plan: &'a Plan,
    pub(super) lock: &'a Lock,
    pub(super) sources: Sources<'a>,
    names: FullNames,
    /// Fields that have a default in some use of their record, by key.
    defaulted: BTreeMap<String, BTreeSet<u32>>,
    messages: Vec<MessageLayout>,
    enums: Vec<EnumLayout>,
    named: HashMap<TypeId, MessageId>,
    named_enums: HashMap<TypeId, EnumId>,
    /// Fields, by message and number, that hold the message of a key as bytes.
    pub(super) opaque: Vec<(MessageId, u32, String)>,
    by_path: BTreeMap<String, MessageId>,
    about: About,
    parts: usize,
}

impl<'a> Builder<'a> {
    pub(super) fn new(sources: Sources<'a>, names: FullNames) -> Self {
        // What a case without payload is, at a place that all know.
        let empty = MessageLayout::new(EMPTY, Shape::Empty(None), Vec::new());
        Self {
            plan: sources.plan,
            lock: sources.lock,
            sources,
            names,
            defaulted: defaulted(sources),
            messages: vec![empty],
            enums: Vec::new(),
            named: HashMap::new(),
            named_enums: HashMap::new(),
            opaque: Vec::new(),
            by_path: BTreeMap::new(),
            about: About::default(),
            parts: 0,
        }
    }

    /// A message of a method; `key` is the one it has if it is made for it.
    pub(super) fn part(&mut self, source: Source, key: &str) -> Result<MessageId, ContractError> {
        match source {
            Source::Empty => Ok(MessageId(0)),
            // Still a record, if one of nothing.
            Source::NoParameters(ty) => {
                Ok(self.push(MessageLayout::new(EMPTY, Shape::Record(ty), Vec::new())))
            }
            Source::Own(ty) => self.message_of(ty),
            Source::Nothing => self.message(self.scope(key), Shape::Empty(None), Vec::new()),
            Source::Spread(ty) => self.record(ty, self.scope(key)),
            Source::Wrapped(ty) => {
                let name = match self.plan[ty] {
                    Type::Bytes => "data",
                    _ => "value",
                };
                let scope = self.scope(key);
                let draft = Draft::whole(0, name, ty, scope.lock);
                self.message(scope, Shape::Wrapper(ty), vec![draft])
            }
        }
    }

    fn scope(&self, key: &str) -> Scope<'a> {
        let name = self.names.get(key);
        Scope::new(name.name, name.package, key.to_owned()).with_lock(self.lock.messages.get(key))
    }

    /// The message of a type that has a name.
    pub(super) fn message_of(&mut self, ty: TypeId) -> Result<MessageId, ContractError> {
        if let Some(&id) = self.named.get(&ty) {
            return Ok(id);
        }
        let plan = self.plan;
        let key = self.sources.keys.ty(plan, ty).unwrap_or_default();
        let id = match &plan[ty] {
            Type::Record(Record {
                well_known: Some(known),
                ..
            }) => self.push(well_known::layout(*known, ty, plan)),
            Type::Record(_) => self.record(ty, self.scope(&key))?,
            Type::Variant(of) => {
                let scope = self.scope(&key);
                let drafts = Draft::cases(of, scope.lock);
                self.message(scope, Shape::Variant(ty), drafts)?
            }
            Type::Enum(of) if of.cases.len() == 1 => {
                self.message(self.scope(&key), Shape::Empty(Some(ty)), Vec::new())?
            }
            _ => {
                return Err(ContractError::new(
                    "only a record, a variant, or an enum of one case is a message",
                    "move what ostler.lock says of it to its section `enums`",
                )
                .within(key));
            }
        };
        self.named.insert(ty, id);
        Ok(id)
    }

    /// The enum of an enum or of flags.
    pub(super) fn enum_of(&mut self, ty: TypeId) -> Result<EnumId, ContractError> {
        if let Some(&id) = self.named_enums.get(&ty) {
            return Ok(id);
        }
        let cases: Vec<&str> = match &self.plan[ty] {
            Type::Enum(of) => of.cases.iter().map(|case| &*case.wit).collect(),
            Type::Flags(of) => of.flags.iter().map(|flag| &*flag.wit).collect(),
            _ => Vec::new(),
        };
        self.count(cases.len() + 1)?;
        let key = self.sources.keys.ty(self.plan, ty).unwrap_or_default();
        let name = self.names.get(&key);
        let lock = self.lock.enums.get(&key);
        let layout = enums::layout(&name.name, &cases, lock)
            .map_err(|error| error.within(format!("enum {}", name.name)))?;
        let reserved = lock.map(|lock| lock.reserved.clone()).unwrap_or_default();
        let is_used = |name: &String| layout.values.iter().any(|value| *value.name == **name);
        let free_names = reserved.names.into_iter().filter(|name| !is_used(name));
        let about = AboutType {
            path: key,
            package: name.package,
            anonymous: false,
            cases: cases.iter().map(|case| (*case).to_owned()).collect(),
            oneofs: Vec::new(),
            reserved: reserved.numbers,
            reserved_names: free_names.collect(),
            deprecated: self.is_deprecated(Some(ty)),
        };
        self.about.types.insert(layout.full_name.clone(), about);
        let id = EnumId(u32::try_from(self.enums.len()).unwrap_or(u32::MAX));
        self.enums.push(layout);
        self.named_enums.insert(ty, id);
        Ok(id)
    }

    fn record(&mut self, ty: TypeId, mut scope: Scope<'a>) -> Result<MessageId, ContractError> {
        let plan = self.plan;
        let Type::Record(record) = &plan[ty] else {
            return Ok(MessageId(0));
        };
        let mut drafts = Vec::new();
        for (place, field) in (0_u32..).zip(&*record.fields) {
            let lock = scope
                .lock
                .and_then(|lock| lock.oneofs.get(&*field.name.wit));
            if let Some(lock) = lock {
                let wanted = lock
                    .name
                    .clone()
                    .unwrap_or_else(|| field.name.plain.to_string());
                scope.oneofs.push((Some(place), wanted.into()));
                let inline = Draft::inline(plan, place, field, lock);
                drafts.extend(inline.ok_or_else(|| {
                    scope.refuse(
                        format!(
                            "field {} is no variant, nor an option of one",
                            field.name.wit
                        ),
                        "only a variant can be a oneof: change its type, or ostler.lock",
                    )
                })?);
            } else {
                drafts.push(Draft::field(place, field, scope.lock));
            }
        }
        let defaulted = self.defaulted.get(&scope.path);
        for (draft, place) in drafts
            .iter_mut()
            .filter_map(|d| d.place().map(|place| (d, place)))
        {
            draft.defaulted |= defaulted.is_some_and(|places| places.contains(&place));
        }
        self.message(scope, Shape::Record(ty), drafts)
    }

    /// The message of these fields. Its place is taken before theirs, so that a
    /// message comes before what it is made of.
    pub(super) fn message(
        &mut self,
        mut scope: Scope<'a>,
        shape: Shape,
        mut drafts: Vec<Draft<'a>>,
    ) -> Result<MessageId, ContractError> {
        self.count(drafts.len() + 1)?;
        let id = self.push(MessageLayout::new(EMPTY, shape, Vec::new()));
        number(&mut drafts, &scope);
        let is_map = |draft: &Draft<'_>| draft.ty.is_some_and(|ty| self.is_map(ty));
        for draft in &drafts {
            scope.take_field(&draft.name, is_map(draft));
        }
        scope.name_oneofs(matches!(shape, Shape::Variant(_) | Shape::Result(_)));
        let mut fields = Vec::new();
        for draft in drafts {
            fields.push(self.field(&mut scope, id, draft)?);
        }
        scope.check(&fields)?;
        let ty = match shape {
            Shape::Record(ty) | Shape::Variant(ty) | Shape::Empty(Some(ty)) => Some(ty),
            _ => None,
        };
        let about = scope.about(&fields, self.is_deprecated(ty));
        self.about
            .types
            .insert(scope.full_name.as_str().into(), about);
        self.by_path.entry(scope.path).or_insert(id);
        self.messages[id.0 as usize] = MessageLayout::new(scope.full_name, shape, fields);
        Ok(id)
    }

    fn is_deprecated(&self, ty: Option<TypeId>) -> bool {
        ty.and_then(|ty| self.plan.origin(ty))
            .is_some_and(|origin| origin.deprecated)
    }

    pub(super) fn push(&mut self, message: MessageLayout) -> MessageId {
        let id = u32::try_from(self.messages.len()).unwrap_or(u32::MAX);
        self.messages.push(message);
        MessageId(id)
    }

    fn count(&mut self, parts: usize) -> Result<(), ContractError> {
        self.parts += parts;
        if self.parts > MAX_PARTS {
            return Err(ContractError::new(
                format!("the contract has more than {MAX_PARTS} fields and cases as protobuf"),
                "name tuples and results that are used in many places, as records and variants",
            ));
        }
        Ok(())
    }

    /// All that was built.
    pub(super) fn finish(mut self) -> Result<Layout, ContractError> {
        for (message, number, key) in std::mem::take(&mut self.opaque) {
            let target = self.by_path.get(&key).copied();
            let message = &mut self.messages[message.0 as usize];
            let field = (message.fields.iter_mut()).find(|field| field.number == number);
            match (target, field) {
                (Some(target), Some(field)) => field.kind = Kind::Opaque(target),
                _ => {
                    let problem = format!("its `any` names {key}, which no method uses");
                    let error = ContractError::new(problem, "name a message of this contract");
                    return Err(error.within(format!("ostler.lock, {}", message.full_name)));
                }
            }
        }
        let mut layout = Layout {
            messages: self.messages,
            enums: self.enums,
            by_name: BTreeMap::new(),
            about: self.about,
        };
        for (id, message) in (0_u32..).zip(&layout.messages) {
            // The first, which has no defaults of some method.
            let known = layout.by_name.entry(message.full_name.clone());
            known.or_insert(MessageId(id));
        }
        Ok(layout)
    }
}

/// Gives numbers to those that the lock gives none.
fn number(drafts: &mut [Draft<'_>], scope: &Scope<'_>) {
    let locked = scope.lock.into_iter().flat_map(|lock| {
        let oneofs = lock.oneofs.values().flat_map(|oneof| oneof.fields.values());
        lock.fields.values().chain(oneofs)
    });
    let used = locked.filter_map(|field| i32::try_from(field.number?).ok());
    let mut fresh = Numbers::of_fields(used, scope.lock.map(|lock| &lock.reserved));
    for draft in drafts {
        if draft.number == 0 {
            draft.number = fresh.next().unsigned_abs();
        }
    }
}

/// The fields that have a default in some copy of their record.
fn defaulted(sources: Sources<'_>) -> BTreeMap<String, BTreeSet<u32>> {
    let mut defaulted = BTreeMap::<String, BTreeSet<u32>>::new();
    for (ty, origin) in &sources.plan.origins {
        let Type::Record(record) = &sources.plan[*ty] else {
            continue;
        };
        let with_default = (0_u32..)
            .zip(&*record.fields)
            .filter(|(_, f)| f.default.is_some());
        let places: Vec<u32> = with_default.map(|(place, _)| place).collect();
        if !places.is_empty() {
            let key = sources.keys.origin(origin);
            defaulted.entry(key).or_default().extend(places);
        }
    }
    defaulted
}
