//! One call by a client that looks at everything.

use std::net::SocketAddr;

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use h2::client::{Builder, SendRequest};
use http::Request;
use tokio::net::TcpStream;

use super::request::{body, headers};
use crate::load::{Call, Protocol};

/// Makes one call and returns its answer.
pub(in crate::load) fn once(address: SocketAddr, call: &Call) -> Result<Vec<u8>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let socket = TcpStream::connect(address).await?;
        let mut builder = Builder::new();
        builder.initial_window_size(1 << 30);
        builder.initial_connection_window_size(1 << 30);
        let (sender, connection) = builder.handshake(socket).await?;
        tokio::select! {
            answer = answer(sender.ready().await?, address, call) => answer,
            ended = connection => {
                ended?;
                anyhow::bail!("the server closed the connection")
            }
        }
    })
}

async fn answer(
    mut sender: SendRequest<Bytes>,
    address: SocketAddr,
    call: &Call,
) -> Result<Vec<u8>> {
    let mut request = Request::post(format!("http://{address}{}", call.path));
    for (name, value) in headers(call) {
        request = request.header(name, value);
    }
    let (response, mut upload) = sender.send_request(request.body(())?, false)?;
    upload.send_data(body(call).into(), true)?;
    let response = response.await?;
    ensure!(response.status() == 200, "answered {response:?}");
    let mut download = response.into_body();
    let mut answer = Vec::new();
    while let Some(data) = download.data().await {
        answer.extend_from_slice(&data?);
    }
    if call.protocol == Protocol::Grpc {
        let trailers = download.trailers().await?.context("no trailers")?;
        let status = trailers.get("grpc-status").context("no status")?;
        ensure!(status == "0", "ended with {trailers:?}");
    }
    Ok(answer)
}
