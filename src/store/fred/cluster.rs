use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use fred::clients::Client;
use fred::error::Error;
use fred::interfaces::{ClientLike, KeysInterface, LuaInterface};
use fred::types::config::ReconnectPolicy;
use fred::types::{Expiration, SetOptions, Value};
use futures_util::future::join_all;

use super::cluster_line::{Line, REDIRECTS, failed};
use super::subscription::{Subscription, subscribe};
use super::{builder, reply, text, unexpected};
use crate::measure::{Command, Tally};
use crate::model::{Key, StoreError};
use crate::placement::{SLOTS, slot, slot_tag};
use crate::store::cluster::{Nodes, in_order, in_slots};
use crate::store::redis::hashes;
use crate::store::scripts::SCRIPTS;
use crate::store::{
    Answer, CONNECT_TIMEOUT, Cache, DriverParts, Endpoint, Lines, Messages, RECONNECT_PAUSE, Reply, Script,
    lines,
};

/// Connects to a cluster: each line is a client of its own, with a connection to each master.
pub(super) async fn connect(parts: DriverParts) -> Result<Arc<dyn Cache>, StoreError> {
    let nodes = Nodes::find(parts.at.clone()).await?;
    nodes.teach().await?;
    let mut lines = Vec::new();
    for _ in 0..parts.sharing.connections() {
        let client = client(&parts.at).map_err(|error| failed(&error))?;
        client.init().await.map_err(|error| failed(&error))?;
        lines.push(Line::watched(&client));
    }
    let lines = Lines::new(parts.sharing, lines);
    Ok(Arc::new(FredCluster { nodes: Arc::new(nodes), lines, hashes: hashes(), tally: parts.tally }))
}

/// A client with no timeout but the workload's for what it is asked, and with one for what it asks by itself: which node
/// has which slot.
fn client(at: &Endpoint) -> Result<Client, Error> {
    let pause_ms = RECONNECT_PAUSE.as_millis() as u32;
    builder(at)?
        .with_connection_config(|connection| {
            connection.internal_command_timeout = CONNECT_TIMEOUT;
            connection.cluster_cache_update_delay = Duration::ZERO;
        })
        .set_policy(ReconnectPolicy::new_constant(0, pause_ms))
        .build()
}

struct FredCluster {
    nodes: Arc<Nodes>,
    lines: Lines<Line>,
    /// The server's name for each script, by ours.
    hashes: HashMap<&'static str, String>,
    tally: Arc<Tally>,
}

impl FredCluster {
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

    /// Tells the nodes that are up now our scripts: the client itself cannot be told to which node they are to go.
    async fn teach(&self) -> Result<(), StoreError> {
        self.nodes.refresh().await?;
        self.nodes.teach().await
    }

    async fn get_of_slot(&self, line: &Line, names: Vec<&[u8]>) -> Result<Vec<Option<Bytes>>, StoreError> {
        self.tally.command(Command::Mget);
        let count = names.len();
        match self.answer(line, line.client.mget(names)).await? {
            Value::Array(items) => items.into_iter().map(text).collect(),
            // The driver unwraps an answer of one.
            one if count == 1 => Ok(vec![text(one)?]),
            other => Err(unexpected(&other)),
        }
    }
}

/// A subscription at the first node that grants one: what is published anywhere in a cluster is heard at every node.
async fn subscribe_to_any(nodes: Arc<Nodes>, channel: String) -> Result<Subscription, StoreError> {
    let mut problem = None;
    for node in nodes.up().await? {
        match subscribe(node, channel.clone()).await {
            Ok(messages) => return Ok(messages),
            Err(error) => problem = problem.or(Some(error)),
        }
    }
    Err(problem.unwrap_or_else(Nodes::none_is_up))
}

impl Cache for FredCluster {
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
            let line = &*self.lines.take().await;
            let found = in_slots(keys).into_values().map(|places| async move {
                let names = places.iter().map(|place| keys[*place].name()).collect();
                let entries = self.get_of_slot(line, names).await;
                (places, entries)
            });
            in_order(keys.len(), join_all(found).await)
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
            let run = || line.client.evalsha::<Value, _, _, _>(hash, keys.clone(), args.clone());
            let is_unknown = |answer: &Result<Value, Error>| {
                answer.as_ref().is_err_and(|error| error.details().starts_with("NOSCRIPT"))
                    && SCRIPTS.iter().any(|known| known.name == script.name)
            };
            let running = async {
                let answer = run().await;
                // A node that came later, or was started again: nothing was run yet.
                if is_unknown(&answer) && self.teach().await.is_ok() {
                    self.tally.command(Command::Evalsha);
                    return run().await;
                }
                answer
            };
            reply(self.answer(&line, running).await?)
        })
    }

    fn subscribe<'a>(&'a self, channel: &'a str) -> Answer<'a, Messages> {
        let (nodes, channel) = (self.nodes.clone(), channel.to_string());
        let connect = move || Box::pin(subscribe_to_any(nodes.clone(), channel.clone())) as _;
        Box::pin(async move {
            Messages::kept(Box::new(connect)).await.inspect_err(|error| self.tally.error(error))
        })
    }

    fn part(&self, key: &Key) -> u16 {
        slot(key.name())
    }

    fn parts(&self) -> u16 {
        SLOTS
    }

    fn tag(&self, part: u16) -> &str {
        slot_tag(part).unwrap_or_default()
    }

    fn client(&self) -> Vec<(&'static str, String)> {
        vec![
            ("driver", "fred 10.1, cluster".into()),
            ("response_timeout", "none; the workload's timeout holds".into()),
            ("connect_timeout", format!("{} s", CONNECT_TIMEOUT.as_secs())),
            ("nodelay", "true".into()),
            ("retries", "0; a script that a node does not know is loaded there and run again".into()),
            ("redirects", format!("MOVED and ASK, up to {REDIRECTS} a command")),
            ("reads", "from masters".into()),
            ("broken_connection", "no node is served until the cluster's new shape is known".into()),
        ]
    }
}
