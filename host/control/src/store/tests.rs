//! Stores as they are found: whole, torn, foreign, in use, with garbage.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use ostler_runtime::Limits;
use tempfile::TempDir;

use super::Change::{Added, Changed, Promoted, Removed};
use super::*;
use crate::deploy::Bounds;
use crate::registry::{CallLimits, Outline};

fn folder() -> (TempDir, PathBuf) {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("state/store");
    (parent, folder)
}

fn settings() -> Settings {
    Settings {
        guest: Limits {
            cpu: Duration::from_micros(1_500),
            ..Limits::default()
        },
        call: CallLimits {
            timeout: Some(Duration::from_millis(250)),
            reply: Some(7),
            ..CallLimits::default()
        },
        config: vec![("key".to_owned(), "value".to_owned())],
        probe: Some("stock.level {\"item\": 1}".parse().unwrap()),
    }
}

fn outline() -> Outline {
    Outline {
        export: "demo:stock/stock@1.0.0".into(),
        plain: "stock".into(),
        proto: "demo.stock.v1.Stock".into(),
    }
}

fn components(store: &Store) -> Vec<Component> {
    store.read(|all| all.iter().map(|&component| component.clone()).collect())
}

fn component(versions: &[(u32, &Kept)]) -> Component {
    let records = versions.iter().map(|(number, kept)| Record {
        number: *number,
        digest: kept.digest(),
        label: format!("{number}.wasm"),
        services: [outline()].into(),
        settings: settings().into(),
        bounds: (number % 2 == 0).then(|| Bounds {
            latency: Some(Duration::from_millis(7)),
            ..Bounds::default()
        }),
        blame: (number % 3 == 0).then(|| "it failed".to_owned()),
    });
    Component {
        name: "stock".to_owned(),
        current: versions[0].0,
        trial: Some(Trial {
            number: 2,
            percent: 33.33,
            key: Some("x-user".to_owned()),
        }),
        last: 9,
        versions: records.collect(),
    }
}

/// A store with one version of these bytes.
fn with(folder: &Path, bytes: &[u8]) -> Store {
    let store = Store::open(folder).unwrap();
    let kept = store.add(bytes).unwrap();
    store.save(Added(component(&[(1, &kept)]))).unwrap();
    store
}

/// A component of this name.
fn named(name: &str, kept: &Kept) -> Component {
    Component {
        name: name.to_owned(),
        ..component(&[(1, kept)])
    }
}

/// All of what is kept, as text.
fn all(store: &Store) -> String {
    serde_json::to_string(&components(store)).unwrap()
}

/// The names of what is kept, in its order.
fn order(store: &Store) -> Vec<String> {
    let components = components(store).into_iter();
    components.map(|component| component.name).collect()
}

fn lines(folder: &Path) -> usize {
    fs::read_to_string(folder.join(STATE))
        .unwrap()
        .lines()
        .count()
}

/// Names in the folder of components.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder.join(COMPONENTS)).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.collect();
    names.sort();
    names
}

fn refused(folder: &Path) -> String {
    Store::open(folder).unwrap_err().to_string()
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn what_was_saved_is_found() {
    let (_parent, folder) = folder();
    let store = Store::open(&folder).unwrap();
    assert!(components(&store).is_empty());
    let (one, two) = (store.add(b"one").unwrap(), store.add(b"two").unwrap());
    let saved = component(&[(1, &one), (2, &two)]);
    store.save(Added(saved.clone())).unwrap();
    assert!(mode(&folder) == 0o700 && mode(&folder.join(COMPONENTS)) == 0o700);
    for file in [folder.join(STATE), folder.join(LOCK), one.path()] {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
    drop((one, two, store));

    let store = Store::open(&folder).unwrap();
    let found = components(&store);
    assert_eq!(
        all(&store),
        serde_json::to_string(&[saved]).unwrap(),
        "all of it, limits and share as well"
    );
    let file = |number: usize| store.file(&found[0].versions[number]);
    assert_eq!(&file(0).read().unwrap()[..], b"one");
    assert_eq!(&file(1).read().unwrap()[..], b"two");
}

#[test]
fn a_file_stays_as_long_as_anything_refers_to_it() {
    let (_parent, folder) = folder();
    let store = Store::open(&folder).unwrap();
    // Refused before it was saved.
    drop(store.add(b"refused").unwrap());
    assert!(names(&folder).is_empty());

    let (one, two) = (store.add(b"one").unwrap(), store.add(b"two").unwrap());
    let both = component(&[(1, &one), (2, &two)]);
    store.save(Added(both)).unwrap();
    // The same bytes again, refused: the version that has them needs them.
    drop(store.add(b"one").unwrap());
    assert_eq!(names(&folder).len(), 2);
    // No longer in the state, but somebody may bring it back.
    store.save(Changed(component(&[(2, &two)]))).unwrap();
    assert_eq!(&one.read().unwrap()[..], b"one");
    drop(one);
    assert_eq!(names(&folder).len(), 1);
    // Another component of the same bytes, twice.
    let twice = Component {
        name: "copy".to_owned(),
        ..component(&[(1, &two), (2, &two)])
    };
    store.save(Added(twice)).unwrap();
    // Not held, but in the state: as at the end of the host.
    drop(two);
    for name in ["stock", "copy"] {
        assert_eq!(names(&folder).len(), 1, "{name} needs it");
        store.save(Removed(name.to_owned())).unwrap();
    }
    assert!(names(&folder).is_empty());
}

#[test]
fn garbage_goes_at_the_start_and_nothing_else() {
    let (_parent, folder) = folder();
    drop(with(&folder, b"one"));
    let components = folder.join(COMPONENTS);
    let [kept] = &names(&folder)[..] else {
        panic!("one file")
    };
    let left = String::from(files::Digest::of(b"left by a kill"));
    for (name, stays) in [
        (format!("{left}.wasm"), false),
        (format!("{left}.contract"), false),
        (format!("{left}.7.tmp"), false),
        ("mine.wasm".to_owned(), true),
        ("mine.contract".to_owned(), true),
        ("mine.tmp".to_owned(), true),
        (kept.clone(), true),
    ] {
        let path = components.join(&name);
        if !path.exists() {
            fs::write(&path, "left by a kill").unwrap();
        }
        drop(Store::open(&folder).unwrap());
        assert_eq!(path.exists(), stays, "{name}");
    }
}

#[test]
fn a_damaged_component_is_told_by_its_name() {
    for damage in ["", "on", "onE", "one more"] {
        let (_parent, folder) = folder();
        drop(with(&folder, b"one"));
        let path = folder.join(COMPONENTS).join(&names(&folder)[0]);
        fs::write(&path, damage).unwrap();
        let store = Store::open(&folder).unwrap();
        let file = store.file(&components(&store)[0].versions[0]);
        let error = file.read().unwrap_err().to_string();
        assert!(error.contains(&*path.to_string_lossy()), "{error}");
        assert!(error.contains("damaged"), "{error}");
        // Deployed again, it is whole.
        store.add(b"one").unwrap();
        assert_eq!(&file.read().unwrap()[..], b"one");
        fs::remove_file(&path).unwrap();
        let error = file.read().unwrap_err().to_string();
        assert!(error.contains("cannot be read"), "{error}");
    }
}

#[test]
fn a_state_that_cannot_be_read_is_left_alone() {
    let (_parent, folder) = folder();
    let store = with(&folder, b"one");
    let one = store.add(b"one").unwrap();
    for name in ["second", "third"] {
        store.save(Added(named(name, &one))).unwrap();
    }
    drop((one, store));
    let path = folder.join(STATE);
    let whole = fs::read_to_string(&path).unwrap();
    let [head, first, second, third] = whole.lines().collect::<Vec<_>>()[..] else {
        panic!("four lines: {whole}")
    };
    let digest = String::from(files::Digest::of(b"one"));
    let old = format!("{{\"format\": 1, \"components\": [\n{first}\n]}}\n");
    for (text, words) in [
        (String::new(), "line 1"),
        (head[..head.len() / 2].to_owned(), "line 1"),
        (format!("{first}\n{second}\n"), "line 1"),
        ("[]".to_owned(), "line 1"),
        (
            whole.replacen("\"format\":2", "\"format\":3", 1),
            "format 3",
        ),
        (r#"{"format":7,"else":[]}"#.to_owned(), "format 7"),
        // Half of a line that is not the last, a line of zeros, two lines in
        // one, none at all.
        (
            format!("{head}\n{}\n{second}\n", &first[..first.len() / 2]),
            "line 2",
        ),
        (
            format!("{head}\n{first}\n\0\0\0\n{third}\n"),
            "line 3, column 1",
        ),
        (format!("{head}\n{first}{second}\n{third}\n"), "line 2"),
        (format!("{head}\n{first}\n\n{third}\n"), "line 3"),
        // Nothing that is cut off leaves these, wherever they are.
        (whole.replace("\"last\":9,", ""), "missing field `last`"),
        (
            format!("{head}\n{}\n", first.replace("\"last\":9,", "")),
            "missing field `last`",
        ),
        (
            format!("{head}\n{first}\n{{\"renamed\":\"stock\"}}\n"),
            "line 3, column 10: unknown variant `renamed`",
        ),
        (whole.replace("\"last\":9", "\"last\":-9"), "line 2"),
        (
            whole.replace("\"last\"", "\"latest\""),
            "unknown field `latest`",
        ),
        (
            whole.replace(&digest, "../../../../etc/passwd"),
            "64 hexadecimal",
        ),
        (old, "line 2, column 8: unknown field `added`"),
    ] {
        fs::write(&path, &text).unwrap();
        let error = refused(&folder);
        assert!(error.contains(words), "{text}: {error}");
        assert!(error.contains(&*path.to_string_lossy()), "{error}");
        assert!(error.contains("deploy anew"), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
        assert_eq!(names(&folder).len(), 1, "{text}");
    }
}

#[test]
fn what_was_not_written_to_its_end_was_not_changed() {
    let (_parent, folder) = folder();
    let store = with(&folder, b"one");
    let path = folder.join(STATE);
    let (before, start) = (all(&store), fs::read(&path).unwrap().len());
    let two = store.add(b"two").unwrap();
    store
        .save(Changed(component(&[(1, &two), (2, &two)])))
        .unwrap();
    store.save(Removed("stock".to_owned())).unwrap();
    drop((two, store));
    let whole = fs::read(&path).unwrap();
    let line = start + whole[start..].iter().position(|b| *b == b'\n').unwrap() + 1;
    // What some file systems leave behind what they wrote.
    let zeros = |end: usize| [&whole[..end], &[0; 9], b"\n"].concat();
    let torn = (start + 1..line).flat_map(|end| [whole[..end].to_vec(), zeros(end)]);
    for (place, torn) in torn.enumerate() {
        let (_, found) = Journal::parse(path.clone(), &torn).unwrap();
        let text = String::from_utf8_lossy(&torn);
        assert_eq!(
            serde_json::to_string(&found.all()).unwrap(),
            before,
            "{text}"
        );
        // It takes much longer to write.
        if place % 101 != 0 {
            continue;
        }
        fs::write(&path, &torn).unwrap();
        let store = Store::open(&folder).unwrap();
        assert_eq!(fs::read(&path).unwrap(), torn, "it is not changed");
        // What comes next is not behind it.
        let one = store.file(&components(&store)[0].versions[0]);
        store.save(Added(named("next", &one))).unwrap();
        drop((one, store));
        let store = Store::open(&folder).unwrap();
        assert_eq!(order(&store), ["stock", "next"], "{text}");
        assert_eq!(lines(&folder), 3);
    }
    fs::write(&path, &whole[..line]).unwrap();
    assert_eq!(
        components(&Store::open(&folder).unwrap())[0].versions.len(),
        2
    );
}

#[test]
fn the_format_before_is_read_and_replaced() {
    let (_parent, folder) = folder();
    let store = with(&folder, b"one");
    let one = store.add(b"one").unwrap();
    for name in ["b", "a"] {
        store.save(Added(named(name, &one))).unwrap();
    }
    let components = all(&store);
    drop(store);
    let path = folder.join(STATE);
    let old = format!("{{\"format\": 1, \"components\": \n{components}}}\n");
    fs::write(&path, &old).unwrap();
    let store = Store::open(&folder).unwrap();
    assert_eq!(all(&store), components);
    assert_eq!(fs::read_to_string(&path).unwrap(), old);
    store.save(Promoted(named("a", &one))).unwrap();
    drop(store);
    let head = "{\"format\":2}\n{\"added\":";
    assert!(fs::read_to_string(&path).unwrap().starts_with(head));
    let store = Store::open(&folder).unwrap();
    assert_eq!(order(&store), ["a", "stock", "b"]);
}

#[test]
fn the_order_is_kept() {
    let (_parent, folder) = folder();
    let store = with(&folder, b"one");
    let one = store.add(b"one").unwrap();
    let named = |name: &str| named(name, &one);
    for (change, expected) in [
        (Added(named("a")), &["stock", "a"][..]),
        (Added(named("b")), &["stock", "a", "b"]),
        (Changed(named("a")), &["stock", "a", "b"]),
        (Promoted(named("b")), &["b", "stock", "a"]),
        (Promoted(named("a")), &["a", "b", "stock"]),
        (Changed(named("b")), &["a", "b", "stock"]),
        (Removed("a".to_owned()), &["b", "stock"]),
        (Added(named("a")), &["b", "stock", "a"]),
        // One that was not served until it was deployed anew.
        (Added(named("b")), &["stock", "a", "b"]),
        (Removed("nobody".to_owned()), &["stock", "a", "b"]),
    ] {
        let what = format!("{change:?}");
        store.save(change).unwrap();
        assert_eq!(order(&store), expected, "{what}");
        // As the next start reads it, line by line and written anew.
        let (_, found) = Journal::open(folder.join(STATE)).unwrap();
        let names = |found: &Components| -> Vec<_> {
            found.all().into_iter().map(|c| c.name.clone()).collect()
        };
        assert_eq!(names(&found), expected, "{what}");
        let copy = tempfile::tempdir().unwrap();
        let (mut journal, _) = Journal::open(copy.path().join(STATE)).unwrap();
        let nothing = Removed("nobody".to_owned());
        journal.write(&found, &nothing).unwrap();
        let (_, found) = Journal::open(copy.path().join(STATE)).unwrap();
        assert_eq!(names(&found), expected, "{what}, written anew");
    }
}

#[test]
fn a_state_of_many_changes_is_written_anew() {
    let (_parent, folder) = folder();
    let store = with(&folder, b"one");
    let one = store.add(b"one").unwrap();
    let path = folder.join(STATE);
    let (mut anew, mut length) = (0, 0);
    for number in 0..500_u32 {
        let mut changed = named(&format!("{}", number % 3), &one);
        changed.last = number;
        store.save(Changed(changed)).unwrap();
        let now = fs::metadata(&path).unwrap().len();
        anew += u32::from(now < length);
        length = now;
        assert!(lines(&folder) <= 64 + 2 * 4 + 1, "{}", lines(&folder));
        if number % 50 == 0 {
            let (_, found) = Journal::open(path.clone()).unwrap();
            let found = serde_json::to_string(&found.all()).unwrap();
            assert_eq!(found, all(&store));
        }
    }
    assert!((5..=9).contains(&anew), "{anew}: not at each change");
    drop((one, store));
    let store = Store::open(&folder).unwrap();
    let last: Vec<_> = components(&store).iter().map(|c| c.last).collect();
    assert_eq!(last, [9, 498, 499, 497]);
}

#[test]
fn one_host_a_store() {
    let (_parent, folder) = folder();
    let store = with(&folder, b"one");
    let error = refused(&folder);
    let process = format!("(process {})", std::process::id());
    assert!(error.contains("another host uses it"), "{error}");
    assert!(error.contains(&process), "{error}");
    assert!(error.contains("server.store"), "{error}");
    drop(store);
    drop(Store::open(&folder).unwrap());
    fs::set_permissions(&folder, Permissions::from_mode(0o750)).unwrap();
    let error = refused(&folder);
    assert!(error.contains("chmod 700"), "{error}");
}

#[test]
fn a_state_that_cannot_be_written_anew_changes_nothing() {
    let (_parent, folder) = folder();
    drop(with(&folder, b"one"));
    let path = folder.join(STATE);
    // Nothing is appended to a torn line.
    let before = [&fs::read(&path).unwrap()[..], b"{"].concat();
    fs::write(&path, &before).unwrap();
    let store = Store::open(&folder).unwrap();
    let obstacle = folder.join("state.tmp");
    fs::create_dir(&obstacle).unwrap();
    let two = store.add(b"two").unwrap();
    let state = Changed(component(&[(2, &two)]));
    let error = store.save(state.clone()).unwrap_err().to_string();
    assert!(error.contains("state.json: cannot be written"), "{error}");
    assert_eq!(fs::read(&path).unwrap(), before);
    drop(two);
    assert_eq!(names(&folder).len(), 1, "what is refused leaves nothing");

    fs::remove_dir(&obstacle).unwrap();
    let two = store.add(b"two").unwrap();
    store.save(state).unwrap();
    assert_ne!(fs::read(&path).unwrap(), before);
    assert_eq!(&two.read().unwrap()[..], b"two");
    assert_eq!(names(&folder).len(), 1);
}

/// A limit on the size of files stands for a full disk: what is written up to
/// it stays. It holds for a whole process.
#[test]
fn a_change_there_is_no_room_for_is_undone() {
    const WITHIN: &str = "OSTLER_TEST_NO_ROOM";
    if std::env::var_os(WITHIN).is_some() {
        return fill();
    }
    let (_, module) = module_path!().split_once("::").unwrap();
    let test = std::env::current_exe().unwrap();
    let limited = "trap '' XFSZ && ulimit -f 16 && exec \"$0\" --exact \"$1\"";
    let output = Command::new("sh")
        .args(["-c", limited])
        .arg(test)
        .arg(format!("{module}::a_change_there_is_no_room_for_is_undone"))
        .env(WITHIN, "")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");
    assert!(text.contains("1 passed"), "{text}");
}

/// Makes changes until there is no room for one.
fn fill() {
    let (_parent, folder) = folder();
    let store = with(&folder, b"one");
    let path = folder.join(STATE);
    for number in 2.. {
        let (before, text) = (all(&store), fs::read(&path).unwrap());
        let kept = store.add(number.to_string().as_bytes()).unwrap();
        let Err(error) = store.save(Changed(component(&[(number, &kept)]))) else {
            continue;
        };
        assert!(number > 4 && number < 60, "{number}");
        let error = error.to_string();
        assert!(error.contains("state.json: cannot be written"), "{error}");
        assert_eq!(fs::read(&path).unwrap(), text);
        assert_eq!(all(&store), before);
        assert_eq!(names(&folder).len(), 2);
        drop(kept);
        assert_eq!(names(&folder).len(), 1, "what is refused leaves nothing");
        break;
    }
    let next = store.add(b"next").unwrap();
    store.save(Changed(component(&[(100, &next)]))).unwrap();
    assert_eq!(lines(&folder), 3, "it is written anew");
    let saved = all(&store);
    drop((next, store));
    assert_eq!(all(&Store::open(&folder).unwrap()), saved);
}

#[test]
fn what_may_be_on_disk_keeps_its_files() {
    let (_parent, folder) = folder();
    let store = with(&folder, b"one");
    let (path, away) = (folder.join(STATE), folder.join("away"));
    // It is always full, and cannot be cut off either.
    fs::rename(&path, &away).unwrap();
    symlink("/dev/full", &path).unwrap();
    store.state().journal.length = Some(0);
    let two = store.add(b"two").unwrap();
    let changed = Changed(component(&[(2, &two)]));
    let error = store.save(changed.clone()).unwrap_err().to_string();
    assert!(error.contains("state.json: cannot be written"), "{error}");
    drop(two);
    assert_eq!(names(&folder).len(), 2);
    assert_eq!(components(&store)[0].current, 1);
    // Whatever comes next is written whole.
    let one = store.file(&components(&store)[0].versions[0]);
    store.save(Added(named("next", &one))).unwrap();
    assert_eq!(lines(&folder), 3);
    assert!(!path.is_symlink());
    assert_eq!(names(&folder).len(), 1);
    drop((one, store));
    let store = Store::open(&folder).unwrap();
    assert_eq!(order(&store), ["stock", "next"]);
}

#[test]
fn a_file_that_is_not_as_it_was_left_is_written_anew() {
    let (_parent, folder) = folder();
    let store = with(&folder, b"one");
    let path = folder.join(STATE);
    let one = store.add(b"one").unwrap();
    for (name, left) in [("gone", None), ("cut", Some("{\"format\":2}\n"))] {
        match left {
            Some(text) => fs::write(&path, text).unwrap(),
            None => fs::remove_file(&path).unwrap(),
        }
        store.save(Added(named(name, &one))).unwrap();
        let (_, found) = Journal::open(path.clone()).unwrap();
        assert_eq!(serde_json::to_string(&found.all()).unwrap(), all(&store));
    }
}

#[test]
fn the_settings_of_neighbours_are_held_once() {
    let (_parent, folder) = folder();
    let store = Store::open(&folder).unwrap();
    let kept = store.add(b"one").unwrap();
    let mut third = named("third", &kept);
    third.versions[0].settings = Arc::default();
    for component in [named("first", &kept), named("second", &kept), third] {
        store.save(Added(component)).unwrap();
    }
    let shared = |store: &Store| {
        store.read(|all| {
            let of = |place: usize| &all[place].versions[0].settings;
            [1, 2].map(|place| Arc::ptr_eq(of(0), of(place)))
        })
    };
    assert_eq!(shared(&store), [true, false]);
    drop(store);
    assert_eq!(shared(&Store::open(&folder).unwrap()), [true, false]);
}
