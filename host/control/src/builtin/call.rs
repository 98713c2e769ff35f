//! A call of a service of the host's own: messages in, values, messages out.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use ostler_call::{
    Body, Deadline, Encoding, End, Head, Kind, MessageStream, Metadata, Next, Reply, Status,
};
use ostler_schema::{Call, CallFuture, Contract, Method, Value, codec};
use tokio::sync::{OnceCell, watch};
use tokio::time::Sleep;

use super::{Index, health, reflection};
use crate::dispatch::only_message;
use crate::registry::Catalogue;

/// How deep the messages of these services may nest.
const DEPTH: usize = 10;

/// What the services tell of.
#[derive(Debug)]
pub(crate) struct Watched {
    /// What is live; told anew at every change.
    pub(crate) state: watch::Sender<Arc<State>>,
}

impl Watched {
    /// A host that takes calls; it serves these beside what is live.
    pub(crate) fn new(own: Vec<Arc<Contract>>) -> Self {
        let state = State {
            serving: true,
            index: Arc::new(Lookup::new(own, Arc::default())),
        };
        Self {
            state: watch::Sender::new(Arc::new(state)),
        }
    }

    /// This is live now.
    pub(crate) fn show(&self, live: Arc<Catalogue>) {
        self.state.send_modify(|state| {
            let own = state.index.own.clone();
            *state = Arc::new(State {
                serving: state.serving,
                index: Arc::new(Lookup::new(own, live)),
            });
        });
    }

    /// The host takes no more calls.
    pub(crate) fn leave(&self) {
        self.state.send_modify(|state| {
            *state = Arc::new(State {
                serving: false,
                index: Arc::clone(&state.index),
            });
        });
    }
}

/// What is live at one moment.
#[derive(Debug)]
pub(crate) struct State {
    /// Whether the host takes calls.
    pub(crate) serving: bool,
    /// What it serves.
    pub(crate) index: Arc<Lookup>,
}

/// What is served: names at hand, files once somebody asks for them.
#[derive(Debug)]
pub(crate) struct Lookup {
    /// The host's own contracts.
    own: Vec<Arc<Contract>>,
    live: Arc<Catalogue>,
    /// Full names, sorted.
    services: Vec<String>,
    index: OnceCell<Arc<Index>>,
}

impl Lookup {
    fn new(own: Vec<Arc<Contract>>, live: Arc<Catalogue>) -> Self {
        let ours = own.iter().flat_map(|contract| &contract.services);
        let ours = ours.map(|service| service.proto.clone());
        let mut services: Vec<_> = live.services().map(str::to_owned).chain(ours).collect();
        services.sort();
        Self {
            own,
            live,
            services,
            index: OnceCell::new(),
        }
    }

    /// Full names of all services, sorted.
    pub(super) fn services(&self) -> &[String] {
        &self.services
    }

    pub(super) fn has(&self, service: &str) -> bool {
        let named = |name: &String| name.as_str().cmp(service);
        self.services.binary_search_by(named).is_ok()
    }

    async fn index(&self) -> Arc<Index> {
        let build = async || {
            let live = self.live.contracts().await;
            let contracts = live.iter().chain(&self.own).map(|contract| &**contract);
            Arc::new(Index::new(contracts))
        };
        self.index.get_or_init(build).await.clone()
    }
}

/// Which service.
#[derive(Clone, Copy, Debug)]
pub(super) enum Logic {
    Health,
    Reflection,
}

/// An admitted call.
pub(super) struct BuiltinCall {
    contract: Arc<Contract>,
    method: usize,
    logic: Logic,
    wire: Wire,
    deadline: Option<Deadline>,
    state: watch::Receiver<Arc<State>>,
}

/// How messages are encoded.
#[derive(Clone, Copy)]
struct Wire {
    request: Encoding,
    reply: Encoding,
}

impl BuiltinCall {
    pub(super) fn new(
        contract: &Arc<Contract>,
        method: usize,
        logic: Logic,
        head: &Head,
        watched: &Watched,
    ) -> Self {
        Self {
            contract: Arc::clone(contract),
            method,
            logic,
            wire: Wire {
                request: head.request,
                reply: head.reply,
            },
            deadline: head.deadline,
            state: watched.state.subscribe(),
        }
    }

    fn method(&self) -> &Method {
        &self.contract.services[0].methods[self.method]
    }

    fn decode(&self, message: &Bytes) -> Result<Value, Status> {
        let ty = self.method().request.codec();
        let plan = &self.contract.plan;
        Ok(codec::decode(self.wire.request, plan, ty, message, DEPTH)?)
    }

    fn encode(&self, value: &Value) -> Result<Bytes, Status> {
        let Some(ty) = self.method().response.codec() else {
            return Ok(Bytes::new());
        };
        let plan = &self.contract.plan;
        Ok(codec::encode(self.wire.reply, plan, ty, value)?)
    }

    async fn run(self, body: Body) -> Result<Kind, Status> {
        let sleep = |deadline: Deadline| tokio::time::sleep_until(deadline.instant().into());
        let deadline = self.deadline.map(|deadline| Box::pin(sleep(deadline)));
        if let Logic::Reflection = self.logic {
            let requests = Requests(body.kind);
            return Ok(Kind::Stream(Box::pin(Answers {
                leaving: leaving(self.state.clone()),
                call: self,
                requests,
                sent: Default::default(),
                asking: None,
                deadline,
                end: None,
            })));
        }
        let message = only_message(body, self.deadline).await?;
        let state = Arc::clone(&self.state.borrow());
        match &*self.method().proto {
            "List" => {
                let statuses = health::list(&state);
                Ok(Kind::One(self.encode(&statuses)?, Metadata::new()))
            }
            "Check" => {
                let status = health::check(&state, &self.decode(&message)?)?;
                Ok(Kind::One(self.encode(&status)?, Metadata::new()))
            }
            _ => {
                let service = health::service(&self.decode(&message)?);
                Ok(Kind::Stream(Box::pin(Watch::new(self, service, deadline))))
            }
        }
    }
}

impl Call for BuiltinCall {
    fn serve(self: Box<Self>, body: Body) -> CallFuture {
        Box::pin(async move {
            match self.run(body).await {
                Err(status) => status.into(),
                Ok(kind) => Reply {
                    headers: Metadata::new(),
                    body: kind.into(),
                },
            }
        })
    }
}

/// The messages of a request.
struct Requests(Kind);

impl Requests {
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Next> {
        if let Kind::Stream(messages) = &mut self.0 {
            return messages.as_mut().poll_next(cx);
        }
        Poll::Ready(
            match std::mem::replace(&mut self.0, Kind::Empty(End::ok())) {
                Kind::One(message, _) => Next::Message(message),
                Kind::Empty(end) => Next::End(end),
                Kind::Stream(_) => Next::End(End::ok()),
            },
        )
    }
}

/// One answer for each question.
struct Answers {
    call: BuiltinCall,
    requests: Requests,
    /// The request that waits for the files to be read.
    asking: Option<Asking>,
    /// Files the client has: each is sent once.
    sent: std::collections::HashSet<usize>,
    deadline: Option<Pin<Box<Sleep>>>,
    leaving: Pin<Box<dyn Future<Output = ()> + Send>>,
    end: Option<End>,
}

/// A request, and the files it is about.
struct Asking {
    request: Bytes,
    index: Pin<Box<dyn Future<Output = Arc<Index>> + Send>>,
}

impl Answers {
    /// The request that is answered next.
    fn ask(&self, request: Bytes) -> Asking {
        let state = Arc::clone(&self.call.state.borrow());
        Asking {
            request,
            index: Box::pin(async move { state.index.index().await }),
        }
    }

    fn answer(&mut self, message: &Bytes, index: &Index) -> Result<Bytes, Status> {
        let request = self.call.decode(message)?;
        let response = reflection::answer(index, request, &mut self.sent)?;
        self.call.encode(&response)
    }

    fn poll_answer(&mut self, cx: &mut Context<'_>) -> Poll<Next> {
        loop {
            if let Some(asking) = &mut self.asking {
                let Poll::Ready(index) = asking.index.as_mut().poll(cx) else {
                    return self.poll_end(cx);
                };
                let request = std::mem::take(&mut asking.request);
                self.asking = None;
                return Poll::Ready(match self.answer(&request, &index) {
                    Ok(answer) => Next::Message(answer),
                    Err(status) => Next::End(status.into()),
                });
            }
            match self.requests.poll_next(cx) {
                Poll::Ready(Next::Message(message)) => self.asking = Some(self.ask(message)),
                Poll::Ready(Next::End(end)) => {
                    return Poll::Ready(Next::End(End {
                        result: end.result,
                        trailers: Metadata::new(),
                    }));
                }
                Poll::Pending => return self.poll_end(cx),
            }
        }
    }

    /// What ends the call whatever it waits for.
    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<Next> {
        if self.leaving.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Next::End(left()));
        }
        poll_late(&mut self.deadline, cx)
    }
}

impl MessageStream for Answers {
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Next> {
        if let Some(end) = &self.end {
            return Poll::Ready(Next::End(end.clone()));
        }
        let next = ready!(self.poll_answer(cx));
        if let Next::End(end) = &next {
            self.end = Some(end.clone());
        }
        Poll::Ready(next)
    }
}

/// The status of one service, whenever it changes.
struct Watch {
    changes: Pin<Box<dyn Future<Output = watch::Receiver<Arc<State>>> + Send>>,
    call: BuiltinCall,
    service: String,
    last: Option<u32>,
    waiting: VecDeque<Bytes>,
    deadline: Option<Pin<Box<Sleep>>>,
    end: Option<End>,
}

impl Watch {
    fn new(call: BuiltinCall, service: String, deadline: Option<Pin<Box<Sleep>>>) -> Self {
        let mut watch = Self {
            changes: changes(call.state.clone()),
            call,
            service,
            last: None,
            waiting: VecDeque::new(),
            deadline,
            end: None,
        };
        watch.look();
        watch
    }

    /// Says what has changed; of a host that leaves there is no more to say.
    fn look(&mut self) {
        let state = Arc::clone(&self.call.state.borrow());
        if !state.serving {
            self.end = Some(left());
        }
        let status = health::watched(&state, &self.service);
        if self.last == Some(status) {
            return;
        }
        self.last = Some(status);
        match self.call.encode(&health::response(status)) {
            Ok(message) => self.waiting.push_back(message),
            Err(status) => self.end = Some(status.into()),
        }
    }
}

impl MessageStream for Watch {
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Next> {
        loop {
            if let Some(message) = self.waiting.pop_front() {
                return Poll::Ready(Next::Message(message));
            }
            if let Some(end) = &self.end {
                return Poll::Ready(Next::End(end.clone()));
            }
            match self.changes.as_mut().poll(cx) {
                Poll::Ready(state) => {
                    self.call.state = state.clone();
                    self.changes = changes(state);
                    self.look();
                }
                Poll::Pending => {
                    let late = ready!(poll_late(&mut self.deadline, cx));
                    if let Next::End(end) = late {
                        self.end = Some(end);
                    }
                }
            }
        }
    }
}

/// The next change.
fn changes(
    mut state: watch::Receiver<Arc<State>>,
) -> Pin<Box<dyn Future<Output = watch::Receiver<Arc<State>>> + Send>> {
    Box::pin(async move {
        if state.changed().await.is_err() {
            // The host is gone, and with it whoever polls this.
            std::future::pending::<()>().await;
        }
        state
    })
}

/// Ready once the host takes no more calls.
fn leaving(mut state: watch::Receiver<Arc<State>>) -> Pin<Box<dyn Future<Output = ()> + Send>> {
    Box::pin(async move {
        // An error is a host that is gone altogether.
        state.wait_for(|state| !state.serving).await.ok();
    })
}

/// The end of a stream that nobody but its client would end, so that it does
/// not hold up a host that leaves.
fn left() -> End {
    Status::unavailable("the host is shutting down").into()
}

/// The end of a call whose time is up.
fn poll_late(deadline: &mut Option<Pin<Box<Sleep>>>, cx: &mut Context<'_>) -> Poll<Next> {
    let Some(sleep) = deadline else {
        return Poll::Pending;
    };
    ready!(sleep.as_mut().poll(cx));
    let late = Status::deadline_exceeded("the deadline passed");
    Poll::Ready(Next::End(late.into()))
}
