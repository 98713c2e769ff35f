//! The command line: arguments, then one module a command.

mod admin;
mod call;
mod chunks;
mod curl;
mod deploy;
mod dev;
mod exit;
mod folder;
mod generate;
mod import;
mod inspect;
mod listing;
mod lock;
mod logging;
mod logs;
mod push;
mod reflection;
mod remote;
mod run;
mod sample;
mod table;
#[cfg(test)]
mod tests;
mod versions;

use std::io::{Write as _, stderr};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use exit::{Class, Failure};
use ostler::Tail;

/// A host for services written as WebAssembly components: every method of a
/// component, callable from the network.
#[derive(Debug, Parser)]
#[command(name = "ostler", version, after_help = exit::HELP)]
struct Cli {
    #[command(subcommand)]
    command: Command,

    /// What is logged to stderr, such as `debug` or `info,ostler::call=debug`.
    #[arg(long, global = true, env = "OSTLER_LOG", value_name = "FILTER")]
    log: Option<String>,

    /// How log lines look.
    #[arg(
        long,
        global = true,
        env = "OSTLER_LOG_FORMAT",
        value_enum,
        default_value_t
    )]
    log_format: logging::Format,
}

#[derive(Debug, Subcommand)]
enum Command {
    Run(run::Args),
    Dev(dev::Args),
    Inspect(inspect::Args),
    Call(call::Args),
    Push(push::Args),
    Deploy(deploy::Args),
    List(versions::List),
    Logs(logs::Args),
    Rollback(versions::Rollback),
    /// Make the version on trial the one all calls go to; without one, give the
    /// component the short names it shares with other majors of its package.
    Promote(versions::Change),
    /// Take a component out of service; its calls come to their end.
    Drain(versions::Change),
    Lock(lock::Args),
    Generate(generate::Args),
    Import(import::Args),
    /// Compile one component for a host, which starts this.
    #[command(hide = true)]
    CompileWorker,
}

impl Command {
    fn serves(&self) -> bool {
        matches!(self, Self::Run(_) | Self::Dev(_))
    }

    /// What is logged unless told otherwise: a server says what it does, a
    /// tool what goes wrong.
    fn default_log(&self) -> &'static str {
        match self.serves() {
            true => "info",
            false => "warn",
        }
    }
}

/// Runs the command given by the arguments of the process.
pub(crate) fn main() -> ExitCode {
    let cli = Cli::parse();
    if let Command::CompileWorker = cli.command {
        // On the one thread there is.
        return ostler::compile_worker();
    }
    match execute(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // Nowhere is left to complain when stderr is closed.
            let _closed = writeln!(stderr(), "{failure}");
            failure.code()
        }
    }
}

fn execute(cli: Cli) -> Result<(), Failure> {
    let filter = cli.log.as_deref().unwrap_or(cli.command.default_log());
    let tail = cli.command.serves().then(Tail::new);
    logging::start(filter, cli.log_format, tail.clone())?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|e| Failure::new(Class::Unexpected, format!("no threads to run on: {e}")))?;
    let done = runtime.block_on(async {
        match cli.command {
            Command::Run(args) => run::run(args, tail).await,
            Command::Dev(args) => dev::run(args, tail).await,
            Command::Inspect(args) => inspect::run(args).await,
            Command::Call(args) => call::run(args).await,
            Command::Push(args) => push::run(args).await,
            Command::Deploy(args) => deploy::run(args).await,
            Command::Logs(args) => logs::run(args).await,
            Command::List(args) => versions::list(args).await,
            Command::Rollback(args) => versions::rollback(args).await,
            Command::Promote(args) => versions::promote(args).await,
            Command::Drain(args) => versions::drain(args).await,
            Command::Lock(args) => lock::run(&args),
            Command::Generate(args) => generate::run(args).await,
            Command::Import(args) => import::run(&args),
            // `main` ends with it.
            Command::CompileWorker => Ok(()),
        }
    });
    // Not waiting for a thread that reads a terminal's stdin: it never ends.
    runtime.shutdown_background();
    done
}
