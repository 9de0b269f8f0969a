use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::join_all;
use redis::aio::PubSubStream;
use redis::cluster::ClusterClientBuilder;
use redis::cluster_async::ClusterConnection;
use redis::cluster_routing::{Route, RoutingInfo, SingleNodeRoutingInfo, SlotAddr};
use redis::{Cmd, ErrorKind, IntoConnectionInfo, Pipeline, RedisError, ServerErrorKind, Value};
use tokio::sync::Semaphore;

use super::subscription::subscribe;
use super::{hashes, put, reply, settings, text, unexpected};
use crate::measure::{Command, Tally};
use crate::model::{Failure, Key, StoreError};
use crate::placement::{SLOTS, slot, slot_tag};
use crate::store::cluster::{Nodes, in_order, in_slots, slot_of};
use crate::store::endpoint::tcp;
use crate::store::scripts::SCRIPTS;
use crate::store::{Answer, CONNECT_TIMEOUT, Cache, DriverParts, Endpoint, Lines, Messages, Reply, Script};

/// Commands in flight on one client, at most.
///
/// The client is one task, and a task of tokio may take up to 128 steps before it has to yield. Where more commands than
/// that wait for the map of slots when it is refreshed twice in a row, some of them have been given their turn and are not
/// asked again before the refresh, which waits for them: nothing is answered any more, for ever (redis 1.8.1,
/// `poll_recover`). A command takes a few steps.
const IN_FLIGHT: usize = 16;

/// Times that a command is sent on to another node, at most.
const REDIRECTS: usize = 5;

/// Connects to a cluster: each line is a client of its own, with a connection to each node.
pub(super) async fn connect(parts: DriverParts) -> Result<Arc<dyn Cache>, StoreError> {
    let nodes = Nodes::find(parts.at.clone()).await?;
    nodes.teach().await?;
    let mut lines = Vec::new();
    for _ in 0..parts.sharing.connections() {
        let client = client(&parts.at, &nodes.known()).await.map_err(|error| failed(&error))?;
        lines.push(Line { client, at: parts.at.clone(), room: Semaphore::new(IN_FLIGHT) });
    }
    let lines = Lines::new(parts.sharing, lines);
    Ok(Arc::new(RedisCluster { nodes: Arc::new(nodes), lines, hashes: hashes(), tally: parts.tally }))
}

/// A client that tries nothing again and waits for no answer but as long as the workload says.
///
/// It begins from all nodes that are known, so that it finds the cluster again whichever of them is down.
async fn client(at: &Endpoint, known: &[Endpoint]) -> Result<ClusterConnection, RedisError> {
    let infos = known.iter().map(|node| node.url.as_str().into_connection_info());
    let mut builder = ClusterClientBuilder::new(infos.collect::<Result<Vec<_>, _>>()?)
        .retries(0)
        .min_retry_wait(10)
        .max_retry_wait(500)
        .connection_timeout(CONNECT_TIMEOUT)
        .overall_response_timeout(None)
        .tcp_settings(tcp());
    let is_encrypted = known.iter().any(|node| node.url.starts_with("rediss://"));
    if let Some(tls) = at.tls.as_ref().filter(|_| is_encrypted) {
        builder = builder.certs(tls.for_redis());
    }
    builder.build()?.get_async_connection().await
}

/// A client of the cluster.
struct Line {
    client: ClusterConnection,
    at: Endpoint,
    room: Semaphore,
}

/// Where a node says that a command belongs.
enum Redirect {
    /// For good.
    Moved(Address),
    /// For this once.
    Ask(Address),
}

struct Address {
    host: String,
    port: u16,
}

impl Address {
    fn route(&self) -> SingleNodeRoutingInfo {
        SingleNodeRoutingInfo::ByAddress { host: self.host.clone(), port: self.port }
    }
}

impl Redirect {
    /// Nothing where a node does not know the other's host: the client itself learns by then where to send it next.
    fn read(error: &RedisError) -> Option<Redirect> {
        let redirect = match error.kind() {
            ErrorKind::Server(ServerErrorKind::Moved) => Redirect::Moved,
            ErrorKind::Server(ServerErrorKind::Ask) => Redirect::Ask,
            _ => return None,
        };
        let (host, port) = error.redirect_node()?.0.rsplit_once(':')?;
        let to = Address { host: host.into(), port: port.parse().ok()? };
        (!host.is_empty()).then(|| redirect(to))
    }
}

/// Whether a command was not sent: to the node that it was for there was no connection.
fn was_not_sent(answer: &Result<Value, RedisError>) -> bool {
    answer.as_ref().is_err_and(|error| error.kind() == ErrorKind::ClusterConnectionNotFound)
}

impl Line {
    /// Sends a command to the master of a slot, and on to wherever it is told to. Nothing else is sent twice: a command
    /// whose connection broke, or that a node refused, has failed.
    ///
    /// The client's own retries cannot tell the two apart; so it has none, and learns of each redirect what it would
    /// with them.
    async fn send(&self, command: &Cmd, slot: u16) -> Result<Value, RedisError> {
        // The semaphore is never closed; without a permit there would merely be one more.
        let _permit = self.room.acquire().await.ok();
        let home = SingleNodeRoutingInfo::SpecificNode(Route::new(slot, SlotAddr::Master));
        let mut answer = self.route(command, home.clone()).await;
        for _ in 0..REDIRECTS {
            match answer.as_ref().err().and_then(Redirect::read) {
                None => break,
                Some(Redirect::Moved(to)) => {
                    answer = self.route(command, to.route()).await;
                    // By now there is a connection, or the slot has another node.
                    if was_not_sent(&answer) {
                        answer = self.route(command, home.clone()).await;
                    }
                }
                Some(Redirect::Ask(to)) => {
                    answer = self.ask(command, &to).await;
                    // The client knows no node that has no slot yet.
                    if was_not_sent(&answer) {
                        answer = self.ask_apart(command, &to).await;
                    }
                }
            }
        }
        answer
    }

    async fn route(&self, command: &Cmd, to: SingleNodeRoutingInfo) -> Result<Value, RedisError> {
        let mut client = self.client.clone();
        client
            .route_command(command.clone(), RoutingInfo::SingleNode(to))
            .await
            .and_then(Value::extract_error)
    }

    /// A node serves a slot that it is taking over only right after ASKING.
    async fn ask(&self, command: &Cmd, to: &Address) -> Result<Value, RedisError> {
        let mut client = self.client.clone();
        last(client.route_pipeline(asking(command), 0, 2, to.route()).await?)
    }

    /// Over a connection of its own.
    async fn ask_apart(&self, command: &Cmd, to: &Address) -> Result<Value, RedisError> {
        let client = self.at.node(&to.host, to.port).redis()?;
        let mut connection = client.get_multiplexed_async_connection_with_config(&settings()).await?;
        last(connection.send_packed_commands(&asking(command), 0, 2).await?)
    }
}

fn asking(command: &Cmd) -> Pipeline {
    let mut both = redis::pipe();
    both.cmd("ASKING").add_command(command.clone());
    both
}

fn last(answers: Vec<Value>) -> Result<Value, RedisError> {
    answers.into_iter().next_back().unwrap_or(Value::Nil).extract_error()
}

struct RedisCluster {
    nodes: Arc<Nodes>,
    lines: Lines<Line>,
    /// The server's name for each script, by ours.
    hashes: HashMap<&'static str, String>,
    tally: Arc<Tally>,
}

impl RedisCluster {
    async fn send(&self, command: Command, packed: &Cmd, slot: u16) -> Result<Value, StoreError> {
        let line = self.lines.take().await;
        self.send_over(&line, command, packed, slot).await.map_err(|error| self.counted(&error))
    }

    async fn send_over(
        &self,
        line: &Line,
        command: Command,
        packed: &Cmd,
        slot: u16,
    ) -> Result<Value, RedisError> {
        self.tally.command(command);
        line.send(packed, slot).await
    }

    fn counted(&self, error: &RedisError) -> StoreError {
        let error = failed(error);
        self.tally.error(&error);
        error
    }

    async fn get_of_slot(
        &self,
        line: &Line,
        slot: u16,
        names: Vec<&[u8]>,
    ) -> Result<Vec<Option<Bytes>>, StoreError> {
        let mut command = redis::cmd("MGET");
        command.arg(names);
        let answer = self.send_over(line, Command::Mget, &command, slot).await;
        match answer.map_err(|error| self.counted(&error))? {
            Value::Array(items) => items.into_iter().map(text).collect(),
            other => Err(unexpected(&other)),
        }
    }
}

/// What a cluster says while it has nobody to serve a slot is no refusal: it passes.
fn failed(error: &RedisError) -> StoreError {
    use ServerErrorKind::{Ask, BusyLoading, ClusterDown, MasterDown, Moved, ReadOnly, TryAgain};
    match error.kind() {
        ErrorKind::Server(Ask | BusyLoading | ClusterDown | MasterDown | Moved | ReadOnly | TryAgain)
        | ErrorKind::ClusterConnectionNotFound => StoreError::cache(Failure::Unavailable, error),
        _ => super::failed(error),
    }
}

/// A subscription at the first node that grants one: what is published anywhere in a cluster is heard at every node.
async fn subscribe_to_any(nodes: Arc<Nodes>, channel: String) -> Result<PubSubStream, StoreError> {
    let mut problem = None;
    for node in nodes.up().await? {
        let client = node.redis().map_err(|error| failed(&error))?;
        match subscribe(client, channel.clone()).await {
            Ok(messages) => return Ok(messages),
            Err(error) => problem = problem.or(Some(error)),
        }
    }
    Err(problem.unwrap_or_else(Nodes::none_is_up))
}

impl Cache for RedisCluster {
    fn get<'a>(&'a self, key: &'a Key) -> Answer<'a, Option<Bytes>> {
        Box::pin(async move {
            let command = Cmd::get(key.name());
            text(self.send(Command::Get, &command, self.part(key)).await?)
        })
    }

    fn get_many<'a>(&'a self, keys: &'a [Key]) -> Answer<'a, Vec<Option<Bytes>>> {
        Box::pin(async move {
            if keys.is_empty() {
                return Ok(Vec::new());
            }
            let line = &*self.lines.take().await;
            let found = in_slots(keys).into_iter().map(|(slot, places)| async move {
                let names = places.iter().map(|place| keys[*place].name()).collect();
                let entries = self.get_of_slot(line, slot, names).await;
                (places, entries)
            });
            in_order(keys.len(), join_all(found).await)
        })
    }

    fn set<'a>(&'a self, key: &'a Key, value: Bytes, ttl: Option<Duration>) -> Answer<'a, ()> {
        Box::pin(
            async move { self.send(Command::Set, &put(key, &value, ttl), self.part(key)).await.map(drop) },
        )
    }

    fn add<'a>(&'a self, key: &'a Key, value: Bytes, ttl: Option<Duration>) -> Answer<'a, bool> {
        Box::pin(async move {
            let mut command = put(key, &value, ttl);
            command.arg("NX");
            Ok(self.send(Command::Set, &command, self.part(key)).await? != Value::Nil)
        })
    }

    fn delete<'a>(&'a self, key: &'a Key) -> Answer<'a, bool> {
        Box::pin(async move {
            let command = Cmd::del(key.name());
            match self.send(Command::Del, &command, self.part(key)).await? {
                Value::Int(removed) => Ok(removed > 0),
                other => Err(unexpected(&other)),
            }
        })
    }

    fn run<'a>(&'a self, script: &'static Script, keys: Vec<Bytes>, args: Vec<Bytes>) -> Answer<'a, Reply> {
        Box::pin(async move {
            let slot = slot_of(&keys);
            let mut command = redis::cmd("EVALSHA");
            command.arg(self.hashes.get(script.name).map_or("", String::as_str)).arg(keys.len());
            keys.iter().chain(&args).for_each(|argument| {
                command.arg(&argument[..]);
            });
            let line = self.lines.take().await;
            let mut answer = self.send_over(&line, Command::Evalsha, &command, slot).await;
            let is_unknown =
                |error: &RedisError| error.kind() == ErrorKind::Server(ServerErrorKind::NoScript);
            // A node that came later, or was started again: nothing was run yet.
            if answer.as_ref().is_err_and(is_unknown) && SCRIPTS.iter().any(|known| known.name == script.name)
            {
                let load = redis::cmd("SCRIPT").arg("LOAD").arg(script.lua).to_owned();
                line.send(&load, slot).await.map_err(|error| self.counted(&error))?;
                answer = self.send_over(&line, Command::Evalsha, &command, slot).await;
            }
            reply(answer.map_err(|error| self.counted(&error))?)
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
            ("driver", "redis 1.8, cluster".into()),
            ("response_timeout", "none; the workload's timeout holds".into()),
            ("connect_timeout", format!("{} s", CONNECT_TIMEOUT.as_secs())),
            ("nodelay", "true".into()),
            ("retries", "0; a script that a node does not know is loaded there and run again".into()),
            ("redirects", format!("MOVED and ASK, up to {REDIRECTS} a command")),
            ("in_flight", format!("{IN_FLIGHT} commands on each connection at most; others wait")),
            ("reads", "from masters".into()),
        ]
    }
}
