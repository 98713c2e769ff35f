//! `ostler dev`: serves a component while it is being written.

mod build;
mod sources;

use std::io::{Write as _, stderr};
use std::path::PathBuf;

use ostler::{App, ErrorKind, Tail};
use tokio_util::sync::CancellationToken;

use self::build::Build;
use self::sources::Sources;
use super::exit::Failure;
use super::run::{HostArgs, Signals, builder, print_listing, serve};

/// Serve a component while you write it: build it when its sources change, and
/// swap it in, also where that breaks callers. A build that fails shows its
/// errors, and the version before goes on.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The component, or a folder of components.
    #[arg(value_name = "FILE.wasm|FOLDER")]
    component: PathBuf,

    /// The command that builds it, for `sh`: run at the start and after every
    /// change of the sources. Without one, the component itself is watched.
    #[arg(long, value_name = "COMMAND")]
    build: Option<String>,

    /// Where the sources are; may be repeated (default: this folder, without
    /// what is hidden, *.wasm, target, node_modules and __pycache__).
    #[arg(long, value_name = "PATH", requires = "build")]
    watch: Vec<PathBuf>,

    #[command(flatten)]
    host: HostArgs,
}

pub(super) async fn run(args: Args, tail: Option<Tail>) -> Result<(), Failure> {
    let mut signals = Signals::new()?;
    let mut project = args.build.as_deref().map(|command| Project {
        build: Build::new(command),
        sources: Sources::new(&args.watch),
    });
    // Nothing is served yet: a signal ends whatever is going on.
    let app = tokio::select! {
        app = first(&args, project.as_mut(), tail) => app?,
        () = signals.next() => return Ok(()),
    };
    print_listing(&app, args.host.json)?;
    let stopping = CancellationToken::new();
    let building = async {
        let Some(project) = &mut project else { return };
        tokio::select! {
            () = stopping.cancelled() => {}
            () = project.go_on() => {}
        }
    };
    tokio::join!(serve(app, signals, &stopping), building);
    Ok(())
}

/// A host of the component, once it can be built and served.
async fn first(
    args: &Args,
    mut project: Option<&mut Project>,
    tail: Option<Tail>,
) -> Result<App, Failure> {
    loop {
        if let Some(project) = &mut project {
            project.until_built().await;
        }
        let builder = builder(&args.host, tail.clone())?;
        let built = builder.watched(&args.component).force().build().await;
        match (built, &mut project) {
            (Ok(app), _) => return Ok(app),
            (Err(error), Some(project)) if is_of_component(&error) => {
                say(&format!("{error}\nwaiting for a change"));
                project.sources.changed().await;
            }
            (Err(error), _) => return Err(error.into()),
        }
    }
}

fn is_of_component(error: &ostler::Error) -> bool {
    matches!(error.kind(), ErrorKind::Component | ErrorKind::File)
}

/// What builds the component, and from what.
struct Project {
    build: Build,
    sources: Sources,
}

impl Project {
    async fn until_built(&mut self) {
        while !self.build.run().await {
            say("waiting for a change");
            self.sources.changed().await;
        }
    }

    /// Builds after every change. What comes of it is swapped in by the host,
    /// which watches the component.
    async fn go_on(&mut self) {
        loop {
            self.sources.changed().await;
            if !self.build.run().await {
                say("what is live stays");
            }
            if let Some(file) = self.sources.written_again().await {
                let file = file.display();
                say(&format!(
                    "{file} changed while it was built, so that it is built again; if the build \
                     writes it, name the sources with --watch"
                ));
            }
        }
    }
}

fn say(text: &str) {
    // A terminal that went away is no reason to stop.
    let _gone = writeln!(stderr(), "dev: {text}");
}
