use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use cachebench::model::{Kind, Outcome, Value};
use cachebench::registry::Choice;
use cachebench::traffic::{Random, Stream};

use super::{Instance, World, keeps_entries, key, operation, rest, variants};

const SEEDED: u64 = 4;
/// Rows beyond the seeded ones are made by the history.
const ROWS: u64 = 6;

/// What was asked for and acknowledged, in a history of many clients.
#[derive(Default)]
struct Log {
    /// All bodies ever sent for a row.
    sent: HashSet<(u64, Bytes)>,
    /// The body of each version that was acknowledged or read.
    bodies: HashMap<(u64, u64), Bytes>,
    /// The newest acknowledged version of each row, and whether the row is there in it.
    newest: HashMap<u64, (u64, bool)>,
}

impl Log {
    fn seeded() -> Log {
        let mut log = Log::default();
        for id in 0..SEEDED {
            let body = Bytes::from(format!("seeded {id}"));
            log.sent.insert((id, body.clone()));
            log.bodies.insert((id, 1), body);
            log.newest.insert(id, (1, true));
        }
        log
    }

    /// A value that somebody wrote under this key.
    fn read(&self, id: u64, value: &Value) {
        assert!(value.is_intact(&key(id)), "row {id} came back as another: {value:?}");
        assert!(self.sent.contains(&(id, value.body.clone())), "nobody wrote {value:?} to row {id}");
        assert!(value.version > 0 && !value.tombstone, "{value:?}");
    }

    /// One version has one body, whoever sees it first.
    fn version(&mut self, id: u64, version: u64, body: &Bytes) {
        let known = self.bodies.entry((id, version)).or_insert_with(|| body.clone());
        assert_eq!(known, body, "two bodies of row {id} have the version {version}");
    }

    fn acknowledged(&mut self, id: u64, version: u64, there: bool) {
        let newest = self.newest.entry(id).or_default();
        if newest.0 < version {
            *newest = (version, there);
        }
    }
}

/// One client's part of a history.
async fn client(
    instance: Arc<Instance>,
    log: Arc<Mutex<Log>>,
    mut random: Random,
    name: u64,
    kinds: &[Kind],
) {
    let mut last = HashMap::new();
    for turn in 0..120 {
        let id = random.below(ROWS);
        let kind = kinds[random.below(kinds.len() as u64) as usize];
        let operation = operation(kind, id, &format!("client {name} turn {turn}"));
        if kind == Kind::Read {
            match instance.read(id).await {
                Outcome::Read { value: Some(value), .. } => {
                    let mut log = log.lock().unwrap();
                    if !value.tombstone {
                        log.read(id, &value);
                    }
                    log.version(id, value.version, &value.body);
                }
                Outcome::Read { value: None, .. } => {}
                other => panic!("a read answered {other:?}"),
            }
            continue;
        }
        if kind != Kind::Delete {
            log.lock().unwrap().sent.insert((id, operation.payload.body.clone()));
        }
        let Some(version) = instance.version(&operation).await else { continue };
        let mut log = log.lock().unwrap();
        log.acknowledged(id, version, kind != Kind::Delete);
        log.version(id, version, &operation.payload.body);
        let before = last.insert(id, version).unwrap_or(0);
        assert!(before < version, "{version} after {before}, both of client {name}");
    }
}

/// Lets six clients of two instances loose on a few rows, then drains; answers what they saw.
async fn history(choice: &Choice, seed: u64, kinds: &'static [Kind]) -> (World, Log) {
    let world = World::with_rows(0..SEEDED).await;
    let log = Arc::new(Mutex::new(Log::seeded()));
    let instances = [0, 1].map(|number| Arc::new(world.restless(number, choice, seed)));
    let clients: Vec<_> = (0..6)
        .map(|name| {
            let instance = instances[name as usize % 2].clone();
            let random = Random::new(seed, Stream::Row, name);
            tokio::spawn(client(instance, log.clone(), random, name, kinds))
        })
        .collect();
    for client in clients {
        client.await.unwrap();
    }
    for instance in &instances {
        instance.strategy.drain().await.unwrap();
    }
    let sent = instances.each_ref().map(|instance| instance.tally.counts().queries());
    for instance in &instances {
        instance.strategy.drain().await.unwrap();
        assert_eq!(instance.tally.counts().lost_dirty, 0, "{}", choice.label());
        assert_eq!(instance.tally.counts().all_errors(), 0, "{}", choice.label());
    }
    let again = instances.each_ref().map(|instance| instance.tally.counts().queries());
    assert_eq!(sent, again, "a second drain of {} found something to do", choice.label());
    (world, Arc::into_inner(log).unwrap().into_inner().unwrap())
}

const NO_DELETES: &[Kind] = &[Kind::Read, Kind::Read, Kind::Read, Kind::Write, Kind::Write, Kind::Insert];
const ALL: &[Kind] = &[Kind::Read, Kind::Read, Kind::Read, Kind::Write, Kind::Insert, Kind::Delete];

#[tokio::test(start_paused = true)]
async fn after_a_drain_the_database_holds_the_last_acknowledged_version_of_each_row() {
    for choice in variants() {
        for seed in 0..12 {
            let (world, log) = history(&choice, seed, NO_DELETES).await;
            for id in 0..ROWS {
                let row = world.row(id).await;
                let newest = log.newest.get(&id).map(|&(version, _)| version);
                let what = format!("{}, seed {seed}, row {id}: {row:?}", choice.label());
                assert_eq!(row.as_ref().map(|row| row.version), newest, "{what}");
                let acknowledged = newest.and_then(|version| log.bodies.get(&(id, version)));
                assert_eq!(row.as_ref().map(|row| &row.body), acknowledged, "{what}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn no_read_returns_what_nobody_wrote_though_rows_come_and_go() {
    for choice in variants() {
        for seed in 0..12 {
            let (world, log) = history(&choice, seed, ALL).await;
            for id in 0..ROWS {
                let row = world.row(id).await;
                row.iter().for_each(|row| log.read(id, row));
                let newest = log.newest.get(&id).and_then(|&(version, there)| there.then_some(version));
                let what = format!("{}, seed {seed}, row {id}", choice.label());
                assert_eq!(row.map(|row| row.version), newest, "{what}");
            }
        }
    }
}

/// One client at a time, who knows what it has written: over two instances in turn, with `ttl`.
async fn alone(choice: &Choice, seed: u64, ttl: Option<Duration>) {
    let world = World { ttl, ..World::with_rows(0..SEEDED).await };
    let instances = [0, 1].map(|number| world.instance(number, choice));
    let mut rows: HashMap<u64, Bytes> =
        (0..SEEDED).map(|id| (id, Bytes::from(format!("seeded {id}")))).collect();
    let mut random = Random::new(seed, Stream::Arrival, 0);
    for turn in 0..300 {
        let instance = &instances[random.below(2) as usize];
        let id = random.below(ROWS);
        let kind = ALL[random.below(ALL.len() as u64) as usize];
        let what = format!("{}, seed {seed}, turn {turn}: {kind:?} of {id}", choice.label());
        if kind == Kind::Read {
            let body = instance.body(id).await;
            assert!(keeps_entries(choice) || body.as_ref() == rows.get(&id), "{what}: {body:?}");
        } else {
            let operation = operation(kind, id, &what);
            match (instance.version(&operation).await, kind) {
                (None, _) => assert!(!rows.contains_key(&id), "{what}"),
                (Some(_), Kind::Delete) => drop(rows.remove(&id)),
                (Some(_), _) => drop(rows.insert(id, operation.payload.body)),
            }
        }
        if random.below(20) == 0 {
            instance.strategy.drain().await.unwrap();
        }
        rest().await;
    }
    for instance in &instances {
        instance.strategy.drain().await.unwrap();
        // What one instance has flushed may expire before the other's flusher comes to it: it is counted as
        // lost there, though it is not.
        let lost = instance.tally.counts().lost_dirty;
        assert!(ttl.is_some() || lost == 0, "{}, seed {seed}: {lost} lost", choice.label());
    }
    for id in 0..ROWS {
        let body = world.row(id).await.map(|row| row.body);
        assert_eq!(body.as_ref(), rows.get(&id), "{}, seed {seed}, row {id}", choice.label());
    }
}

#[tokio::test(start_paused = true)]
async fn a_lone_client_always_reads_its_last_write_and_leaves_it_in_the_database() {
    for choice in variants() {
        for seed in 0..6 {
            alone(&choice, seed, None).await;
            alone(&choice, seed, Some(Duration::from_millis(15))).await;
        }
    }
}

#[test]
#[should_panic(expected = "nobody wrote")]
fn a_body_that_nobody_wrote_is_told() {
    let payload = operation(Kind::Write, 1, "made up").payload;
    let value = Value { version: 2, checksum: payload.checksum, body: payload.body, ..Value::default() };
    Log::seeded().read(1, &value);
}

#[test]
#[should_panic(expected = "came back as another")]
fn a_body_of_another_row_is_told() {
    let payload = operation(Kind::Write, 1, "seeded 1").payload;
    let value = Value { version: 1, checksum: payload.checksum, body: payload.body, ..Value::default() };
    Log::seeded().read(2, &value);
}

#[test]
#[should_panic(expected = "two bodies")]
fn two_writes_of_one_version_are_told() {
    Log::seeded().version(1, 1, &Bytes::from_static(b"another"));
}
