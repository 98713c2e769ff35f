//! A host that is killed at any moment of a deployment serves the version
//! before or the new one once it is started again.

use std::time::{Duration, Instant};

use ostler::admin::Rollout;

use crate::{Folder, STOCK, stock};

/// Deployments, and as many kills, unless `OSTLER_KILLS` says another
/// number.
const KILLS: u32 = 20;
/// Components that are deployed by turns; more than a host keeps, so that files
/// are forgotten as well.
const VARIANTS: u32 = 8;

/// Chance that is the same in every run (Steele et al., "Fast splittable
/// pseudorandom number generators", splitmix64).
struct Chance(u64);

impl Chance {
    /// From 0 to 1.
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        #[expect(clippy::cast_precision_loss, reason = "it is 32 bits")]
        let fraction = ((mixed ^ (mixed >> 31)) >> 32) as f64;
        fraction / 2.0_f64.powi(32)
    }
}

/// The component of the version of this number: stock 1 if it is odd, else 2.
fn component(number: u32) -> bytes::Bytes {
    stock(2 - number % 2, number % VARIANTS)
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "it measures the host")]
async fn a_kill_leaves_the_old_version_or_the_new_one() {
    let kills = std::env::var("OSTLER_KILLS").ok();
    let kills = kills.map_or(KILLS, |text| text.parse().unwrap());
    let folder = Folder::new();
    let mut admin = folder.start().await;
    let mut live = 0;
    // Each is compiled once, so that the ones to be killed take as long as the
    // store does.
    let mut took = Duration::ZERO;
    for number in 1..=2 * VARIANTS {
        let start = Instant::now();
        live = admin.deploy(component(number)).await;
        assert_eq!(live, number);
        took = start.elapsed();
    }
    let mut chance = Chance(1);
    let (mut old, mut new) = (0_u32, 0_u32);
    for _ in 0..kills {
        let next = live + 1;
        let client = admin.client.clone();
        let upload = component(next);
        let deploying = tokio::spawn(async move {
            let forced = Rollout {
                force: true,
                ..Rollout::default()
            };
            client.deploy(upload, &forced, |_| {}).await
        });
        // NB: the moment is a matter of chance, nothing is waited for.
        tokio::time::sleep(took.mul_f64(chance.next())).await;
        admin.host.kill().await;
        let told = deploying.await.unwrap();

        admin = folder.start().await;
        folder.check_files();
        let found = admin.live().await;
        // Half of the kills are before the switch and half after it, however
        // busy the machine is.
        if found == Some(next) {
            new += 1;
            took = took.mul_f64(0.8);
        } else {
            took = took.mul_f64(1.25);
            assert!(told.is_err(), "{STOCK} {next} was live, {found:?} is");
            assert_eq!(found, Some(live), "neither the old version nor the new");
            old += 1;
        }
        live = found.unwrap();
        assert_eq!(admin.stock().await, 2 - live % 2);
        let errors = admin.host.log.count(|line| line.contains("\"ERROR\""));
        assert_eq!(errors, 0, "{}", admin.host.log.last());
    }
    println!("{kills} deploys, {kills} kills, {old} old, {new} new");
    if kills >= KILLS {
        assert!(
            old > 0 && new > 0,
            "the kills were all too early or too late"
        );
    }
    // No version of before is lost either.
    let versions = admin.versions().await;
    assert_eq!(versions.len(), 5, "{versions:?}");
    assert_eq!(admin.change("rollback", None).await, live - 1);
    assert_eq!(admin.stock().await, 2 - (live - 1) % 2);
}
