//! Bus: a connection that carries events, apart from those of operations.
//!
//! It is of the redis crate whatever the driver: fred answers to a subscription before the server has confirmed it, so
//! that what is published at once would be missed.

mod kept;
mod replies;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{FutureExt, StreamExt};
use redis::aio::{MultiplexedConnection, PubSubStream};
use redis::{AsyncConnectionConfig, Client, Cmd, Pipeline, ProtocolVersion, RedisError, Value};

pub use self::kept::KeptBus;
pub use self::replies::{Claimed, Span, StreamEntry};

use self::replies::{claimed, entries, entry_id, last_delivered, span};
use super::subscription::subscribe;
use super::{failed, unexpected};
use crate::measure::Tally;
use crate::model::StoreError;
use crate::store::{CONNECT_TIMEOUT, Endpoint};

/// How long any answer is waited for: far longer than a read blocks, so that a server that is gone without a word is found
/// out.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);

/// The name of the field that holds an event in an entry of a stream.
const FIELD: &str = "e";

/// A connection of its own to the server that carries events; it is not replaced when it breaks.
///
/// Each command counts as one that carries events.
#[derive(Clone)]
pub struct Bus {
    connection: MultiplexedConnection,
    tally: Arc<Tally>,
}

impl Bus {
    /// # Errors
    /// When the server does not let us in within the time that any driver has for that, or the URL names a cluster.
    pub async fn connect(at: &Endpoint, tally: Arc<Tally>) -> Result<Bus, StoreError> {
        let settings = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECT_TIMEOUT))
            .set_response_timeout(Some(ANSWER_TIMEOUT));
        let connect = async {
            let client = speaking(&at.redis()?, ProtocolVersion::RESP2)?;
            client.get_multiplexed_async_connection_with_config(&settings).await
        };
        let connection = connect.await.map_err(|error| failed(&error))?;
        Ok(Bus { connection, tally })
    }

    async fn send(&self, command: &Cmd) -> Result<Value, RedisError> {
        self.tally.event_command();
        let answer = self.connection.clone().send_packed_command(command).await;
        answer.and_then(Value::extract_error)
    }

    async fn ask(&self, command: &Cmd) -> Result<Value, StoreError> {
        self.send(command).await.map_err(|error| failed(&error))
    }

    /// Tells a channel; answers how many heard it.
    ///
    /// # Errors
    /// When the connection is broken or the server refuses, as for all below.
    pub async fn publish(&self, channel: &str, text: &[u8]) -> Result<u64, StoreError> {
        match self.ask(redis::cmd("PUBLISH").arg(channel).arg(text)).await? {
            Value::Int(heard) => Ok(heard.max(0) as u64),
            other => Err(unexpected(&other)),
        }
    }

    /// Appends events to a stream, which is made if there is none, in their order, and lets it keep about the last `keep`.
    ///
    /// # Errors
    /// As [`Bus::publish`]; some of them may have been appended.
    pub async fn append(&self, stream: &str, keep: u64, events: &[Bytes]) -> Result<(), StoreError> {
        let mut pipeline = Pipeline::with_capacity(events.len());
        for event in events {
            pipeline
                .cmd("XADD")
                .arg(stream)
                .arg("MAXLEN")
                .arg("~")
                .arg(keep)
                .arg("*")
                .arg(FIELD)
                .arg(&event[..]);
            self.tally.event_command();
        }
        let answers = self.connection.clone().send_packed_commands(&pipeline, 0, events.len()).await;
        let answers = answers.map_err(|error| failed(&error))?;
        answers
            .into_iter()
            .try_for_each(|answer| answer.extract_error().map(drop))
            .map_err(|error| failed(&error))
    }

    /// Appends an entry that is no event; answers its id.
    ///
    /// # Errors
    /// As [`Bus::publish`].
    pub async fn mark(&self, stream: &str) -> Result<String, StoreError> {
        entry_id(self.ask(redis::cmd("XADD").arg(stream).arg("*").arg(FIELD).arg("")).await?)
    }

    /// Removes a stream, its groups included.
    ///
    /// # Errors
    /// As [`Bus::publish`].
    pub async fn remove(&self, stream: &str) -> Result<(), StoreError> {
        self.ask(redis::cmd("DEL").arg(stream)).await.map(drop)
    }

    /// What a stream holds from where to where; nothing where there is no stream.
    ///
    /// # Errors
    /// As [`Bus::publish`].
    pub async fn span(&self, stream: &str) -> Result<Option<Span>, StoreError> {
        match self.send(redis::cmd("XINFO").arg("STREAM").arg(stream)).await {
            Ok(facts) => span(facts).map(Some),
            Err(error) if is_absent(&error) => Ok(None),
            Err(error) => Err(failed(&error)),
        }
    }

    /// Makes a group that begins at the end of a stream, which is made if there is none; one that is there stays as it is.
    ///
    /// # Errors
    /// As [`Bus::publish`].
    pub async fn make_group(&self, stream: &str, group: &str) -> Result<(), StoreError> {
        let mut command = redis::cmd("XGROUP");
        command.arg("CREATE").arg(stream).arg(group).arg("$").arg("MKSTREAM");
        match self.send(&command).await {
            Err(error) if error.code() != Some("BUSYGROUP") => Err(failed(&error)),
            _ => Ok(()),
        }
    }

    /// The id of the entry that a group gave out last; nothing where there is no such group.
    ///
    /// # Errors
    /// As [`Bus::publish`].
    pub async fn last_delivered(&self, stream: &str, group: &str) -> Result<Option<String>, StoreError> {
        match self.send(redis::cmd("XINFO").arg("GROUPS").arg(stream)).await {
            Ok(groups) => last_delivered(groups, group),
            Err(error) if is_absent(&error) => Ok(None),
            Err(error) => Err(failed(&error)),
        }
    }

    /// Up to `count` entries behind an id; waits for one for up to `block` if there is none.
    ///
    /// # Errors
    /// As [`Bus::publish`].
    pub async fn read(
        &self,
        stream: &str,
        after: &str,
        count: usize,
        block: Duration,
    ) -> Result<Vec<StreamEntry>, StoreError> {
        let mut command = redis::cmd("XREAD");
        command.arg("COUNT").arg(count).arg("BLOCK").arg(block.as_millis() as u64);
        entries(self.ask(command.arg("STREAMS").arg(stream).arg(after)).await?)
    }

    /// As [`Bus::read`], of what a group has given out to nobody (`>`), or to this member (behind an id); nothing where
    /// there is no such group.
    ///
    /// # Errors
    /// As [`Bus::publish`].
    pub async fn read_group(
        &self,
        stream: &str,
        (group, member): (&str, &str),
        after: &str,
        count: usize,
        block: Duration,
    ) -> Result<Option<Vec<StreamEntry>>, StoreError> {
        let mut command = redis::cmd("XREADGROUP");
        command.arg("GROUP").arg(group).arg(member);
        command.arg("COUNT").arg(count).arg("BLOCK").arg(block.as_millis() as u64);
        in_group(self.send(command.arg("STREAMS").arg(stream).arg(after)).await, entries)
    }

    /// Gives up to `count` entries from an id on to this member that were given out, and to nobody again for `idle`;
    /// nothing where there is no such group.
    ///
    /// # Errors
    /// As [`Bus::publish`].
    pub async fn claim(
        &self,
        stream: &str,
        (group, member): (&str, &str),
        idle: Duration,
        from: &str,
        count: usize,
    ) -> Result<Option<Claimed>, StoreError> {
        let mut command = redis::cmd("XAUTOCLAIM");
        command.arg(stream).arg(group).arg(member).arg(idle.as_millis() as u64).arg(from);
        in_group(self.send(command.arg("COUNT").arg(count)).await, claimed)
    }

    /// Says that entries need not come again.
    ///
    /// # Errors
    /// As [`Bus::publish`].
    pub async fn acknowledge(&self, stream: &str, group: &str, ids: &[String]) -> Result<(), StoreError> {
        self.ask(redis::cmd("XACK").arg(stream).arg(group).arg(ids)).await.map(drop)
    }
}

/// The same server, spoken to by a version of its protocol.
pub(super) fn speaking(client: &Client, protocol: ProtocolVersion) -> Result<Client, RedisError> {
    let info = client.get_connection_info().clone();
    let settings = info.redis_settings().clone().set_protocol(protocol);
    Client::open(info.set_redis_settings(settings))
}

/// Whether the server says that there is no such stream, for which it has no code of its own.
fn is_absent(error: &RedisError) -> bool {
    error.detail().is_some_and(|detail| detail.contains("no such key"))
}

fn in_group<T>(
    answer: Result<Value, RedisError>,
    read: impl FnOnce(Value) -> Result<T, StoreError>,
) -> Result<Option<T>, StoreError> {
    match answer {
        Ok(value) => read(value).map(Some),
        Err(error) if error.code() == Some("NOGROUP") => Ok(None),
        Err(error) => Err(failed(&error)),
    }
}

/// What a channel is told, over a connection of its own.
pub struct Subscription(PubSubStream);

impl Subscription {
    /// Listens from now on: the server has confirmed it.
    ///
    /// # Errors
    /// When the server does not let us in within the time that any driver has for that, or the URL names a cluster.
    pub async fn open(at: &Endpoint, channel: &str, tally: &Tally) -> Result<Subscription, StoreError> {
        tally.event_command();
        let client = at.redis().map_err(|error| failed(&error))?;
        subscribe(client, channel.into()).await.map(Subscription)
    }

    /// Waits for the next text; nothing once the connection is broken. It may be dropped, and asked again.
    pub async fn next(&mut self) -> Option<Bytes> {
        let message = self.0.next().await?;
        Some(Bytes::copy_from_slice(message.get_payload_bytes()))
    }

    /// A text that has come already.
    pub fn come(&mut self) -> Option<Bytes> {
        self.next().now_or_never().flatten()
    }
}
