//! A version that does worse than it may is rolled back by itself, while calls
//! keep coming.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use ostler::admin::{Client, Rollout, Token};
use ostler_call::{Body, Code, Head, Kind, Reply};
use ostler_schema::Pattern;
use ostler_tests::caller::{Caller, Transport};
use ostler_tests::{component, field, within};
use ostler_wit::rpc_files;
use tokio::sync::Notify;
use tokio::task::JoinSet;

use crate::{Admin, which};

/// The import of random numbers, and its package.
const RANDOM: &str =
    r#"(import "wasi:random/random@0.2.0" "get-random-u64" (func $random (result i64)))"#;
const RANDOM_PACKAGE: &str = "package wasi:random@0.2.0 {
    interface random { get-random-u64: func() -> u64; }
}";

/// How long a rollback may take on a busy machine.
const SOON: Duration = Duration::from_secs(60);

/// A service `which` that answers 2, with this before it does, these imports,
/// and more of its world.
fn second(before: &str, imports: &str, world: &str, packages: &str) -> Bytes {
    let wit = format!(
        "package test:which@1.1.0;
         interface which {{ which: func() -> u32; }}
         world service {{ {world} export which; }}
         {packages}"
    );
    let wat = format!(
        r#"(module {imports} (memory (export "memory") 1)
             (func (export "test:which/which@1.1.0#which") (result i32)
               (local $count i32) {before} i32.const 2))"#
    );
    component(&wit, &wat).into()
}

/// Keeps a core busy for some milliseconds.
fn busy(rounds: u32) -> String {
    format!(
        "(local.set $count (i32.const {rounds}))
         (loop $again
           (local.set $count (i32.sub (local.get $count) (i32.const 1)))
           (br_if $again (local.get $count)))"
    )
}

/// One of 32 instances starts.
fn hardly_starts() -> Bytes {
    let file = |name: &str| {
        let files = rpc_files().iter();
        let (_, text) = files.clone().find(|(file, _)| *file == name).unwrap();
        text.replacen("package ostler:rpc@0.1.0;", "", 1)
    };
    let packages = format!(
        "package ostler:rpc@0.1.0 {{ {} {} }} {RANDOM_PACKAGE}",
        file("types.wit"),
        file("lifecycle.wit")
    );
    // The result of `start` is at 64: an error with code 0 and empty lists, for
    // all but one of the lowest five bits.
    let imports = format!(
        r#"{RANDOM}
        (func (export "ostler:rpc/lifecycle@0.1.0#start") (param i32 i32) (result i32)
          (i32.store8 (i32.const 64)
            (i64.ne (i64.const 0) (i64.and (call $random) (i64.const 31))))
          i32.const 64)
        (func (export "ostler:rpc/lifecycle@0.1.0#stop"))
        (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) i32.const 1024)"#
    );
    let world = "import wasi:random/random@0.2.0; export ostler:rpc/lifecycle@0.1.0;";
    second(&busy(10_000_000), &imports, world, &packages)
}

/// One of two calls traps.
fn half() -> Bytes {
    let trap = "(if (i64.eqz (i64.and (call $random) (i64.const 1))) (then unreachable))";
    let world = "import wasi:random/random@0.2.0;";
    second(trap, RANDOM, world, RANDOM_PACKAGE)
}

/// Callers that call without a pause.
struct Load {
    tally: Arc<Tally>,
    running: JoinSet<()>,
}

#[derive(Default)]
struct Tally {
    /// Calls that were answered by version 1, by version 2, and failed.
    ends: [AtomicUsize; 3],
    ended: Notify,
    stop: AtomicBool,
}

impl Load {
    fn new() -> Self {
        Self {
            tally: Arc::default(),
            running: JoinSet::new(),
        }
    }

    async fn add(&mut self, admin: &Admin, callers: usize) {
        for transport in Transport::ALL.into_iter().cycle().take(callers) {
            let caller = Caller::connect(transport, admin.host.addr).await;
            let tally = self.tally.clone();
            self.running.spawn(async move {
                while !tally.stop.load(Ordering::Acquire) {
                    tally.ends[call(&caller).await].fetch_add(1, Ordering::AcqRel);
                    tally.ended.notify_waiters();
                }
            });
        }
    }

    fn ends(&self) -> [usize; 3] {
        let ends = self.tally.ends.each_ref();
        ends.map(|count| count.load(Ordering::Acquire))
    }

    /// Waits for so many more calls.
    async fn more(&self, count: usize) {
        let until = self.ends().iter().sum::<usize>() + count;
        loop {
            let ended = self.tally.ended.notified();
            if self.ends().iter().sum::<usize>() >= until {
                return;
            }
            within("a call to end", ended).await;
        }
    }

    async fn stop(mut self) -> [usize; 3] {
        self.tally.stop.store(true, Ordering::Release);
        while let Some(ended) = self.running.join_next().await {
            ended.unwrap();
        }
        self.ends()
    }
}

/// Where a call is counted.
async fn call(caller: &Caller) -> usize {
    let head = Head::new("which", "which");
    let reply = caller.call(head, Pattern::Unary, Body::one("{}".into()));
    match within("a reply", reply).await {
        Ok(Reply { body, .. }) => match body.kind {
            Kind::One(message, _) if message == "1" => 0,
            Kind::One(message, _) if message == "2" => 1,
            Kind::Empty(end) => {
                assert_eq!(end.result.unwrap_err().code(), Code::Internal);
                2
            }
            kind => panic!("{kind:?}"),
        },
        Err(status) => {
            assert_eq!(status.code(), Code::Internal, "{status:?}");
            2
        }
    }
}

impl Admin {
    /// Waits until version 2 was rolled back, and gives the reason.
    async fn retreated(&self) -> String {
        let retreated = |line: &str| field(line, "message") == "rolled back by itself";
        let line = self.host.wait_for_log(retreated, SOON).await;
        assert_eq!(field(&line, "version"), "2");
        assert_eq!(field(&line, "to"), "1");
        let reason = field(&line, "reason");
        let table = self.says(&["list"]).await;
        assert!(table.contains(&format!("rolled back: {reason}")), "{table}");
        reason
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_that_fails_fails_no_call() {
    let admin = Admin::start().await;
    admin.deploy("one.wasm", &which("1.0.0", 1), &[]).await;
    let mut load = Load::new();
    load.add(&admin, 1).await;
    load.more(20).await;
    // One instance is made before the switch; it must be one that starts.
    let token = Token::load(&admin.token()).unwrap();
    let client = Client::new(&format!("http://{}", admin.address), token);
    let component = hardly_starts();
    let deployed = async {
        let rollout = Rollout::default();
        while let Err(error) = client.deploy(component.clone(), &rollout, |_| {}).await {
            let text = error.to_string();
            assert!(text.contains("an instance did not start"), "{text}");
        }
    };
    tokio::time::timeout(SOON, deployed).await.unwrap();
    load.more(20).await;
    load.add(&admin, 11).await;
    let reason = admin.retreated().await;
    assert!(reason.starts_with("an instance did not start"), "{reason}");
    load.more(200).await;
    let [first, second, failed] = load.stop().await;
    assert!(first >= 200 && second >= 10, "{first}, {second}");
    assert_eq!(failed, 0);
    assert_eq!(admin.which("which").await, Ok(1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trial_that_fails_ends() {
    let admin = Admin::start().await;
    admin.deploy("one.wasm", &which("1.0.0", 1), &[]).await;
    let mut load = Load::new();
    load.add(&admin, 8).await;
    load.more(100).await;
    let [before, ..] = load.ends();
    let bad = second("unreachable", "", "", "");
    admin.deploy("two.wasm", &bad, &["--canary", "20"]).await;
    let reason = admin.retreated().await;
    assert!(reason.contains("more than 5 %"), "{reason}");
    let [good, _, failed] = load.ends();
    // What was counted before it was on trial is a part that is too large.
    let tried = good - before + failed;
    assert!(failed >= 50, "{failed}");
    assert!(failed * 100 <= tried * 25, "{failed} of {tried}");
    load.more(500).await;
    let [_, none, after] = load.stop().await;
    // Those that ran on it when its trial ended.
    assert!(after <= failed + 8, "{after}, {failed} before");
    assert_eq!(none, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_version_is_taken_back_at_its_bounds() {
    let slow = second(&busy(50_000_000), "", "", "");
    let failing = second("unreachable", "", "", "");
    let errors = ["--max-errors", "10%", "--min-calls", "30"];
    let latency = ["--max-latency", "15ms", "--min-calls", "20"];
    for (what, component, flags, words) in [
        ("errors", &failing, &errors[..], "more than 10 %"),
        ("latency", &slow, &latency[..], "more than 15ms"),
    ] {
        let admin = Admin::start().await;
        admin.deploy("one.wasm", &which("1.0.0", 1), &[]).await;
        let mut load = Load::new();
        load.add(&admin, 2).await;
        load.more(50).await;
        admin.deploy("two.wasm", component, flags).await;
        let reason = admin.retreated().await;
        assert!(reason.contains(words), "{what}: {reason}");
        let [_, _, failed] = load.ends();
        load.more(200).await;
        let [_, second, after] = load.stop().await;
        assert!(after <= failed + 2, "{what}: {after}, {failed} before");
        match what {
            "errors" => assert!(second == 0 && after >= 30, "{after}"),
            _ => assert!(second >= 20 && after == 0, "{second}, {after}"),
        }
        assert_eq!(admin.which("which").await, Ok(1), "{what}");
    }
}

#[tokio::test]
async fn what_is_wrong_with_bounds_is_said() {
    let admin = Admin::start().await;
    let file = admin.file("one.wasm", &which("1.0.0", 1));
    for (flags, words) in [
        (["--max-errors", "101%"], "a percentage such as 5%"),
        (["--max-latency", "fast"], "max_latency is a time such as"),
        (["--watch", "long"], "watch is a time such as"),
    ] {
        let text = admin
            .refuses(2, &["deploy", &file, flags[0], flags[1]])
            .await;
        assert!(text.contains(words), "{flags:?}: {text}");
    }
}

#[tokio::test]
async fn a_probe_does_not_keep_a_version_from_coming_back() {
    let admin = Admin::start().await;
    let half = admin.file("half.wasm", &half());
    let twice = async {
        let probed = ["deploy", &*half, "--probe", "which.which"];
        while !admin.ostler(&probed).await.status.success() {}
        let good = which("1.2.0", 3);
        admin.deploy("good.wasm", &good, &["--probe", "none"]).await;
        let told = |line: &str| {
            field(line, "message") == "it does not answer its probe now"
                && field(line, "error").contains("the probe `which.which {}` failed: internal")
        };
        loop {
            admin.says(&["rollback", "which", "--to", "1"]).await;
            if admin.host.log.count(told) > 0 {
                return;
            }
            admin.says(&["rollback", "which", "--to", "2"]).await;
        }
    };
    tokio::time::timeout(SOON, twice).await.unwrap();
    let live = (1, "live".to_owned());
    assert!(admin.versions("which.v1").await.contains(&live));
}
