use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use bytes::Bytes;
use cachebench::measure::Command;
use cachebench::mitigation::{self, Stack};
use cachebench::model::{Failure, Key, Kind, Operation, Outcome, Payload, UnixClock, Value, unix_us};
use cachebench::registry::Choice;
use cachebench::servers::{RedisCounters, reshard};
use cachebench::store::memory::MemoryDatabase;
use cachebench::store::scripts::{Advance, DirtySet, HeldClaim, Token, advance, announce, dirty, survey};
use cachebench::store::{Background, DRIVERS, Database, Message, Tasks};
use cachebench::strategy::{Parts, STRATEGIES, Strategy};
use cachebench::traffic::{Random, Stream};

use super::clusters::Cluster;
use super::histories::difference;
use super::steps::Step;
use super::{Side, machine, next, promptly, text};

async fn sides(cluster: &Cluster) -> Vec<Side> {
    let mut sides = Vec::new();
    for entry in DRIVERS {
        sides.push(Side::connect_to(entry.name, cluster.at()).await);
    }
    sides
}

fn bytes(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

async fn counted(cluster: &Cluster) -> Vec<RedisCounters> {
    let mut all = Vec::new();
    for node in cluster.nodes.iter().filter(|node| node.is_alive()) {
        all.push(RedisCounters::read(&node.url().into()).await.unwrap());
    }
    all
}

fn calls(counters: &[RedisCounters], command: &str) -> u64 {
    counters.iter().filter_map(|one| one.calls.get(command)).sum()
}

async fn write(side: &Side, key: &Key) -> Result<(), cachebench::model::StoreError> {
    let value = Value::default();
    let step = Advance { key, value: &value, base: Some(1), ttl: None, dirty: None };
    advance(&*side.cache, step).await.map(drop)
}

#[tokio::test]
async fn requests_and_scripts_mean_the_same_on_a_cluster_as_on_the_memory_store() {
    let _seat = machine::seat();
    let cluster = Cluster::of_three(false);
    for side in sides(&cluster).await {
        // All in one slot, so that scripts may touch several rows.
        let prefix = "{1}:";
        let (side, memory) = (side.under(prefix), Side::memory().under(prefix));
        let mut random = Random::new(7, Stream::Operation, 0);
        let steps: Vec<_> = (0..600).map(|_| Step::random(&mut random)).collect();
        assert_eq!(difference(&memory, &side, &steps).await, None, "{}", side.name);
        assert_eq!(memory.tally.counts(), side.tally.counts(), "{}", side.name);
    }
}

#[tokio::test]
async fn keys_of_many_slots_are_asked_for_together_and_each_command_is_counted() {
    let _seat = machine::seat();
    let cluster = Cluster::of_three(false);
    for side in sides(&cluster).await {
        let (cache, keys) = (&*side.cache, (0..60).map(|id| side.key(id)).collect::<Vec<_>>());
        let before = (side.tally.counts(), counted(&cluster).await);
        for key in &keys {
            assert!(cache.add(key, bytes(&key.id().to_string()), None).await.unwrap());
            assert!(!cache.add(key, bytes("later"), None).await.unwrap());
        }
        assert!(cache.delete(&keys[7]).await.unwrap() && !cache.delete(&keys[7]).await.unwrap());
        cache.set(&keys[8], bytes("8 again"), Some(Duration::from_secs(3_600))).await.unwrap();
        let found = cache.get_many(&keys).await.unwrap();
        for (key, found) in keys.iter().zip(found) {
            let expected = match key.id() {
                7 => None,
                8 => Some(bytes("8 again")),
                id => Some(bytes(&id.to_string())),
            };
            assert_eq!(found, expected, "{}, {key:?}", side.name);
            assert_eq!(cache.get(key).await.unwrap(), expected, "{}, {key:?}", side.name);
        }
        for key in &keys[..20] {
            cache.set(key, Value { version: key.id(), ..Value::default() }.encode(), None).await.unwrap();
        }
        let heads = survey(cache, &keys[..20]).await.unwrap();
        assert!(
            heads.iter().zip(&keys).all(|(head, key)| head.unwrap().version == key.id()),
            "{}",
            side.name
        );
        let (sent, now) = (&side.tally.counts() - &before.0, counted(&cluster).await);
        let slots: BTreeSet<u16> = keys.iter().map(|key| cache.part(key)).collect();
        assert_eq!(sent.command(Command::Mget), slots.len() as u64, "{}", side.name);
        for command in Command::ALL {
            let counted = calls(&now, command.name()) - calls(&before.1, command.name());
            assert_eq!(counted, sent.command(command), "{}: {}", side.name, command.name());
        }
        for key in &keys {
            cache.delete(key).await.unwrap();
        }
    }
}

#[tokio::test]
async fn the_name_of_a_part_is_a_slot_of_the_server() {
    let _seat = machine::seat();
    let cluster = Cluster::of_three(false);
    let side = Side::connect_to("redis", cluster.at()).await;
    let client = redis::Client::open(cluster.nodes[0].url()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    for id in 0..50 {
        let part = side.cache.part(&side.key(id));
        for name in [
            String::from_utf8(side.key(id).name().to_vec()).unwrap(),
            format!("a{{{}}}", side.cache.tag(part)),
        ] {
            let slot: u16 =
                redis::cmd("CLUSTER").arg("KEYSLOT").arg(&name).query_async(&mut connection).await.unwrap();
            assert_eq!(slot, part, "{name}");
        }
    }
    assert_eq!(side.cache.parts(), 16_384);
}

#[tokio::test]
async fn a_script_that_a_node_has_forgotten_is_loaded_there_and_run() {
    let _seat = machine::seat();
    let cluster = Cluster::of_three(false);
    for side in sides(&cluster).await {
        for node in &cluster.nodes {
            let client = redis::Client::open(node.url()).unwrap();
            let mut connection = client.get_multiplexed_async_connection().await.unwrap();
            let () = redis::cmd("SCRIPT").arg("FLUSH").query_async(&mut connection).await.unwrap();
        }
        for id in 0..12 {
            write(&side, &side.key(id)).await.unwrap();
        }
        let sent = side.tally.counts();
        // Once more on each of the three nodes, or on the first, where that is when all are told.
        let expected = if side.name == "fred" { 13 } else { 15 };
        assert_eq!((sent.command(Command::Evalsha), sent.all_errors()), (expected, 0), "{}", side.name);
    }
}

#[tokio::test]
async fn what_is_announced_at_any_node_is_heard() {
    let _seat = machine::seat();
    let mut cluster = Cluster::of_three(true);
    for side in sides(&cluster).await {
        let mut messages = side.listen().await;
        for id in 0..20 {
            let claim = HeldClaim { key: &side.key(id), kind: "lock", token: Token(1) };
            announce(&*side.cache, claim, &side.channel()).await.unwrap();
            assert_eq!(next(&side, &mut messages).await, text(id), "{}", side.name);
        }
        // Its connection is replaced when it breaks.
        for node in &cluster.nodes {
            let client = redis::Client::open(node.url()).unwrap();
            let mut connection = client.get_multiplexed_async_connection().await.unwrap();
            let kill = redis::cmd("CLIENT").arg("KILL").arg("TYPE").arg("pubsub").to_owned();
            let killed: u64 = kill.query_async(&mut connection).await.unwrap();
            // It listens at one node, and by now at another, where it shall stay.
            if killed > 0 {
                break;
            }
        }
        assert_eq!(next(&side, &mut messages).await, Message::Missed, "{}", side.name);
        let claim = HeldClaim { key: &side.key(77), kind: "lock", token: Token(1) };
        announce(&*side.cache, claim, &side.channel()).await.unwrap();
        // What was said before may reach the node that is listened to now after the subscription did.
        let mut heard = next(&side, &mut messages).await;
        while (0..20).any(|id| heard == text(id)) {
            heard = next(&side, &mut messages).await;
        }
        assert_eq!(heard, text(77), "{}", side.name);
    }
    cluster.nodes.clear();
}

#[tokio::test]
async fn slots_that_move_under_load_fail_nobody_and_the_servers_count_who_was_sent_on() {
    let _seat = machine::seat();
    let cluster = Cluster::of_three(false);
    let mut ends = [cluster.port(0), cluster.port(1)];
    for side in sides(&cluster).await {
        let keys: Vec<Key> = (0..400).map(|id| side.key(id)).collect();
        for key in &keys {
            side.cache.set(key, bytes(&key.id().to_string()), None).await.unwrap();
        }
        let before = counted(&cluster).await;
        let done = Arc::new(AtomicBool::new(false));
        let is_done = done.clone();
        let [from, to] = ends;
        let moving = tokio::task::spawn_blocking(move || {
            let moved = reshard(from, to, 3_000, &|| false).unwrap();
            is_done.store(true, Relaxed);
            moved
        });
        let mut rounds = 0;
        while !done.load(Relaxed) || rounds == 0 {
            for key in &keys {
                let read = promptly(side.name, side.cache.get(key)).await.unwrap();
                assert_eq!(read, Some(bytes(&key.id().to_string())), "{}, {key:?}", side.name);
            }
            rounds += 1;
        }
        let moved = moving.await.unwrap();
        assert!(side.cache.get_many(&keys).await.unwrap().iter().all(Option::is_some), "{}", side.name);
        let after = counted(&cluster).await;
        let grown = |of: fn(&RedisCounters) -> u64| -> u64 {
            after.iter().zip(&before).map(|(after, before)| of(&after.since(before))).sum()
        };
        let (sent_on, asked) = (grown(|it| it.moved), grown(|it| it.asked));
        println!("{}: {moved:?} in {rounds} rounds, {sent_on} MOVED, {asked} ASK", side.name);
        assert!(sent_on > 0, "{}", side.name);
        assert_eq!(side.tally.counts().all_errors(), 0, "{}", side.name);
        ends.reverse();
    }
}

/// What a loop of writes met from the kill on.
struct Outage {
    /// From the first failure to the last, in seconds.
    without_service: f64,
    failed: u64,
    slowest: Duration,
}

/// Writes to a key whose master is killed, until a hundred in a row succeed.
async fn outage(side: &Side, key: &Key) -> Outage {
    let began = Instant::now();
    let (mut first, mut last, mut failed, mut in_a_row) = (None, began, 0, 0);
    let mut slowest = Duration::ZERO;
    while in_a_row < 100 {
        assert!(began.elapsed() < Duration::from_secs(60), "{}: no service after 60 s", side.name);
        let sent = Instant::now();
        let answer = promptly(side.name, write(side, key)).await;
        slowest = slowest.max(sent.elapsed());
        match answer {
            // The kill itself is awaited.
            Ok(()) if failed == 0 => {}
            Ok(()) => in_a_row += 1,
            Err(error) => {
                assert_eq!(error.failure, Failure::Unavailable, "{}: {error}", side.name);
                first.get_or_insert(sent);
                last = Instant::now();
                (failed, in_a_row) = (failed + 1, 0);
            }
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    Outage { without_service: first.map_or(0.0, |first| (last - first).as_secs_f64()), failed, slowest }
}

#[tokio::test]
async fn a_killed_master_fails_its_callers_until_its_replica_is_found() {
    let _seat = machine::alone();
    for entry in DRIVERS {
        let mut cluster = Cluster::of_three(true);
        let side = Side::connect_to(entry.name, cluster.at()).await;
        let key = side.key(1);
        write(&side, &key).await.unwrap();
        let slot = side.cache.part(&key);
        let seen = cluster.seen_by(0).await;
        let master = seen.iter().find(|it| it.slots.iter().any(|range| range.contains(&slot))).unwrap().port;
        let place = cluster.nodes.iter().position(|node| node.port() == master).unwrap();
        cluster.nodes[place].kill();
        let Outage { without_service, failed, slowest } = outage(&side, &key).await;
        println!(
            "{}: {without_service:.2} s without service at a node timeout of 1 s, {failed} failed, the slowest took {:.2} s",
            side.name,
            slowest.as_secs_f64()
        );
        // Keys of other nodes, and scripts on the promoted one.
        for id in 0..50 {
            write(&side, &side.key(id)).await.unwrap();
        }
        cluster.nodes[place].restart().unwrap();
        for id in 0..50 {
            write(&side, &side.key(id)).await.unwrap();
        }
    }
}

const WRITE_BEHIND: &str = r#"{"write-behind": {"flush_every": "1h", "batch": 40}}"#;

fn write_behind(side: &Side, database: &MemoryDatabase) -> Box<dyn Strategy> {
    let tasks = Tasks::default();
    let guards = Stack::default().build(&mitigation::Parts {
        cache: side.cache.clone(),
        ttl: None,
        prefix: side.prefix.clone(),
        seed: 1,
        instance: 0,
        tally: side.tally.clone(),
        tasks: tasks.clone(),
        background: Background::new(tasks.clone()),
        clock: UnixClock::default(),
    });
    let parts = Parts {
        cache: side.cache.clone(),
        database: Arc::new(database.share(side.tally.clone())),
        guards: guards.unwrap(),
        leaves_misses: false,
        fill_delay: None,
        prefix: side.prefix.clone(),
        instance: 0,
        tally: side.tally.clone(),
        ledger: Arc::default(),
        loads: Arc::default(),
        tasks,
    };
    serde_json::from_str::<Choice>(WRITE_BEHIND).unwrap().build(STRATEGIES, parts).unwrap()
}

fn operation(side: &Side, id: u64) -> Operation {
    let key = side.key(id);
    let payload = Payload::new(&key, bytes("written"));
    Operation { ticket: 0, kind: Kind::Write, key, keys: Vec::new(), payload, quantity: 0, scans: false }
}

async fn versions(database: &MemoryDatabase, side: &Side) -> BTreeMap<u64, u64> {
    let mut versions = BTreeMap::new();
    for id in 0..150 {
        versions.extend(database.load(&side.key(id)).await.unwrap().map(|row| (id, row.version)));
    }
    versions
}

#[tokio::test]
async fn what_waits_in_a_cluster_reaches_the_database_also_that_of_a_predecessor() {
    let _seat = machine::seat();
    let cluster = Cluster::of_three(false);
    for side in sides(&cluster).await {
        let database = MemoryDatabase::default();
        let strategy = write_behind(&side, &database);
        for id in (0..100).chain(50..100) {
            let outcome = strategy.write(&operation(&side, id)).await;
            assert!(matches!(outcome, Outcome::Written { version: Some(_) }), "{}: {outcome:?}", side.name);
        }
        assert_eq!(versions(&database, &side).await.len(), 0, "{}: they wait", side.name);
        // The process dies, with what it knew; its successor finds what waits.
        drop(strategy);
        let strategy = write_behind(&side, &database);
        strategy.drain().await.unwrap();
        let expected: BTreeMap<u64, u64> = (0..100).map(|id| (id, if id < 50 { 1 } else { 2 })).collect();
        assert_eq!(versions(&database, &side).await, expected, "{}", side.name);
        for id in 0..100 {
            let tag = side.cache.tag(side.cache.part(&side.key(id)));
            let set = DirtySet::in_part(&side.prefix, 0, tag);
            assert_eq!(dirty(&*side.cache, &set, 9).await.unwrap(), [], "{}", side.name);
        }
        // What a caller gave up may take effect all the same, unseen.
        let (key, value) = (side.key(3), Value::default());
        let set = DirtySet::in_part(&side.prefix, 0, side.cache.tag(side.cache.part(&key)));
        let unseen =
            Advance { key: &key, value: &value, base: None, ttl: None, dirty: Some((&set, unix_us())) };
        assert_eq!(advance(&*side.cache, unseen).await.unwrap(), Some(2));
        let noted = strategy.write(&operation(&side, 3)).await;
        assert!(matches!(noted, Outcome::Written { version: Some(3) }), "{noted:?}");
        strategy.drain().await.unwrap();
        assert_eq!(versions(&database, &side).await[&3], 3, "{}", side.name);
    }
}
