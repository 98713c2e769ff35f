//! Stores that a host finds damaged, foreign or in use.

use std::fs;
use std::process::Output;

use ostler::admin::Rollout;
use ostler_tests::{Http, PATIENCE, Request, call, command, within};

use crate::{Folder, stock};

/// What a host that does not start says.
async fn refused(folder: &Folder) -> String {
    let config = folder.folder.path().join("ostler.toml");
    fs::write(&config, folder.config()).unwrap();
    let mut command = command();
    command.args(["run", "--listen", "127.0.0.1:0", "--config"]);
    let output = command.arg(config).output();
    let Output { status, stderr, .. } = within("the host to end", output).await.unwrap();
    let text = String::from_utf8(stderr).unwrap();
    assert!(!status.success(), "{text}");
    text
}

#[tokio::test]
async fn the_version_before_serves_for_one_that_is_damaged() {
    let folder = Folder::new();
    let admin = folder.start().await;
    admin.deploy(stock(1, 1)).await;
    admin.deploy(stock(2, 2)).await;
    admin.stop().await;

    let path = folder.file(&stock(2, 2));
    let mut torn = fs::read(&path).unwrap();
    torn.truncate(torn.len() / 2);
    let changed = [&stock(2, 2)[..], b"more"].concat();
    // The first time it is found out, the version before is brought back.
    let found = (["1 kept", "2 live"], 1);
    let known = (["1 live", "2 kept"], 0);
    for (damage, (before, told_of)) in [(torn, found), (changed, known)] {
        fs::write(&path, damage).unwrap();
        let admin = folder.start().await;
        assert_eq!(admin.versions().await, before);
        assert_eq!(admin.stock().await, 1);
        let told = |line: &str| line.contains(path.to_str().unwrap()) && line.contains("damaged");
        if told_of > 0 {
            admin.host.wait_for_log(told, PATIENCE).await;
        }
        assert_eq!(admin.host.log.count(told), told_of);
        assert_eq!(admin.versions().await, ["1 live", "2 kept"]);
        admin.stop().await;
    }
    // Deployed again, it is whole again.
    let admin = folder.start().await;
    assert_eq!(admin.deploy(stock(2, 2)).await, 3);
    admin.stop().await;
    let admin = folder.start().await;
    assert_eq!(admin.versions().await, ["1 kept", "2 kept", "3 live"]);
    assert_eq!(admin.change("rollback", Some(2)).await, 2);
    assert_eq!(admin.stock().await, 2);
    folder.check_files();

    // One without any version that can be loaded stays, and is served again
    // once it can.
    admin.stop().await;
    let files = folder.files();
    let whole: Vec<_> = files.iter().map(|path| fs::read(path).unwrap()).collect();
    for path in &files {
        fs::write(path, "damaged").unwrap();
    }
    let admin = folder.start().await;
    let request = Request::json("/stock.v1/find", "{}".to_owned());
    let answer = call(admin.host.addr, Http::One, request).await;
    assert_eq!(answer.status(), 503, "{}", answer.text());
    assert!(answer.text().contains("damaged"), "{}", answer.text());
    assert_eq!(admin.versions().await, ["1 kept", "2 live", "3 kept"]);
    let users = fs::read(ostler_tests::guest("users")).unwrap();
    let placed = admin.put(users.into(), Rollout::default()).await.unwrap();
    assert_ne!(placed.component, crate::STOCK);
    for (path, bytes) in files.iter().zip(whole) {
        fs::write(path, bytes).unwrap();
    }
    assert_eq!(admin.stock().await, 2);
    folder.check_files();
    admin.stop().await;
}

#[tokio::test]
async fn a_state_that_cannot_be_read_stops_the_host_and_stays() {
    let folder = Folder::new();
    let admin = folder.start().await;
    admin.deploy(stock(1, 1)).await;
    assert_eq!(admin.change("promote", None).await, 1);
    admin.stop().await;
    let path = folder.store().join("state.json");
    let whole = fs::read_to_string(&path).unwrap();
    for (text, words) in [
        (
            whole.replacen("\"added\":{", "\"added\":", 1),
            "damaged (line 2",
        ),
        (whole.replacen('2', "3", 1), "has format 3"),
    ] {
        fs::write(&path, &text).unwrap();
        let said = refused(&folder).await;
        assert!(
            said.contains(words) && said.contains("state.json"),
            "{said}"
        );
        assert!(said.contains("deploy anew"), "{said}");
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
        assert_eq!(folder.files().len(), 1);
    }
    // A change that was not written to its end was not made.
    fs::write(&path, format!("{whole}{{\"removed\":\"{}", crate::STOCK)).unwrap();
    let admin = folder.start().await;
    let cut_off = |line: &str| line.contains("state.json") && line.contains("left out");
    assert_eq!(admin.host.log.count(cut_off), 1);
    assert_eq!(admin.stock().await, 1);
    // Two hosts would overwrite what the other wrote.
    let said = refused(&folder).await;
    let process = format!("(process {})", admin.host.pid());
    assert!(said.contains("another host uses it"), "{said}");
    assert!(said.contains(&process), "{said}");
    admin.stop().await;
}
