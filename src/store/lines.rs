use std::ops::Deref;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

use tokio::sync::{Semaphore, SemaphorePermit};

/// How the clients of one service instance share its connections to the cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sharing {
    /// All use the same few connections at once, their commands pipelined. A run of commands goes over one connection
    /// before the next has its turn: what is sent together travels together, in one packet.
    Shared { connections: usize, run: usize },
    /// A connection is lent to one command at a time; a client that finds none free waits.
    Lent(usize),
}

impl Sharing {
    /// Connections of the instance.
    pub fn connections(self) -> usize {
        match self {
            Sharing::Shared { connections, .. } | Sharing::Lent(connections) => connections.max(1),
        }
    }

    /// The topology in words, for the record.
    pub fn words(self) -> &'static str {
        match self {
            Sharing::Shared { .. } => "shared: the commands of all clients pipelined",
            Sharing::Lent(_) => "lent: one command in flight on each",
        }
    }
}

/// The connections of one service instance, as its clients share them.
pub struct Lines<L> {
    lines: Vec<L>,
    lending: Lending,
}

enum Lending {
    /// Commands so far, and how many of them make a run.
    Shared { sent: AtomicUsize, run: usize },
    /// Those that no command is using.
    Lent { free: Semaphore, idle: Mutex<Vec<usize>> },
}

impl<L> Lines<L> {
    pub fn new(sharing: Sharing, lines: Vec<L>) -> Lines<L> {
        let lending = match sharing {
            Sharing::Shared { run, .. } => Lending::Shared { sent: AtomicUsize::new(0), run: run.max(1) },
            Sharing::Lent(_) => Lending::Lent {
                free: Semaphore::new(lines.len()),
                idle: Mutex::new((0..lines.len()).rev().collect()),
            },
        };
        Lines { lines, lending }
    }

    /// A connection for one command.
    pub async fn take(&self) -> Taken<'_, L> {
        match &self.lending {
            Lending::Shared { sent, run } => {
                // With one connection the counter would only be a shared write.
                let one = self.lines.len() == 1;
                let at = if one { 0 } else { sent.fetch_add(1, Relaxed) / run % self.lines.len() };
                Taken { line: &self.lines[at], _back: None }
            }
            Lending::Lent { free, idle } => {
                // The semaphore is never closed; without a permit the command would merely be pipelined.
                let permit = free.acquire().await.ok();
                let at = idle.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or(0);
                Taken { line: &self.lines[at], _back: Some(Back { idle, at, _permit: permit }) }
            }
        }
    }
}

/// A connection while a command uses it.
pub struct Taken<'a, L> {
    line: &'a L,
    _back: Option<Back<'a>>,
}

impl<L> Deref for Taken<'_, L> {
    type Target = L;

    fn deref(&self) -> &L {
        self.line
    }
}

/// Gives a lent connection back when dropped.
struct Back<'a> {
    idle: &'a Mutex<Vec<usize>>,
    at: usize,
    // Dropped after `drop` below has put the connection back, so whoever gets the permit finds it.
    _permit: Option<SemaphorePermit<'a>>,
}

impl Drop for Back<'_> {
    fn drop(&mut self) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(self.at);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn shared_connections_take_turns_and_nobody_waits() {
        let lines = Lines::new(Sharing::Shared { connections: 2, run: 2 }, vec!['a', 'b']);
        let taken: Vec<_> = (0..6).map(|_| lines.take().now_or_never().expect("no wait")).collect();
        assert_eq!(taken.iter().map(|line| **line).collect::<String>(), "aabbaa");
    }

    #[test]
    fn a_lent_connection_serves_one_command_at_a_time() {
        let lines = Lines::new(Sharing::Lent(2), vec!['a', 'b']);
        let one = lines.take().now_or_never().expect("one is free");
        let other = lines.take().now_or_never().expect("one is free");
        assert_ne!(*one, *other);
        assert!(lines.take().now_or_never().is_none(), "both are in use");
        let freed = *one;
        drop(one);
        assert_eq!(*lines.take().now_or_never().expect("one is free again"), freed);
    }
}
