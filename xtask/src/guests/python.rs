//! Guests in Python, by componentize-py.

use std::path::Path;
use std::process::Command;

use anyhow::Result;
use heck::{ToSnakeCase, ToUpperCamelCase};
use ostler_wit::wit_parser::{InterfaceId, Type, TypeDefKind, TypeOwner};

use super::contract::{Contract, Exported, Fails, Method};
use super::scripts::{Build, Language, Script};
use crate::process;
use crate::progress::step;
use crate::python::Python;
use crate::workspace::Workspace;

const LANGUAGE: Language = Language {
    name: "Python",
    folder: "python",
    service: "service.py",
    sources: "ostler_guest",
};

/// The generated module that the host calls.
const APP: &str = "ostler_app";

/// Builds all guests in Python.
///
/// # Errors
/// When one cannot be built; which is said.
pub(super) fn build(workspace: &Workspace, python: &Python) -> Result<()> {
    for script in LANGUAGE.discover(workspace)? {
        let name = format!("{}-{}", script.name, LANGUAGE.folder);
        step(&format!("Guest in Python: {name}"), || {
            build_one(workspace, python, &script, name.clone())
        })?;
    }
    Ok(())
}

/// Runs the SDK's own tests.
///
/// # Errors
/// When one fails.
pub(super) fn test(workspace: &Workspace) -> Result<()> {
    let mut python = Command::new("python3");
    // Compiled modules would lie between the sources.
    python.env("PYTHONDONTWRITEBYTECODE", "1");
    python.args(["-m", "unittest", "discover", "--start-directory", "tests"]);
    process::run(python.current_dir(LANGUAGE.sdk(workspace)))
}

fn build_one(workspace: &Workspace, python: &Python, script: &Script, name: String) -> Result<()> {
    let contract = Contract::read(&script.folder, LANGUAGE.name)?;
    let build = Build {
        workspace,
        language: &LANGUAGE,
        script,
        contract: &contract,
        name,
        generated: generate(&contract)?,
        engine: "componentize-py",
    };
    build.run(|folder, output| componentize(python, &build, folder, output))
}

fn componentize(python: &Python, build: &Build<'_>, folder: &Path, output: &Path) -> Result<()> {
    let mut command = python.tool("componentize-py");
    command.args(["--quiet", "--world", build.contract.world()]);
    command.arg("--wit-path").arg(folder.join("wit"));
    for (id, full_name) in build.contract.imports() {
        let name = import_name(build.contract, id);
        command.args(["--import-interface-name", &format!("{full_name}={name}")]);
    }
    for export in build.contract.exports()? {
        let name = export.name().to_snake_case();
        command.args([
            "--export-interface-name",
            &format!("{}={name}", export.full_name),
        ]);
    }
    command.arg("componentize").arg("--output").arg(output);
    for path in [folder, &build.script.folder, &LANGUAGE.sdk(build.workspace)] {
        command.arg("--python-path").arg(path);
    }
    process::run(command.arg(APP))
}

/// The module that the host calls, and one with the types of each service.
fn generate(contract: &Contract) -> Result<Vec<(String, String)>> {
    let mut app = String::from(
        "\"\"\"Generated from the contract: what the host calls.\"\"\"\n\n\
         import service\n\
         from ostler_guest.serve import Fails, Method, expose\n",
    );
    let mut files = vec![(
        "contract/__init__.py".to_owned(),
        "\"\"\"Generated: the types of the contract, a module for each service.\"\"\"\n".to_owned(),
    )];
    for export in contract.exports()? {
        app.push_str(&exposed(contract, &export));
        let module = identifier(&export.name().to_snake_case());
        files.push((format!("contract/{module}.py"), types(contract, &export)));
    }
    files.push((format!("{APP}.py"), app));
    Ok(files)
}

fn exposed(contract: &Contract, export: &Exported<'_>) -> String {
    let class = export.name().to_upper_camel_case();
    let methods: String = export
        .methods
        .iter()
        .map(|method| format!("    {},\n", method_line(contract, method)))
        .collect();
    format!("\n{class} = expose(\n    service,\n    \"{class}\",\n{methods})\n")
}

fn method_line(contract: &Contract, method: &Method<'_>) -> String {
    let fails = match method.fails {
        Fails::Never => "NEVER",
        Fails::Status => "STATUS",
        Fails::Other(_) => "OTHER",
    };
    let mut arguments = format!("Fails.{fails}");
    if method.reads.is_some() {
        arguments.push_str(", reads=True");
    }
    if let Some(item) = method.writes {
        arguments.push_str(&format!(", writes={}", contract.batch(item)));
    }
    let name = identifier(&method.name.to_snake_case());
    format!("{name}=Method({arguments})")
}

/// The types that an author meets under the names of the author's WIT.
fn types(contract: &Contract, export: &Exported<'_>) -> String {
    let mut text = format!(
        "\"\"\"Generated: the types of `{}`.\"\"\"\n\n",
        export.name()
    );
    for (name, id) in &export.interface.types {
        for (module, class, alias) in classes(contract, name, *id) {
            text.push_str(&format!("from {module} import {class} as {alias}\n"));
        }
    }
    text
}

/// The classes of a type: where each is, what it is called there and here.
fn classes(
    contract: &Contract,
    name: &str,
    id: ostler_wit::wit_parser::TypeId,
) -> Vec<(String, String, String)> {
    let resolve = &contract.lowered.resolve;
    let Type::Id(id) = super::contract::dealias(resolve, Type::Id(id)) else {
        return Vec::new();
    };
    let def = &resolve.types[id];
    let (TypeOwner::Interface(owner), Some(original)) = (def.owner, &def.name) else {
        return Vec::new();
    };
    let module = module_of(contract, owner);
    let (original, alias) = (original.to_upper_camel_case(), name.to_upper_camel_case());
    let class = |suffix: &str| {
        (
            module.clone(),
            format!("{original}{suffix}"),
            format!("{alias}{suffix}"),
        )
    };
    match &def.kind {
        TypeDefKind::Record(_) | TypeDefKind::Enum(_) | TypeDefKind::Flags(_) => vec![class("")],
        TypeDefKind::Variant(variant) => {
            let cases = variant.cases.iter();
            let cases = cases.map(|case| class(&format!("_{}", case.name.to_upper_camel_case())));
            std::iter::once(class("")).chain(cases).collect()
        }
        _ => Vec::new(),
    }
}

fn module_of(contract: &Contract, interface: InterfaceId) -> String {
    if contract.imports().any(|(id, _)| id == interface) {
        return format!("wit_world.imports.{}", import_name(contract, interface));
    }
    let name = contract.lowered.resolve.interfaces[interface]
        .name
        .as_deref();
    let name = name.unwrap_or_default().to_snake_case();
    format!("wit_world.exports.{name}")
}

/// With the package in it, such as `ostler_rpc_log`, so that no author's
/// interface takes it.
fn import_name(contract: &Contract, interface: InterfaceId) -> String {
    let full_name = contract
        .lowered
        .resolve
        .id_of(interface)
        .unwrap_or_default();
    let without_version = full_name.split('@').next().unwrap_or_default();
    without_version.replace([':', '/', '-'], "_")
}

/// As componentize-py names what Python has a word for.
fn identifier(name: &str) -> String {
    const KEYWORDS: [&str; 35] = [
        "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class",
        "continue", "def", "del", "elif", "else", "except", "finally", "for", "from", "global",
        "if", "import", "in", "is", "lambda", "nonlocal", "not", "or", "pass", "raise", "return",
        "try", "while", "with", "yield",
    ];
    if KEYWORDS.contains(&name) {
        format!("{name}_")
    } else {
        name.to_owned()
    }
}
