use std::io;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::sync::watch;

use super::flight::Flight;
use super::{Condition, State};

/// Bytes of one read.
const READ: usize = 64 << 10;

/// Carries bytes one way, and counts them, until their end was delivered, for a connection that began after so many resets.
///
/// # Errors
/// When either side is broken, or the condition or the end of the proxy breaks both.
pub async fn flow(
    (mut from, read_so_far): (ReadHalf<'_>, &AtomicU64),
    mut to: WriteHalf<'_>,
    mut state: watch::Receiver<State>,
    resets: u64,
) -> io::Result<()> {
    let mut room = vec![0; READ].into_boxed_slice();
    let mut flight = Flight::default();
    while !flight.has_ended() {
        let now = *state.borrow_and_update();
        if now.resets != resets {
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        let (is_open, delay) = match now.condition {
            Condition::Clear => (true, Duration::ZERO),
            Condition::Delay(delay) => (true, delay),
            Condition::Partition | Condition::Reset => (false, Duration::ZERO),
        };
        tokio::select! {
            biased;
            changed = state.changed() => changed.map_err(|_| io::ErrorKind::ConnectionReset)?,
            landed = flight.land(&mut to, delay), if is_open && !flight.is_empty() => landed?,
            read = from.read(&mut room), if is_open && flight.takes_more() => {
                let bytes = &room[..read?];
                read_so_far.fetch_add(bytes.len() as u64, Relaxed);
                // A change that came before these bytes holds for them.
                let may_pass = delay.is_zero() && flight.is_empty() && !state.has_changed().unwrap_or(true);
                let passed = if may_pass && !bytes.is_empty() { pass(&to, bytes)? } else { 0 };
                if passed < bytes.len() || bytes.is_empty() {
                    flight.take_off(&bytes[passed..]);
                }
            }
        }
    }
    Ok(())
}

/// Writes what there is room for, without a detour: how many bytes.
fn pass(to: &WriteHalf<'_>, bytes: &[u8]) -> io::Result<usize> {
    match to.try_write(bytes) {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(0),
        written => written,
    }
}
