//! Doc tags: what `/// @…` says of a function.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use wit_parser::{Resolve, Type, TypeDefKind};

use crate::defaults;
use crate::docs::RawTag;
use crate::error::Fault;
use crate::limits::MAX_CHUNK_SIZE;
use crate::names::{self, kind, nearest};
use crate::service::Tags;
use crate::signature::Signature;

const KNOWN: [&str; 4] = ["idempotent", "default", "chunk-size", "timeout"];
/// WIT has these itself, without slashes.
const ATTRIBUTES: [&str; 3] = ["since", "unstable", "deprecated"];
/// Longer is no limit.
const MAX_TIMEOUT: Duration = Duration::from_secs(24 * 60 * 60);

/// Checks the tags of a function and gives what they say; an error has the
/// place of its tag.
pub(crate) fn read(
    resolve: &Resolve,
    signature: &Signature,
    raw: &[RawTag],
) -> Result<Tags, (usize, Fault)> {
    let mut tags = Tags::default();
    let fields = match raw.iter().any(|tag| tag.name == "default") {
        true => message_fields(resolve, signature),
        false => BTreeMap::new(),
    };
    let mut seen = HashSet::new();
    for tag in raw {
        let field = match tag.name.as_str() {
            "default" => split_field(&tag.rest).0,
            _ => "",
        };
        if !seen.insert((tag.name.as_str(), field)) {
            return Err((tag.at, twice(&tag.name, field)));
        }
        apply(resolve, signature, &fields, tag, &mut tags).map_err(|fault| (tag.at, fault))?;
    }
    Ok(tags)
}

fn twice(tag: &str, field: &str) -> Fault {
    let problem = match field {
        "" => format!("tag `@{tag}` is given twice"),
        field => format!("`{field}` has two defaults"),
    };
    Fault::new(problem, "remove one of them")
}

fn apply(
    resolve: &Resolve,
    signature: &Signature,
    fields: &Fields<'_>,
    tag: &RawTag,
    tags: &mut Tags,
) -> Result<(), Fault> {
    match tag.name.as_str() {
        "idempotent" => {
            tags.idempotent = true;
            idempotent(signature, &tag.rest)
        }
        "default" => {
            let default = default(resolve, signature, fields, &tag.rest)?;
            tags.defaults.push(default);
            Ok(())
        }
        "chunk-size" => {
            tags.chunk_size = Some(chunk_size(resolve, signature, &tag.rest)?);
            Ok(())
        }
        "timeout" => {
            tags.timeout = Some(timeout(&tag.rest)?);
            Ok(())
        }
        unknown => Err(unknown_tag(unknown)),
    }
}

fn unknown_tag(name: &str) -> Fault {
    if ATTRIBUTES.contains(&name) {
        return Fault::new(
            format!("`@{name}` is an attribute of WIT, not a doc tag"),
            format!("write `@{name}(…)` without the slashes, below the docs"),
        );
    }
    let nearest = nearest(name, KNOWN).unwrap_or(KNOWN[0]);
    Fault::new(
        format!("unknown tag `@{name}`"),
        format!("the nearest is `@{nearest}`; start the line with another word if it is no tag"),
    )
}

fn idempotent(signature: &Signature, rest: &str) -> Result<(), Fault> {
    if !rest.is_empty() {
        return Err(Fault::new(
            format!("`@idempotent` takes no value, found `{rest}`"),
            "write the tag alone on its line",
        ));
    }
    if signature.input.is_some() {
        return Err(Fault::new(
            "`@idempotent` on a streamed request, which can be neither part of a GET nor sent \
             again",
            "remove the tag, or take plain parameters",
        ));
    }
    Ok(())
}

fn chunk_size(resolve: &Resolve, signature: &Signature, rest: &str) -> Result<u32, Fault> {
    let input = signature.input.as_ref().map(|(_, item)| *item);
    let mut items = [input, signature.output].into_iter().flatten();
    if !items.any(|item| names::is_bytes(resolve, item)) {
        return Err(Fault::new(
            "`@chunk-size` on a function without a chunk stream",
            "remove the tag; a chunk stream is `stream<list<u8>>`",
        ));
    }
    let size = if digits(rest) {
        rest.parse().ok()
    } else {
        None
    };
    match size {
        Some(size) if (1..=MAX_CHUNK_SIZE).contains(&size) => Ok(size),
        _ => Err(Fault::new(
            format!("`{}` is no size", format!("@chunk-size {rest}").trim_end()),
            format!(
                "write a number of bytes from 1 to {MAX_CHUNK_SIZE}, such as \
                     `@chunk-size 65536`"
            ),
        )),
    }
}

fn timeout(rest: &str) -> Result<Duration, Fault> {
    let malformed = || {
        Fault::new(
            format!("`{}` is no time", format!("@timeout {rest}").trim_end()),
            "write a whole number and a unit, up to 24h: `500ms`, `5s`, `2m`, `1h`",
        )
    };
    let split = rest
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(rest.len());
    let (number, unit) = rest.split_at(split);
    let unit = match unit {
        "ms" => Duration::from_millis(1),
        "s" => Duration::from_secs(1),
        "m" => Duration::from_secs(60),
        "h" => Duration::from_secs(60 * 60),
        _ => return Err(malformed()),
    };
    let number: u32 = number.parse().map_err(|_| malformed())?;
    match unit.checked_mul(number) {
        Some(time) if !time.is_zero() && time <= MAX_TIMEOUT => Ok(time),
        _ => Err(malformed()),
    }
}

/// `u32::from_str` also takes a sign.
fn digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn default(
    resolve: &Resolve,
    signature: &Signature,
    fields: &Fields<'_>,
    rest: &str,
) -> Result<(String, serde_json::Value), Fault> {
    if signature.input.is_some() {
        return Err(Fault::new(
            "`@default` on a streamed request, whose items have no defaults",
            "remove the tag, or make the field an option",
        ));
    }
    let (name, text) = split_field(rest);
    if text.is_empty() {
        return Err(Fault::new(
            format!(
                "`{}` needs a field and a value",
                format!("@default {rest}").trim_end()
            ),
            "write `@default FIELD VALUE`, such as `@default limit 100`",
        ));
    }
    let ty = field_type(fields, name)?;
    let value = serde_json::from_str(text).map_err(|error| {
        Fault::new(
            format!("the default of `{name}` is not JSON ({error})"),
            "write plain JSON, texts in double quotes",
        )
    })?;
    defaults::check(resolve, ty, &value).map_err(|wrong| {
        Fault::new(
            format!("the default of `{name}` does not fit its type: {wrong}"),
            "write a value of that type in plain JSON",
        )
    })?;
    Ok((name.to_owned(), value))
}

/// `FIELD VALUE`; a field may be escaped as in WIT.
fn split_field(rest: &str) -> (&str, &str) {
    let (field, value) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    (field.strip_prefix('%').unwrap_or(field), value.trim())
}

/// The fields of the request message, as in WIT: the single parameter's if that
/// is a record, else the parameters themselves.
type Fields<'a> = BTreeMap<&'a str, Type>;

fn message_fields<'a>(resolve: &'a Resolve, signature: &'a Signature) -> Fields<'a> {
    match message_record(resolve, signature) {
        Some(record) => (record.fields.iter())
            .map(|field| (field.name.as_str(), field.ty))
            .collect(),
        None => (signature.params.iter())
            .map(|(name, ty)| (name.as_str(), *ty))
            .collect(),
    }
}

fn field_type(fields: &Fields<'_>, name: &str) -> Result<Type, Fault> {
    if let Some(ty) = fields.get(name) {
        return Ok(*ty);
    }
    let remedy = match nearest(name, fields.keys().copied()) {
        Some(nearest) => {
            format!("name one of its fields as in WIT; the nearest is `{nearest}`")
        }
        None => "remove the tag: the function takes nothing".to_owned(),
    };
    Err(Fault::new(
        format!("`@default` for `{name}`, which the request does not have"),
        remedy,
    ))
}

fn message_record<'a>(
    resolve: &'a Resolve,
    signature: &Signature,
) -> Option<&'a wit_parser::Record> {
    match signature.params.as_slice() {
        [(_, ty)] => match kind(resolve, *ty)? {
            TypeDefKind::Record(record) => Some(record),
            _ => None,
        },
        _ => None,
    }
}
