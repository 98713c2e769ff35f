//! Where types are declared.

use wit_parser::{Interface, Resolve, Stability, TypeDef, TypeDefKind, TypeOwner};

use crate::{Origin, PackageName};

/// Where its author declared a type that has a name.
pub(super) fn of(resolve: &Resolve, def: &TypeDef) -> Option<Origin> {
    let TypeOwner::Interface(owner) = def.owner else {
        return None;
    };
    let interface = &resolve.interfaces[owner];
    Some(Origin {
        package: PackageName::from(&resolve.packages[interface.package?].name),
        interface: declaring_interface(resolve, interface)?.into(),
        name: def.name.as_deref()?.into(),
        deprecated: is_deprecated(&def.stability),
    })
}

/// The interface that its author declared a type in: the lowering moves the
/// types of `users` to `users-types`, beside the resources of its streams.
fn declaring_interface<'a>(resolve: &'a Resolve, interface: &'a Interface) -> Option<&'a str> {
    let name = interface.name.as_deref()?;
    let siblings = &resolve.packages[interface.package?].interfaces;
    let mut types = interface.types.values().map(|ty| &resolve.types[*ty].kind);
    match name.strip_suffix("-types") {
        Some(of)
            if siblings.contains_key(of)
                && types.any(|kind| matches!(kind, TypeDefKind::Resource)) =>
        {
            Some(of)
        }
        _ => Some(name),
    }
}

/// Whether WIT says `@deprecated` of an item.
pub(crate) fn is_deprecated(stability: &Stability) -> bool {
    match stability {
        Stability::Unknown => false,
        Stability::Stable { deprecated, .. } | Stability::Unstable { deprecated, .. } => {
            deprecated.is_some()
        }
    }
}
