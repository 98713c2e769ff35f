//! The server half of the admin API.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::rejection::QueryRejection;
use axum::extract::{DefaultBodyLimit, Path, Query, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router, middleware};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::StreamExt as _;
use ostler_control::{Candidate, Control, DeployError, Deployer};
use ostler_schema::{Contract, Handler as _, Health};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::guard::{self, Guard};
use super::logs::logs;
use super::token::Token;
use super::wire::{Component, Detail, Event, Fault, Placed, Rollout, SIGNATURE};
use crate::config::Config;
use crate::source::{Pulled, Registries, RegistryError};
use crate::tail::Tail;
use crate::telemetry::{Format, Telemetry};

/// Lines that wait for a slow reader; a deployment has fewer.
const EVENTS: usize = 16;

/// A bound socket of the admin API.
#[derive(Debug)]
pub(crate) struct Admin {
    socket: TcpListener,
    guard: Guard,
    registries: Registries,
    tail: Option<Tail>,
}

#[derive(Clone, Debug)]
pub(super) struct Shared {
    pub(super) control: Control,
    deployer: Deployer,
    telemetry: Telemetry,
    registries: Registries,
    pub(super) tail: Option<Tail>,
    pub(super) stop: CancellationToken,
    /// Deployments go on when nobody reads of them any more.
    tasks: TaskTracker,
}

impl Admin {
    /// Binds `address`.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) async fn bind(
        address: &str,
        token: Token,
        config: &Config,
        tail: Option<Tail>,
    ) -> io::Result<Self> {
        Ok(Self {
            socket: TcpListener::bind(address).await?,
            guard: Guard {
                token: Arc::new(token),
                hosts: config.server.admin_hosts.as_slice().into(),
            },
            registries: config.registries.clone(),
            tail,
        })
    }

    pub(crate) fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Serves until `stop`, then lets deployments that run come to their end.
    pub(crate) async fn serve(
        self,
        control: Control,
        deployer: Deployer,
        telemetry: Telemetry,
        stop: CancellationToken,
    ) -> io::Result<()> {
        let tasks = TaskTracker::new();
        let shared = Shared {
            control,
            deployer,
            telemetry,
            registries: self.registries,
            tail: self.tail,
            stop: stop.clone(),
            tasks: tasks.clone(),
        };
        let router = Router::new()
            .route("/v1/components", get(list).post(deploy))
            .route("/v1/logs", get(logs))
            .route("/v1/components/{name}", get(inspect))
            .route("/v1/components/{name}/{action}", post(change))
            .route("/metrics", get(metrics))
            .fallback(nothing)
            // The size of a component has a limit of its own.
            .layer(DefaultBodyLimit::disable())
            .layer(middleware::from_fn_with_state(self.guard, guard::check))
            // Outside of the guard: balancers that ask have no token.
            .route("/health", get(health))
            .with_state(shared);
        let served = axum::serve(self.socket, router)
            .with_graceful_shutdown(async move { stop.cancelled().await })
            .await;
        tasks.close();
        tasks.wait().await;
        served
    }
}

/// An answer that is an error.
pub(super) struct Refused(pub(super) u16, pub(super) Fault);

impl Refused {
    pub(super) fn request(text: impl Into<String>) -> Self {
        Self(400, Fault::new("request", text))
    }
}

impl From<DeployError> for Refused {
    fn from(error: DeployError) -> Self {
        let (status, fault) = Fault::of(&error);
        Self(status, fault)
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (status, Json(self.1)).into_response()
    }
}

async fn nothing() -> Refused {
    let text = "there is no such path; /v1/components is where the API begins";
    Refused(404, Fault::new("not_found", text))
}

/// Every counter as text.
async fn metrics(State(shared): State<Shared>, headers: HeaderMap) -> Response {
    let accept = headers.get(header::ACCEPT);
    let format = Format::accepted(accept.and_then(|value| value.to_str().ok()));
    let text = format.write(&shared.telemetry.read());
    ([(header::CONTENT_TYPE, format.media())], text).into_response()
}

/// As on the addresses that calls come to.
async fn health(State(shared): State<Shared>) -> Response {
    let (status, text) = match shared.control.health() {
        Health::Serving => (StatusCode::OK, "ok"),
        Health::NotServing => (StatusCode::SERVICE_UNAVAILABLE, "not serving"),
    };
    (status, Json(serde_json::json!({ "status": text }))).into_response()
}

async fn list(State(shared): State<Shared>) -> Json<Vec<Component>> {
    let components = shared.control.components().into_iter();
    Json(components.map(Component::from).collect())
}

async fn inspect(
    State(shared): State<Shared>,
    Path(component): Path<String>,
) -> Result<Json<Detail>, Refused> {
    let name = shared.control.named(&component);
    let inspected = shared.control.inspect(&name).await;
    let inspected = inspected.ok_or_else(|| DeployError::Unknown(name.to_string()))?;
    Ok(Json(inspected.into()))
}

async fn deploy(
    State(shared): State<Shared>,
    query: Result<Query<Rollout>, QueryRejection>,
    request: Request,
) -> Result<Response, Refused> {
    let Query(rollout) = query.map_err(|e| Refused::request(e.body_text()))?;
    let options = ostler_control::Rollout {
        fresh: false,
        force: rollout.force,
        share: rollout.share().map_err(Refused::request)?,
        drain: rollout.drain().map_err(Refused::request)?,
        bounds: rollout.bounds().map_err(Refused::request)?,
        probe: rollout.probe().map_err(Refused::request)?,
        fleeting: false,
    };
    let sent = match rollout.source {
        Some(reference) => Sent::Reference(reference),
        None => Sent::Component(Pulled {
            reference: rollout.label.unwrap_or_else(|| "upload".to_owned()),
            signature: signature(request.headers())?,
            component: component(request.into_body()).await?,
        }),
    };
    let name = rollout.name;
    let (events, mut told) = mpsc::channel(EVENTS);
    shared.tasks.spawn(async move {
        let tell = |event| {
            // Nobody reads of it any more: it is deployed all the same.
            events.try_send(event).ok();
        };
        let deploying = async {
            let pulled = match sent {
                Sent::Component(pulled) => pulled,
                Sent::Reference(reference) => {
                    tell(Event::Step("fetching".to_owned()));
                    let pulled = shared.registries.pull(&reference).await;
                    pulled.map_err(Failed::Fetch)?
                }
            };
            let candidate = Candidate {
                name,
                label: pulled.reference,
                bytes: pulled.component,
                signature: pulled.signature,
                settings: None,
            };
            let step = |step| tell(Event::step(step));
            let deployed = shared.deployer.deploy(candidate, options, step).await;
            deployed.map_err(Failed::Deploy)
        };
        tell(match deploying.await {
            Ok(placed) => Event::Deployed(Placed {
                component: placed.name,
                version: placed.number,
                differences: placed.differences,
            }),
            Err(error) => {
                if let Failed::Fetch(error) = &error {
                    tracing::warn!(%error, "a component was not fetched");
                }
                Event::Error(error.fault())
            }
        });
    });
    let lines = futures_util::stream::poll_fn(move |cx| told.poll_recv(cx)).map(|event| {
        let mut line = serde_json::to_vec(&event).unwrap_or_default();
        line.push(b'\n');
        Ok::<_, Infallible>(Bytes::from(line))
    });
    let media = [(header::CONTENT_TYPE, "application/x-ndjson")];
    Ok((media, Body::from_stream(lines)).into_response())
}

/// What shall be deployed.
enum Sent {
    Component(Pulled),
    /// The host fetches it, with the credentials it has.
    Reference(String),
}

/// Why it was not.
enum Failed {
    Fetch(RegistryError),
    Deploy(DeployError),
}

impl Failed {
    fn fault(&self) -> Fault {
        match self {
            Self::Fetch(error) => Fault::of_registry(error),
            Self::Deploy(error) => Fault::of(error).1,
        }
    }
}

/// The signature of the body, in base64.
fn signature(headers: &HeaderMap) -> Result<Option<Bytes>, Refused> {
    let Some(value) = headers.get(SIGNATURE) else {
        return Ok(None);
    };
    let bytes = STANDARD.decode(value.as_bytes());
    let bytes = bytes.map_err(|e| Refused::request(format!("{SIGNATURE} is no base64: {e}")))?;
    Ok(Some(bytes.into()))
}

/// The component that is sent, unless it is too large.
async fn component(body: Body) -> Result<Bytes, Refused> {
    let mut pieces = body.into_data_stream();
    let mut bytes = Vec::new();
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(|e| Refused::request(format!("the upload broke off: {e}")))?;
        bytes.extend_from_slice(&piece);
        let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        Contract::check_size(size)
            .map_err(|e| Refused(413, Fault::new("too_large", e.to_string())))?;
    }
    if bytes.is_empty() {
        return Err(Refused::request(
            "the body is empty; it is the bytes of a component",
        ));
    }
    Ok(bytes.into())
}

/// Does `action` with a component.
async fn change(
    State(shared): State<Shared>,
    Path((component, action)): Path<(String, String)>,
    query: Result<Query<Rollout>, QueryRejection>,
) -> Result<Json<Placed>, Refused> {
    let Query(rollout) = query.map_err(|e| Refused::request(e.body_text()))?;
    let drain = rollout.drain().map_err(Refused::request)?;
    let control = &shared.control;
    let component = control.named(&component).to_string();
    let version = match &*action {
        "rollback" => control.rollback(&component, rollout.version, drain).await?,
        "promote" => control.promote(&component, drain).await?,
        "drain" => control.remove(&component, drain).await?,
        _ => return Err(nothing().await),
    };
    Ok(Json(Placed::new(component, version)))
}
