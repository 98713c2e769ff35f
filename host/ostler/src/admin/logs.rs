//! `GET /v1/logs`: the last lines of the log, and those to come.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};
use ostler_control::Control;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use super::server::{Refused, Shared};
use super::wire::{Fault, LogEvent, LogLine, LogQuery};

/// Lines so far that are told when nobody says how many.
const LINES: usize = 100;

pub(super) async fn logs(
    State(shared): State<Shared>,
    query: Result<Query<LogQuery>, QueryRejection>,
) -> Result<Response, Refused> {
    let Query(query) = query.map_err(|e| Refused::request(e.body_text()))?;
    let tail = shared.tail.ok_or_else(|| {
        let text = "this host keeps no lines of its log";
        Refused(404, Fault::new("not_found", text))
    })?;
    let wanted = query
        .component
        .map(|name| Wanted::new(shared.control, &name));
    let wanted = wanted.transpose()?;
    let is_wanted = move |line: &LogLine| wanted.as_ref().is_none_or(|w| w.has(line));
    let (mut kept, coming) = tail.follow();
    kept.retain(|line| is_wanted(line));
    let late = kept.len().saturating_sub(query.lines.unwrap_or(LINES));
    let kept = stream::iter(kept.split_off(late)).map(|line| LogEvent::Line((*line).clone()));
    let events: BoxStream<'static, LogEvent> = match query.follow {
        true => {
            let coming = coming_events(coming).filter(move |event| {
                std::future::ready(match event {
                    LogEvent::Line(line) => is_wanted(line),
                    LogEvent::Dropped(_) => true,
                })
            });
            // A host that leaves does not wait for those who follow.
            kept.chain(coming)
                .take_until(shared.stop.cancelled_owned())
                .boxed()
        }
        false => kept.boxed(),
    };
    let lines = events.map(|event| {
        let mut line = serde_json::to_vec(&event).unwrap_or_default();
        line.push(b'\n');
        Ok::<_, Infallible>(Bytes::from(line))
    });
    let media = [(header::CONTENT_TYPE, "application/x-ndjson")];
    Ok((media, Body::from_stream(lines)).into_response())
}

/// Lines as they come, and how many were lost where the reader was too slow.
fn coming_events(coming: Receiver<Arc<LogLine>>) -> impl futures_util::Stream<Item = LogEvent> {
    stream::unfold(coming, |mut coming| async {
        match coming.recv().await {
            Ok(line) => Some((LogEvent::Line((*line).clone()), coming)),
            Err(RecvError::Lagged(lost)) => Some((LogEvent::Dropped(lost), coming)),
            Err(RecvError::Closed) => None,
        }
    })
}

/// Lines of one component: of its guests, and of the host about it.
struct Wanted {
    control: Control,
    name: Arc<str>,
    services: BTreeSet<String>,
}

impl Wanted {
    fn new(control: Control, name: &str) -> Result<Self, Refused> {
        let name = control.named(name);
        let mut components = control.components().into_iter();
        let component = components.find(|c| *c.name == *name).ok_or_else(|| {
            let text =
                format!("there is no component {name:?}; `ostler list` shows those there are");
            Refused(404, Fault::new("not_found", text))
        })?;
        Ok(Self {
            control,
            name,
            services: component.services.into_iter().collect(),
        })
    }

    fn has(&self, line: &LogLine) -> bool {
        let is = |key: &str, is: &dyn Fn(&str) -> bool| line.fields.get(key).is_some_and(|v| is(v));
        is("component", &|name| *name == *self.name)
            // A version that came since may serve others first.
            || is("serves", &|service| {
                self.services.contains(service) || self.control.named(service) == self.name
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_slow_reader_is_told_what_it_missed() {
        let (lines, coming) = tokio::sync::broadcast::channel(4);
        for n in 0..10 {
            let line = LogLine {
                time: String::new(),
                level: "INFO".to_owned(),
                target: String::new(),
                message: n.to_string(),
                fields: Default::default(),
            };
            lines.send(Arc::new(line)).unwrap();
        }
        drop(lines);
        let told = coming_events(coming).map(|event| match event {
            LogEvent::Line(line) => line.message,
            LogEvent::Dropped(lost) => format!("-{lost}"),
        });
        let told: Vec<_> = told.collect().await;
        assert_eq!(told, ["-6", "6", "7", "8", "9"]);
    }
}
