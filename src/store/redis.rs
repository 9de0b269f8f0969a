mod bus;
mod cluster;
mod subscription;
mod tracking;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use bytes::Bytes;
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, Cmd, RedisError, Value};

pub use self::bus::{Bus, KeptBus, StreamEntry, Subscription};
use self::subscription::subscribe;
pub use self::tracking::{Broadcast, Told, Tracked};
use super::scripts::SCRIPTS;
use super::{
    Answer, CONNECT_TIMEOUT, Cache, Driver, DriverParts, Lines, Messages, RECONNECT_PAUSE, Reply, Script,
};
use crate::measure::{Command, Tally};
use crate::model::{Failure, Key, StoreError};
use crate::registry::{self, Entry, NoOptions};

pub const ENTRY: Entry<dyn Driver, ()> = Entry {
    name: "redis",
    summary: "the redis crate: multiplexed connections, commands of all clients pipelined",
    options: registry::schema_of::<NoOptions>,
    build: |options, ()| {
        registry::options::<NoOptions>(options)?;
        Ok(Box::new(Redis))
    },
};

struct Redis;

impl Driver for Redis {
    fn connect<'a>(&'a self, parts: DriverParts) -> Answer<'a, Arc<dyn Cache>> {
        Box::pin(async move {
            if parts.at.is_cluster() {
                parts.refuse_tracking("a client of a cluster")?;
                return cluster::connect(parts).await;
            }
            let client = parts.at.redis().map_err(|error| failed(&error))?;
            let mut lines = Vec::new();
            for _ in 0..parts.sharing.connections() {
                let line = Line::open(client.clone(), parts.tracked.clone()).await;
                let line = line.map_err(|error| failed(&error))?;
                lines.push(Arc::new(line));
            }
            let lines = Lines::new(parts.sharing, lines);
            let cache = RedisCache { client, lines, hashes: hashes(), tally: parts.tally };
            Ok(Arc::new(cache) as Arc<dyn Cache>)
        })
    }
}

/// The server's name for each script, by ours.
pub(super) fn hashes() -> HashMap<&'static str, String> {
    let hash = |script: &Script| redis::Script::new(script.lua).get_hash().to_string();
    SCRIPTS.iter().map(|script| (script.name, hash(script))).collect()
}

/// A connection to a server that knows our scripts; one that was restarted has forgotten them.
pub(super) async fn connect(client: &Client) -> Result<MultiplexedConnection, RedisError> {
    connect_with(client, settings()).await
}

async fn connect_with(
    client: &Client,
    settings: AsyncConnectionConfig,
) -> Result<MultiplexedConnection, RedisError> {
    let mut connection = client.get_multiplexed_async_connection_with_config(&settings).await?;
    for script in SCRIPTS {
        let load = redis::cmd("SCRIPT").arg("LOAD").arg(script.lua).to_owned();
        connection.send_packed_command(&load).await.and_then(Value::extract_error)?;
    }
    Ok(connection)
}

/// Settings whose defaults distort a load test, each explicit: the timeout is the workload's, not the driver's.
fn settings() -> AsyncConnectionConfig {
    AsyncConnectionConfig::new()
        .set_response_timeout(None)
        .set_connection_timeout(Some(CONNECT_TIMEOUT))
        .set_pipeline_buffer_size(PIPELINE_BUFFER)
}

const PIPELINE_BUFFER: usize = 4096;

/// One connection, replaced in the background when it breaks.
struct Line {
    client: Client,
    connection: RwLock<MultiplexedConnection>,
    reconnecting: AtomicBool,
    /// Who is told of what is read over it.
    tracked: Option<Arc<Tracked>>,
}

impl Line {
    async fn open(client: Client, tracked: Option<Arc<Tracked>>) -> Result<Line, RedisError> {
        let client = if tracked.is_some() { Tracked::client(&client)? } else { client };
        let connection = RwLock::new(Line::connect(&client, tracked.as_deref()).await?);
        Ok(Line { client, connection, reconnecting: AtomicBool::new(false), tracked })
    }

    async fn connect(
        client: &Client,
        tracked: Option<&Tracked>,
    ) -> Result<MultiplexedConnection, RedisError> {
        let Some(tracked) = tracked else { return connect(client).await };
        let mut connection = connect_with(client, tracked.heed(settings())).await?;
        tracked.start(&mut connection, None).await?;
        Ok(connection)
    }

    async fn send(self: &Arc<Line>, command: &Cmd) -> Result<Value, RedisError> {
        let mut connection = self.connection.read().unwrap_or_else(PoisonError::into_inner).clone();
        let answer = connection.send_packed_command(command).await;
        if answer.as_ref().is_err_and(RedisError::is_unrecoverable_error) {
            self.reconnect();
        }
        answer.and_then(Value::extract_error)
    }

    /// Starts to replace the connection, unless that is under way. Until it succeeds, commands fail at once.
    fn reconnect(self: &Arc<Line>) {
        if self.reconnecting.swap(true, Relaxed) {
            return;
        }
        let line = Arc::downgrade(self);
        tokio::spawn(async move {
            while let Some(line) = line.upgrade() {
                if let Ok(fresh) = Line::connect(&line.client, line.tracked.as_deref()).await {
                    *line.connection.write().unwrap_or_else(PoisonError::into_inner) = fresh;
                    // What was read last over the old one may have been kept after its end was told.
                    line.tracked.iter().for_each(|tracked| tracked.lose());
                    line.reconnecting.store(false, Relaxed);
                    return;
                }
                drop(line);
                tokio::time::sleep(RECONNECT_PAUSE).await;
            }
        });
    }
}

struct RedisCache {
    client: Client,
    lines: Lines<Arc<Line>>,
    /// The server's name for each script, by ours.
    hashes: HashMap<&'static str, String>,
    tally: Arc<Tally>,
}

impl RedisCache {
    async fn send(&self, command: Command, packed: &Cmd) -> Result<Value, StoreError> {
        let line = self.lines.take().await;
        self.tally.command(command);
        line.send(packed).await.map_err(|error| {
            let error = failed(&error);
            self.tally.error(&error);
            error
        })
    }
}

pub(super) fn failed(error: &RedisError) -> StoreError {
    let failure = if error.is_timeout() {
        Failure::Timeout
    } else if error.is_io_error() || error.is_connection_dropped() || error.is_unrecoverable_error() {
        Failure::Unavailable
    } else {
        Failure::Refused
    };
    StoreError::cache(failure, error)
}

fn unexpected(found: &Value) -> StoreError {
    StoreError::cache(Failure::Corrupt, format!("unexpected answer {found:?}"))
}

fn put(key: &Key, value: &[u8], ttl: Option<Duration>) -> Cmd {
    let mut command = redis::cmd("SET");
    command.arg(key.name()).arg(value);
    if let Some(ttl) = ttl {
        command.arg("PX").arg((ttl.as_millis() as u64).max(1));
    }
    command
}

fn text(value: Value) -> Result<Option<Bytes>, StoreError> {
    match value {
        Value::Nil => Ok(None),
        Value::BulkString(text) => Ok(Some(text.into())),
        other => Err(unexpected(&other)),
    }
}

fn reply(value: Value) -> Result<Reply, StoreError> {
    Ok(match value {
        Value::Nil => Reply::Nil,
        Value::Int(number) => Reply::Integer(number),
        Value::BulkString(text) => Reply::Text(text.into()),
        Value::Array(items) => Reply::List(items.into_iter().map(reply).collect::<Result<_, _>>()?),
        other => return Err(unexpected(&other)),
    })
}

impl Cache for RedisCache {
    fn get<'a>(&'a self, key: &'a Key) -> Answer<'a, Option<Bytes>> {
        Box::pin(async move {
            let command = Cmd::get(key.name());
            text(self.send(Command::Get, &command).await?)
        })
    }

    fn get_many<'a>(&'a self, keys: &'a [Key]) -> Answer<'a, Vec<Option<Bytes>>> {
        Box::pin(async move {
            if keys.is_empty() {
                return Ok(Vec::new());
            }
            let mut command = redis::cmd("MGET");
            keys.iter().for_each(|key| {
                command.arg(key.name());
            });
            match self.send(Command::Mget, &command).await? {
                Value::Array(items) => items.into_iter().map(text).collect(),
                other => Err(unexpected(&other)),
            }
        })
    }

    fn set<'a>(&'a self, key: &'a Key, value: Bytes, ttl: Option<Duration>) -> Answer<'a, ()> {
        Box::pin(async move { self.send(Command::Set, &put(key, &value, ttl)).await.map(drop) })
    }

    fn add<'a>(&'a self, key: &'a Key, value: Bytes, ttl: Option<Duration>) -> Answer<'a, bool> {
        Box::pin(async move {
            let mut command = put(key, &value, ttl);
            command.arg("NX");
            Ok(self.send(Command::Set, &command).await? != Value::Nil)
        })
    }

    fn delete<'a>(&'a self, key: &'a Key) -> Answer<'a, bool> {
        Box::pin(async move {
            let command = Cmd::del(key.name());
            match self.send(Command::Del, &command).await? {
                Value::Int(removed) => Ok(removed > 0),
                other => Err(unexpected(&other)),
            }
        })
    }

    fn run<'a>(&'a self, script: &'static Script, keys: Vec<Bytes>, args: Vec<Bytes>) -> Answer<'a, Reply> {
        Box::pin(async move {
            let mut command = redis::cmd("EVALSHA");
            command.arg(self.hashes.get(script.name).map_or("", String::as_str)).arg(keys.len());
            keys.iter().chain(&args).for_each(|argument| {
                command.arg(&argument[..]);
            });
            reply(self.send(Command::Evalsha, &command).await?)
        })
    }

    fn subscribe<'a>(&'a self, channel: &'a str) -> Answer<'a, Messages> {
        let (client, channel) = (self.client.clone(), channel.to_string());
        let connect = move || Box::pin(subscribe(client.clone(), channel.clone())) as _;
        Box::pin(async move {
            Messages::kept(Box::new(connect)).await.inspect_err(|error| self.tally.error(error))
        })
    }

    fn client(&self) -> Vec<(&'static str, String)> {
        vec![
            ("driver", "redis 1.8".into()),
            ("response_timeout", "none; the workload's timeout holds".into()),
            ("connect_timeout", format!("{} s", CONNECT_TIMEOUT.as_secs())),
            ("pipeline_buffer", PIPELINE_BUFFER.to_string()),
            ("nodelay", "true".into()),
            ("retries", "0".into()),
        ]
    }
}
