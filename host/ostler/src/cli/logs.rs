//! `ostler logs`: what a running host and its guests say.

use std::io::{self, Write as _, stdout};

use ostler::admin::{LogEvent, LogLine, LogQuery};

use super::admin::Target;
use super::exit::{Class, Failure};

/// Show the last lines of a running host's log.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Only those of this component, or of the component with this service:
    /// what its guests say, and what the host says of it.
    #[arg(value_name = "COMPONENT")]
    component: Option<String>,

    /// Go on with those to come, until Ctrl-C.
    #[arg(short, long)]
    follow: bool,

    /// How many of those so far.
    #[arg(short = 'n', long, value_name = "NUMBER", default_value_t = 100)]
    lines: usize,

    /// Print each as one line of JSON.
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    target: Target,
}

pub(super) async fn run(args: Args) -> Result<(), Failure> {
    let query = LogQuery {
        component: args.component,
        follow: args.follow,
        lines: Some(args.lines),
    };
    let mut events = args.target.client()?.logs(&query).await?;
    while let Some(event) = events.next().await? {
        let text = match (&event, args.json) {
            (event, true) => serde_json::to_string(event).unwrap_or_default(),
            (LogEvent::Line(line), _) => text(line),
            (LogEvent::Dropped(lost), _) => format!("… {lost} lines were dropped: too slow"),
        };
        match writeln!(stdout(), "{text}") {
            // Whoever reads has seen enough.
            Err(e) if e.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
            Err(e) => return Err(Failure::new(Class::File, format!("stdout: {e}"))),
            Ok(()) => {}
        }
    }
    Ok(())
}

fn text(line: &LogLine) -> String {
    let fields = line.fields.iter().filter(|(_, value)| !value.is_empty());
    let fields: String = fields
        .map(|(key, value)| format!(" {key}={value}"))
        .collect();
    let LogLine {
        time,
        level,
        target,
        message,
        ..
    } = line;
    // Lines of one line begin the same.
    let message = message.replace('\n', "\n    ");
    format!("{time} {level:>5} {target}: {message}{fields}")
}
