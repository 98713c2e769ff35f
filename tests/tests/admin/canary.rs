//! A version on trial gets its share of the calls.

use ostler_call::{Body, Head, Kind};
use ostler_schema::Pattern;
use ostler_tests::caller::{Caller, Transport};
use ostler_tests::within;

use crate::{Admin, which};

const CALLS: u32 = 10_000;

/// What a caller with this metadata is answered.
async fn answer(caller: &Caller, user: Option<u32>) -> u32 {
    let mut head = Head::new("which", "which");
    if let Some(user) = user {
        head.metadata.insert("x-user", &user.to_string()).unwrap();
    }
    let call = caller.call(head, Pattern::Unary, Body::one("{}".into()));
    let reply = within("a reply", call).await.unwrap();
    let Kind::One(message, _) = reply.body.kind else {
        panic!("{reply:?}");
    };
    std::str::from_utf8(&message).unwrap().parse().unwrap()
}

/// How many of the calls version 2 answered.
async fn share(caller: &Caller, user: impl Fn(u32) -> Option<u32>) -> u32 {
    let mut second = 0;
    for call in 0..CALLS {
        second += u32::from(answer(caller, user(call)).await == 2);
    }
    second
}

fn near(found: u32, percent: u32) {
    let wanted = CALLS * percent / 100;
    assert!(
        found.abs_diff(wanted) <= CALLS * 2 / 100,
        "{found} of {CALLS}, not {percent} %"
    );
}

#[tokio::test]
async fn a_share_of_the_calls() {
    let admin = Admin::start().await;
    admin.deploy("one.wasm", &which("1.0.0", 1), &[]).await;
    let said = admin
        .deploy("two.wasm", &which("1.1.0", 2), &["--canary", "20"])
        .await;
    assert_eq!(said, "which.v1 version 2 is live, for 20 % of the calls\n");
    let caller = Caller::connect(Transport::H2c, admin.host.addr).await;
    near(share(&caller, |_| None).await, 20);
    let table = admin.says(&["list"]).await;
    assert!(table.contains("canary 20 %"), "{table}");
    // Ended, then begun once more and made the one that answers.
    admin.says(&["rollback", "which"]).await;
    assert_eq!(answer(&caller, None).await, 1);
    admin
        .deploy("two.wasm", &which("1.1.0", 2), &["--canary", "1"])
        .await;
    let said = admin.says(&["promote", "which"]).await;
    assert_eq!(said, "which.v1 version 3 is live\n");
    assert_eq!(share(&caller, |_| None).await, CALLS);
}

#[tokio::test]
async fn a_caller_stays_where_it_is() {
    let admin = Admin::start().await;
    admin.deploy("one.wasm", &which("1.0.0", 1), &[]).await;
    let flags = ["--canary", "30", "--key", "x-user"];
    admin.deploy("two.wasm", &which("1.1.0", 2), &flags).await;
    let caller = Caller::connect(Transport::Grpc, admin.host.addr).await;
    near(share(&caller, Some).await, 30);
    for user in 0..50 {
        let first = answer(&caller, Some(user)).await;
        for _ in 0..5 {
            assert_eq!(answer(&caller, Some(user)).await, first, "user {user}");
        }
    }
}
