//! HTTP/2 without TLS, frame by frame.

use std::future::poll_fn;
use std::net::SocketAddr;

use bytes::Bytes;
use h2::client::{Builder, ResponseFuture, SendRequest};
use h2::{Reason, RecvStream, SendStream};
use http::HeaderMap;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::{Head, Step, within};

/// One connection; streams share it. It ends when dropped.
#[derive(Debug)]
pub struct H2 {
    sender: SendRequest<Bytes>,
    _driver: JoinSet<()>,
}

/// One stream of a connection.
#[derive(Debug)]
pub struct H2Call {
    /// The request's side.
    pub sending: SendStream<Bytes>,
    response: Option<ResponseFuture>,
    receiving: Option<RecvStream>,
}

impl H2 {
    /// A new connection with the crate's own settings.
    ///
    /// # Panics
    /// When there is none.
    pub async fn connect(addr: SocketAddr) -> Self {
        Self::connect_with(addr, &Builder::new()).await
    }

    /// A new connection with these settings, such as small windows.
    ///
    /// # Panics
    /// When there is none.
    pub async fn connect_with(addr: SocketAddr, settings: &Builder) -> Self {
        let stream = within("a connection", TcpStream::connect(addr)).await;
        let stream = stream.unwrap_or_else(|e| panic!("cannot connect to {addr}: {e}"));
        stream.set_nodelay(true).expect("a socket has no delay");
        let shaken = within("an HTTP/2 handshake", settings.handshake(stream)).await;
        let (sender, connection) = shaken.expect("the host speaks HTTP/2");
        let mut driver = JoinSet::new();
        driver.spawn(async move {
            // How a connection ended is seen on its streams.
            connection.await.ok();
        });
        Self {
            sender,
            _driver: driver,
        }
    }

    /// Opens a stream; `ends` when the request has no body.
    ///
    /// # Panics
    /// When the connection is gone.
    pub async fn request(&self, request: http::Request<()>, ends: bool) -> H2Call {
        let ready = within("room for a stream", self.sender.clone().ready()).await;
        let mut sender = ready.expect("the connection is there");
        let opened = sender.send_request(request, ends);
        let (response, sending) = opened.expect("a request can be sent");
        H2Call {
            sending,
            response: Some(response),
            receiving: None,
        }
    }
}

impl H2Call {
    /// Sends bytes as the window allows. A peer that stopped reading is no
    /// error here: what it said is there to be read.
    pub async fn send(&mut self, bytes: impl Into<Bytes>) {
        let mut bytes = bytes.into();
        while !bytes.is_empty() {
            self.sending.reserve_capacity(bytes.len());
            let capacity = poll_fn(|cx| self.sending.poll_capacity(cx));
            let Some(Ok(room)) = within("room in the window", capacity).await else {
                return;
            };
            let part = bytes.split_to(room.min(bytes.len()));
            if self.sending.send_data(part, false).is_err() {
                return;
            }
        }
    }

    /// Ends the request's body.
    pub fn finish(&mut self) {
        // Fails when the peer has reset the stream, which its reading side tells.
        self.sending.send_data(Bytes::new(), true).ok();
    }

    /// Resets the stream.
    pub fn reset(&mut self) {
        self.sending.send_reset(Reason::CANCEL);
    }

    /// The head of the response.
    ///
    /// # Panics
    /// When there is none, or it was read before.
    pub async fn head(&mut self) -> Head {
        self.try_head()
            .await
            .unwrap_or_else(|e| panic!("no response: {e}"))
    }

    /// The head of the response.
    ///
    /// # Errors
    /// When the stream ends without one.
    ///
    /// # Panics
    /// When nothing comes, or it was read before.
    pub async fn try_head(&mut self) -> Result<Head, h2::Error> {
        let response = self.response.take().expect("a response has one head");
        let (parts, body) = within("a response", response).await?.into_parts();
        self.receiving = Some(body);
        Ok(Head {
            status: parts.status.as_u16(),
            headers: parts.headers,
        })
    }

    /// The next bytes of the response's body, or its end; gives the window
    /// back.
    ///
    /// # Panics
    /// When nothing comes, or the head was not read before.
    pub async fn read(&mut self) -> Step {
        let body = self.receiving.as_mut().expect("the head is read first");
        // The end may come as a frame without bytes, which is no step.
        let next = async {
            loop {
                match body.data().await {
                    Some(Ok(data)) if data.is_empty() => {}
                    other => return other,
                }
            }
        };
        match within("the next bytes of a response", next).await {
            Some(Ok(data)) => {
                body.flow_control().release_capacity(data.len()).ok();
                Step::Data(data)
            }
            Some(Err(error)) => Step::Broken(error.to_string()),
            None => match within("trailers", body.trailers()).await {
                Ok(trailers) => Step::End(trailers.unwrap_or_else(HeaderMap::new)),
                Err(error) => Step::Broken(error.to_string()),
            },
        }
    }
}
