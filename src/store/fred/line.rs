use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use fred::clients::Client;
use fred::error::Error;
use fred::interfaces::{EventInterface, LuaInterface};
use fred::types::config::Server;
use tokio::sync::Notify;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::task::AbortHandle;

use super::failed;
use crate::model::{Failure, StoreError};
use crate::store::scripts::SCRIPTS;

/// Tells the server our scripts; answers its name for each, by ours.
pub(super) async fn load_scripts(client: &Client) -> Result<HashMap<&'static str, String>, Error> {
    let mut hashes = HashMap::new();
    for script in SCRIPTS {
        hashes.insert(script.name, client.script_load(script.lua).await?);
    }
    Ok(hashes)
}

/// One connection, which the client replaces in the background when it breaks.
pub(super) struct Line {
    pub client: Client,
    link: Arc<Link>,
    watch: AbortHandle,
}

/// Whether commands can be sent. The client itself would keep them until the server is back.
struct Link {
    up: AtomicBool,
    lost: Notify,
}

impl Line {
    /// The line of a client that is connected.
    pub fn watched(client: Client) -> Line {
        let link = Arc::new(Link { up: AtomicBool::new(true), lost: Notify::new() });
        // Heard from here on, not from when the task first runs.
        let events = (client.error_rx(), client.reconnect_rx());
        let watch = tokio::spawn(watch(client.clone(), events, link.clone())).abort_handle();
        Line { client, link, watch }
    }

    /// The answer to a command on this line, or that the line broke before it came.
    pub async fn answer<T>(&self, command: impl Future<Output = Result<T, Error>>) -> Result<T, StoreError> {
        let lost = self.link.lost.notified();
        if !self.link.up.load(Relaxed) {
            return Err(StoreError::cache(Failure::Unavailable, "not connected"));
        }
        tokio::select! {
            biased;
            answer = command => answer.map_err(|error| failed(&error)),
            () = lost => Err(StoreError::cache(Failure::Unavailable, "the connection broke")),
        }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.watch.abort();
    }
}

/// What a client tells of its connection: that it failed, and that it was made anew.
type Events = (Receiver<(Error, Option<Server>)>, Receiver<Server>);

/// Follows the connection of a client.
async fn watch(client: Client, (mut errors, mut connections): Events, link: Arc<Link>) {
    loop {
        tokio::select! {
            // Errors first: whatever broke before the connection was made anew is over.
            biased;
            error = errors.recv() => {
                if matches!(error, Err(RecvError::Closed)) {
                    return;
                }
                link.up.store(false, Relaxed);
                link.lost.notify_waiters();
            }
            _ = connections.recv() => {
                // A server that was restarted has forgotten the scripts. If it is gone once more, an error follows.
                let _ = load_scripts(&client).await;
                link.up.store(true, Relaxed);
            }
        }
    }
}
