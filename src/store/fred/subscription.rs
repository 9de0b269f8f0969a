use fred::clients::Client;
use fred::error::Error;
use fred::interfaces::{ClientLike, EventInterface, PubsubInterface};
use fred::types::{ConnectHandle, Message as Heard, Value};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use super::{builder, failed};
use crate::model::{Failure, StoreError};
use crate::store::messages::{Message, ROOM, Source};
use crate::store::{CONNECT_TIMEOUT, Endpoint};

/// A subscription over a connection of its own.
pub(super) struct Subscription {
    heard: Receiver<Heard>,
    /// Ends when the connection breaks.
    connection: ConnectHandle,
    _client: Client,
}

impl Drop for Subscription {
    /// Closes the connection, which a client that is dropped would not.
    fn drop(&mut self) {
        self.connection.abort();
    }
}

/// A subscription that the server has confirmed.
pub(super) async fn subscribe(at: Endpoint, channel: String) -> Result<Subscription, StoreError> {
    let subscribing = async {
        let client = builder(&at)?
            .with_performance_config(|performance| performance.broadcast_channel_capacity = ROOM)
            .build()?;
        let heard = client.message_rx();
        let connection = client.init().await?;
        let subscription = Subscription { heard, connection, _client: client.clone() };
        client.subscribe(channel).await?;
        // The driver does not wait for the server's word on a subscription; what was sent later is answered later.
        client.ping::<Value>(None).await?;
        Ok(subscription)
    };
    match tokio::time::timeout(CONNECT_TIMEOUT, subscribing).await {
        Ok(subscribed) => subscribed.map_err(|error: Error| failed(&error)),
        Err(_) => Err(StoreError::cache(Failure::Unavailable, "no subscription in time")),
    }
}

impl Source for Subscription {
    async fn next(&mut self) -> Option<Message> {
        tokio::select! {
            biased;
            heard = self.heard.recv() => match heard {
                Ok(heard) => Some(heard.value.into_bytes().map_or(Message::Missed, Message::Text)),
                Err(RecvError::Lagged(_)) => Some(Message::Missed),
                Err(RecvError::Closed) => None,
            },
            _ = &mut self.connection => None,
        }
    }
}
