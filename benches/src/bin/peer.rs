//! The native peer: the methods of the examples `users` and `blobs` that are
//! measured, written with axum as its documentation would have it.
//!
//! Listens on a port of its own choice and says which in one line of JSON.

use std::convert::Infallible;
use std::io::Write;

use anyhow::Result;
use axum::body::{Body, Bytes};
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::serve::ListenerExt;
use axum::{Json, Router};
use futures_util::stream;
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;

#[derive(Deserialize)]
struct GetUser {
    user_id: u64,
}

#[derive(Deserialize)]
struct ListUsers {
    #[serde(default = "hundred")]
    limit: u32,
}

#[derive(Deserialize)]
struct Download {
    size: u64,
}

#[derive(Serialize)]
struct User {
    username: String,
    age: u32,
}

fn hundred() -> u32 {
    100
}

#[tokio::main]
async fn main() -> Result<()> {
    let routes = Router::new()
        .route("/users/get_user", post(get_user))
        .route("/users/list_users", post(list_users))
        .route("/blobs/download", post(download));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    writeln!(std::io::stdout(), r#"{{"listen":["{address}"]}}"#)?;
    let listener = listener.tap_io(|socket| {
        // Without it the peer would only be slower; its failure is harmless.
        drop(socket.set_nodelay(true));
    });
    axum::serve(listener, routes).await?;
    Ok(())
}

async fn get_user(Json(request): Json<GetUser>) -> Json<User> {
    Json(user(request.user_id))
}

/// One frame an item, as a service does whose items come one by one.
async fn list_users(Json(request): Json<ListUsers>) -> Response {
    let lines = (0..request.limit).map(|index| {
        let mut line = serde_json::to_vec(&user(u64::from(index) + 1)).unwrap_or_default();
        line.push(b'\n');
        Ok::<_, Infallible>(Bytes::from(line))
    });
    let body = Body::from_stream(stream::iter(lines));
    ([(CONTENT_TYPE, "application/x-ndjson")], body).into_response()
}

/// Chunks of 64 KiB, each made anew.
async fn download(Json(request): Json<Download>) -> Response {
    const CHUNK: u64 = 64 * 1024;
    const PERIOD: u64 = 251;
    let pattern: Bytes = (0..CHUNK + PERIOD).map(|at| (at % PERIOD) as u8).collect();
    let chunks = (0..request.size.div_ceil(CHUNK)).map(move |index| {
        let from = index * CHUNK;
        let length = CHUNK.min(request.size - from);
        let phase = (from % PERIOD) as usize;
        let bytes = &pattern[phase..phase + length as usize];
        Ok::<_, Infallible>(Bytes::copy_from_slice(bytes))
    });
    let body = Body::from_stream(stream::iter(chunks));
    ([(CONTENT_TYPE, "application/octet-stream")], body).into_response()
}

fn user(id: u64) -> User {
    User {
        username: format!("user-{id}"),
        age: 18 + (id % 64) as u32,
    }
}
