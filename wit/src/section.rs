//! The custom section `ostler:contract`: the author's WIT and lock inside a
//! component, since types keep neither docs nor tags.
//!
//! A u32 little-endian length and that many bytes of JSON,
//! `{"format":1,"wit":{path:text},"lock":text|null}`, repeated: linkers
//! concatenate sections of one name.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Map, Value};

/// The name of the custom section.
pub const NAME: &str = "ostler:contract";

/// The only format there is.
const FORMAT: u64 = 1;

/// One contract.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Section {
    /// The author's WIT: relative path and text.
    pub wit: BTreeMap<String, String>,
    /// The author's `ostler.lock`.
    pub lock: Option<String>,
}

/// Why bytes are not such a section.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum SectionError {
    /// The length, or what it promises, is cut off. Holds the offset.
    Truncated(usize),
    /// Not JSON, or not of that shape.
    Malformed(String),
    /// Written by a newer version.
    Format(u64),
}

impl fmt::Display for SectionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "custom section {NAME}: ")?;
        match self {
            Self::Truncated(at) => write!(f, "cut off at byte {at}; build the component again"),
            Self::Malformed(why) => write!(f, "{why}; build the component again"),
            Self::Format(format) => write!(
                f,
                "format {format} is unknown (this version reads {FORMAT}); update the host"
            ),
        }
    }
}

impl std::error::Error for SectionError {}

/// The bytes of a section that holds one contract.
pub fn encode(section: &Section) -> Vec<u8> {
    let wit: Map<String, Value> = (section.wit.iter())
        .map(|(path, text)| (path.clone(), Value::from(text.as_str())))
        .collect();
    let json = serde_json::json!({ "format": FORMAT, "wit": wit, "lock": section.lock });
    let json = json.to_string().into_bytes();
    // Sources are bounded far below 4 GiB; a longer one reads as truncated.
    let length = u32::try_from(json.len()).unwrap_or(u32::MAX);
    let mut bytes = length.to_le_bytes().to_vec();
    bytes.extend_from_slice(&json);
    bytes
}

/// Every contract in the bytes of a section, in order.
///
/// # Errors
/// [`SectionError`] for anything [`encode`] does not write.
pub fn decode(bytes: &[u8]) -> Result<Vec<Section>, SectionError> {
    let mut sections = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let truncated = SectionError::Truncated(bytes.len() - rest.len());
        let Some((length, tail)) = rest.split_first_chunk::<4>() else {
            return Err(truncated);
        };
        let length = u32::from_le_bytes(*length) as usize;
        let Some((json, tail)) = tail.split_at_checked(length) else {
            return Err(truncated);
        };
        sections.push(read(json)?);
        rest = tail;
    }
    Ok(sections)
}

fn read(json: &[u8]) -> Result<Section, SectionError> {
    let value: Value = serde_json::from_slice(json)
        .map_err(|error| SectionError::Malformed(format!("not JSON ({error})")))?;
    match value.get("format").and_then(Value::as_u64) {
        Some(FORMAT) => {}
        Some(other) => return Err(SectionError::Format(other)),
        None => return Err(malformed("`format` is not a number")),
    }
    let files = (value.get("wit").and_then(Value::as_object))
        .ok_or_else(|| malformed("`wit` is not an object"))?;
    let mut wit = BTreeMap::new();
    for (path, text) in files {
        let text = text
            .as_str()
            .ok_or_else(|| malformed("a file is not a text"))?;
        wit.insert(path.clone(), text.to_owned());
    }
    let lock = match value.get("lock") {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) => Some(text.clone()),
        Some(_) => return Err(malformed("`lock` is neither a text nor null")),
    };
    Ok(Section { wit, lock })
}

fn malformed(why: &str) -> SectionError {
    SectionError::Malformed(why.to_owned())
}
