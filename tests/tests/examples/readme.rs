//! The calls in the README's table of examples.

use std::process::Stdio;

use ostler_tests::{Host, Table, ostler, within};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Command;

/// Where the README's host listens.
const URL: &str = "http://localhost:8080";

#[tokio::test]
async fn the_calls_of_the_readme_print_json() {
    let host = Host::start(&EXAMPLES, None).await;
    let calls = calls();
    let names: Vec<_> = calls.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, EXAMPLES);
    let mut table = Table::new("Examples: the README's calls");
    for (_, line) in calls {
        let run = line.replace(URL, &host.url());
        table
            .row(line, async {
                let printed = first_line(&run).await;
                serde_json::from_str::<Value>(&printed)
                    .unwrap_or_else(|e| panic!("{printed:?} is not JSON: {e}"));
            })
            .await;
    }
    table.finish();
}

const EXAMPLES: [&str; 6] = ["users", "blobs", "analytics", "logs", "search", "chat"];

/// Example and call of every row: the first link, and the code in the last column.
fn calls() -> Vec<(String, String)> {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md");
    let text = std::fs::read_to_string(file).unwrap();
    let row = |line: &str| {
        let name = line.strip_prefix("| [")?.split_once("](examples/rust/")?.0;
        let call = line.strip_suffix("` |")?.rsplit_once('`')?.1;
        Some((name.to_owned(), call.to_owned()))
    };
    text.lines().filter_map(row).collect()
}

/// What a command of a shell prints first; it may never end.
async fn first_line(command: &str) -> String {
    let folder = ostler().parent().unwrap().to_owned();
    let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap());
    let mut child = Command::new("sh")
        // Replaced by the command, so that it is what is killed.
        .args(["-c", &format!("exec {command}")])
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .env("PATH", path)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let line = within("a line", lines.next_line()).await;
    line.unwrap()
        .unwrap_or_else(|| panic!("`{command}` prints nothing"))
}
