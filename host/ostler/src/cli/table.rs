//! Aligned columns for a terminal.

use std::fmt;

/// A table of `N` columns; the last is not padded.
#[derive(Debug)]
pub(super) struct Table<const N: usize> {
    head: [&'static str; N],
    lines: Vec<Line<N>>,
}

#[derive(Debug)]
enum Line<const N: usize> {
    Row([String; N]),
    Note(String),
}

impl<const N: usize> Table<N> {
    pub(super) fn new(head: [&'static str; N]) -> Self {
        Self {
            head,
            lines: Vec::new(),
        }
    }

    pub(super) fn row(&mut self, cells: [&str; N]) {
        self.lines.push(Line::Row(cells.map(str::to_owned)));
    }

    /// A line below the last row, across all columns.
    pub(super) fn note(&mut self, text: &str) {
        self.lines.push(Line::Note(text.to_owned()));
    }

    fn widths(&self) -> [usize; N] {
        let mut widths = self.head.map(str::len);
        for line in &self.lines {
            let Line::Row(cells) = line else { continue };
            for (width, cell) in widths.iter_mut().zip(cells) {
                *width = (*width).max(cell.chars().count());
            }
        }
        widths
    }
}

impl<const N: usize> fmt::Display for Table<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let widths = self.widths();
        write_row(f, &self.head, &widths)?;
        for line in &self.lines {
            match line {
                Line::Row(cells) => write_row(f, cells, &widths)?,
                Line::Note(text) => writeln!(f, "  {text}")?,
            }
        }
        Ok(())
    }
}

fn write_row(
    f: &mut fmt::Formatter<'_>,
    cells: &[impl AsRef<str>],
    widths: &[usize],
) -> fmt::Result {
    let last = cells.len().saturating_sub(1);
    for (i, (cell, width)) in cells.iter().zip(widths).enumerate() {
        if i == last {
            write!(f, "{}", cell.as_ref())?;
        } else {
            write!(f, "{:<width$}  ", cell.as_ref())?;
        }
    }
    writeln!(f)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned() {
        let mut table = Table::new(["A", "LONG", "C"]);
        table.row(["first", "x", "1"]);
        table.note("below");
        table.row(["é", "longer", "2"]);
        assert_eq!(
            table.to_string(),
            "A      LONG    C\nfirst  x       1\n  below\né      longer  2\n"
        );
    }
}
