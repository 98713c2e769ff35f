//! `.proto` → WIT and a lock that keeps its package, names, numbers, kinds and
//! oneofs, so that its clients go on unchanged.

mod comments;
mod fields;
mod graph;
mod names;
mod package;
mod types;
mod words;

use std::fmt;
use std::path::{Path, PathBuf};

use prost_types::FileDescriptorProto;
use protox::prost_reflect::{DescriptorPool, ServiceDescriptor};

/// What a `.proto` file becomes.
#[derive(Clone, Debug)]
pub struct Imported {
    /// The name of the WIT file, such as `greeter.wit`.
    pub file: String,
    /// Its text.
    pub wit: String,
    /// The text of `ostler.lock`.
    pub lock: String,
    /// What could not be kept, a sentence each.
    pub notes: Vec<String>,
}

/// Why a `.proto` file cannot be imported.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ImportError(String);

impl ImportError {
    fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for ImportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ImportError {}

/// Reads `.proto` files, whose imports are looked for in `includes`, or beside
/// the first file when there are none, and gives the WIT of their services.
///
/// # Errors
/// [`ImportError`] when a file cannot be read, is no proto3, has no service,
/// or says what no WIT can.
pub fn import(files: &[PathBuf], includes: &[PathBuf]) -> Result<Imported, ImportError> {
    if let Some(file) = files.iter().find(|file| !file.is_file()) {
        let text = format!("{}: no such file", file.display());
        return Err(ImportError::new(text));
    }
    let includes = match (includes, files.first()) {
        ([], Some(first)) => vec![first.parent().unwrap_or(Path::new("")).to_owned()],
        _ => includes.to_vec(),
    };
    let (pool, names) = compile(files, &includes)?;
    let services = names.iter().filter_map(|name| pool.get_file_by_name(name));
    let services: Vec<ServiceDescriptor> = services
        .flat_map(|file| file.services().collect::<Vec<_>>())
        .collect();
    if services.is_empty() {
        return Err(ImportError::new(
            "the files have no `service`; name the file that has it, and its folders with -I",
        ));
    }
    package::write(&services)
}

/// The same for one service of descriptors in any order, as a server describes
/// itself by reflection: every file that the service's needs must be there.
///
/// # Errors
/// [`ImportError`] when they do not fit together, do not have the service, or
/// say what no WIT can.
pub fn import_descriptors(
    files: impl IntoIterator<Item = FileDescriptorProto>,
    service: &str,
) -> Result<Imported, ImportError> {
    let mut pool = DescriptorPool::new();
    pool.add_file_descriptor_protos(files)
        .map_err(|error| ImportError::new(format!("the descriptors do not fit: {error}")))?;
    let found = pool
        .get_service_by_name(service)
        .ok_or_else(|| ImportError::new(format!("the descriptors have no service {service}")))?;
    package::write(&[found])
}

fn compile(
    files: &[PathBuf],
    includes: &[PathBuf],
) -> Result<(DescriptorPool, Vec<String>), ImportError> {
    // An empty path means the folder it is run in.
    let includes = includes
        .iter()
        .map(|path| match path.as_os_str().is_empty() {
            true => Path::new("."),
            false => path,
        });
    // Only its debug form says file, line and column.
    let failed = |error: protox::Error| ImportError::new(format!("{error:?}"));
    let mut compiler = protox::Compiler::new(includes).map_err(failed)?;
    compiler.include_source_info(true).include_imports(true);
    compiler.open_files(files).map_err(failed)?;
    let roots = compiler.files().filter(|file| !file.is_import());
    let roots = roots.map(|file| file.name().to_owned()).collect();
    Ok((compiler.descriptor_pool(), roots))
}
