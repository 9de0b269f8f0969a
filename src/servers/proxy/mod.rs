//! A TCP proxy on loopback, between clients and a server: what a network does to connections, without rights over one.
//!
//! Netem and packet filters need root and are the machine's; this is ours, and ends with us. It runs on a thread of its
//! own, so that no worker of the load has to carry bytes. A connection to it is made at once, whatever the condition,
//! since the kernel answers; conditions are felt by what is sent over it. While clear it costs 40 us for each round
//! trip of 64 bytes over loopback: 70 us at the median against 29 (2 cores of an AMD EPYC that was not idle;
//! `what_a_round_trip_costs` prints it). So compare with runs through it.

mod flight;
mod flow;
mod listen;
#[cfg(test)]
mod tests;

use std::iter::Sum;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::sync::watch;

use super::error::ServerError;

/// What the network does to the connections of a [`Proxy`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Condition {
    /// Nothing: bytes go on as they come.
    #[default]
    Clear,
    /// What is sent arrives this much later, each way, and up to 1 ms more. Throughput is bounded by a window, as that of
    /// TCP is: 4 MiB in flight each way.
    Delay(Duration),
    /// Nothing is delivered either way, the end of a connection neither. Connections stay open, new ones get no answer. What
    /// was sent meanwhile is delivered after, as TCP would retransmit it.
    Partition,
    /// Connections are reset (RST), and new ones at once.
    Reset,
}

/// A proxy in front of one server, for as long as the value lives.
pub struct Proxy {
    port: u16,
    // Dropped before the thread, which ends by that.
    state: watch::Sender<State>,
    carried: Arc<[AtomicU64; 2]>,
    _thread: Joined,
}

/// Bytes that went through a proxy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Carried {
    /// From clients to the server.
    pub sent: u64,
    /// From the server to clients.
    pub received: u64,
}

impl Carried {
    /// What was carried between an earlier moment and this one.
    pub fn since(self, earlier: Carried) -> Carried {
        Carried { sent: self.sent - earlier.sent, received: self.received - earlier.received }
    }
}

impl Sum for Carried {
    fn sum<I: Iterator<Item = Carried>>(all: I) -> Carried {
        all.fold(Carried::default(), |sum, one| Carried {
            sent: sum.sent + one.sent,
            received: sum.received + one.received,
        })
    }
}

/// What holds now, and how often connections were reset: one that is over before a connection looks is felt by it too.
#[derive(Clone, Copy, Default)]
struct State {
    condition: Condition,
    resets: u64,
}

/// A thread that is waited for.
struct Joined(Option<JoinHandle<()>>);

impl Drop for Joined {
    fn drop(&mut self) {
        // A proxy that panicked has ended too.
        let _ = self.0.take().map(JoinHandle::join);
    }
}

impl Proxy {
    /// Listens on a free port of 127.0.0.1, and carries what comes to this server and back. The server may be away: clients
    /// are reset until it is there.
    ///
    /// # Errors
    /// When the system gives out no thread, or no port.
    pub fn start(to: SocketAddr) -> Result<Proxy, ServerError> {
        let (state, watched) = watch::channel(State::default());
        let (reply, answer) = mpsc::channel();
        let carried: Arc<[AtomicU64; 2]> = Arc::default();
        let counted = carried.clone();
        let carry = move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build();
            let listening = runtime.and_then(|runtime| {
                let listener = runtime.block_on(listen::bind())?;
                Ok((listener.local_addr()?.port(), listener, runtime))
            });
            match listening {
                Ok((port, listener, runtime)) => {
                    // Whoever asked waits for it.
                    let _ = reply.send(Ok(port));
                    runtime.block_on(listen::serve(&listener, to, watched, counted));
                }
                Err(error) => drop(reply.send(Err(error))),
            }
        };
        let thread = thread::Builder::new().name("cachebench-proxy".into()).spawn(carry);
        let thread = Joined(Some(thread.map_err(ServerError::Proxy)?));
        let lost = || std::io::Error::other("its thread ended");
        let port = answer.recv().map_err(|_| lost()).flatten().map_err(ServerError::Proxy)?;
        Ok(Proxy { port, state, carried, _thread: thread })
    }

    /// Where clients find it, on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What went through it so far.
    pub fn carried(&self) -> Carried {
        let [sent, received] = self.carried.each_ref().map(|bytes| bytes.load(Relaxed));
        Carried { sent, received }
    }

    /// From now on, for connections that there are and those to come: nothing that is sent after this call is treated as
    /// before.
    pub fn set(&self, condition: Condition) {
        self.state.send_modify(|state| {
            state.condition = condition;
            state.resets += u64::from(condition == Condition::Reset);
        });
    }
}
