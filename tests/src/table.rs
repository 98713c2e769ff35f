//! Tables of behaviours: every row runs, whatever became of the others, and
//! the table is shown with its count.

use std::any::Any;
use std::fmt::{Display, Write as _};
use std::future::Future;
use std::io::Write as _;
use std::panic::AssertUnwindSafe;

use futures_util::FutureExt as _;

use crate::Http;

/// Rows that ran.
#[derive(Debug)]
pub struct Table {
    name: &'static str,
    rows: Vec<(String, Result<(), String>)>,
}

impl Table {
    /// A table without rows.
    pub fn new(name: &'static str) -> Self {
        Self {
            name,
            rows: Vec::new(),
        }
    }

    /// Runs a row; a panic is its failure and not the table's yet.
    pub async fn row(&mut self, what: impl Display, row: impl Future<Output = ()>) {
        let ran = AssertUnwindSafe(row).catch_unwind().await;
        self.rows
            .push((what.to_string(), ran.map_err(|panic| text(&*panic))));
    }

    /// Runs a row on each version of HTTP.
    pub async fn both<F>(&mut self, what: impl Display, row: impl Fn(Http) -> F)
    where
        F: Future<Output = ()>,
    {
        for http in Http::BOTH {
            self.row(format!("{what} ({http})"), row(http)).await;
        }
    }

    /// Shows the table.
    ///
    /// # Panics
    /// When a row failed.
    pub fn finish(self) {
        let failed = self.rows.iter().filter(|(_, ran)| ran.is_err()).count();
        let mut shown = format!(
            "\n{}: {} rows, {failed} failed\n",
            self.name,
            self.rows.len()
        );
        for (what, ran) in &self.rows {
            match ran {
                Ok(()) => writeln!(shown, "  ok      {what}"),
                Err(why) => writeln!(shown, "  FAILED  {what}: {why}"),
            }
            .unwrap_or_default();
        }
        // Not by `println!`, whose output is kept back when a test succeeds.
        std::io::stdout().lock().write_all(shown.as_bytes()).ok();
        assert!(
            failed == 0,
            "{}: {failed} of {} rows failed",
            self.name,
            self.rows.len()
        );
    }
}

fn text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("it panicked").to_owned()
}
