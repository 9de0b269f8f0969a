use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use fred::clients::{Client, WithOptions};
use fred::error::{Error, ErrorKind};
use fred::interfaces::{ClientLike, EventInterface};
use fred::types::Value;
use fred::types::config::{Options, Server};
use tokio::sync::Notify;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::task::AbortHandle;

use crate::model::{Failure, StoreError};
use crate::store::RECONNECT_PAUSE;

/// Times that a command is sent on to another node, at most.
pub(super) const REDIRECTS: u32 = 5;

/// A client of the cluster. While it has lost one of its nodes it serves none: it looks for the cluster's new shape first.
pub(super) struct Line {
    pub client: WithOptions<Client>,
    link: Arc<Link>,
    watch: AbortHandle,
}

/// Whether commands can be sent. The client itself would keep them until all of the cluster is back.
struct Link {
    up: AtomicBool,
    lost: Notify,
}

impl Line {
    /// The line of a client that is connected.
    pub fn watched(client: &Client) -> Line {
        let link = Arc::new(Link { up: AtomicBool::new(true), lost: Notify::new() });
        // Heard from here on, not from when the task first runs.
        let errors = client.error_rx();
        // A redirect is an attempt to the client; what was under way when a connection broke fails whatever is left of them.
        let options = Options {
            fail_fast: true,
            max_attempts: Some(1 + REDIRECTS),
            max_redirections: Some(REDIRECTS),
            ..Options::default()
        };
        let client = client.with_options(&options);
        let watch = tokio::spawn(watch(client.clone(), errors, link.clone())).abort_handle();
        Line { client, link, watch }
    }

    /// The answer to a command on this line, or that the line broke before it came.
    pub async fn answer<T>(&self, command: impl Future<Output = Result<T, Error>>) -> Result<T, StoreError> {
        let lost = self.link.lost.notified();
        if !self.link.up.load(Relaxed) {
            return Err(StoreError::cache(Failure::Unavailable, "not connected to all of the cluster"));
        }
        tokio::select! {
            biased;
            answer = command => answer.map_err(|error| failed(&error)),
            () = lost => Err(StoreError::cache(Failure::Unavailable, "a connection to the cluster broke")),
        }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.watch.abort();
    }
}

/// What a cluster says while it has nobody to serve a slot is no refusal: it passes.
pub(super) fn failed(error: &Error) -> StoreError {
    const PASSES: &[&str] = &[
        "TRYAGAIN",
        "CLUSTERDOWN",
        "MASTERDOWN",
        "LOADING",
        "READONLY",
        "MOVED",
        "ASK",
        "Failed to route command",
        "Too many failed write attempts",
    ];
    let passes = PASSES.iter().any(|words| error.details().starts_with(words));
    if passes || *error.kind() == ErrorKind::Cluster {
        return StoreError::cache(Failure::Unavailable, error);
    }
    super::failed(error)
}

/// Follows the connections of a client: one that breaks takes the line down until the client answers again.
async fn watch(client: WithOptions<Client>, mut errors: Receiver<(Error, Option<Server>)>, link: Arc<Link>) {
    loop {
        if matches!(errors.recv().await, Err(RecvError::Closed)) {
            return;
        }
        link.up.store(false, Relaxed);
        link.lost.notify_waiters();
        loop {
            // What it is asked waits behind the search for the cluster's new shape, or fails at once while that fails.
            let answered = client.ping::<Value>(None).await;
            // Whatever broke before it answered is over.
            let is_closed = drain(&mut errors);
            if answered.is_ok() {
                break;
            }
            if is_closed {
                return;
            }
            tokio::time::sleep(RECONNECT_PAUSE).await;
        }
        link.up.store(true, Relaxed);
    }
}

/// Takes what is there; says whether nothing will come any more.
fn drain(errors: &mut Receiver<(Error, Option<Server>)>) -> bool {
    use tokio::sync::broadcast::error::TryRecvError;
    loop {
        match errors.try_recv() {
            Err(TryRecvError::Empty) => return false,
            Err(TryRecvError::Closed) => return true,
            Ok(_) | Err(TryRecvError::Lagged(_)) => {}
        }
    }
}
