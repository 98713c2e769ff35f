//! HTTP/1.1 or HTTP/2 with prior knowledge, by the first bytes: no HTTP/1.1
//! request starts with `PRI ` (RFC 9113, section 3.4).

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// What the peer speaks.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Version {
    Http1,
    Http2,
}

/// Reads just enough to tell.
///
/// # Errors
/// When the connection ends first.
pub(super) async fn sniff(mut stream: TcpStream) -> io::Result<(Version, Sniffed)> {
    let mut head = [0; PREFACE.len()];
    let mut filled = 0;
    while filled < head.len() {
        let n = stream.read(&mut head[filled..]).await?;
        if n == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        filled += n;
        if head[..filled] != PREFACE[..filled] {
            break;
        }
    }
    let version = if head == *PREFACE {
        Version::Http2
    } else {
        Version::Http1
    };
    Ok((
        version,
        Sniffed {
            stream,
            head,
            read: 0,
            filled,
        },
    ))
}

/// A connection whose first bytes were looked at.
#[derive(Debug)]
pub(super) struct Sniffed {
    stream: TcpStream,
    head: [u8; PREFACE.len()],
    read: usize,
    filled: usize,
}

impl AsyncRead for Sniffed {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.read == self.filled {
            return Pin::new(&mut self.stream).poll_read(cx, buf);
        }
        let n = (self.filled - self.read).min(buf.remaining());
        buf.put_slice(&self.head[self.read..self.read + n]);
        self.read += n;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Sniffed {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_shutdown(cx))?;
        Poll::Ready(Ok(()))
    }
}
