//! One server of the suite: reads what it is asked to be, and becomes the host.
//!
//! The suite stops a server by SIGTERM. So that the host gets it, this process
//! turns into the host; a child of it waits for the host to say where it
//! listens and tells the suite, whose protocol that is.

use std::fmt::Write as _;
use std::io::{self, BufRead as _, BufReader};
use std::net::SocketAddr;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::message::{self, Request};
use super::{SERVER, folder, servers};
use crate::workspace::Workspace;

/// The argument of the child that talks to the suite; the file of the
/// server's certificate may follow.
const ANNOUNCE: &str = "announce";

/// Serves as the suite asks on standard input. Gives back an error or, in the
/// child, nothing.
///
/// # Errors
/// When the suite does not ask for anything, or the host does not start.
pub(crate) fn run(args: &[String]) -> Result<()> {
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args[..] {
        [] => serve(),
        [ANNOUNCE] => announce(None),
        [ANNOUNCE, certificate] => announce(Some(Path::new(certificate))),
        _ => bail!("`{SERVER}` is started by the conformance suite alone"),
    }
}

fn serve() -> Result<()> {
    let request = Request::read(&mut io::stdin().lock()).context("the suite asked for nothing")?;
    let workspace = Workspace::find()?;
    let files = Files::write(&workspace, &request)?;
    let mut child = Command::new(std::env::current_exe()?);
    child
        .args([SERVER, ANNOUNCE])
        .args(&files.certificate)
        .stdin(Stdio::piped());
    let mut child = child.spawn().context("cannot start xtask again")?;
    let says = child.stdin.take().context("the input is not piped")?;
    let mut host = Command::new(workspace.binary("debug", "ostler"));
    host.arg("run")
        .arg(workspace.guests().join("guest-conformance.wasm"))
        .args(["--listen", "127.0.0.1:0", "--json", "--config"])
        .arg(&files.config)
        .stdin(Stdio::null())
        .stdout(says);
    let error = host.exec();
    Err(error).with_context(|| format!("cannot start `{}`", crate::process::shown(&host)))
}

/// Tells the suite where the host listens, which it says on our standard
/// input.
fn announce(certificate: Option<&Path>) -> Result<()> {
    let mut input = BufReader::new(io::stdin());
    let mut line = String::new();
    input.read_line(&mut line)?;
    let said: Value = serde_json::from_str(&line)
        .with_context(|| format!("the host did not say what it serves, but {line:?}"))?;
    let address: SocketAddr = said["listen"][0]
        .as_str()
        .and_then(|address| address.parse().ok())
        .with_context(|| format!("no address in {line}"))?;
    let pem = certificate.map(std::fs::read).transpose()?;
    message::write_response(
        &mut io::stdout().lock(),
        &address.ip().to_string(),
        address.port(),
        &pem.unwrap_or_default(),
    )?;
    // Whatever else the host says must not find its pipe closed.
    io::copy(&mut input, &mut io::sink())?;
    Ok(())
}

/// What the host is started with.
struct Files {
    config: PathBuf,
    /// Of the server, if it speaks TLS.
    certificate: Option<PathBuf>,
}

impl Files {
    /// Writes them to a folder of this process.
    fn write(workspace: &Workspace, request: &Request) -> Result<Self> {
        let cache = folder(workspace).join("cache");
        let folder = servers(workspace).join(std::process::id().to_string());
        std::fs::create_dir_all(&folder)
            .with_context(|| format!("cannot create {}", folder.display()))?;
        let write = |name: &str, content: &[u8]| {
            let file = folder.join(name);
            std::fs::write(&file, content)
                .with_context(|| format!("cannot write {}", file.display()))?;
            Ok::<_, anyhow::Error>(file)
        };
        let certificate = request
            .tls
            .then(|| write("server.pem", &request.certificate))
            .transpose()?;
        if request.tls {
            write("server.key", &request.key)?;
            write("clients.pem", &request.client_ca)?;
        }
        let config = write("host.toml", config(request, &cache).as_bytes())?;
        Ok(Self {
            config,
            certificate,
        })
    }
}

/// The host's configuration, with the files of [`Files`] beside it.
fn config(request: &Request, cache: &Path) -> String {
    let mut config = format!("[server]\ngrace = \"1s\"\ncache = {cache:?}\n");
    if request.tls {
        config += "\n[server.tls]\ncertificate = \"server.pem\"\nkey = \"server.key\"\n";
        if !request.client_ca.is_empty() {
            config += "client-ca = \"clients.pem\"\n";
        }
    }
    config += "\n[limits]\nconcurrency = 512\n";
    if request.message_limit > 0 {
        // A reply repeats its request, with more around it.
        config += "reply = \"1MiB\"\n";
        writeln!(config, "message = {}", request.message_limit).ok();
    }
    config
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_configuration_has_what_the_suite_asks_for() {
        let plain = Request {
            message_limit: 204_800,
            ..Request::default()
        };
        let tls = Request {
            tls: true,
            ..Request::default()
        };
        let clients = Request {
            tls: true,
            client_ca: b"ca".to_vec(),
            ..Request::default()
        };
        let has = |request: &Request| {
            let config = config(request, Path::new("cache"));
            ["message = 204800", "reply = ", "[server.tls]", "client-ca"]
                .map(|part| config.contains(part))
        };
        assert_eq!(has(&plain), [true, true, false, false]);
        assert_eq!(has(&tls), [false, false, true, false]);
        assert_eq!(has(&clients), [false, false, true, true]);
    }
}
