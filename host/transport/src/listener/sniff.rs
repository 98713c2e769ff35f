//! HTTP/1.1 or HTTP/2 with prior knowledge, by the first bytes: no HTTP/1.1
//! request starts with `PRI ` (RFC 9113, section 3.4).

use std::future::Future;
use std::io;
use std::net::Shutdown;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, Interest, ReadBuf};
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
            stream: Arc::new(stream),
            head,
            read: 0,
            filled,
        },
    ))
}

/// A connection whose first bytes were looked at. It is read through a shared
/// reference, so that others can watch whether the peer is still there.
#[derive(Debug)]
pub(super) struct Sniffed {
    stream: Arc<TcpStream>,
    head: [u8; PREFACE.len()],
    read: usize,
    filled: usize,
}

impl Sniffed {
    /// A connection of which nothing was looked at.
    pub(super) fn unread(stream: TcpStream) -> Self {
        Self {
            stream: Arc::new(stream),
            head: [0; PREFACE.len()],
            read: 0,
            filled: 0,
        }
    }

    /// Over once the peer sends no more, whatever of it is still unread. The
    /// reader alone would not see it while nobody wants to read.
    pub(super) fn hung_up(&self) -> impl Future<Output = ()> + Send + use<> {
        let stream = Arc::clone(&self.stream);
        async move {
            // NB of all interests this is the one that unread bytes do not
            // satisfy, while a closed read half does. Other systems than Linux
            // have none like it: there it is seen when the body is read.
            #[cfg(target_os = "linux")]
            if let Ok(ready) = stream.ready(Interest::PRIORITY).await
                && ready.is_read_closed()
            {
                return;
            }
            std::future::pending::<()>().await;
            drop(stream);
        }
    }
}

impl AsyncRead for Sniffed {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.read < self.filled {
            let n = (self.filled - self.read).min(buf.remaining());
            buf.put_slice(&self.head[self.read..self.read + n]);
            self.read += n;
            return Poll::Ready(Ok(()));
        }
        let room = buf.remaining();
        loop {
            ready!(self.stream.poll_read_ready(cx))?;
            let read = || self.stream.try_read_buf(buf);
            if let Some(done) = attempt(&self.stream, Interest::READABLE, room, read) {
                return Poll::Ready(done.map(drop));
            }
        }
    }
}

impl Sniffed {
    fn poll_try_write(
        &self,
        cx: &mut Context<'_>,
        len: usize,
        write: impl Fn(&TcpStream) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        loop {
            ready!(self.stream.poll_write_ready(cx))?;
            let write = || write(&self.stream);
            if let Some(done) = attempt(&self.stream, Interest::WRITABLE, len, write) {
                return Poll::Ready(done);
            }
        }
    }
}

/// Reads or writes up to `most` bytes; `None` when an event must be waited for.
///
/// Less than asked for means that asking again would be in vain, so then the
/// next event is waited for too. What was ready is taken back inside `try_io`,
/// which knows it from before the attempt: an event of meanwhile stays.
fn attempt(
    stream: &TcpStream,
    interest: Interest,
    most: usize,
    act: impl FnOnce() -> io::Result<usize>,
) -> Option<io::Result<usize>> {
    let mut less = None;
    let done = stream.try_io(interest, || {
        let n = act()?;
        if n == 0 || n == most {
            return Ok(n);
        }
        less = Some(n);
        Err(io::ErrorKind::WouldBlock.into())
    });
    match (less, done) {
        (Some(n), _) => Some(Ok(n)),
        (None, Err(error)) if error.kind() == io::ErrorKind::WouldBlock => None,
        (None, done) => Some(done),
    }
}

impl AsyncWrite for Sniffed {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_try_write(cx, buf.len(), |stream| stream.try_write(buf))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let len = bufs.iter().map(|buf| buf.len()).sum();
        self.poll_try_write(cx, len, |stream| stream.try_write_vectored(bufs))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        // A TCP stream buffers nothing of its own.
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        let socket = SockRef::from(&*self.stream);
        Poll::Ready(match socket.shutdown(Shutdown::Write) {
            // It is shut down as it is.
            Err(error) if error.kind() == io::ErrorKind::NotConnected => Ok(()),
            done => done,
        })
    }
}
