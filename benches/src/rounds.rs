//! The host and native peers in turns, so that what else the machine does hits
//! all of them.

use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::figures::median;
use crate::load::{self, Call, Effort, Report};
use crate::server::Server;

/// A server under measurement, and the call of it.
#[derive(Debug)]
pub struct Contender<'a> {
    /// Its name in what is written.
    pub name: &'static str,
    /// The process.
    pub server: &'a Server,
    /// What is called.
    pub call: &'a Call,
}

/// How much is called at a time.
#[derive(Clone, Copy, Debug)]
pub struct Width {
    /// Connections.
    pub connections: usize,
    /// Calls at a time on each.
    pub streams: usize,
}

/// What everybody did, round by round; the host is the first.
#[derive(Debug)]
pub struct Rounds(Vec<Vec<Report>>);

impl Rounds {
    /// Measures `contenders`, the host first, one after the other, and again.
    ///
    /// # Errors
    /// When a call fails, or an answer differs from the host's.
    pub fn run(
        about: &str,
        contenders: &[Contender<'_>],
        width: Width,
        quick: bool,
    ) -> Result<Self> {
        let (rounds, measure) = if quick { (3, 400) } else { (9, 1_500) };
        let effort = Effort {
            connections: width.connections,
            streams: width.streams,
            warm_up: Duration::from_millis(300),
            measure: Duration::from_millis(measure),
        };
        let mut answers = Vec::new();
        for Contender { server, call, .. } in contenders {
            answers.push(call.once(server.address())?);
        }
        ensure!(
            answers.windows(2).all(|two| two[0] == two[1]),
            "{about}: host and peer answer differently"
        );
        let mut reports = Vec::with_capacity(rounds);
        for round in 1..=rounds {
            let mut row = Vec::with_capacity(contenders.len());
            for Contender { name, server, call } in contenders {
                let report = load::run(server.address(), call, effort).context(*name)?;
                eprintln!("  {about} {round}/{rounds}  {name:<10} {report}");
                row.push(report);
            }
            reports.push(row);
        }
        Ok(Self(reports))
    }

    /// The median of the host's figure.
    pub fn host(&self, figure: fn(&Report) -> f64) -> f64 {
        median(self.0.iter().map(|row| figure(&row[0])).collect())
    }

    /// The median of the host's figure by that of the contender at a place.
    pub fn ratio(&self, place: usize, figure: fn(&Report) -> f64) -> f64 {
        let ratios = self
            .0
            .iter()
            .map(|row| figure(&row[0]) / figure(&row[place]));
        median(ratios.collect())
    }
}
