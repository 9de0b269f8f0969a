use bytes::Bytes;
use futures_util::StreamExt;
use redis::aio::PubSubStream;
use redis::{Client, RedisError};

use super::failed;
use crate::model::{Failure, StoreError};
use crate::store::CONNECT_TIMEOUT;
use crate::store::messages::{Message, Source};

/// A subscription over a connection of its own, confirmed by the server.
pub(super) async fn subscribe(client: Client, channel: String) -> Result<PubSubStream, StoreError> {
    let subscribing = async {
        let (mut commands, messages) = client.get_async_pubsub().await?.split();
        commands.subscribe(channel).await?;
        Ok(messages)
    };
    match tokio::time::timeout(CONNECT_TIMEOUT, subscribing).await {
        Ok(subscribed) => subscribed.map_err(|error: RedisError| failed(&error)),
        Err(_) => Err(StoreError::cache(Failure::Unavailable, "no subscription in time")),
    }
}

impl Source for PubSubStream {
    async fn next(&mut self) -> Option<Message> {
        let message = StreamExt::next(self).await?;
        Some(Message::Text(Bytes::copy_from_slice(message.get_payload_bytes())))
    }
}
