use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use cachebench::measure::Tally;
use cachebench::model::{Failure, Key, Kind, Outcome, Served, Store, StoreError};
use cachebench::registry::Choice;
use cachebench::store::{Answer, Cache, Messages, Reply, Script};

use super::{Instance, PREFIX, World, choice, coherence_of, conduct, key, operation, rest, variants, write};

/// A cache that fails, and counts its failures as a driver does.
struct FailingCache {
    cache: Arc<dyn Cache>,
    failure: Failure,
    /// Whether it fails only where memory is needed: a server that is full.
    full: bool,
    tally: Arc<Tally>,
}

impl FailingCache {
    fn fails<'a, T: Send + 'a>(&'a self, needs_memory: bool, answer: Answer<'a, T>) -> Answer<'a, T> {
        if self.full && !needs_memory {
            return answer;
        }
        let error = StoreError::cache(self.failure, "as ordered");
        self.tally.error(&error);
        Box::pin(std::future::ready(Err(error)))
    }
}

impl Cache for FailingCache {
    fn get<'a>(&'a self, key: &'a Key) -> Answer<'a, Option<Bytes>> {
        self.fails(false, self.cache.get(key))
    }

    fn get_many<'a>(&'a self, keys: &'a [Key]) -> Answer<'a, Vec<Option<Bytes>>> {
        self.fails(false, self.cache.get_many(keys))
    }

    fn set<'a>(&'a self, key: &'a Key, value: Bytes, ttl: Option<Duration>) -> Answer<'a, ()> {
        self.fails(true, self.cache.set(key, value, ttl))
    }

    fn add<'a>(&'a self, key: &'a Key, value: Bytes, ttl: Option<Duration>) -> Answer<'a, bool> {
        self.fails(true, self.cache.add(key, value, ttl))
    }

    fn delete<'a>(&'a self, key: &'a Key) -> Answer<'a, bool> {
        self.fails(false, self.cache.delete(key))
    }

    fn run<'a>(&'a self, script: &'static Script, keys: Vec<Bytes>, args: Vec<Bytes>) -> Answer<'a, Reply> {
        match script.name {
            // It needs memory only where there is no entry, and a claim is put.
            "claim" => Box::pin(async move {
                let id = keys
                    .get(1)
                    .and_then(|name| std::str::from_utf8(&name[PREFIX.len()..]).ok()?.parse().ok());
                let there = id.is_some() && self.cache.get(&key(id.unwrap())).await?.is_some();
                self.fails(!there, self.cache.run(script, keys, args)).await
            }),
            name => {
                let needs_memory = ["advance", "compare-and-set", "fill-claimed"].contains(&name);
                self.fails(needs_memory, self.cache.run(script, keys, args))
            }
        }
    }

    fn subscribe<'a>(&'a self, channel: &'a str) -> Answer<'a, Messages> {
        self.fails(false, self.cache.subscribe(channel))
    }

    fn client(&self) -> Vec<(&'static str, String)> {
        self.cache.client()
    }
}

impl World {
    pub fn failing(&self, choice: &Choice, failure: Failure, full: bool) -> Instance {
        let cache = |cache, tally| Arc::new(FailingCache { cache, failure, full, tally }) as Arc<dyn Cache>;
        self.instance_over(0, choice, cache, |database| database)
    }
}

fn failures(instance: &Instance, failure: Failure) -> u64 {
    let counts = instance.tally.counts();
    assert_eq!(counts.all_errors(), counts.errors(Store::Cache, failure));
    counts.errors(Store::Cache, failure)
}

#[tokio::test(start_paused = true)]
async fn the_database_answers_for_a_cache_that_is_gone() {
    for choice in variants().iter().filter(|choice| conduct(choice).caches) {
        let world = World::with_rows([1]).await;
        let instance = world.failing(choice, Failure::Unavailable, false);
        for (id, body) in [(1, Some("seeded 1")), (2, None)] {
            let before = failures(&instance, Failure::Unavailable);
            let Outcome::Read { served, value } = instance.read(id).await else { panic!() };
            rest().await;
            assert_eq!(served, Served::Fallback, "{}", choice.label());
            assert_eq!(value.map(|value| value.body), body.map(Bytes::from), "{}", choice.label());
            if !conduct(choice).defers {
                // The read alone: a cache that cannot be read is not filled either.
                assert_eq!(failures(&instance, Failure::Unavailable), before + 1, "{}", choice.label());
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_write_is_acknowledged_without_the_cache_unless_it_needs_it() {
    for choice in variants().iter().filter(|choice| conduct(choice).caches) {
        for kind in [Kind::Write, Kind::Insert, Kind::Delete] {
            let world = World::with_rows([1]).await;
            let instance = world.failing(choice, Failure::Unavailable, false);
            let outcome = instance.strategy.write(&operation(kind, 1, "new")).await;
            let label = format!("{kind:?}, {}", choice.label());
            if conduct(choice).needs_cache {
                assert_eq!(outcome, Outcome::Failed(Failure::Unavailable), "{label}");
            } else {
                assert!(matches!(outcome, Outcome::Written { version: Some(_) }), "{label}");
                assert_eq!(world.row(1).await.is_none(), kind == Kind::Delete, "{label}");
            }
            let expected = match &*choice.label() {
                // They tell the cache beforehand, too.
                "cache-aside (coherence=double-delete)" | "cache-aside (coherence=populate-lock)" => 2,
                _ => u64::from(!super::keeps_entries(choice)),
            };
            assert_eq!(failures(&instance, Failure::Unavailable), expected, "{label}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_write_that_fails_in_the_cache_has_changed_the_database_only_where_that_comes_first() {
    for (text, version) in [
        (r#""write-through""#, 2),
        (r#"{"write-through": {"order": "cache-first"}}"#, 1),
        (r#"{"write-behind": {"flush_every": "1h"}}"#, 1),
    ] {
        let world = World::with_rows([1]).await;
        let instance = world.failing(&choice(text), Failure::Unavailable, false);
        instance.strategy.write(&write(1, "new")).await;
        assert_eq!(world.row(1).await.unwrap().version, version, "{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_full_cache_serves_what_it_holds_and_fills_nothing() {
    for choice in variants().iter().filter(|choice| conduct(choice).caches) {
        let world = World::with_rows([1, 2]).await;
        let before = world.instance(1, choice);
        before.read(1).await;
        rest().await;
        let instance = world.failing(choice, Failure::Refused, true);
        // There is no room for a claim either: that is a cache that fails.
        let claims = ["lease", "populate-lock"].contains(&&*coherence_of(choice));
        let missed = if claims { Served::Fallback } else { Served::Miss };
        for (id, wanted) in [(1, Served::Hit), (2, missed), (2, missed)] {
            let Outcome::Read { served, value } = instance.read(id).await else { panic!() };
            rest().await;
            assert_eq!(served, wanted, "{}", choice.label());
            assert_eq!(value.unwrap().body, format!("seeded {id}"), "{}", choice.label());
        }
        assert_eq!(failures(&instance, Failure::Refused), 2, "{}", choice.label());
    }
}

#[tokio::test(start_paused = true)]
async fn a_full_cache_refuses_the_writes_that_need_it() {
    for choice in variants() {
        let world = World::with_rows([1]).await;
        let instance = world.failing(&choice, Failure::Refused, true);
        let outcome = instance.strategy.write(&write(1, "new")).await;
        let refused = outcome == Outcome::Failed(Failure::Refused);
        assert_eq!(refused, conduct(&choice).needs_cache, "{}: {outcome:?}", choice.label());
    }
}

/// The write is committed, so it is acknowledged; the price is an old entry that only its TTL removes.
#[tokio::test(start_paused = true)]
async fn an_update_that_a_full_cache_refuses_leaves_the_old_entry() {
    for text in
        [r#"{"cache-aside": {"coherence": "update"}}"#, r#"{"read-through": {"coherence": "update"}}"#]
    {
        let world = World::with_rows([1]).await;
        world.instance(1, &choice(text)).read(1).await;
        let instance = world.failing(&choice(text), Failure::Refused, true);
        assert_eq!(instance.version(&write(1, "new")).await, Some(2), "{text}");
        assert_eq!(instance.body(1).await, Some("seeded 1".into()), "{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_drain_tells_that_it_could_not_write() {
    let world = World::with_rows([1]).await;
    let quiet = choice(r#"{"write-behind": {"flush_every": "1h"}}"#);
    let broken = world.failing(&quiet, Failure::Unavailable, false);
    assert_eq!(broken.strategy.drain().await.unwrap_err().failure, Failure::Unavailable);
}

#[tokio::test(start_paused = true)]
async fn an_entry_that_is_no_value_is_counted_and_the_database_answers() {
    for choice in variants().iter().filter(|choice| conduct(choice).caches) {
        let world = World::with_rows([1]).await;
        let instance = world.instance(0, choice);
        world.cache.set(&super::key(1), Bytes::from_static(b"something else"), None).await.unwrap();
        let Outcome::Read { served, value } = instance.read(1).await else { panic!() };
        assert_eq!((served, value.unwrap().version), (Served::Fallback, 1), "{}", choice.label());
        assert_eq!(failures(&instance, Failure::Corrupt), 1, "{}", choice.label());
    }
}
