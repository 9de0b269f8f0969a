//! The cache and its scripts mean the same on the memory store as on a real Redis, through every driver.

#![allow(clippy::unwrap_used, reason = "a failed step fails its test")]

mod bytes_kept;
mod cluster;
#[path = "../clusters/mod.rs"]
mod clusters;
mod histories;
#[path = "../machine/mod.rs"]
mod machine;
mod messages;
mod outages;
mod steps;

use std::sync::Arc;
use std::time::Duration;

use cachebench::measure::Tally;
use cachebench::model::{Key, StoreError};
use cachebench::registry::Choice;
use cachebench::servers::{ManagedRedis, RedisOptions, RunFolder};
use cachebench::store::memory::MemoryCache;
use cachebench::store::scripts::{DirtySet, Outbox};
use cachebench::store::{Cache, DRIVERS, DriverParts, Endpoint, Message, Messages, Sharing};

/// A cache under a prefix of its own, so that several may share one server.
struct Side {
    name: &'static str,
    prefix: String,
    cache: Arc<dyn Cache>,
    tally: Arc<Tally>,
    dirty: DirtySet,
    outbox: Outbox,
}

impl Side {
    fn new(name: &'static str, cache: Arc<dyn Cache>, tally: Arc<Tally>) -> Side {
        let prefix = format!("{name}:");
        let (dirty, outbox) = (DirtySet::new(&prefix, 0), Outbox::new(&prefix, 0));
        Side { name, prefix, cache, tally, dirty, outbox }
    }

    /// The same side under another prefix, where nothing is yet.
    fn under(self, prefix: &str) -> Side {
        let prefix = format!("{}{prefix}", self.prefix);
        let (dirty, outbox) = (DirtySet::new(&prefix, 0), Outbox::new(&prefix, 0));
        Side { prefix, dirty, outbox, ..self }
    }

    fn memory() -> Side {
        let tally = Arc::new(Tally::default());
        Side::new("memory", Arc::new(MemoryCache::default().share(tally.clone())), tally)
    }

    async fn connect(driver: &'static str, server: &ManagedRedis) -> Side {
        Side::connect_to(driver, server.url().into()).await
    }

    async fn connect_to(driver: &'static str, at: Endpoint) -> Side {
        let tally = Arc::new(Tally::default());
        let parts = DriverParts {
            at,
            sharing: Sharing::Shared { connections: 2, run: 1 },
            tally: tally.clone(),
            tracked: None,
        };
        let driver_of = Choice::named(driver).build(DRIVERS, ()).unwrap();
        Side::new(driver, driver_of.connect(parts).await.unwrap(), tally)
    }

    /// Every driver, connected to `server`.
    async fn drivers(server: &ManagedRedis) -> Vec<Side> {
        let mut sides = Vec::new();
        for entry in DRIVERS {
            sides.push(Side::connect(entry.name, server).await);
        }
        sides
    }

    /// Every driver, and the memory store.
    async fn all(server: &ManagedRedis) -> Vec<Side> {
        let mut sides = Side::drivers(server).await;
        sides.push(Side::memory());
        sides
    }

    fn key(&self, id: u64) -> Key {
        Key::new(&self.prefix, id)
    }

    /// Where it announces rows.
    fn channel(&self) -> String {
        format!("{}announced", self.prefix)
    }

    async fn listen(&self) -> Messages {
        promptly(self.name, self.cache.subscribe(&self.channel())).await.unwrap()
    }
}

fn server() -> ManagedRedis {
    ManagedRedis::start(&RedisOptions::default(), &RunFolder::create().unwrap()).unwrap()
}

/// What a call answers, if it does before a deadline that only a hanging one reaches.
async fn promptly<T>(what: &str, call: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    let answer = tokio::time::timeout(Duration::from_secs(20), call).await;
    answer.unwrap_or_else(|_| panic!("{what}: no answer within 20 s"))
}

/// What is heard next.
async fn next(side: &Side, messages: &mut Messages) -> Message {
    promptly(side.name, async { Ok(messages.next().await) }).await.unwrap().unwrap()
}

fn text(id: u64) -> Message {
    Message::Text(id.to_string().into())
}
