//! Guests in JavaScript: by componentize-js, and the same source once more by
//! componentize-qjs.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use heck::ToLowerCamelCase;
use serde_json::{Value, json};

use super::contract::{Contract, Exported, Fails, Method};
use super::scripts::{Build, Language, Script};
use super::shape::Shapes;
use crate::node::Node;
use crate::process;
use crate::progress::{say, step};
use crate::workspace::Workspace;

const LANGUAGE: Language = Language {
    name: "JavaScript",
    folder: "javascript",
    service: "service.js",
    sources: "src",
};

/// What a component carries to run JavaScript.
struct Engine {
    name: &'static str,
    /// What stands in the component's name.
    suffix: &'static str,
    tool: &'static str,
    warning: Option<&'static str>,
}

const ENGINES: [Engine; 2] = [
    Engine {
        name: "starlingmonkey",
        suffix: "javascript",
        tool: "componentize-js",
        warning: None,
    },
    Engine {
        name: "quickjs",
        suffix: "quickjs",
        tool: "componentize-qjs",
        warning: Some(
            "QuickJS holds 64-bit integers as doubles: beyond 2^53 they would lose precision, \
             so calls with such integers are refused",
        ),
    },
];

/// Builds all guests in JavaScript.
///
/// # Errors
/// When one cannot be built; which is said.
pub(super) fn build(workspace: &Workspace, node: &Node) -> Result<()> {
    for script in LANGUAGE.discover(workspace)? {
        for engine in &ENGINES {
            let name = format!("{}-{}", script.name, engine.suffix);
            let title = format!("Guest in JavaScript: {name}, by {}", engine.tool);
            step(&title, || build_one(workspace, node, &script, engine, name))?;
        }
    }
    Ok(())
}

/// Runs the SDK's own tests.
///
/// # Errors
/// When one fails.
pub(super) fn test(workspace: &Workspace) -> Result<()> {
    let mut node = Command::new("node");
    // Passed tests are not worth a line each.
    node.args(["--test", "--test-reporter", "dot"]);
    process::run(node.current_dir(LANGUAGE.sdk(workspace)))
}

fn build_one(
    workspace: &Workspace,
    node: &Node,
    script: &Script,
    engine: &Engine,
    name: String,
) -> Result<()> {
    let contract = Contract::read(&script.folder, LANGUAGE.name)?;
    let service = script.folder.join(LANGUAGE.service);
    let build = Build {
        workspace,
        language: &LANGUAGE,
        script,
        contract: &contract,
        name,
        generated: vec![("app.js".to_owned(), generate(&contract, engine, &service)?)],
        engine: engine.tool,
    };
    if let Some(warning) = engine.warning {
        say(format!("    note: {warning}"));
    }
    build.run(|folder, output| componentize(node, &build, engine, folder, output))
}

fn componentize(
    node: &Node,
    build: &Build<'_>,
    engine: &Engine,
    folder: &Path,
    output: &Path,
) -> Result<()> {
    let config = json!({
        "engine": engine.name,
        "entry": folder.join("app.js"),
        "sdk": LANGUAGE.sdk(build.workspace).join("src"),
        "bundle": folder.join("bundle.js"),
        "wit": folder.join("wit"),
        "world": build.contract.world(),
        "output": output,
    });
    let file = folder.join("config.json");
    std::fs::write(&file, config.to_string())
        .with_context(|| format!("cannot write {}", file.display()))?;
    process::run(node.script("build.mjs").arg(file))
}

/// The module that the host calls.
fn generate(contract: &Contract, engine: &Engine, service: &Path) -> Result<String> {
    let mut shapes = Shapes::new(&contract.lowered.resolve);
    let exports = contract.exports()?;
    let exposed: Vec<String> = exports
        .iter()
        .map(|export| exposed(contract, &mut shapes, export))
        .collect();
    Ok(format!(
        "// Generated from the contract: what the host calls.\n\n\
         import * as service from {service};\n\
         import {{ server }} from 'ostler-guest/serve';\n\
         import * as context from 'ostler:rpc/context@0.1.0';\n\
         import * as log from 'ostler:rpc/log@0.1.0';\n\
         import * as poll from 'ostler:rpc/poll@0.1.0';\n\n\
         const types = {types};\n\n\
         const expose = server('{engine}', {{ context, log, poll }}, types);\n\
         {exposed}",
        service = Value::from(service.to_string_lossy()),
        types = shapes.finish(),
        engine = engine.name,
        exposed = exposed.concat(),
    ))
}

fn exposed(contract: &Contract, shapes: &mut Shapes<'_>, export: &Exported<'_>) -> String {
    let methods: serde_json::Map<String, Value> = export
        .methods
        .iter()
        .map(|method| {
            let name = method.name.to_lower_camel_case();
            (name, described(contract, shapes, method))
        })
        .collect();
    let name = export.name().to_lower_camel_case();
    // Under another name first: an interface may be called `class`.
    format!(
        "\nconst {name}_ = expose(service, '{name}', {});\nexport {{ {name}_ as {name} }};\n",
        Value::from(methods)
    )
}

fn described(contract: &Contract, shapes: &mut Shapes<'_>, method: &Method<'_>) -> Value {
    let params: Vec<usize> = method.params.iter().map(|ty| shapes.add(*ty)).collect();
    let mut described = json!({ "params": params });
    if let Some(result) = method.result {
        described["result"] = shapes.add(result).into();
    }
    if let Some(item) = method.reads {
        described["reads"] = shapes.add(item).into();
    }
    if let Some(item) = method.writes {
        described["writes"] = shapes.add(item).into();
        described["batch"] = contract.batch(item).into();
    }
    described["fails"] = match method.fails {
        Fails::Never => json!("never"),
        Fails::Status => json!("status"),
        Fails::Other(_) => json!("other"),
    };
    if let Fails::Other(Some(error)) = method.fails {
        described["error"] = shapes.add(error).into();
    }
    described
}
