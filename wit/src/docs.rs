//! Doc comments and tags as the author wrote them. wit-parser counts `//` as
//! docs too and keeps no lines, so they are read from the source again.

use std::collections::BTreeSet;

use crate::lex::{self, Kind, Token};
use crate::source;

/// The comments of one file.
pub(crate) struct Comments<'a> {
    text: &'a str,
    tokens: Vec<Token>,
    /// Indexes of comments that stand above something.
    read: BTreeSet<usize>,
}

/// What stands above an item.
#[derive(Clone, Debug, Default)]
pub(crate) struct Docs {
    /// Without tags.
    pub(crate) text: String,
    pub(crate) tags: Vec<RawTag>,
}

/// `/// @name rest`.
#[derive(Clone, Debug)]
pub(crate) struct RawTag {
    /// Where its comment begins.
    pub(crate) at: usize,
    pub(crate) name: String,
    pub(crate) rest: String,
}

/// Words between a comment and the name of what it is on.
const INTRODUCES: [&str; 5] = ["interface", "record", "variant", "enum", "flags"];

impl<'a> Comments<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self {
            text,
            tokens: lex::tokens(text),
            read: BTreeSet::new(),
        }
    }

    /// The docs of the item whose name is at byte `offset`.
    pub(crate) fn above(&mut self, offset: usize) -> Docs {
        let indexes = self.comments_above(offset);
        self.read.extend(&indexes);
        let mut docs = Docs::default();
        let mut lines = Vec::new();
        for index in indexes {
            let token = self.tokens[index];
            match (self.tag(token), token.kind) {
                (Some(tag), _) => docs.tags.push(tag),
                (None, Kind::Line) => lines.extend(doc_line(token.of(self.text))),
                (None, _) => lines.extend(doc_block(token.of(self.text))),
            }
        }
        docs.text = dedent(&lines);
        docs
    }

    /// The first tag between the braces that follow `offset` which stands above
    /// nothing that [`above`](Self::above) was asked for.
    pub(crate) fn stray(&self, offset: usize) -> Option<RawTag> {
        let first = self.tokens.partition_point(|token| token.start < offset);
        let mut depth = 0_usize;
        for (index, token) in self.tokens.iter().enumerate().skip(first) {
            match token.kind {
                Kind::Mark('{') => depth += 1,
                Kind::Mark('}') if depth == 1 => return None,
                Kind::Mark('}') => depth = depth.saturating_sub(1),
                Kind::Line if depth > 0 && !self.read.contains(&index) => {
                    if let Some(tag) = self.tag(*token) {
                        return Some(tag);
                    }
                }
                _ => {}
            }
        }
        None
    }

    /// The line of a byte offset, counted from 1.
    pub(crate) fn line(&self, at: usize) -> usize {
        source::line(self.text, at)
    }

    /// Comments between the previous item and this one, attributes skipped.
    fn comments_above(&self, offset: usize) -> Vec<usize> {
        let mut comments = Vec::new();
        let mut index = self.tokens.partition_point(|token| token.start < offset);
        while index > 0 {
            index -= 1;
            let token = self.tokens[index];
            match token.kind {
                Kind::Space => {}
                Kind::Line | Kind::Block if self.begins_line(index) => comments.push(index),
                // One that trails the previous item says nothing of this one.
                Kind::Line | Kind::Block => {}
                Kind::Word if INTRODUCES.contains(&token.of(self.text)) => {}
                Kind::Mark(')') => index = self.attribute(index),
                _ => break,
            }
        }
        comments.reverse();
        comments
    }

    /// The index of the `@` of the attribute that ends at `close`.
    fn attribute(&self, close: usize) -> usize {
        let marks = |kind: Kind| kind == Kind::Mark('@');
        let begin = self.tokens[..close]
            .iter()
            .rposition(|token| marks(token.kind));
        begin.unwrap_or(0)
    }

    fn begins_line(&self, index: usize) -> bool {
        let Some(before) = index.checked_sub(1).map(|before| self.tokens[before]) else {
            return true;
        };
        before.kind == Kind::Space && (index == 1 || before.of(self.text).contains('\n'))
    }

    fn tag(&self, token: Token) -> Option<RawTag> {
        if token.kind != Kind::Line {
            return None;
        }
        let content = doc_line(token.of(self.text))?.trim().strip_prefix('@')?;
        let ends = |c: char| c.is_whitespace() || c == '(';
        let end = content.find(ends).unwrap_or(content.len());
        let (name, rest) = content.split_at(end);
        Some(RawTag {
            at: token.start,
            name: name.to_owned(),
            rest: rest.trim().to_owned(),
        })
    }
}

/// What follows exactly three slashes.
fn doc_line(comment: &str) -> Option<&str> {
    let content = comment.strip_prefix("///")?;
    (!content.starts_with('/')).then(|| content.trim_end())
}

/// The lines of `/** … */`, with or without a star in front.
fn doc_block(comment: &str) -> Vec<&str> {
    let content = comment
        .strip_prefix("/**")
        .and_then(|rest| rest.strip_suffix("*/"));
    let Some(content) = content else {
        return Vec::new();
    };
    let unstarred = |line: &'_ str| -> usize {
        let trimmed = line.trim_start();
        let rest = trimmed
            .strip_prefix("* ")
            .or_else(|| trimmed.strip_prefix('*'));
        line.len() - rest.unwrap_or(trimmed).len()
    };
    let lines = content
        .lines()
        .map(|line| line[unstarred(line)..].trim_end());
    lines.collect()
}

/// Removes the indentation that all lines share and empty lines at both ends.
fn dedent(lines: &[&str]) -> String {
    let indents = lines.iter().filter(|line| !line.is_empty());
    let shared = indents
        .map(|line| line.bytes().take_while(|byte| *byte == b' ').count())
        .min();
    let cut = |line: &&str| line.get(shared.unwrap_or(0)..).unwrap_or("").to_owned();
    let text = lines.iter().map(cut).collect::<Vec<_>>().join("\n");
    text.trim_matches('\n').to_owned()
}
