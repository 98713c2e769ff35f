//! The JSON text of `/.well-known/ostler/contract`, written and read.
//!
//! ```json
//! {"format":1,
//!  "services":[{"name":"users","package":"demo:users@1.0.0",
//!               "methods":[{"name":"get_user","pattern":"unary","idempotent":true}]}],
//!  "wit":{"users.wit":"package demo:users@1.0.0; …"},
//!  "lock":null}
//! ```
//!
//! A host of several components gives each a folder: its services name it in
//! `folder`, its paths in `wit` start with it, and `lock` is an object of texts
//! by folder.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use serde_json::{Map, Value, json};

use crate::{Contract, ContractError, Service};

/// The only format there is.
const FORMAT: u64 = 1;

/// Writes the contracts of everything a host serves.
pub fn write_contracts<'a>(contracts: impl IntoIterator<Item = &'a Contract>) -> Bytes {
    let contracts: Vec<&Contract> = contracts.into_iter().collect();
    let (services, wit, lock) = match contracts[..] {
        [only] => {
            let services = only.services.iter().map(|s| service(s, None)).collect();
            (services, files(only, ""), json!(only.lock))
        }
        _ => with_folders(&contracts),
    };
    let services: Vec<Value> = services;
    let contract = json!({ "format": FORMAT, "services": services, "wit": wit, "lock": lock });
    contract.to_string().into()
}

fn with_folders(contracts: &[&Contract]) -> (Vec<Value>, Map<String, Value>, Value) {
    let mut services = Vec::new();
    let mut wit = Map::new();
    let mut locks = Map::new();
    for (i, contract) in contracts.iter().enumerate() {
        let name = contract.services.first().map_or("", |s| &*s.name.plain);
        // Two versions of a service have the same name.
        let folder = format!("{i}-{name}/");
        services.extend(contract.services.iter().map(|s| service(s, Some(&folder))));
        wit.extend(files(contract, &folder));
        if let Some(lock) = &contract.lock {
            locks.insert(folder, lock.as_str().into());
        }
    }
    let lock = if locks.is_empty() {
        Value::Null
    } else {
        locks.into()
    };
    (services, wit, lock)
}

fn service(service: &Service, folder: Option<&str>) -> Value {
    let methods = service.methods.iter().map(|method| {
        json!({
            "name": &*method.name.plain,
            "pattern": method.pattern.name(),
            "idempotent": method.idempotent,
        })
    });
    let mut json = json!({
        "name": &*service.name.plain,
        "package": service.package.to_string(),
        "methods": methods.collect::<Vec<_>>(),
    });
    if let Some(folder) = folder {
        json["folder"] = folder.into();
    }
    json
}

fn files(contract: &Contract, folder: &str) -> Map<String, Value> {
    let files = contract.wit.iter();
    files
        .map(|(path, text)| (format!("{folder}{path}"), text.as_str().into()))
        .collect()
}

/// Reads what [`write_contracts`] wrote: one contract for each component.
///
/// # Errors
/// [`ContractError`] when it is not such a text, or its WIT is no contract.
pub fn read_contracts(json: &[u8]) -> Result<Vec<Contract>, ContractError> {
    let text: Value = serde_json::from_slice(json)
        .map_err(|error| malformed(format!("it is not JSON ({error})")))?;
    match text["format"].as_u64() {
        Some(FORMAT) => {}
        Some(other) => return Err(malformed(format!("format {other} is unknown"))),
        None => return Err(malformed("`format` is not a number")),
    }
    let files = read_files(&text)?;
    let services = text["services"]
        .as_array()
        .ok_or_else(|| malformed("`services` is not an array"))?;
    let mut folders: Vec<&str> = Vec::new();
    for folder in services.iter().filter_map(|s| s["folder"].as_str()) {
        // So that no two of them share a file.
        if folder.find('/').map(|at| at + 1) != Some(folder.len()) {
            return Err(malformed(format!("{folder:?} is no folder")));
        }
        if folders.last() != Some(&folder) {
            folders.push(folder);
        }
    }
    if folders.is_empty() {
        return match services.is_empty() {
            true => Ok(Vec::new()),
            false => Ok(vec![Contract::from_wit(files, lock(&text["lock"]))?]),
        };
    }
    if folders.iter().collect::<BTreeSet<_>>().len() < folders.len() {
        return Err(malformed("the services of a folder are not together"));
    }
    let contracts = folders.into_iter().map(|folder| {
        let files = files
            .range(folder.to_owned()..)
            .map_while(|(path, text)| Some((path.strip_prefix(folder)?.to_owned(), text.clone())));
        Contract::from_wit(files.collect(), lock(&text["lock"][folder]))
            .map_err(|error| error.within(folder.trim_end_matches('/')))
    });
    contracts.collect()
}

fn read_files(text: &Value) -> Result<BTreeMap<String, String>, ContractError> {
    let files = text["wit"]
        .as_object()
        .ok_or_else(|| malformed("`wit` is not an object"))?;
    let files = files.iter().map(|(path, text)| {
        let text = text
            .as_str()
            .ok_or_else(|| malformed("a file is not a text"))?;
        Ok((path.clone(), text.to_owned()))
    });
    files.collect()
}

fn lock(lock: &Value) -> Option<String> {
    lock.as_str().map(str::to_owned)
}

fn malformed(problem: impl Into<String>) -> ContractError {
    ContractError::new(
        problem,
        "ask a host that serves /.well-known/ostler/contract",
    )
    .within("contract")
}

#[cfg(test)]
mod tests {
    use super::*;

    const USERS: &str = r#"
        package demo:users@1.2.0;
        interface users {
          record user { user-name: string }
          /// Finds one.
          /// @idempotent
          get-user: func(user-id: u64) -> user;
          watch: func() -> stream<user>;
        }
        world service { export users; }
    "#;
    const BLOBS: &str = r#"
        package demo:blobs;
        interface blobs { upload: func(data: stream<list<u8>>) -> result<u64, string>; }
        world service { export blobs; }
    "#;

    const LOCK: &str = "format = 1";

    fn contract(path: &str, text: &str, lock: Option<&str>) -> Contract {
        let files = BTreeMap::from([(path.to_owned(), text.to_owned())]);
        Contract::from_wit(files, lock.map(str::to_owned)).unwrap()
    }

    #[test]
    fn one_component_as_it_is() {
        let users = contract("users.wit", USERS, Some(LOCK));
        let json = write_contracts([&users]);
        let want = json!({
            "format": 1,
            "services": [{
                "name": "users",
                "package": "demo:users@1.2.0",
                "methods": [
                    {"name": "get_user", "pattern": "unary", "idempotent": true},
                    {"name": "watch", "pattern": "server_streaming", "idempotent": false},
                ],
            }],
            "wit": {"users.wit": USERS},
            "lock": LOCK,
        });
        assert_eq!(String::from_utf8_lossy(&json), want.to_string());
        let back = read_contracts(&json).unwrap();
        assert_eq!(back.len(), 1);
        assert_eq!(back[0].wit, users.wit);
        assert_eq!(back[0].lock, users.lock);
        assert_eq!(back[0].services[0].methods[0].docs, "Finds one.");
        assert_eq!(format!("{:?}", back[0]), format!("{users:?}"));
    }

    #[test]
    fn several_components_in_folders() {
        let contracts = [
            contract("a.wit", USERS, Some(LOCK)),
            contract("a.wit", BLOBS, None),
            contract("a.wit", &USERS.replace("1.2.0", "2.0.0"), None),
        ];
        let json = write_contracts(&contracts);
        let back = read_contracts(&json).unwrap();
        assert_eq!(format!("{back:?}"), format!("{contracts:?}"));
        let text: Value = serde_json::from_slice(&json).unwrap();
        assert_eq!(text["services"][1]["folder"], "1-blobs/");
        assert_eq!(text["lock"], json!({"0-users/": LOCK}));
    }

    #[test]
    fn nothing_served() {
        let json = write_contracts([]);
        assert!(read_contracts(&json).unwrap().is_empty());
    }

    #[test]
    fn what_is_no_contract() {
        for (json, want) in [
            (
                "",
                "contract: it is not JSON (EOF while parsing a value at line 1 column 0)",
            ),
            ("{}", "contract: `format` is not a number"),
            (r#"{"format":2}"#, "contract: format 2 is unknown"),
            (r#"{"format":1}"#, "contract: `wit` is not an object"),
            (
                r#"{"format":1,"wit":{"a":1}}"#,
                "contract: a file is not a text",
            ),
            (
                r#"{"format":1,"wit":{}}"#,
                "contract: `services` is not an array",
            ),
        ] {
            let error = read_contracts(json.as_bytes()).unwrap_err().to_string();
            assert!(error.starts_with(want), "{error}");
        }
        let bad =
            r#"{"format":1,"services":[{"name":"x"}],"wit":{"a.wit":"nonsense"},"lock":null}"#;
        assert!(
            read_contracts(bad.as_bytes())
                .unwrap_err()
                .to_string()
                .contains("a.wit")
        );
    }
}
