//! Stores as they are found: whole, torn, foreign, in use, with garbage.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ostler_runtime::Limits;
use tempfile::TempDir;

use super::*;
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

fn component(versions: &[(u32, &Kept)]) -> Component {
    let records = versions.iter().map(|(number, kept)| Record {
        number: *number,
        digest: kept.digest().clone(),
        label: format!("{number}.wasm"),
        services: [outline()].into(),
        settings: settings(),
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
    store.save(vec![component(&[(1, &kept)])]).unwrap();
    store
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
    assert!(store.components().is_empty());
    let (one, two) = (store.add(b"one").unwrap(), store.add(b"two").unwrap());
    let saved = vec![component(&[(1, &one), (2, &two)])];
    store.save(saved.clone()).unwrap();
    assert!(mode(&folder) == 0o700 && mode(&folder.join(COMPONENTS)) == 0o700);
    for file in [folder.join(STATE), folder.join(LOCK), one.path()] {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
    drop((one, two, store));

    let store = Store::open(&folder).unwrap();
    let found = store.components();
    assert_eq!(
        state::text(&found).unwrap(),
        state::text(&saved).unwrap(),
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
    store
        .save(vec![component(&[(1, &one), (2, &two)])])
        .unwrap();
    // The same bytes again, refused: the version that has them needs them.
    drop(store.add(b"one").unwrap());
    assert_eq!(names(&folder).len(), 2);
    // No longer in the state, but somebody may bring it back.
    store.save(vec![component(&[(2, &two)])]).unwrap();
    assert_eq!(&one.read().unwrap()[..], b"one");
    drop(one);
    assert_eq!(names(&folder).len(), 1);
    // Not held, but in the state: as at the end of the host.
    drop(two);
    assert_eq!(names(&folder).len(), 1);
    store.save(Vec::new()).unwrap();
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
        (format!("{left}.7.tmp"), false),
        ("mine.wasm".to_owned(), true),
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
        let file = store.file(&store.components()[0].versions[0]);
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
    drop(with(&folder, b"one"));
    let path = folder.join(STATE);
    let whole = fs::read_to_string(&path).unwrap();
    let digest = String::from(files::Digest::of(b"one"));
    for (text, words) in [
        (String::new(), "damaged"),
        (whole[..whole.len() / 2].to_owned(), "damaged"),
        (format!("{whole}}}"), "damaged"),
        ("[]".to_owned(), "damaged"),
        (whole.replace("\"format\": 1", "\"format\": 2"), "format 2"),
        (r#"{"format":7,"else":[]}"#.to_owned(), "format 7"),
        (whole.replace("\"last\":9,", ""), "missing field `last`"),
        (whole.replace("\"last\":9", "\"last\":-9"), "damaged"),
        (
            whole.replace("\"last\"", "\"latest\""),
            "unknown field `latest`",
        ),
        (
            whole.replace(&digest, "../../../../etc/passwd"),
            "64 hexadecimal",
        ),
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
fn a_state_that_cannot_be_written_changes_nothing() {
    let (_parent, folder) = folder();
    let store = with(&folder, b"one");
    let before = fs::read(folder.join(STATE)).unwrap();
    let obstacle = folder.join("state.tmp");
    fs::create_dir(&obstacle).unwrap();
    let two = store.add(b"two").unwrap();
    let state = vec![component(&[(2, &two)])];
    let error = store.save(state.clone()).unwrap_err().to_string();
    assert!(error.contains("state.json: cannot be written"), "{error}");
    assert_eq!(fs::read(folder.join(STATE)).unwrap(), before);
    drop(two);
    assert_eq!(names(&folder).len(), 1, "what is refused leaves nothing");

    fs::remove_dir(&obstacle).unwrap();
    let two = store.add(b"two").unwrap();
    store.save(state).unwrap();
    assert_ne!(fs::read(folder.join(STATE)).unwrap(), before);
    assert_eq!(&two.read().unwrap()[..], b"two");
    assert_eq!(names(&folder).len(), 1);
}
