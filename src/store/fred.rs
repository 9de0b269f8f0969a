mod cluster;
mod cluster_line;
mod line;
mod subscription;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use fred::clients::Client;
use fred::error::{Error, ErrorKind};
use fred::interfaces::{ClientLike, KeysInterface, LuaInterface};
use fred::types::config::ReconnectPolicy;
use fred::types::{Builder, Expiration, SetOptions, Value};

use self::line::{Line, load_scripts};
use self::subscription::subscribe;
use super::{
    Answer, CONNECT_TIMEOUT, Cache, Driver, DriverParts, Endpoint, Lines, Messages, RECONNECT_PAUSE, Reply,
    Script, lines,
};
use crate::measure::{Command, Tally};
use crate::model::{Failure, Key, StoreError};
use crate::registry::{self, Entry, NoOptions};

pub const ENTRY: Entry<dyn Driver, ()> = Entry {
    name: "fred",
    summary: "the fred crate: auto-pipelined clients, as a second opinion on the client library",
    options: registry::schema_of::<NoOptions>,
    build: |options, ()| {
        registry::options::<NoOptions>(options)?;
        Ok(Box::new(Fred))
    },
};

struct Fred;

impl Driver for Fred {
    fn connect<'a>(&'a self, parts: DriverParts) -> Answer<'a, Arc<dyn Cache>> {
        Box::pin(async move {
            parts.refuse_tracking("the driver fred")?;
            if parts.at.is_cluster() {
                return cluster::connect(parts).await;
            }
            let mut lines = Vec::new();
            let mut hashes = HashMap::new();
            for _ in 0..parts.sharing.connections() {
                let client = client(&parts.at).map_err(|error| failed(&error))?;
                client.init().await.map_err(|error| failed(&error))?;
                hashes = load_scripts(&client).await.map_err(|error| failed(&error))?;
                lines.push(Line::watched(client));
            }
            let lines = Lines::new(parts.sharing, lines);
            let cache = FredCache { at: parts.at, lines, hashes, tally: parts.tally };
            Ok(Arc::new(cache) as Arc<dyn Cache>)
        })
    }
}

/// A client with the settings that a measurement needs: one attempt a command, and no timeout but the workload's.
fn client(at: &Endpoint) -> Result<Client, Error> {
    let pause_ms = RECONNECT_PAUSE.as_millis() as u32;
    builder(at)?.set_policy(ReconnectPolicy::new_constant(0, pause_ms)).build()
}

/// Makes clients that do not connect again.
fn builder(at: &Endpoint) -> Result<Builder, Error> {
    let mut config = at.fred()?;
    config.fail_fast = true;
    let mut builder = Builder::from_config(config);
    builder
        .with_connection_config(|connection| {
            connection.connection_timeout = CONNECT_TIMEOUT;
            connection.max_command_attempts = 1;
            connection.tcp.nodelay = Some(true);
        })
        .with_performance_config(|performance| performance.default_command_timeout = Duration::ZERO);
    Ok(builder)
}

struct FredCache {
    at: Endpoint,
    lines: Lines<Line>,
    /// The server's name for each script, by ours.
    hashes: HashMap<&'static str, String>,
    tally: Arc<Tally>,
}

impl FredCache {
    async fn line(&self, command: Command) -> lines::Taken<'_, Line> {
        let line = self.lines.take().await;
        self.tally.command(command);
        line
    }

    async fn answer<T>(
        &self,
        line: &Line,
        command: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, StoreError> {
        line.answer(command).await.inspect_err(|error| self.tally.error(error))
    }

    async fn put(
        &self,
        key: &Key,
        value: Bytes,
        ttl: Option<Duration>,
        options: Option<SetOptions>,
    ) -> Result<Value, StoreError> {
        let expiry = ttl.map(|ttl| Expiration::PX((ttl.as_millis() as i64).max(1)));
        let line = self.line(Command::Set).await;
        let set = line.client.set(key.name(), Value::Bytes(value), expiry, options, false);
        self.answer(&line, set).await
    }
}

fn failed(error: &Error) -> StoreError {
    let failure = match error.kind() {
        ErrorKind::Timeout => Failure::Timeout,
        ErrorKind::IO | ErrorKind::Canceled | ErrorKind::Routing | ErrorKind::Backpressure => {
            Failure::Unavailable
        }
        ErrorKind::Protocol | ErrorKind::Parse => Failure::Corrupt,
        _ => Failure::Refused,
    };
    StoreError::cache(failure, error)
}

fn unexpected(found: &Value) -> StoreError {
    StoreError::cache(Failure::Corrupt, format!("unexpected answer {found:?}"))
}

fn text(value: Value) -> Result<Option<Bytes>, StoreError> {
    match value {
        Value::Null => Ok(None),
        Value::Bytes(text) => Ok(Some(text)),
        // The driver tells texts from bytes by their content.
        Value::String(text) => Ok(Some(text.into_inner())),
        other => Err(unexpected(&other)),
    }
}

fn reply(value: Value) -> Result<Reply, StoreError> {
    Ok(match value {
        Value::Null => Reply::Nil,
        Value::Integer(number) => Reply::Integer(number),
        Value::Bytes(text) => Reply::Text(text),
        Value::String(text) => Reply::Text(text.into_inner()),
        Value::Array(items) => Reply::List(items.into_iter().map(reply).collect::<Result<_, _>>()?),
        other => return Err(unexpected(&other)),
    })
}

impl Cache for FredCache {
    fn get<'a>(&'a self, key: &'a Key) -> Answer<'a, Option<Bytes>> {
        Box::pin(async move {
            let line = self.line(Command::Get).await;
            text(self.answer(&line, line.client.get(key.name())).await?)
        })
    }

    fn get_many<'a>(&'a self, keys: &'a [Key]) -> Answer<'a, Vec<Option<Bytes>>> {
        Box::pin(async move {
            if keys.is_empty() {
                return Ok(Vec::new());
            }
            let names: Vec<&[u8]> = keys.iter().map(Key::name).collect();
            let line = self.line(Command::Mget).await;
            match self.answer(&line, line.client.mget(names)).await? {
                Value::Array(items) => items.into_iter().map(text).collect(),
                // The driver unwraps an answer of one.
                one if keys.len() == 1 => Ok(vec![text(one)?]),
                other => Err(unexpected(&other)),
            }
        })
    }

    fn set<'a>(&'a self, key: &'a Key, value: Bytes, ttl: Option<Duration>) -> Answer<'a, ()> {
        Box::pin(async move { self.put(key, value, ttl, None).await.map(drop) })
    }

    fn add<'a>(&'a self, key: &'a Key, value: Bytes, ttl: Option<Duration>) -> Answer<'a, bool> {
        Box::pin(async move {
            let answer = self.put(key, value, ttl, Some(SetOptions::NX)).await?;
            Ok(!matches!(answer, Value::Null))
        })
    }

    fn delete<'a>(&'a self, key: &'a Key) -> Answer<'a, bool> {
        Box::pin(async move {
            let line = self.line(Command::Del).await;
            let removed: i64 = self.answer(&line, line.client.del(key.name())).await?;
            Ok(removed > 0)
        })
    }

    fn run<'a>(&'a self, script: &'static Script, keys: Vec<Bytes>, args: Vec<Bytes>) -> Answer<'a, Reply> {
        Box::pin(async move {
            let hash = self.hashes.get(script.name).map_or("", String::as_str);
            let args: Vec<Value> = args.into_iter().map(Value::Bytes).collect();
            let line = self.line(Command::Evalsha).await;
            reply(self.answer(&line, line.client.evalsha(hash, keys, args)).await?)
        })
    }

    fn subscribe<'a>(&'a self, channel: &'a str) -> Answer<'a, Messages> {
        let (at, channel) = (self.at.clone(), channel.to_string());
        let connect = move || Box::pin(subscribe(at.clone(), channel.clone())) as _;
        Box::pin(async move {
            Messages::kept(Box::new(connect)).await.inspect_err(|error| self.tally.error(error))
        })
    }

    fn client(&self) -> Vec<(&'static str, String)> {
        vec![
            ("driver", "fred 10.1".into()),
            ("response_timeout", "none; the workload's timeout holds".into()),
            ("connect_timeout", format!("{} s", CONNECT_TIMEOUT.as_secs())),
            ("nodelay", "true".into()),
            ("retries", "0".into()),
        ]
    }
}
