//! What every strategy promises, checked over stores in memory and in paused time: a new entry is under
//! test the moment it is listed.

#![allow(clippy::unwrap_used, reason = "a failed step fails its test")]

mod claims;
mod coherence;
mod counts;
mod dropped;
mod events;
mod failing;
mod guards;
mod histories;
mod inventory;
mod leases;
mod lifetimes;
mod locks;
mod many;
mod mitigations;
mod names;
mod promises;
mod races;
mod restless;
mod slow;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use cachebench::coherence::COHERENCES;
use cachebench::measure::{GuardEvent, Tally};
use cachebench::mitigation::{self, Stack};
use cachebench::model::{BoxFuture, Key, Kind, Operation, Outcome, Payload, UnixClock, Value};
use cachebench::registry::Choice;
use cachebench::store::memory::{MemoryCache, MemoryDatabase};
use cachebench::store::{Background, Cache, Database, Tasks};
use cachebench::strategy::{self, Conduct, Leaves, Parts, STRATEGIES, Strategy};

const PREFIX: &str = "cb:";

/// Every strategy with its defaults, then with the options that change what it does.
fn variants() -> Vec<Choice> {
    let mut variants: Vec<_> = STRATEGIES.iter().map(|entry| Choice::named(entry.name)).collect();
    variants.extend(COHERENCES.iter().map(|entry| aside(&format!("\"{}\"", entry.name))));
    variants.extend(
        [
            r#"{"cache-aside": {"coherence": {"compare-and-set": {"leave": "version"}}}}"#,
            r#"{"cache-aside": {"coherence": {"populate-lock": {"writers": false}}}}"#,
            r#"{"read-through": {"coherence": "update"}}"#,
            r#"{"read-through": {"coherence": "keep"}}"#,
            r#"{"read-through": {"fill": "behind"}}"#,
            r#"{"read-through": {"fill": "behind", "coherence": "lease"}}"#,
            r#"{"write-through": {"coherence": "compare-and-set"}}"#,
            r#"{"write-through": {"order": "cache-first"}}"#,
            r#"{"write-behind": {"batch": 2, "flush_every": "3ms"}}"#,
            r#"{"write-behind": {"buffer": "process"}}"#,
        ]
        .map(choice),
    );
    variants
}

fn choice(text: &str) -> Choice {
    serde_json::from_str(text).unwrap()
}

/// Cache-aside with a coherence, given as in a workload.
fn aside(coherence: &str) -> Choice {
    choice(&format!(r#"{{"cache-aside": {{"coherence": {coherence}}}}}"#))
}

/// The coherence of a strategy by its name; empty where there is no choice, and the default is left.
fn coherence_of(choice: &Choice) -> String {
    let chosen = choice.options.get("coherence");
    let named = |chosen: &serde_json::Value| serde_json::from_value::<Choice>(chosen.clone()).unwrap().name;
    chosen.map(named).unwrap_or_default()
}

/// Whether a write leaves the entry of its row as it was.
fn keeps_entries(choice: &Choice) -> bool {
    conduct(choice).leaves == Leaves::OldEntry
}

/// What a strategy says of itself; that it is true, these tests show.
fn conduct(choice: &Choice) -> Conduct {
    strategy::conduct(choice).unwrap()
}

/// Two stores in memory, and the service instances over them.
#[derive(Clone, Default)]
struct World {
    cache: MemoryCache,
    database: MemoryDatabase,
    ttl: Option<Duration>,
    fill_delay: Option<Duration>,
    mitigation: Stack,
}

struct Instance {
    strategy: Box<dyn Strategy>,
    tasks: Tasks,
    tally: Arc<Tally>,
}

impl World {
    /// Stores whose database holds the rows `ids`, each at version 1 with the body `seeded <id>`.
    async fn with_rows(ids: impl IntoIterator<Item = u64>) -> World {
        let world = World::default();
        for id in ids {
            let operation = write(id, &format!("seeded {id}"));
            world.database.insert(&operation.key, &operation.payload).await.unwrap();
        }
        world
    }

    fn instance(&self, number: usize, choice: &Choice) -> Instance {
        self.instance_over(number, choice, |cache, _| cache, |database| database)
    }

    /// An instance whose view of the stores is changed on the way.
    fn instance_over(
        &self,
        number: usize,
        choice: &Choice,
        cache: impl Fn(Arc<dyn Cache>, Arc<Tally>) -> Arc<dyn Cache>,
        database: impl Fn(Arc<dyn Database>) -> Arc<dyn Database>,
    ) -> Instance {
        let mut parts = self.parts(number);
        let (tally, tasks) = (parts.tally.clone(), parts.tasks.clone());
        parts.cache = cache(parts.cache, tally.clone());
        parts.database = database(parts.database);
        Instance { strategy: choice.build(STRATEGIES, parts).unwrap(), tasks, tally }
    }

    /// What the strategy of an instance is built from.
    fn parts(&self, number: usize) -> Parts {
        let tally = Arc::new(Tally::default());
        let (cache, tasks) = (Arc::new(self.cache.share(tally.clone())), Tasks::default());
        let guards = self.mitigation.build(&mitigation::Parts {
            cache: cache.clone(),
            ttl: self.ttl,
            prefix: PREFIX.into(),
            seed: 1,
            instance: number,
            tally: tally.clone(),
            tasks: tasks.clone(),
            background: Background::new(tasks.clone()),
            clock: UnixClock::told_by(paused_us),
        });
        Parts {
            cache,
            database: Arc::new(self.database.share(tally.clone())),
            guards: guards.unwrap(),
            leaves_misses: false,
            fill_delay: self.fill_delay,
            prefix: PREFIX.into(),
            instance: number,
            tally,
            ledger: Arc::default(),
            loads: Arc::default(),
            tasks,
        }
    }

    /// The row in the database, past all tallies; nothing if it has been deleted.
    async fn row(&self, id: u64) -> Option<Value> {
        let row = self.database.share(Arc::default()).load(&key(id)).await.unwrap();
        row.filter(|row| !row.tombstone)
    }

    /// The row that the cache holds, past all tallies.
    async fn entry(&self, id: u64) -> Option<Value> {
        let raw = self.cache.share(Arc::default()).get(&key(id)).await.unwrap();
        // What is no longer than a version is a tombstone.
        raw.filter(|raw| raw.len() > 8).map(|raw| Value::decode(raw).unwrap())
    }
}

impl Instance {
    async fn read(&self, id: u64) -> Outcome {
        self.strategy.read(&key(id)).await
    }

    /// The body that a read answers.
    async fn body(&self, id: u64) -> Option<Bytes> {
        match self.read(id).await {
            Outcome::Read { value, .. } => value.filter(|value| !value.tombstone).map(|value| value.body),
            other => panic!("a read of {id} answered {other:?}"),
        }
    }

    /// The version that a write made.
    async fn version(&self, operation: &Operation) -> Option<u64> {
        match self.strategy.write(operation).await {
            Outcome::Written { version } => version,
            other => panic!("{operation:?} answered {other:?}"),
        }
    }
}

/// How often it happened in both instances.
fn sum(instances: &[Instance; 2], event: GuardEvent) -> u64 {
    instances.iter().map(|instance| instance.tally.counts().guard(event)).sum()
}

fn key(id: u64) -> Key {
    Key::new(PREFIX, id)
}

fn operation(kind: Kind, id: u64, body: &str) -> Operation {
    let key = key(id);
    let payload = match kind {
        Kind::Write | Kind::Insert | Kind::Fill => {
            Payload::new(&key, Bytes::copy_from_slice(body.as_bytes()))
        }
        Kind::Read | Kind::Delete | Kind::MultiRead | Kind::Decrement | Kind::Invalidate => {
            Payload::default()
        }
    };
    Operation { ticket: 0, kind, key, keys: Vec::new(), payload, quantity: 0, scans: false }
}

fn write(id: u64, body: &str) -> Operation {
    operation(Kind::Write, id, body)
}

/// Microseconds of a time that stands still when the test's does.
fn paused_us() -> u64 {
    thread_local! {
        static START: std::cell::OnceCell<tokio::time::Instant> = const { std::cell::OnceCell::new() };
    }
    let start = START.with(|start| *start.get_or_init(tokio::time::Instant::now));
    1_700_000_000_000_000 + start.elapsed().as_micros() as u64
}

/// Lets everything that is under way come to rest: paused time moves only when nothing else does.
async fn rest() {
    tokio::time::sleep(Duration::from_millis(1)).await;
}

/// Polls a call once.
async fn poll<T>(call: &mut BoxFuture<'_, T>) -> std::task::Poll<T> {
    std::future::poll_fn(|context| std::task::Poll::Ready(call.as_mut().poll(context))).await
}
