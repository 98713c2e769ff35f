//! The messages a guest sends: encoded at once, so that what waits is bytes
//! and can be bounded.

use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use ostler_call::{Encoding, Status};
use ostler_runtime::{Closed, Sink};
use ostler_schema::{MessageType, Value, codec};

use super::Verdict;
use super::queue::Producer;
use crate::registry::Deployed;
use crate::resolve::Pinned;

/// Small messages share blocks of this size, so that a stream of them costs
/// an allocation a block, not one a message.
const BLOCK: usize = 4 << 10;

/// The stream of reply messages of one call.
#[derive(Debug)]
pub(super) struct MessageSink {
    deployed: Arc<Deployed>,
    item: MessageType,
    encoding: Encoding,
    queue: Producer,
    packer: Packer,
    verdict: Arc<Verdict>,
}

impl MessageSink {
    /// # Errors
    /// `INTERNAL` when the contract gives the stream no item type.
    pub(super) fn new(
        pinned: &Pinned,
        encoding: Encoding,
        queue: Producer,
        verdict: Arc<Verdict>,
    ) -> Result<Self, Status> {
        let item = pinned.method().response.codec();
        Ok(Self {
            deployed: pinned.deployed.clone(),
            item: item.ok_or_else(|| Status::internal("a streamed reply without an item type"))?,
            encoding,
            queue,
            packer: Packer::default(),
            verdict,
        })
    }

    fn encode(&mut self, item: Value) -> Result<Bytes, Status> {
        let limits = &self.deployed.limits;
        if let (Encoding::Raw, Value::Bytes(chunk)) = (self.encoding, &item) {
            limits.check_reply(chunk.len())?;
            return Ok(chunk.clone());
        }
        let plan = &self.deployed.contract.plan;
        let scratch = &mut self.packer.scratch;
        scratch.clear();
        codec::encode_into(self.encoding, plan, self.item, &item, scratch)?;
        limits.check_reply(scratch.len())?;
        Ok(self.packer.pack())
    }
}

impl Sink for MessageSink {
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Closed>> {
        self.queue.poll_ready(cx)
    }

    fn push(&mut self, item: Value) -> Result<(), Status> {
        let message = self.encode(item);
        match message {
            Ok(message) => {
                self.queue.push(message);
                Ok(())
            }
            Err(status) => {
                self.verdict.pass(&status);
                Err(status)
            }
        }
    }

    fn splits_chunks(&self) -> bool {
        self.encoding == Encoding::Raw
    }
}

/// Turns what was written into `scratch` into `Bytes`.
#[derive(Debug, Default)]
struct Packer {
    scratch: Vec<u8>,
    block: BytesMut,
}

impl Packer {
    /// The message in `scratch`, which is empty or stale afterwards.
    fn pack(&mut self) -> Bytes {
        let len = self.scratch.len();
        // A large message keeps its own allocation: copying it costs more.
        if len >= BLOCK {
            return std::mem::take(&mut self.scratch).into();
        }
        if self.block.capacity() < len {
            self.block = BytesMut::with_capacity(BLOCK);
        }
        self.block.extend_from_slice(&self.scratch);
        self.block.split().freeze()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pack(packer: &mut Packer, text: &[u8]) -> Bytes {
        packer.scratch.clear();
        packer.scratch.extend_from_slice(text);
        packer.pack()
    }

    #[test]
    fn small_messages_share_a_block_and_large_ones_do_not() {
        let mut packer = Packer::default();
        let a = pack(&mut packer, b"one");
        let b = pack(&mut packer, b"two");
        assert_eq!((&a[..], &b[..]), (&b"one"[..], &b"two"[..]));
        assert_eq!(a.as_ptr().wrapping_add(3), b.as_ptr());
        let large = vec![b'x'; BLOCK];
        assert_eq!(pack(&mut packer, &large), large);
        assert_eq!(pack(&mut packer, b"three"), "three");
    }

    #[test]
    fn a_full_block_is_followed_by_another() {
        let mut packer = Packer::default();
        let message = [b'm'; 1000];
        for _ in 0..50 {
            assert_eq!(pack(&mut packer, &message), &message[..]);
        }
        assert_eq!(pack(&mut packer, b""), "");
    }
}
