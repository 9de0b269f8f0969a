//! What transports promise, on real servers: each is walked through the same steps, and held to what it says of itself.

#![allow(clippy::unwrap_used, reason = "a failed step fails its test")]

mod broken;
mod groups;
mod heard;
mod near;
mod replaced;
mod tracking;
mod writers;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use cachebench::invalidation::{
    Guarantee, Heard, Link, Listener, Listening, Publisher, TRANSPORTS, Transport,
};
use cachebench::measure::Tally;
use cachebench::model::{Event, Key, Payload, StoreError};
use cachebench::registry::Choice;
use cachebench::servers::{
    ManagedPostgres, ManagedRedis, PostgresOptions, RedisOptions, RunFolder, admit_postgres,
};
use cachebench::store::postgres::{Postgres, Query, SCHEMA, prepare};
use cachebench::store::{Database, Tasks};
use serde_json::json;

const PREFIX: &str = "cb:";
const ROWS: u64 = 20;
/// The longest that anything here is waited for.
const LIMIT: Duration = Duration::from_secs(20);

/// A transport between a cache and a database with rows at version 1.
struct Site {
    transport: Box<dyn Transport>,
    options: serde_json::Value,
    redis: ManagedRedis,
    postgres: ManagedPostgres,
    link: Link,
}

impl Site {
    async fn new(name: &str) -> Site {
        Site::with(name, json!(null)).await
    }

    async fn with(name: &str, options: serde_json::Value) -> Site {
        let chosen = Choice { name: name.into(), options: options.clone() };
        let transport = chosen.build(TRANSPORTS, ()).unwrap();
        let settings = transport.database_settings().into_iter();
        let settings: BTreeMap<_, _> = settings.map(|(name, value)| (name.to_string(), value)).collect();
        let run = RunFolder::create().unwrap();
        let redis = ManagedRedis::start(&RedisOptions::default(), &run).unwrap();
        let postgres = ManagedPostgres::start(&PostgresOptions { settings }, &run).unwrap();
        admit_postgres(&postgres.url(), SCHEMA, false).await.unwrap();
        prepare(&postgres.url()).await.unwrap();
        let link = Link {
            cache: redis.url().into(),
            database: postgres.url(),
            prefix: PREFIX.into(),
            services: 1,
            tally: Arc::default(),
            tasks: Tasks::default(),
            tracked: None,
        };
        let database = Postgres::connect(&postgres.url(), 1, Query::default(), Arc::default()).await.unwrap();
        for row in 0..ROWS {
            database.insert(&key(row), &payload()).await.unwrap();
        }
        transport.prepare(&link).await.unwrap();
        if let Some(relay) = transport.relay(&link) {
            link.tasks.spawn(relay);
        }
        Site { transport, options, redis, postgres, link }
    }

    async fn writer(&self) -> Writer {
        let (url, in_commit) = (self.postgres.url(), self.transport.in_commit());
        let tally = Arc::new(Tally::default());
        let database = Postgres::connect_telling(&url, 1, Query::default(), in_commit, tally).await.unwrap();
        Writer { database, publisher: self.transport.publisher(&self.link).await.unwrap() }
    }

    async fn listener(&self, listening: &Listening) -> Ear {
        Ear(self.transport.listener(&self.link, listening).await.unwrap())
    }

    /// As soon as the servers let it in.
    async fn listener_at_last(&self, listening: &Listening) -> Ear {
        self.linked_at_last(&self.link, listening).await
    }

    /// The same, by another link.
    async fn linked_at_last(&self, link: &Link, listening: &Listening) -> Ear {
        let listener = async {
            loop {
                match self.transport.listener(link, listening).await {
                    Ok(listener) => return Ear(listener),
                    Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
                }
            }
        };
        tokio::time::timeout(LIMIT, listener).await.unwrap()
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.link.tasks.abort();
    }
}

/// An instance that writes rows, and tells of it.
struct Writer {
    database: Postgres,
    publisher: Box<dyn Publisher>,
}

impl Writer {
    async fn write(&self, row: u64) -> Event {
        let event = self.commit(row).await;
        self.publisher.publish(event).await.unwrap();
        event
    }

    async fn commit(&self, row: u64) -> Event {
        Event::new(row, self.database.update(&key(row), &payload()).await.unwrap().unwrap())
    }
}

/// Who listens, and settles what it hears.
struct Ear(Box<dyn Listener>);

impl Ear {
    async fn next(&mut self) -> Result<Heard, StoreError> {
        tokio::time::timeout(LIMIT, self.0.next()).await.expect("nothing was heard")
    }

    /// The events of the next answer, which is to have some; all of them are applied.
    async fn events(&mut self) -> Vec<Event> {
        let Heard::Events(events) = self.next().await.unwrap() else { panic!("events are missing") };
        self.0.settle(&vec![true; events.len()]).await.unwrap();
        events
    }

    /// All events until this one, which is the last.
    async fn until(&mut self, last: Event) -> Vec<Event> {
        let mut all = Vec::new();
        while !all.contains(&last) {
            all.extend(self.events().await);
        }
        all
    }
}

fn key(row: u64) -> Key {
    Key::new(PREFIX, row)
}

fn payload() -> Payload {
    Payload { body: Bytes::from_static(b"body"), checksum: 7 }
}

/// The first instance, with all events to itself.
fn alone() -> Listening {
    Listening { service: 0, instance: 0, shared: false, from: None }
}

/// An instance that shares the events of the service.
fn sharing(instance: usize) -> Listening {
    Listening { instance, shared: true, ..alone() }
}

/// The transports that tell of writes through the cache's and the database's servers alone.
fn telling() -> Vec<&'static str> {
    let build = |name: &str| Choice::named(name).build(TRANSPORTS, ()).unwrap();
    let tells =
        |transport: &dyn Transport| transport.guarantee() != Guarantee::Nothing && !transport.follows_cache();
    TRANSPORTS.iter().map(|entry| entry.name).filter(|name| tells(&*build(name))).collect()
}
