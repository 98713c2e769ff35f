//! One configured value, from a file or the environment, and what can be read
//! from it.

use std::time::Duration;

use toml::de::DeValue;

use super::units;

/// A value that has not been understood yet.
#[derive(Clone, Copy)]
pub(super) enum Raw<'a> {
    /// From a file, typed.
    File(&'a DeValue<'a>),
    /// From the environment, text.
    Env(&'a str),
}

/// What was expected instead of what was found.
pub(super) type Expected = String;

impl<'a> Raw<'a> {
    pub(super) fn text(self) -> Result<&'a str, Expected> {
        self.as_text().ok_or_else(|| self.expected("a text"))
    }

    /// A list of texts; one alone counts as a list, and the environment
    /// separates by commas.
    pub(super) fn texts(self) -> Result<Vec<String>, Expected> {
        let expected = || self.expected("a list of texts");
        match self {
            Self::File(DeValue::Array(items)) => items
                .iter()
                .map(|item| item.get_ref().as_str().map(str::to_owned))
                .collect::<Option<_>>()
                .ok_or_else(expected),
            Self::File(value) => Ok(vec![value.as_str().ok_or_else(expected)?.to_owned()]),
            Self::Env(text) => Ok(text
                .split(',')
                .map(|item| item.trim().to_owned())
                .filter(|item| !item.is_empty())
                .collect()),
        }
    }

    pub(super) fn flag(self) -> Result<bool, Expected> {
        match self {
            Self::File(DeValue::Boolean(flag)) => Ok(*flag),
            Self::Env("true") => Ok(true),
            Self::Env("false") => Ok(false),
            _ => Err(self.expected("true or false")),
        }
    }

    /// A whole number of at least 1.
    pub(super) fn count(self) -> Result<usize, Expected> {
        let digits = match self {
            Self::File(DeValue::Integer(number)) => number.as_str(),
            Self::Env(text) => text,
            Self::File(_) => "",
        };
        let number: Option<usize> = digits.replace('_', "").parse().ok();
        number
            .filter(|n| *n > 0)
            .ok_or_else(|| self.expected("a whole number above 0"))
    }

    /// A number from 0 to 1.
    pub(super) fn share(self) -> Result<f64, Expected> {
        let digits = match self {
            Self::File(DeValue::Integer(number)) => number.as_str(),
            Self::File(DeValue::Float(number)) => number.as_str(),
            Self::Env(text) => text,
            Self::File(_) => "",
        };
        let number: Option<f64> = digits.parse().ok();
        number
            .filter(|n| (0.0..=1.0).contains(n))
            .ok_or_else(|| self.expected("a number from 0 to 1"))
    }

    pub(super) fn duration(self) -> Result<Duration, Expected> {
        self.as_text()
            .and_then(units::duration)
            .ok_or_else(|| self.expected("a duration such as \"30s\" or \"250ms\""))
    }

    pub(super) fn size(self) -> Result<usize, Expected> {
        let digits;
        let text = match self {
            Self::File(DeValue::Integer(number)) => {
                digits = number.as_str().replace('_', "");
                Some(digits.as_str())
            }
            _ => self.as_text(),
        };
        text.and_then(units::size)
            .ok_or_else(|| self.expected("a size such as \"64MiB\" or 4096"))
    }

    /// One of `words`; gives its place.
    pub(super) fn one_of(self, words: &[&str]) -> Result<usize, Expected> {
        let text = self.as_text();
        let found = text.and_then(|text| words.iter().position(|word| *word == text));
        found.ok_or_else(|| {
            let quoted: Vec<String> = words.iter().map(|word| format!("{word:?}")).collect();
            self.expected(&format!("one of {}", quoted.join(", ")))
        })
    }

    fn as_text(self) -> Option<&'a str> {
        match self {
            Self::File(value) => value.as_str(),
            Self::Env(text) => Some(text),
        }
    }

    fn expected(self, what: &str) -> Expected {
        format!("expected {what}, found {}", self.found())
    }

    fn found(self) -> String {
        match self {
            Self::File(DeValue::String(text)) => format!("{text:?}"),
            Self::File(DeValue::Integer(number)) => number.as_str().to_owned(),
            Self::File(DeValue::Boolean(flag)) => flag.to_string(),
            Self::File(other) => format!("{} {}", article(other.type_str()), other.type_str()),
            Self::Env(text) => format!("{text:?}"),
        }
    }
}

pub(super) fn article(noun: &str) -> &'static str {
    if noun.starts_with(['a', 'e', 'i', 'o', 'u']) {
        "an"
    } else {
        "a"
    }
}
