//! A connection whose bytes are written by hand: HTTP/2 frames (RFC 9113,
//! section 4.1), and ends of every kind.

use std::net::SocketAddr;
use std::time::Duration;

use ostler_tests::within;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

pub(crate) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const RST_STREAM: u8 = 3;
pub(crate) const SETTINGS: u8 = 4;
pub(crate) const PING: u8 = 6;
pub(crate) const GOAWAY: u8 = 7;
pub(crate) const CONTINUATION: u8 = 9;

pub(crate) const END_STREAM: u8 = 1;
pub(crate) const END_HEADERS: u8 = 4;

/// One frame.
pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut frame = length[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

/// What a client says first.
pub(crate) fn greeting() -> Vec<u8> {
    [PREFACE.to_vec(), frame(SETTINGS, 0, 0, &[])].concat()
}

/// The head of a POST to `path`, without Huffman codes or a table (RFC 7541,
/// section 6.2.2).
pub(crate) fn head(path: &str, content: &str) -> Vec<u8> {
    let fields = [
        (":method", "POST"),
        (":scheme", "http"),
        (":authority", "h"),
        (":path", path),
        ("content-type", content),
    ];
    let text = |text: &str| {
        let mut bytes = vec![u8::try_from(text.len()).unwrap()];
        bytes.extend(text.as_bytes());
        bytes
    };
    let field = |(name, value)| [vec![0], text(name), text(value)].concat();
    fields.into_iter().flat_map(field).collect()
}

/// A connection of which every byte is written by hand.
pub(crate) struct Wire(TcpStream);

impl Wire {
    pub(crate) async fn connect(addr: SocketAddr) -> Self {
        let stream = TcpStream::connect(addr).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self(stream)
    }

    pub(crate) fn from_stream(stream: TcpStream) -> Self {
        Self(stream)
    }

    /// Sends bytes; a peer that is gone is seen by reading.
    pub(crate) async fn write(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        let sent = self.0.write_all(bytes.as_ref());
        within("the host to take bytes", sent).await.is_ok()
    }

    /// Reads until `what` has come.
    pub(crate) async fn until(&mut self, what: &[u8]) {
        let mut seen = Vec::new();
        let coming = async {
            while !seen.windows(what.len()).any(|at| at == what) {
                let n = self.0.read_buf(&mut seen).await.unwrap();
                assert_ne!(n, 0, "it ended after {:?}", String::from_utf8_lossy(&seen));
            }
        };
        within(format!("{what:?}"), coming).await;
    }

    /// Reads until the host ends the connection; gives what came.
    pub(crate) async fn ended(&mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        // A reset is an end too.
        within("the end of the connection", self.0.read_to_end(&mut rest))
            .await
            .ok();
        rest
    }

    /// Says that no more is sent.
    pub(crate) async fn half_close(&mut self) {
        self.0.shutdown().await.unwrap();
    }

    /// Ends the connection with RST.
    pub(crate) fn reset(self) {
        let socket = socket2::SockRef::from(&self.0);
        socket.set_linger(Some(Duration::ZERO)).unwrap();
    }

    /// Writes without end until the host takes no more, or ends the
    /// connection; gives the bytes it took.
    pub(crate) async fn flood(&mut self, bytes: &[u8], most: usize) -> usize {
        let mut taken = 0;
        while taken < most {
            let writing = tokio::time::timeout(Duration::from_millis(500), self.0.write(bytes));
            match writing.await {
                Ok(Ok(n)) if n > 0 => taken += n,
                _ => break,
            }
        }
        taken
    }
}

/// The code of the GOAWAY among the frames in `bytes`.
pub(crate) fn goaway(mut bytes: &[u8]) -> Option<u32> {
    while let Some((head, rest)) = bytes.split_at_checked(9) {
        let length = usize::from(head[0]) << 16 | usize::from(head[1]) << 8 | usize::from(head[2]);
        let (payload, after) = rest.split_at_checked(length)?;
        if head[3] == GOAWAY && payload.len() >= 8 && payload[4..8] != [0; 4] {
            return Some(u32::from_be_bytes(payload[4..8].try_into().unwrap()));
        }
        bytes = after;
    }
    None
}
