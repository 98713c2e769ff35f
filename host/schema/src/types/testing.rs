//! Plans from WIT, for the tests of this crate.

use super::*;

/// `ostler:rpc/types`, as the tooling brings it.
pub(crate) const RPC_TYPES: &str = include_str!("../../../../wit/ostler-rpc/types.wit");

/// A plan of the types of interface `i`, each findable by its name.
pub(crate) struct TestPlan {
    pub(crate) plan: Plan,
    names: HashMap<String, TypeId>,
}

impl TestPlan {
    /// Compiles the body of an interface.
    pub(crate) fn new(body: &str) -> Self {
        Self::try_new(body).unwrap()
    }

    pub(crate) fn try_new(body: &str) -> Result<Self, TypeError> {
        let mut resolve = Resolve::default();
        resolve.push_str("types.wit", RPC_TYPES).unwrap();
        let text = format!("package t:t;\ninterface i {{ {body} }}");
        let package = resolve.push_str("t.wit", &text).unwrap();
        let interface = resolve.packages[package].interfaces["i"];
        let mut types = Types::new(&resolve);
        let mut arena = Arena::default();
        let mut names = HashMap::new();
        for (name, id) in &resolve.interfaces[interface].types {
            let ty = types.add(&mut arena, &wit_parser::Type::Id(*id))?;
            names.insert(name.clone(), ty);
        }
        Ok(Self {
            plan: arena.plan,
            names,
        })
    }

    /// The type of that name.
    pub(crate) fn ty(&self, name: &str) -> TypeId {
        self.names[name]
    }

    /// Adds a type that WIT cannot spell.
    pub(crate) fn push(&mut self, name: &str, ty: Type) {
        self.names.insert(name.into(), self.plan.push(ty));
    }

    /// A record, to be changed.
    pub(crate) fn record_mut(&mut self, name: &str) -> &mut Record {
        let id = self.names[name];
        match &mut self.plan.types[id.0 as usize] {
            Type::Record(record) => record,
            _ => panic!("{name} is no record"),
        }
    }
}
