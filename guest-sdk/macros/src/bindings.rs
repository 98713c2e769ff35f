//! The bindings wit-bindgen generates: the ABI, and the types.

use anyhow::{Context as _, Result, anyhow};
use proc_macro2::TokenStream;
use wit_bindgen_core::{Files, WorldGenerator as _};
use wit_bindgen_rust::{Opts, WithOption};
use wit_parser::{Resolve, SourceMap, WorldId, WorldItem};

/// The interfaces every guest shares with the SDK, and their modules there.
const SHARED: [(&str, &str); 4] = [
    ("types", "::ostler_guest::types"),
    ("poll", "::ostler_guest::__private::rpc::poll"),
    ("context", "::ostler_guest::__private::rpc::context"),
    ("log", "::ostler_guest::__private::rpc::log"),
];

/// The world the SDK itself is compiled against.
const SDK_WORLD: &str = "
package ostler:guest;

world sdk {
  import ostler:rpc/context@0.1.0;
  import ostler:rpc/log@0.1.0;
  import ostler:rpc/poll@0.1.0;
}
";

/// The bindings of an author's lowered world.
pub(crate) fn of_service(resolve: Resolve, world: WorldId) -> Result<TokenStream> {
    let with = shared_imports(&resolve, world);
    let options = Opts {
        with,
        runtime_path: Some("::ostler_guest::__private::rt".to_owned()),
        // A macro of the same name in each service crate; two crates cannot
        // meet in one component.
        export_macro_name: Some("export".to_owned()),
        ..common()
    };
    generate(options, resolve, world)
}

/// The bindings of the SDK: everything of `ostler:rpc` but its types.
pub(crate) fn of_host() -> Result<TokenStream> {
    let mut resolve = Resolve::default();
    let mut sources = SourceMap::default();
    for (path, text) in ostler_wit::rpc_files() {
        sources.push_str(path, *text);
    }
    let group = sources.parse().map_err(|(_, error)| anyhow!("{error}"))?;
    resolve.push_group(group).context("ostler:rpc")?;
    let package = resolve.push_str("sdk.wit", SDK_WORLD)?;
    let world = resolve.select_world(&[package], Some("sdk"))?;
    let options = Opts {
        with: vec![(
            "ostler:rpc/types@0.1.0".to_owned(),
            WithOption::Path("crate::types".to_owned()),
        )],
        runtime_path: Some("::wit_bindgen::rt".to_owned()),
        ..common()
    };
    generate(options, resolve, world)
}

fn common() -> Opts {
    Opts {
        generate_all: true,
        generate_unused_types: true,
        additional_derive_attributes: vec!["PartialEq".to_owned()],
        ..Opts::default()
    }
}

/// wit-bindgen refuses a mapping that nothing uses.
fn shared_imports(resolve: &Resolve, world: WorldId) -> Vec<(String, WithOption)> {
    let imports = &resolve.worlds[world].imports;
    let named = imports.iter().filter_map(|(_, item)| match item {
        WorldItem::Interface { id, .. } => resolve.id_of(*id),
        _ => None,
    });
    named
        .filter_map(|name| {
            let short = name.strip_prefix("ostler:rpc/")?.split('@').next()?;
            let (_, path) = SHARED.iter().find(|(shared, _)| *shared == short)?;
            Some((name.clone(), WithOption::Path((*path).to_owned())))
        })
        .collect()
}

fn generate(options: Opts, mut resolve: Resolve, world: WorldId) -> Result<TokenStream> {
    let mut files = Files::default();
    options.build().generate(&mut resolve, world, &mut files)?;
    let (_, source) = files.iter().next().context("wit-bindgen made no file")?;
    let source = std::str::from_utf8(source)?;
    source
        .parse()
        .map_err(|error| anyhow!("wit-bindgen made a file that does not lex: {error}"))
}
