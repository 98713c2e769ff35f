//! The shortest way to see the project work.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Deserializer, Value, json};

use crate::progress::{now, say, step};
use crate::workspace::Workspace;
use crate::{guests, process};

/// Set-up, host, examples, one call of each pattern.
///
/// # Errors
/// When anything differs from what is expected.
pub(crate) fn run() -> Result<()> {
    let workspace = Workspace::find()?;
    guests::run_rust()?;
    step("Host", || process::run(workspace.cargo().args(HOST)))?;
    let host = step("Start", || Host::start(&workspace))?;
    step("Calls", || calls(&workspace, &host))?;
    step("Stop", || host.stop())
}

/// How the host is built, for the tests too: everything at once, since cargo
/// would compile the engine again for the features another choice of packages
/// or targets comes to.
pub(crate) const HOST: [&str; 3] = ["build", "--workspace", "--all-targets"];

/// One call and its answer.
struct Example {
    what: &'static str,
    command: Command,
    /// What is written to its standard input.
    input: &'static str,
    /// The JSON values it answers.
    answer: Vec<Value>,
}

fn calls(workspace: &Workspace, host: &Host) -> Result<()> {
    for mut example in examples(workspace, &host.url) {
        say(format!("\n    {}", example.what));
        let shown = process::shown(&example.command);
        let shown = shown.replace(&*ostler(workspace).to_string_lossy(), "ostler");
        if example.input.is_empty() {
            say(format!("    $ {shown}"));
        } else {
            say(format!("    $ {shown} <<'.'"));
            example
                .input
                .lines()
                .for_each(|line| say(format!("      {line}")));
            say("      .");
        }
        let output = answer(&mut example.command, example.input)?;
        output.lines().for_each(|line| say(format!("    {line}")));
        let values: Vec<Value> = Deserializer::from_str(&output)
            .into_iter()
            .collect::<Result<_, _>>()
            .with_context(|| format!("`{shown}` did not answer JSON"))?;
        ensure!(
            values == example.answer,
            "`{shown}` did not answer what was expected:\n{}",
            Value::from(example.answer)
        );
    }
    say("");
    Ok(())
}

fn examples(workspace: &Workspace, url: &str) -> Vec<Example> {
    let call = |arguments: [&str; 2]| {
        let mut command = Command::new(ostler(workspace));
        command.args(["call", url]).args(arguments);
        command
    };
    let mut curl = Command::new("curl");
    curl.args(["-sS", "--fail", "-H", "content-type: application/json"])
        .args(["-d", r#"{"user_id":7}"#])
        .arg(format!("{url}/users/get_user"));
    let user = |id: u64, age: u64| json!({"username": format!("user-{id}"), "age": age});
    let reply = |text: &str| json!({"reply": text, "source": "ostler"});
    vec![
        Example {
            what: "Unary: one message each way.",
            command: call(["users.get_user", r#"{"user_id":7}"#]),
            input: "",
            answer: vec![user(7, 25)],
        },
        Example {
            what: "Server streaming: replies as the guest sends them.",
            command: call(["users.list_users", r#"{"limit":3}"#]),
            input: "",
            answer: vec![user(1, 19), user(2, 20), user(3, 21)],
        },
        Example {
            what: "Client streaming: one message a line, then one reply.",
            command: call(["users.aggregate", "-"]),
            input: "{\"timestamp\":1,\"value\":10.5}\n{\"timestamp\":2,\"value\":2.5}\n",
            answer: vec![json!({"count": 2, "average": 6.5, "total": 13.0})],
        },
        Example {
            what: "Bidirectional: a reply to each message.",
            command: call(["users.conversation", "-"]),
            input: "{\"text\":\"hello\",\"user\":\"ada\"}\n{\"text\":\"bye\",\"user\":\"ada\"}\n",
            answer: vec![reply("ada, you said: hello"), reply("ada, you said: bye")],
        },
        Example {
            what: "Any HTTP client will do.",
            command: curl,
            input: "",
            answer: vec![user(7, 25)],
        },
    ]
}

fn answer(command: &mut Command, input: &str) -> Result<String> {
    let shown = process::shown(command);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start `{shown}`"))?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(input.as_bytes())?;
    }
    let output = child.wait_with_output()?;
    ensure!(
        output.status.success(),
        "`{shown}` failed: {}",
        output.status
    );
    String::from_utf8(output.stdout).with_context(|| format!("`{shown}` wrote invalid UTF-8"))
}

fn ostler(workspace: &Workspace) -> std::path::PathBuf {
    workspace.binary("debug", "ostler")
}

/// The host as a child process.
struct Host {
    child: Child,
    url: String,
}

impl Host {
    fn start(workspace: &Workspace) -> Result<Self> {
        let mut command = Command::new(ostler(workspace));
        command
            .current_dir(workspace.root())
            .args([
                "run",
                "target/guests/users.wasm",
                "target/guests/blobs.wasm",
            ])
            .args(["--listen", "127.0.0.1:0", "--json"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        say(format!("    $ {}", process::shown(&command)));
        let mut child = command
            .spawn()
            .with_context(|| format!("cannot start `{}`", process::shown(&command)))?;
        let output = child.stdout.take().context("the output is not piped")?;
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        // From here on the child is stopped whatever goes wrong.
        let mut host = Self {
            child,
            url: String::new(),
        };
        let said: Value = serde_json::from_str(&line)
            .with_context(|| format!("the host did not say what it serves, but {line:?}"))?;
        let address = said["listen"][0].as_str();
        let address = address.with_context(|| format!("no address in {line}"))?;
        host.url = format!("http://{address}");
        Ok(host)
    }

    /// Asks it to stop, as a service manager would, and checks that it does.
    fn stop(mut self) -> Result<()> {
        let pid = self.child.id().to_string();
        process::run(Command::new("kill").args(["-TERM", &pid]))?;
        let until = now() + Duration::from_secs(10);
        loop {
            if let Some(status) = self.child.try_wait()? {
                ensure!(status.success(), "the host stopped with {status}");
                return Ok(());
            }
            if now() > until {
                bail!("the host did not stop within 10 s of SIGTERM");
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // Fails when it has stopped already, as it should have.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
