use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{join_all, select_all};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::membership::Roster;
use super::view::View;
use crate::model::{Failure, StoreError};
use crate::store::RECONNECT_PAUSE;
use crate::store::messages::{Message, Messages, Source};

/// How long until it is tried again to listen to a node that did not let us.
const AGAIN: Duration = Duration::from_secs(1);

/// What is said on a channel of any node, until nodes come or go.
pub struct Merged {
    all: Vec<Messages>,
    changes: watch::Receiver<Arc<Roster>>,
    /// When to begin anew, where a node is not listened to.
    until: Option<Instant>,
}

impl Merged {
    /// Listens to every node that lets us.
    ///
    /// # Errors
    /// When none does.
    pub async fn listen(
        view: Arc<View>,
        changes: watch::Receiver<Arc<Roster>>,
        channel: String,
    ) -> Result<Merged, StoreError> {
        let asked = view.nodes.iter().map(|node| node.cache.subscribe(&channel));
        let mut missing = None;
        let mut all = Vec::new();
        for answer in join_all(asked).await {
            match answer {
                Ok(messages) => all.push(messages),
                Err(error) => missing = Some(error),
            }
        }
        // A client that is only now connecting to nodes that joined is asked anew once it is.
        let is_behind = view.roster.epoch != changes.borrow().epoch;
        let again = if is_behind { Some(RECONNECT_PAUSE) } else { missing.is_some().then_some(AGAIN) };
        let until = again.map(|pause| Instant::now() + pause);
        match missing {
            Some(error) if all.is_empty() => Err(error),
            None if all.is_empty() => Err(StoreError::cache(Failure::Unavailable, "there is no node")),
            _ => Ok(Merged { all, changes, until }),
        }
    }
}

impl Source for Merged {
    async fn next(&mut self) -> Option<Message> {
        let again = async {
            match self.until {
                Some(until) => sleep_until(until).await,
                None => std::future::pending().await,
            }
        };
        let next = select_all(self.all.iter_mut().map(|messages| Box::pin(messages.next())));
        tokio::select! {
            (message, ..) = next => message,
            _ = self.changes.changed() => None,
            () = again => None,
        }
    }
}
