//! Stores that a host finds damaged, foreign or in use.

use std::fs;
use std::path::PathBuf;
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
        // Else the component would not be read.
        fs::remove_dir_all(folder.cache()).unwrap();
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
    fs::remove_dir_all(folder.cache()).unwrap();
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

/// What a file is changed to; `None` removes it.
type Damage = fn(Vec<u8>) -> Option<Vec<u8>>;

/// That of files, by their endings.
type Damages<'a> = &'a [(&'a str, Damage)];

/// What is kept of one component that was deployed: its file, its contract, its
/// artefact and the checksum of that.
struct Pieces(Vec<(PathBuf, Vec<u8>)>);

impl Pieces {
    fn of(folder: &Folder, component: &[u8]) -> Self {
        let component = folder.file(component);
        let mut paths = vec![component.with_extension("contract"), component];
        let artefacts = fs::read_dir(folder.cache()).unwrap();
        paths.extend(artefacts.map(|entry| entry.unwrap().path()));
        paths.sort_by_key(|path| path.extension().unwrap().to_owned());
        let read = |path: PathBuf| (path.clone(), fs::read(path).unwrap());
        let pieces: Vec<_> = paths.into_iter().map(read).collect();
        assert_eq!(pieces.len(), 4);
        Self(pieces)
    }

    /// Makes all of them whole, but for these.
    fn damage(&self, damages: Damages<'_>) {
        for (path, whole) in &self.0 {
            let ending = path.extension().unwrap().to_str().unwrap();
            let damage = damages.iter().find(|(damaged, _)| *damaged == ending);
            match damage.map_or(Some(whole.clone()), |(_, damage)| damage(whole.clone())) {
                Some(bytes) => fs::write(path, bytes).unwrap(),
                None => fs::remove_file(path).unwrap(),
            }
        }
    }

    fn whole(&self, ending: &str) -> bool {
        let found = |(path, _): &&(PathBuf, _)| path.extension().unwrap() == ending;
        let (path, whole) = self.0.iter().find(found).unwrap();
        fs::read(path).unwrap() == *whole
    }
}

const CONTRACT: &str = "a kept contract cannot be used";
const ARTEFACT: &str = "compiling it anew";

#[tokio::test]
async fn a_component_is_read_where_what_was_made_of_it_cannot_be_used() {
    let gone: Damage = |_| None;
    let empty: Damage = |_| Some(Vec::new());
    let cut: Damage = |mut bytes| bytes.pop().map(|_| bytes);
    let longer: Damage = |bytes| Some([&bytes[..], b"x"].concat());
    let flipped: Damage = |mut bytes| {
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        Some(bytes)
    };
    let format: Damage = |bytes| {
        let text = bytes.strip_prefix(b"ostler contract 1 ").unwrap();
        Some([&b"ostler contract 2 "[..], text].concat())
    };
    let another: Damage = |bytes| {
        let of = "ostler contract 1 ".len();
        let digest = "0".repeat(64).into_bytes();
        Some([&bytes[..of], &digest[..], &bytes[of + 64..]].concat())
    };

    let folder = Folder::new();
    let admin = folder.start().await;
    admin.deploy(stock(1, 1)).await;
    admin.stop().await;
    let pieces = Pieces::of(&folder, &stock(1, 1));
    let served: &[(&str, Damages<'_>, &[&str])] = &[
        ("nothing", &[], &[]),
        ("no component", &[("wasm", gone)], &[]),
        ("a damaged component", &[("wasm", flipped)], &[]),
        ("no contract", &[("contract", gone)], &[]),
        ("an empty contract", &[("contract", empty)], &[CONTRACT]),
        ("a cut contract", &[("contract", cut)], &[CONTRACT]),
        ("a longer contract", &[("contract", longer)], &[CONTRACT]),
        ("a damaged contract", &[("contract", flipped)], &[CONTRACT]),
        ("another format", &[("contract", format)], &[CONTRACT]),
        ("another's contract", &[("contract", another)], &[CONTRACT]),
        ("no artefact", &[("cwasm", gone)], &[]),
        ("a damaged artefact", &[("cwasm", flipped)], &[ARTEFACT]),
        ("a cut artefact", &[("cwasm", cut)], &[ARTEFACT]),
        ("no checksum", &[("xxh3", gone)], &[]),
        ("a longer checksum", &[("xxh3", longer)], &[ARTEFACT]),
        (
            "a damaged contract and artefact",
            &[("contract", flipped), ("cwasm", flipped)],
            &[CONTRACT, ARTEFACT],
        ),
    ];
    for (what, damages, told) in served {
        pieces.damage(damages);
        let admin = folder.start().await;
        assert_eq!(admin.stock().await, 1, "{what}");
        for words in [CONTRACT, ARTEFACT] {
            let has = |line: &str| line.contains(words);
            let expected = usize::from(told.contains(&words));
            if expected > 0 {
                admin.host.wait_for_log(has, PATIENCE).await;
            }
            assert_eq!(admin.host.log.count(has), expected, "{what}: {words}");
        }
        admin.stop().await;
        assert!(pieces.whole("contract"), "{what}");
    }

    for (what, damages, says) in [
        (
            "no component nor artefact",
            [("wasm", gone), ("cwasm", gone)],
            "cannot be read",
        ),
        (
            "no component, a damaged artefact",
            [("wasm", gone), ("cwasm", flipped)],
            "cannot be read",
        ),
        (
            "no component nor contract",
            [("wasm", gone), ("contract", gone)],
            "cannot be read",
        ),
        (
            "a damaged component, no contract",
            [("wasm", flipped), ("contract", gone)],
            "damaged",
        ),
    ] {
        pieces.damage(&damages);
        let admin = folder.start().await;
        let request = Request::json("/stock.v1/find", "{}".to_owned());
        let answer = call(admin.host.addr, Http::One, request).await;
        let text = answer.text();
        assert_eq!(answer.status(), 503, "{what}: {text}");
        let path = folder.file(&stock(1, 1));
        let named = text.contains(path.to_str().unwrap());
        assert!(named && text.contains(says), "{what}: {text}");
        // Served without a restart, once it can be.
        pieces.damage(&[]);
        assert_eq!(admin.stock().await, 1, "{what}");
        admin.stop().await;
    }
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
