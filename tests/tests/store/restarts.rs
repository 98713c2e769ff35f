//! Hosts that end and are started again.

use ostler::admin::Rollout;
use ostler_tests::{PATIENCE, ask_which, broken_which, which};

use crate::{Admin, Folder, STOCK, stock};

/// Which stock each of many users gets.
async fn for_users(admin: &Admin) -> Vec<u32> {
    let mut stocks = Vec::new();
    for user in 0..40 {
        stocks.push(admin.stock_for(&user.to_string()).await);
    }
    stocks
}

#[tokio::test]
async fn versions_and_shares_are_the_same_after_a_restart() {
    let folder = Folder::new();
    let admin = folder.start().await;
    assert_eq!(admin.deploy(stock(2, 1)).await, 1);
    assert_eq!(admin.deploy(stock(1, 2)).await, 2);
    let trial = Rollout {
        canary: Some(40.0),
        key: Some("x-user".to_owned()),
        label: Some("trial.wasm".to_owned()),
        ..Rollout::default()
    };
    let placed = admin.put(stock(2, 3), trial).await.unwrap();
    assert_eq!(placed.version, 3);
    let (before, users) = (admin.settled().await, for_users(&admin).await);
    let on_trial = users.iter().filter(|stock| **stock == 2).count();
    assert!((1..40).contains(&on_trial), "{users:?}");
    admin.stop().await;

    let admin = folder.start().await;
    assert_eq!(for_users(&admin).await, users);
    let after = admin.settled().await;
    let json = |components| serde_json::to_value(components).unwrap();
    assert_eq!(json(&after), json(&before));
    assert_eq!(admin.host.listing["services"].as_array().unwrap().len(), 0);
    assert_eq!(admin.host.listing["asleep"].as_array().unwrap().len(), 1);

    // The trial ends, and a version from before the restart comes back.
    assert_eq!(admin.change("rollback", None).await, 2);
    assert_eq!(admin.stock().await, 1);
    assert_eq!(admin.change("rollback", None).await, 1);
    assert_eq!(admin.stock().await, 2);
    assert_eq!(admin.versions().await, ["1 live", "2 kept", "3 kept"]);
    folder.check_files();
    admin.stop().await;

    // So it is after another one, and numbers go on.
    let admin = folder.start().await;
    assert_eq!(admin.versions().await, ["1 live", "2 kept", "3 kept"]);
    assert_eq!(admin.stock().await, 2);
    assert_eq!(admin.deploy(stock(1, 4)).await, 4);
    assert_eq!(admin.change("rollback", Some(3)).await, 3);
    let trial = Rollout {
        canary: Some(1.0),
        ..Rollout::default()
    };
    assert_eq!(admin.put(stock(1, 5), trial).await.unwrap().version, 5);
    assert_eq!(admin.change("promote", None).await, 5);
    admin.stop().await;

    let admin = folder.start().await;
    let versions = ["1 kept", "2 kept", "3 kept", "4 kept", "5 live"];
    assert_eq!(admin.versions().await, versions);
    // The fifth that is kept is one too many.
    assert_eq!(admin.deploy(stock(2, 6)).await, 6);
    let versions = ["2 kept", "3 kept", "4 kept", "5 kept", "6 live"];
    assert_eq!(admin.versions().await, versions);
    assert!(!folder.file(&stock(2, 1)).exists());
    folder.check_files();
    assert_eq!(admin.change("drain", None).await, 6);
    admin.stop().await;

    let admin = folder.start().await;
    assert!(admin.versions().await.is_empty());
    folder.check_files();
    assert!(folder.files().is_empty());
}

#[tokio::test]
async fn a_trial_goes_on_with_its_bounds_and_its_end_is_remembered() {
    let folder = Folder::new();
    let admin = folder.start().await;
    let first = admin.put(which("one", "1.0.0", 1), Rollout::default());
    assert_eq!(first.await.unwrap().component, "one.v1");
    let trial = Rollout {
        canary: Some(50.0),
        max_errors: Some(0.0),
        // Fewer than where nobody says how many.
        min_calls: Some(5),
        ..Rollout::default()
    };
    let placed = admin.put(broken_which("one", "1.1.0"), trial).await;
    assert_eq!(placed.unwrap().version, 2);
    admin.stop().await;

    let mut admin = folder.start().await;
    let mut failed = 0;
    for _ in 0..20 {
        failed += u32::from(ask_which(admin.host.addr, "one").await.is_err());
    }
    assert!((5..20).contains(&failed), "{failed}");
    let rolled_back = |line: &str| line.contains("rolled back by itself");
    admin.host.wait_for_log(rolled_back, PATIENCE).await;
    for restarts in 1..3 {
        let mut components = admin.client.list().await.unwrap();
        let versions = components.pop().unwrap().versions;
        assert_eq!(versions[1].state, "kept", "after {restarts}");
        let reason = versions[1].reason.as_deref().unwrap();
        assert!(
            reason.contains("calls failed"),
            "after {restarts}: {reason}"
        );
        admin.stop().await;
        admin = folder.start().await;
    }
}

#[tokio::test]
async fn a_deployed_version_wins_over_the_configuration_until_it_is_drained() {
    let folder = Folder::beside(&["stock-v1"]);
    let admin = folder.start().await;
    assert_eq!(admin.versions().await, ["1 live"]);
    assert_eq!(admin.deploy(stock(2, 1)).await, 2);
    admin.stop().await;

    let admin = folder.start().await;
    let replaced = |line: &str| line.contains("replaces the one of the configuration");
    admin.host.wait_for_log(replaced, PATIENCE).await;
    assert_eq!(admin.versions().await, ["1 kept", "2 live"]);
    assert_eq!(admin.stock().await, 2);
    assert_eq!(admin.change("rollback", None).await, 1);
    assert_eq!(admin.stock().await, 1);
    admin.stop().await;

    // It was rolled back to the one of the configuration.
    let admin = folder.start().await;
    assert_eq!(admin.versions().await, ["1 live", "2 kept"]);
    assert_eq!(admin.stock().await, 1);
    assert_eq!(admin.change("rollback", Some(2)).await, 2);
    assert_eq!(admin.stock().await, 2);
    assert_eq!(admin.change("drain", None).await, 2);
    assert!(admin.versions().await.is_empty());
    admin.stop().await;

    let admin = folder.start().await;
    assert_eq!(admin.versions().await, ["1 live"]);
    assert_eq!(admin.stock().await, 1);
    admin.stop().await;
}

#[tokio::test]
async fn the_configuration_may_come_and_go() {
    let mut folder = Folder::new();
    let admin = folder.start().await;
    admin.deploy(stock(1, 1)).await;
    admin.deploy(stock(2, 2)).await;
    admin.stop().await;

    folder.guests = vec!["stock-v1"];
    let admin = folder.start().await;
    assert_eq!(admin.versions().await, ["0 kept", "1 kept", "2 live"]);
    assert_eq!(admin.change("rollback", Some(0)).await, 0);
    assert_eq!(admin.stock().await, 1);
    admin.stop().await;

    folder.guests.clear();
    let admin = folder.start().await;
    let warned = |line: &str| line.contains(&format!("ostler drain {STOCK}"));
    admin.host.wait_for_log(warned, PATIENCE).await;
    assert_eq!(admin.versions().await, ["1 kept", "2 live"]);
    assert_eq!(admin.stock().await, 2);
    admin.stop().await;
}

#[tokio::test]
async fn kept_versions_are_not_loaded_at_the_start() {
    let folder = Folder::new();
    let admin = folder.start().await;
    for number in 1..=5 {
        assert_eq!(admin.deploy(stock(1, number)).await, number);
    }
    admin.stop().await;
    // Not even their files are read, unless there is nothing else.
    std::fs::remove_dir_all(folder.cache()).unwrap();
    for number in 1..=4 {
        std::fs::write(folder.file(&stock(1, number)), "changed").unwrap();
    }
    let admin = folder.start().await;
    assert_eq!(admin.live().await, Some(5));
    let errors = admin.host.log.count(|line| line.contains("\"ERROR\""));
    assert_eq!(errors, 0, "{}", admin.host.log.last());
    let rollout = Rollout::default();
    let refused = admin.client.change(STOCK, "rollback", &rollout).await;
    let text = refused.unwrap_err().to_string();
    assert!(text.contains("damaged"), "{text}");
    assert_eq!(admin.live().await, Some(5));
    admin.stop().await;
}
