//! Contract → files in memory, one target a file; and the other way,
//! `.proto` → WIT. Reads and writes nothing but what it is told to import.

mod docs;
mod import;
mod proto;

pub use import::{ImportError, Imported, import, import_descriptors};
pub use proto::proto;
