//! Deployments that are refused leave nothing behind.

use std::fs;

use bytes::Bytes;
use ostler::admin::{AdminError, Rollout};

use crate::{Admin, Folder, stock};

async fn code(admin: &Admin, component: Bytes, rollout: Rollout) -> String {
    match admin.put(component, rollout).await {
        Err(AdminError::Refused(fault)) => fault.code,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn refused_uploads_leave_no_garbage() {
    let folder = Folder::new();
    let admin = folder.start().await;
    admin.deploy(stock(1, 1)).await;
    let state = folder.state();
    let other = Rollout {
        name: Some("other".to_owned()),
        ..Rollout::default()
    };
    let trial = Rollout {
        name: Some("other".to_owned()),
        canary: Some(10.0),
        ..Rollout::default()
    };
    let torn = stock(2, 2).slice(..1000);
    for (component, rollout, expected) in [
        (torn, Rollout::default(), "contract"),
        (stock(2, 2), other.clone(), "names"),
        // The same bytes as those of the version that is live.
        (stock(1, 1), other, "names"),
        (stock(2, 2), trial, "not_found"),
    ] {
        assert_eq!(code(&admin, component, rollout).await, expected);
        assert_eq!(folder.state(), state);
        folder.check_files();
    }
    assert_eq!(admin.versions().await, ["1 live"]);
    assert_eq!(admin.stock().await, 1);
}

#[tokio::test]
async fn what_cannot_be_kept_is_refused() {
    let folder = Folder::new();
    let admin = folder.start().await;
    admin.deploy(stock(1, 1)).await;
    admin.deploy(stock(2, 2)).await;
    let state = folder.state();
    // Where the next state would be written. Nobody but root is refused by the
    // mode of a folder.
    let path = folder.store().join("state.json");
    let state_away = folder.store().join("state-away");
    fs::rename(&path, &state_away).unwrap();
    fs::create_dir(&path).unwrap();
    assert_eq!(code(&admin, stock(1, 3), Rollout::default()).await, "store");
    for action in ["rollback", "drain"] {
        let rollout = Rollout::default();
        let changed = admin.client.change(crate::STOCK, action, &rollout);
        let error = changed.await.unwrap_err().to_string();
        assert!(error.contains("state.json: cannot be written"), "{error}");
    }
    assert_eq!(admin.versions().await, ["1 kept", "2 live"]);
    assert_eq!(admin.stock().await, 2);
    fs::remove_dir(&path).unwrap();
    fs::rename(&state_away, &path).unwrap();
    assert_eq!(folder.state(), state);
    folder.check_files();

    assert_eq!(admin.deploy(stock(1, 3)).await, 3);
    assert_eq!(admin.stock().await, 1);
    // So it is where the component itself cannot be written.
    let components = folder.store().join("components");
    let away = folder.store().join("away");
    fs::rename(&components, &away).unwrap();
    assert_eq!(code(&admin, stock(2, 4), Rollout::default()).await, "store");
    assert_eq!(admin.stock().await, 1);
    fs::rename(&away, &components).unwrap();
    assert_eq!(admin.deploy(stock(2, 4)).await, 4);
    admin.stop().await;
    let admin = folder.start().await;
    let versions = ["1 kept", "2 kept", "3 kept", "4 live"];
    assert_eq!(admin.versions().await, versions);
    folder.check_files();
}
