//! What is sent: given messages, lines of stdin as they come, chunks of a file.

use std::collections::VecDeque;
use std::io;
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use ostler_call::{Body, End, MessageStream, Next, Status};
use tokio::fs::File;
use tokio::io::{
    AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, BufReader, Lines, ReadBuf, Stdin,
};

use super::args::Source;
use crate::cli::exit::{Class, Failure};

/// Bytes read from a file at once.
const CHUNK: usize = 64 << 10;

/// The body of a request from its source.
pub(super) async fn body(source: Source) -> Result<Body, Failure> {
    Ok(match source {
        Source::One(message) => Body::one(message.into()),
        Source::Stdin => Body::one(whole_stdin().await?),
        Source::Messages(messages) => Body::stream(Given(messages.into())),
        Source::Lines => Body::stream(InputLines(BufReader::new(tokio::io::stdin()).lines())),
        Source::File(path) if path == Path::new("-") => {
            Body::stream(Chunks::new(tokio::io::stdin()))
        }
        Source::File(path) => match File::open(&path).await {
            Ok(file) => Body::stream(Chunks::new(file)),
            Err(e) => {
                let text = format!("{}: cannot be read: {e}", path.display());
                return Err(Failure::new(Class::File, text));
            }
        },
    })
}

async fn whole_stdin() -> Result<Bytes, Failure> {
    let mut message = Vec::new();
    match tokio::io::stdin().read_to_end(&mut message).await {
        Ok(_) => Ok(message.into()),
        Err(e) => Err(Failure::new(
            Class::File,
            format!("stdin: cannot be read: {e}"),
        )),
    }
}

/// The end of a request whose source broke: the call must not look complete.
fn broken(error: &io::Error) -> Next {
    Next::End(Status::cancelled(format!("the input cannot be read: {error}")).into())
}

struct Given(VecDeque<String>);

impl MessageStream for Given {
    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Next> {
        Poll::Ready(match self.0.pop_front() {
            Some(message) => Next::Message(message.into()),
            None => Next::End(End::ok()),
        })
    }
}

/// One message a line; blank lines are skipped.
struct InputLines(Lines<BufReader<Stdin>>);

impl MessageStream for InputLines {
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Next> {
        loop {
            return Poll::Ready(match ready!(Pin::new(&mut self.0).poll_next_line(cx)) {
                Ok(Some(line)) if line.trim().is_empty() => continue,
                Ok(Some(line)) => Next::Message(line.into()),
                Ok(None) => Next::End(End::ok()),
                Err(error) => broken(&error),
            });
        }
    }
}

struct Chunks<R> {
    reader: R,
    buffer: Vec<u8>,
}

impl<R> Chunks<R> {
    fn new(reader: R) -> Self {
        Self {
            reader,
            buffer: vec![0; CHUNK],
        }
    }
}

impl<R: AsyncRead + Send + Unpin> MessageStream for Chunks<R> {
    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Next> {
        let Self { reader, buffer } = self.get_mut();
        let mut read = ReadBuf::new(buffer);
        let done = ready!(Pin::new(reader).poll_read(cx, &mut read));
        Poll::Ready(match done {
            Ok(()) if read.filled().is_empty() => Next::End(End::ok()),
            Ok(()) => Next::Message(Bytes::copy_from_slice(read.filled())),
            Err(error) => broken(&error),
        })
    }
}
