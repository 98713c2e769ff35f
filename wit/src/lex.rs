//! Just enough of WIT's lexical structure to bound a source before it is parsed
//! and to read comments as they were written.

/// A piece of source text.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    /// Byte offsets.
    pub(crate) start: usize,
    pub(crate) end: usize,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    Space,
    /// `// …`, without its line end.
    Line,
    /// `/* … */`, which nests.
    Block,
    /// A keyword, an identifier or a number.
    Word,
    /// `"…"`.
    Text,
    /// `->`, told apart from a closing `>`.
    Arrow,
    /// Any other character.
    Mark(char),
}

impl Token {
    pub(crate) fn of(self, text: &str) -> &str {
        &text[self.start..self.end]
    }
}

/// Splits a source; what is not closed runs to the end, which the parser
/// reports.
pub(crate) fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut start = 0;
    while let Some(first) = text[start..].chars().next() {
        let (kind, length) = token(&text[start..], first);
        tokens.push(Token {
            kind,
            start,
            end: start + length,
        });
        start += length;
    }
    tokens
}

fn token(rest: &str, first: char) -> (Kind, usize) {
    let run = |matches: fn(char) -> bool| rest.find(|c| !matches(c)).unwrap_or(rest.len());
    if first.is_whitespace() {
        (Kind::Space, run(char::is_whitespace))
    } else if rest.starts_with("//") {
        (Kind::Line, rest.find('\n').unwrap_or(rest.len()))
    } else if rest.starts_with("/*") {
        (Kind::Block, block(rest))
    } else if rest.starts_with("->") {
        (Kind::Arrow, 2)
    } else if first == '"' {
        (Kind::Text, string(rest))
    } else if first == '%' || first.is_alphanumeric() {
        (Kind::Word, word(rest))
    } else {
        (Kind::Mark(first), first.len_utf8())
    }
}

fn word(rest: &str) -> usize {
    let continues = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '%');
    let length = rest.find(|c| !continues(c)).unwrap_or(rest.len());
    // `a->b`: the arrow is no part of the word.
    match rest[..length].strip_suffix('-') {
        Some(shorter) if rest[length..].starts_with('>') && !shorter.is_empty() => shorter.len(),
        _ => length,
    }
}

fn string(rest: &str) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

fn block(rest: &str) -> usize {
    let bytes = rest.as_bytes();
    let mut depth = 0_usize;
    let mut at = 0;
    while at < bytes.len() {
        match &bytes[at..] {
            [b'/', b'*', ..] => {
                depth += 1;
                at += 2;
            }
            [b'*', b'/', ..] => {
                depth -= 1;
                at += 2;
                if depth == 0 {
                    return at;
                }
            }
            _ => at += 1,
        }
    }
    rest.len()
}
