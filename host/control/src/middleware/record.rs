//! What is written down about a call: counters, a span around it and one line at
//! its end. Span and line cost nothing while nobody listens at their level.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ostler_call::{Code, Head, RequestId};
use tracing::{Level, Span};

use super::spans::Open;
use super::trace;
use crate::clock;
use crate::metrics::MethodMeter;

/// The level of the line written at the end of every call.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum AccessLog {
    /// No line.
    Off,
    /// Level debug.
    #[default]
    Debug,
    /// Level info.
    Info,
}

/// The record of one call; it is counted and its line written when it is dropped.
#[derive(Debug)]
pub(crate) struct Record {
    /// Around everything the host does for the call.
    pub(crate) span: Span,
    pub(crate) start: Instant,
    line: Option<Box<Line>>,
    /// The counters of its method, once that is known.
    meter: Option<Arc<MethodMeter>>,
    /// Its spans, if it is recorded.
    open: Option<Box<Open>>,
    /// `None` until the call ended: dropped before, the caller left, or the
    /// host failed.
    code: Option<Code>,
}

#[derive(Debug)]
struct Line {
    level: AccessLog,
    id: RequestId,
    trace_id: String,
    service: String,
    method: String,
    transport: &'static str,
    peer: Option<SocketAddr>,
}

impl Record {
    pub(crate) fn begin(id: &str, head: &Head, level: AccessLog, now: Instant) -> Self {
        let enabled = match level {
            AccessLog::Off => false,
            AccessLog::Debug => tracing::enabled!(target: "ostler::access", Level::DEBUG),
            AccessLog::Info => tracing::enabled!(target: "ostler::access", Level::INFO),
        };
        Self {
            span: tracing::debug_span!(
                target: "ostler::call",
                "call",
                id,
                service = head.address.service,
                method = head.address.method,
                trace_id = trace::trace_id(&head.metadata),
            ),
            line: enabled.then(|| Box::new(Line::new(id, head, level))),
            meter: None,
            open: None,
            start: now,
            code: None,
        }
    }

    /// The method the call means; it is counted from here on.
    pub(crate) fn counts(&mut self, meter: Arc<MethodMeter>) {
        meter.begin();
        self.meter = Some(meter);
    }

    /// The spans of the call.
    pub(crate) fn traced(&mut self, open: Box<Open>) {
        self.open = Some(open);
    }

    /// The guest is entered.
    pub(crate) fn enter(&mut self) {
        if let Some(open) = &mut self.open {
            open.enter(clock::now());
        }
    }

    /// The guest was left.
    pub(crate) fn leave(&mut self) {
        if let Some(open) = &mut self.open {
            open.leave(clock::now());
        }
    }

    /// How the call ended.
    pub(crate) fn end(&mut self, code: Code) {
        self.code = Some(code);
    }
}

impl Line {
    fn new(id: &str, head: &Head, level: AccessLog) -> Self {
        Self {
            level,
            id: id.to_owned(),
            trace_id: trace::trace_id(&head.metadata),
            service: head.address.service.clone(),
            method: head.address.method.clone(),
            transport: head.transport,
            peer: head.peer,
        }
    }

    fn write(&self, code: Code, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let code = code.name();
        let peer = self.peer.map(tracing::field::display);
        // The level of an event is part of its call site, hence two of them.
        macro_rules! line {
            ($level:ident) => {
                tracing::$level!(
                    target: "ostler::access",
                    id = self.id,
                    trace_id = self.trace_id,
                    service = self.service,
                    method = self.method,
                    transport = self.transport,
                    peer,
                    micros,
                    code,
                    "call"
                )
            };
        }
        match self.level {
            AccessLog::Off => {}
            AccessLog::Debug => line!(debug),
            AccessLog::Info => line!(info),
        }
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        if self.line.is_none() && self.meter.is_none() {
            return;
        }
        let now = clock::now();
        let took = now.saturating_duration_since(self.start);
        let code = self.code.unwrap_or(if std::thread::panicking() {
            Code::Internal
        } else {
            Code::Cancelled
        });
        if let Some(meter) = &self.meter {
            meter.end(code, took);
            if let Some(open) = self.open.take() {
                open.end(meter.names(), code, self.start, now);
            }
        }
        if let Some(line) = &self.line {
            line.write(code, took);
        }
    }
}
