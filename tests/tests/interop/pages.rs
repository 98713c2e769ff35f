//! A server of a few files: what a page is loaded from.

use std::path::{Path, PathBuf};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// Serves a folder until it is dropped.
#[derive(Debug)]
pub(crate) struct Pages {
    /// What the pages' calls say they come from.
    pub(crate) origin: String,
    _task: JoinSet<()>,
}

impl Pages {
    pub(crate) async fn of(folder: &Path) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let mut task = JoinSet::new();
        task.spawn(serve(listener, folder.to_owned()));
        Self {
            origin,
            _task: task,
        }
    }
}

async fn serve(listener: TcpListener, folder: PathBuf) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        // One that the browser opens and then does not use is its own affair.
        connections.spawn(answer(stream, folder.clone()));
    }
}

/// Answers the one request of a connection.
async fn answer(mut stream: TcpStream, folder: PathBuf) -> Option<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).ok()?;
    let (status, content, body) = match head.split(' ').nth(1)? {
        "/" => ("200 OK", "text/html", "index.html"),
        "/page.js" => ("200 OK", "text/javascript", "page.js"),
        _ => ("404 Not Found", "text/plain", ""),
    };
    let body = match body {
        "" => Vec::new(),
        file => std::fs::read(folder.join(file)).ok()?,
    };
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: {content}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
    );
    stream
        .write_all(&[head.as_bytes(), &body].concat())
        .await
        .ok()
}
