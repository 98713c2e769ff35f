//! Tables of known keys, and applying a file or the environment to them.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::ConfigError;
use super::units::nearest;
use super::value::{Expected, Raw, article};

/// One known key of a section and what it sets.
pub(super) struct Key<T> {
    pub(super) name: &'static str,
    set: fn(&mut T, Raw<'_>) -> Result<(), Expected>,
}

impl<T> Key<T> {
    pub(super) const fn new(
        name: &'static str,
        set: fn(&mut T, Raw<'_>) -> Result<(), Expected>,
    ) -> Self {
        Self { name, set }
    }
}

/// A file as read: its name and text, to say where something is.
#[derive(Clone, Copy)]
pub(super) struct Source<'a> {
    pub(super) origin: &'a str,
    pub(super) text: &'a str,
}

impl Source<'_> {
    /// An error at byte `at`.
    pub(super) fn error(&self, at: usize, text: impl AsRef<str>) -> ConfigError {
        let before = self.text.as_bytes().iter().take(at);
        let line = before.filter(|b| **b == b'\n').count() + 1;
        ConfigError(format!("{}:{line}: {}", self.origin, text.as_ref()))
    }

    /// An unknown `key` of `section`, with the known one that was meant.
    pub(super) fn unknown<'k>(
        &self,
        at: usize,
        key: &str,
        section: &str,
        known: impl IntoIterator<Item = &'k str> + Clone,
    ) -> ConfigError {
        let place = match section {
            "" => String::new(),
            section => format!(" in {section}"),
        };
        let remedy = match nearest(key, known.clone()) {
            Some(meant) => format!("did you mean {meant:?}?"),
            None => {
                let all: Vec<&str> = known.into_iter().collect();
                format!("known are: {}", all.join(", "))
            }
        };
        self.error(at, format!("unknown key {key:?}{place}; {remedy}"))
    }

    /// `value` as a table.
    pub(super) fn table<'v>(
        &self,
        value: &'v Spanned<DeValue<'v>>,
        path: &str,
    ) -> Result<&'v DeTable<'v>, ConfigError> {
        let found = value.get_ref();
        found.as_table().ok_or_else(|| {
            let kind = found.type_str();
            let text = format!("{path}: expected a table, found {} {kind}", article(kind));
            self.error(value.span().start, text)
        })
    }
}

/// Applies a table whose keys are all in `keys` or in `others` (which the
/// caller handles).
pub(super) fn apply_table<T>(
    target: &mut T,
    keys: &[Key<T>],
    others: &[&'static str],
    table: &DeTable<'_>,
    section: &str,
    source: Source<'_>,
) -> Result<(), ConfigError> {
    for (name, value) in table {
        if others.contains(&&**name.get_ref()) {
            continue;
        }
        let Some(key) = keys.iter().find(|key| *key.name == **name.get_ref()) else {
            let known: Vec<_> = keys
                .iter()
                .map(|k| k.name)
                .chain(others.iter().copied())
                .collect();
            return Err(source.unknown(name.span().start, name.get_ref(), section, known));
        };
        (key.set)(target, Raw::File(value.get_ref()))
            .map_err(|e| source.error(value.span().start, format!("{}: {e}", key.name)))?;
    }
    Ok(())
}

/// Applies the variables `OSTLER_<SECTION>_<KEY>` among `variables`; marks
/// those it knows in `used`.
pub(super) fn apply_env<T>(
    target: &mut T,
    keys: &[Key<T>],
    section: &str,
    variables: &[(String, String)],
    used: &mut Vec<String>,
) -> Result<(), ConfigError> {
    for key in keys {
        let name = variable(section, key.name);
        let Some((_, text)) = variables.iter().find(|(n, _)| *n == name) else {
            continue;
        };
        (key.set)(target, Raw::Env(text)).map_err(|e| ConfigError(format!("{name}: {e}")))?;
        used.push(name);
    }
    Ok(())
}

/// `OSTLER_SERVER_HTTP_HEADER_TIMEOUT` of `server.http` and `header-timeout`.
fn variable(section: &str, key: &str) -> String {
    let path = format!("{section}.{key}").replace(['.', '-'], "_");
    format!("OSTLER_{}", path.to_ascii_uppercase())
}
