//! A contract as protobuf: the messages, fields and numbers of its types,
//! compiled once, so that codecs walk them beside the plan (design 3.5).

mod about;
mod assign;
mod build;
mod definitions;
mod draft;
mod enums;
mod fields;
mod files;
mod keys;
mod kinds;
mod layout;
pub mod lock;
mod lookup;
mod methods;
pub mod names;
mod numbers;
mod scope;
mod well_known;

pub use self::about::{About, AboutType};
pub(crate) use self::assign::assign;
pub use self::files::files;
pub use self::layout::{
    EnumId, EnumLayout, EnumValue, FieldLayout, Kind, Label, Layout, MessageId, MessageLayout,
    Shape, Slot,
};
pub use self::lock::extend_lock;
pub(crate) use self::lookup::Form;
