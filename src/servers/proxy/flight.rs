use std::collections::VecDeque;
use std::io;
use std::time::Duration;

use bytes::{Buf, Bytes};
use tokio::io::AsyncWriteExt;
use tokio::net::tcp::WriteHalf;
use tokio::time::{Instant, sleep_until};

/// Bytes in flight one way, each way of each connection: enough for 40 MB/s at 100 ms.
const WINDOW: usize = 4 << 20;
/// What a chunk takes beside its bytes, so that many small ones fill the window too.
const BESIDE: usize = 64;

/// What was read and is not yet written, in order.
#[derive(Default)]
pub struct Flight {
    chunks: VecDeque<Chunk>,
    size: usize,
    /// Whether the end of the bytes was read, and whether it was passed on.
    end_read: bool,
    end_passed: bool,
}

/// Without bytes, it is the end of them.
struct Chunk {
    read_at: Instant,
    bytes: Bytes,
}

impl Flight {
    /// What has just been read; nothing is the end.
    pub fn take_off(&mut self, bytes: &[u8]) {
        self.size += bytes.len() + BESIDE;
        self.end_read |= bytes.is_empty();
        self.chunks.push_back(Chunk { read_at: Instant::now(), bytes: Bytes::copy_from_slice(bytes) });
    }

    pub fn is_empty(&self) -> bool {
        self.chunks.is_empty()
    }

    /// Whether there is more to read, and room for it.
    pub fn takes_more(&self) -> bool {
        !self.end_read && self.size < WINDOW
    }

    pub fn has_ended(&self) -> bool {
        self.end_passed
    }

    /// Writes what was read first, this much after it was read. It may be dropped while it waits: nothing is lost then.
    pub async fn land(&mut self, to: &mut WriteHalf<'_>, delay: Duration) -> io::Result<()> {
        let Some(first) = self.chunks.front_mut() else { return Ok(()) };
        if !delay.is_zero() {
            sleep_until(first.read_at + delay).await;
        }
        if first.bytes.is_empty() {
            // No other chunk follows.
            to.shutdown().await?;
            self.end_passed = true;
            return Ok(());
        }
        let written = to.write(&first.bytes).await?;
        first.bytes.advance(written);
        self.size -= written;
        if first.bytes.is_empty() {
            self.size -= BESIDE;
            self.chunks.pop_front();
        }
        Ok(())
    }
}
