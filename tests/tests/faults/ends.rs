//! Clients that half-close or reset their connection, at every stage of a call
//! over every transport: the guest is told, and the connection is gone.

use std::net::SocketAddr;

use ostler_tests::{Socket, Table, opening};
use serde_json::Value;

use crate::Site;
use crate::frames::{DATA, END_HEADERS, END_STREAM, HEADERS, Wire, frame, greeting, head};

#[derive(Clone, Copy, Debug)]
enum Transport {
    Http1,
    H2c,
    WebSocket,
}

/// Where the client stops.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Stage {
    /// Nothing runs.
    Idle,
    /// In the head of a request.
    Head,
    /// A guest reads the body of a request.
    Body,
    /// A guest writes the reply.
    Reply,
}

#[tokio::test]
async fn connections_that_end() {
    let site = Site::start(&["cancel"], "").await;
    let mut table = Table::new("Faults: connections that end");
    for transport in [Transport::Http1, Transport::H2c, Transport::WebSocket] {
        for stage in [Stage::Idle, Stage::Head, Stage::Body, Stage::Reply] {
            let runs = matches!(stage, Stage::Body | Stage::Reply);
            let rows = site.row(
                &mut table,
                format!("half-closed: {transport:?}, {stage:?}"),
                async {
                    let told = site.host.log.count(told);
                    let mut wire = open(&site, transport, stage).await;
                    wire.half_close().await;
                    wire.ended().await;
                    assert_told(&site, told + usize::from(runs)).await;
                },
            );
            rows.await;
            let rows = site.row(
                &mut table,
                format!("reset: {transport:?}, {stage:?}"),
                async {
                    let told = site.host.log.count(told);
                    open(&site, transport, stage).await.reset();
                    assert_told(&site, told + usize::from(runs)).await;
                },
            );
            rows.await;
        }
    }
    site.finish(table).await;
}

/// A guest that was told its caller is gone.
fn told(line: &str) -> bool {
    line.contains("cancelled: true")
}

async fn assert_told(site: &Site, times: usize) {
    site.host.log.wait_count(told, times).await;
}

/// A guest that has read the first of its request.
fn reads(line: &str) -> bool {
    line.contains("first chunk is there")
}

/// Connects and goes on to this stage.
async fn open(site: &Site, transport: Transport, stage: Stage) -> Wire {
    let addr = site.host.addr;
    let read = site.host.log.count(reads);
    let wire = match transport {
        Transport::Http1 => http1(addr, stage).await,
        Transport::H2c => h2c(addr, stage).await,
        Transport::WebSocket => websocket(addr, stage).await,
    };
    if stage == Stage::Body {
        site.host.log.wait_count(reads, read + 1).await;
    }
    wire
}

async fn http1(addr: SocketAddr, stage: Stage) -> Wire {
    let mut wire = Wire::connect(addr).await;
    let post = |path: &str, rest: &str| format!("POST {path} HTTP/1.1\r\nhost: h\r\n{rest}");
    match stage {
        Stage::Idle => {
            wire.write("GET /health HTTP/1.1\r\nhost: h\r\n\r\n").await;
            wire.until(b"{\"status\": \"ok\"}").await;
        }
        Stage::Head => {
            wire.write(post("/cancel/watch", "x-hal")).await;
        }
        Stage::Body => {
            let rest = "content-type: application/octet-stream\r\nexpect: 100-continue\r\n\
                        transfer-encoding: chunked\r\n\r\n";
            wire.write(post("/cancel/watch", rest)).await;
            // The body is wanted: the call was admitted.
            wire.until(b"100 Continue\r\n\r\n").await;
            wire.write("4\r\nsome\r\n").await;
        }
        Stage::Reply => {
            let rest = "content-type: application/json\r\ncontent-length: 2\r\n\r\n{}";
            wire.write(post("/cancel/count", rest)).await;
            wire.until(b"\n9\n").await;
        }
    }
    wire
}

async fn h2c(addr: SocketAddr, stage: Stage) -> Wire {
    let mut wire = Wire::connect(addr).await;
    wire.write(greeting()).await;
    // Its answer to our settings.
    wire.until(&[0, 0, 0, 4, 1, 0, 0, 0, 0]).await;
    let json = "application/json";
    match stage {
        Stage::Idle => {}
        Stage::Head => {
            let head = head("/cancel/watch", json);
            wire.write(&frame(HEADERS, END_HEADERS, 1, &head)[..30])
                .await;
        }
        Stage::Body => {
            let raw = "application/octet-stream";
            let head = head("/cancel/watch", raw);
            wire.write(frame(HEADERS, END_HEADERS, 1, &head)).await;
            wire.write(frame(DATA, 0, 1, b"some")).await;
        }
        Stage::Reply => {
            let head = head("/cancel/count", json);
            wire.write(frame(HEADERS, END_HEADERS, 1, &head)).await;
            wire.write(frame(DATA, END_STREAM, 1, b"{}")).await;
            wire.until(b"9\n").await;
        }
    }
    wire
}

async fn websocket(addr: SocketAddr, stage: Stage) -> Wire {
    if stage == Stage::Head {
        let mut wire = Wire::connect(addr).await;
        wire.write("GET / HTTP/1.1\r\nhost: h\r\nupgrade: websocket\r\nsec-webs")
            .await;
        return wire;
    }
    let mut socket = Socket::ostler(addr).await;
    match stage {
        Stage::Idle | Stage::Head => {}
        Stage::Body => {
            let call = opening("request", "1", "cancel.watch", Value::Null);
            socket.send(call).await;
            socket.push("1", Value::from("c29tZQ==")).await;
        }
        Stage::Reply => {
            socket
                .request("1", "cancel.count", serde_json::json!({}))
                .await;
            socket.of("1").await;
        }
    }
    Wire::from_stream(socket.into_stream())
}
