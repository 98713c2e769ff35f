//! Clients that end or stall where they should not, guests that lie or use up
//! what they get, components nobody can serve: each has its status. The host
//! stays up, another service is served all the while, and what was used comes
//! back.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod components;
mod deep;
mod ends;
mod floods;
mod frames;
mod guests;
mod lies;
mod slow;

use std::cell::Cell;
use std::fmt::Display;
use std::future::Future;
use std::time::Duration;

use ostler_tests::{H2, Host, Step, Table, within};

/// How long a call of the neighbour may take while others do their worst.
const SERVED: Duration = Duration::from_secs(3);
/// Between calls of the neighbour.
const PACE: Duration = Duration::from_millis(20);
/// What the host may have grown, KiB, once the faults are over.
const KEPT: usize = 48 << 10;

/// A host at work beside whom rows run: its other service is called on a
/// connection that was open before.
struct Site {
    host: Host,
    neighbour: H2,
    sockets: usize,
    memory: usize,
}

impl Site {
    /// Serves these guests and `users`, the neighbour.
    async fn start(guests: &[&str], config: &str) -> Self {
        let guests: Vec<_> = guests.iter().copied().chain(["users"]).collect();
        let host = Host::start(&guests, Some(config)).await;
        let neighbour = H2::connect(host.addr).await;
        let mut site = Self {
            host,
            neighbour,
            sockets: 0,
            memory: 0,
        };
        for _ in 0..100 {
            site.served().await;
        }
        site.sockets = site.sockets();
        site.memory = site.host.rss_kib();
        site
    }

    /// Runs a row while the neighbour is called. Nothing may be left of its
    /// connections.
    async fn row(&self, table: &mut Table, what: impl Display, row: impl Future<Output = ()>) {
        let is_over = Cell::new(false);
        let row = async {
            row.await;
            is_over.set(true);
        };
        let neighbour = async {
            let mut pace = tokio::time::interval(PACE);
            while !is_over.get() {
                pace.tick().await;
                self.served().await;
            }
        };
        let both = async {
            tokio::join!(neighbour, row);
            within("its connections to be gone", async {
                while self.sockets() > self.sockets {
                    self.served().await;
                }
            })
            .await;
        };
        table.row(what, both).await;
    }

    /// Ends the table with what holds after all of it.
    async fn finish(mut self, mut table: Table) {
        let before = self.memory;
        self.row(&mut table, "memory comes back", async {
            let mut now = self.host.rss_kib();
            within(format!("{now} KiB to be {before} again"), async {
                while now > before + KEPT {
                    self.served().await;
                    now = self.host.rss_kib();
                }
            })
            .await;
        })
        .await;
        table.finish();
        assert!(self.host.is_alive(), "{}", self.host.log.last());
        let panics = self.host.log.count(|line| line.contains("panicked at"));
        assert_eq!(panics, 0, "{}", self.host.log.last());
    }

    /// One call of the neighbour.
    async fn served(&self) {
        let uri = format!("http://{}/users/get_user?user_id=7", self.host.addr);
        let request = http::Request::get(uri).body(()).unwrap();
        let answered = async {
            let mut call = self.neighbour.request(request, true).await;
            let status = call.head().await.status;
            let Step::Data(body) = call.read().await else {
                panic!("no body");
            };
            (status, body)
        };
        let (status, body) = tokio::time::timeout(SERVED, answered)
            .await
            .expect("the neighbour is served in time");
        assert_eq!(status, 200, "{body:?}");
    }

    /// Sockets the host has open.
    fn sockets(&self) -> usize {
        let files = std::fs::read_dir(format!("/proc/{}/fd", self.host.pid())).unwrap();
        let target = |file: std::fs::DirEntry| std::fs::read_link(file.path()).ok();
        let targets = files.filter_map(|file| target(file.ok()?));
        targets
            .filter(|target| target.to_string_lossy().starts_with("socket:"))
            .count()
    }
}
