//! A contract as protobuf: the messages, fields and numbers of its types,
//! compiled once, so that codecs walk them beside the plan (design 3.5).

mod assign;
mod layout;

pub(crate) use self::assign::assign;
pub use self::layout::{
    EnumId, EnumLayout, EnumValue, FieldLayout, Kind, Label, Layout, MessageId, MessageLayout,
    Shape, Slot,
};
