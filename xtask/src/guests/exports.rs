//! Takes exports away from a component that its world does not name.
//!
//! componentize-py and componentize-qjs leave the functions by which they set
//! up their interpreter at build time; a host would take them for a service.

use std::collections::HashSet;

use anyhow::{Context, Result};
use wasm_encoder::{
    Alias, ComponentAliasSection, ComponentExportKind, ComponentExportSection,
    ComponentInstanceSection, ComponentSection as _,
};
use wasmparser::{
    ComponentExport, ComponentExternalKind, ComponentTypeRef, Parser, Payload, SectionLimited,
};

/// What stands in for a function: a component that writes no line has one too.
const FUNCTION: (&str, &str) = ("ostler:rpc/log@0.1.0", "enabled");

/// The component with the exports of these names, and no others.
///
/// # Errors
/// When it is not a component, or exports what no guest does.
pub(super) fn retain(component: &[u8], names: &HashSet<String>) -> Result<Vec<u8>> {
    let mut out = Vec::with_capacity(component.len());
    let (mut depth, mut copied, mut end) = (0, 0_u64, 0_u64);
    let part = |from: u64, to: u64| {
        component
            .get(from as usize..to as usize)
            .unwrap_or_default()
    };
    let mut imports = Imports::default();
    for payload in Parser::new(0).parse_all(component) {
        let payload = payload.context("the toolchain did not write a component")?;
        match &payload {
            Payload::Version { range, .. } => {
                depth += 1;
                if depth == 1 {
                    end = range.end;
                }
            }
            Payload::End(_) => depth -= 1,
            _ if depth > 1 => {}
            Payload::ComponentImportSection(section) => imports.add(section.clone())?,
            Payload::ComponentInstanceSection(section) => imports.others(section.count()),
            Payload::ComponentExportSection(section) if drops(section.clone(), names)? => {
                out.extend_from_slice(part(copied, end));
                copied = section.range().end;
                for export in section.clone() {
                    put(&mut out, &export?, names, &imports)?;
                }
            }
            _ => {}
        }
        if depth <= 1 {
            end = end.max(end_of(&payload).unwrap_or(end));
        }
    }
    out.extend_from_slice(part(copied, component.len() as u64));
    Ok(out)
}

/// Where the host's interface is among the instances.
#[derive(Default)]
struct Imports {
    instances: u32,
    log: Option<u32>,
}

impl Imports {
    fn add(&mut self, section: wasmparser::ComponentImportSectionReader<'_>) -> Result<()> {
        for import in section {
            let import = import?;
            if matches!(import.ty, ComponentTypeRef::Instance(_)) {
                if import.name.name == FUNCTION.0 {
                    self.log = Some(self.instances);
                }
                self.instances += 1;
            }
        }
        Ok(())
    }

    fn others(&mut self, instances: u32) {
        self.instances += instances;
    }
}

fn drops(
    section: SectionLimited<'_, ComponentExport<'_>>,
    names: &HashSet<String>,
) -> Result<bool> {
    for export in section {
        if !names.contains(export?.name.name) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Each export is also a new item with an index of its own, and what follows
/// counts on it: something of the same kind takes its place.
fn put(
    out: &mut Vec<u8>,
    export: &ComponentExport<'_>,
    names: &HashSet<String>,
    imports: &Imports,
) -> Result<()> {
    let name = export.name.name;
    let kind = export.kind;
    if names.contains(name) {
        let mut section = ComponentExportSection::new();
        section.export(name, encoded(kind, name)?, export.index, None);
        section.append_to_component(out);
        return Ok(());
    }
    match encoded(kind, name)? {
        ComponentExportKind::Instance => {
            let mut section = ComponentInstanceSection::new();
            let nothing: [(&str, ComponentExportKind, u32); 0] = [];
            section.export_items(nothing);
            section.append_to_component(out);
        }
        kind => {
            let mut section = ComponentAliasSection::new();
            section.alias(Alias::InstanceExport {
                instance: imports
                    .log
                    .context("the component does not import ostler:rpc/log")?,
                kind,
                name: FUNCTION.1,
            });
            section.append_to_component(out);
        }
    }
    Ok(())
}

fn encoded(kind: ComponentExternalKind, name: &str) -> Result<ComponentExportKind> {
    match kind {
        ComponentExternalKind::Func => Ok(ComponentExportKind::Func),
        ComponentExternalKind::Instance => Ok(ComponentExportKind::Instance),
        other => anyhow::bail!("the component exports {name}, a {other:?}, which no guest does"),
    }
}

fn end_of(payload: &Payload<'_>) -> Option<u64> {
    match payload {
        Payload::ModuleSection {
            unchecked_range: range,
            ..
        }
        | Payload::ComponentSection {
            unchecked_range: range,
            ..
        } => Some(range.end),
        other => other.as_section().map(|(_, range)| range.end),
    }
}

#[cfg(test)]
mod tests {
    use wasm_encoder::{
        Component, ComponentImportSection, ComponentTypeRef, ComponentTypeSection, InstanceType,
        PrimitiveValType,
    };

    use super::*;

    /// Imports the log, exports its function and the log itself under names of
    /// its own.
    fn component() -> Vec<u8> {
        let mut log = InstanceType::new();
        let mut function = log.ty().function();
        function.params([("level", PrimitiveValType::U8)]);
        function.result(Some(PrimitiveValType::Bool.into()));
        log.export(FUNCTION.1, ComponentTypeRef::Func(0));
        let mut types = ComponentTypeSection::new();
        types.instance(&log);
        let mut imports = ComponentImportSection::new();
        imports.import(FUNCTION.0, ComponentTypeRef::Instance(0));
        let mut aliases = ComponentAliasSection::new();
        aliases.alias(Alias::InstanceExport {
            instance: 0,
            kind: ComponentExportKind::Func,
            name: FUNCTION.1,
        });
        let mut exports = ComponentExportSection::new();
        exports.export("init", ComponentExportKind::Func, 0, None);
        exports.export("exports", ComponentExportKind::Instance, 0, None);
        // What the two before made: places that must not move.
        exports.export("again", ComponentExportKind::Func, 1, None);
        exports.export("test:it/it", ComponentExportKind::Instance, 1, None);
        let mut component = Component::new();
        component.section(&types).section(&imports);
        component.section(&aliases).section(&exports);
        component.finish()
    }

    fn exported(component: &[u8]) -> Vec<String> {
        let mut names = Vec::new();
        for payload in Parser::new(0).parse_all(component) {
            if let Payload::ComponentExportSection(section) = payload.unwrap() {
                names.extend(section.into_iter().map(|e| e.unwrap().name.name.to_owned()));
            }
        }
        names
    }

    #[test]
    fn what_is_not_named_goes_and_nothing_moves() {
        let component = component();
        assert_eq!(exported(&component).len(), 4);
        let names = HashSet::from(["test:it/it".to_owned()]);
        let kept = retain(&component, &names).unwrap();
        assert_eq!(exported(&kept), ["test:it/it"]);
        wasmparser::Validator::new().validate_all(&kept).unwrap();
    }

    #[test]
    fn a_component_without_others_is_left_alone() {
        let component = component();
        let names = exported(&component).into_iter().collect();
        assert_eq!(retain(&component, &names).unwrap(), component);
        assert!(retain(b"no component", &HashSet::new()).is_err());
    }
}
