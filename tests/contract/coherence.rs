use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use cachebench::coherence::COHERENCES;
use cachebench::model::{BoxFuture, Key, Kind, Outcome, Served};
use cachebench::registry::Choice;
use cachebench::traffic::{Random, Stream};

use super::{Instance, World, aside, choice, coherence_of, key, operation, poll, rest, write};

/// How a coherence comes out of the race of a reader and a writer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// The old row is in the cache, and stays.
    Stale,
    /// The old row is in the cache until what was put off is done.
    StaleForAWhile,
    /// The cache refused the old row, or it was taken out again.
    Rejected,
    /// The writer waited until the reader was done.
    Waited,
}

/// Every coherence as an option of cache-aside, and how it comes out.
const FATES: &[(&str, Fate)] = &[
    (r#""delete""#, Fate::Stale),
    (r#""update""#, Fate::Stale),
    (r#""keep""#, Fate::Stale),
    (r#"{"populate-lock": {"writers": false}}"#, Fate::Stale),
    (r#""double-delete""#, Fate::StaleForAWhile),
    (r#""compare-and-set""#, Fate::Rejected),
    (r#"{"compare-and-set": {"leave": "version"}}"#, Fate::Rejected),
    (r#""lease""#, Fate::Rejected),
    (r#""check-after-set""#, Fate::Rejected),
    (r#""populate-lock""#, Fate::Waited),
];

fn read<'a>(instance: &'a Instance, keys: &'a [Key; 1], many: bool) -> BoxFuture<'a, Outcome> {
    if many { instance.strategy.read_many(keys) } else { instance.strategy.read(&keys[0]) }
}

/// The article's race in three steps: A misses and reads 50, B writes 75 and tells the cache, A fills with 50.
///
/// Answers whether B had to wait for A.
pub async fn race(instances: &[Instance; 2], many: bool) -> bool {
    let (keys, to_75) = ([key(1)], write(1, "75"));
    let mut reading = read(&instances[0], &keys, many);
    // The memory database reads the row, then yields.
    assert!(poll(&mut reading).await.is_pending());
    let mut writing = instances[1].strategy.write(&to_75);
    let written = poll(&mut writing).await;
    let waits = written.is_pending();
    let value = match reading.await {
        Outcome::Read { served: Served::Miss, value } => value,
        Outcome::ReadMany(mut found) => found.remove(0).value,
        other => panic!("{other:?}"),
    };
    assert_eq!(value.unwrap().body, "50");
    let written = match written {
        Poll::Ready(outcome) => outcome,
        Poll::Pending => writing.await,
    };
    assert!(matches!(written, Outcome::Written { version: Some(_) }), "{written:?}");
    waits
}

pub async fn world_at_50() -> World {
    let world = World::default();
    let instance = world.instance(9, &choice(r#""direct""#));
    instance.version(&operation(Kind::Insert, 1, "50")).await;
    world
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_is_overtaken_leaves_the_old_row_only_where_nothing_prevents_it() {
    for (text, fate) in FATES {
        for many in [false, true] {
            let world = world_at_50().await;
            let instances = [0, 1].map(|number| world.instance(number, &aside(text)));
            let waited = race(&instances, many).await;
            assert_eq!(waited, *fate == Fate::Waited, "{text}");
            let counts = instances[0].tally.counts();
            let expected = if *fate == Fate::Rejected { (0, 1) } else { (1, 0) };
            assert_eq!((counts.fills, counts.rejected_sets), expected, "{text}");
            let stale = |fates: &[Fate]| if fates.contains(fate) { "50" } else { "75" };
            for instance in &instances {
                let body = stale(&[Fate::Stale, Fate::StaleForAWhile]);
                assert_eq!(instance.body(1).await, Some(body.into()), "{text}");
            }
            for instance in &instances {
                instance.strategy.drain().await.unwrap();
            }
            let body = stale(&[Fate::Stale]);
            for instance in &instances {
                assert_eq!(instance.body(1).await, Some(body.into()), "{text}");
            }
            // And what they read is what the cache now holds.
            rest().await;
            assert_eq!(world.entry(1).await.map(|entry| entry.body), Some(body.into()), "{text}");
        }
    }
}

#[test]
fn every_coherence_is_part_of_the_race() {
    for entry in COHERENCES {
        let told = FATES.iter().any(|(text, _)| coherence_of(&aside(text)) == entry.name);
        assert!(told, "{}", entry.name);
    }
}

/// The residual of the double deletion: a fill that takes longer than the last deletion waits.
#[tokio::test(start_paused = true)]
async fn a_fill_that_outlasts_the_last_deletion_leaves_the_old_row() {
    for (delay, body) in [(400, "75"), (600, "50")] {
        let world = World { fill_delay: Some(Duration::from_millis(delay)), ..world_at_50().await };
        let instances = [0, 1].map(|number| world.instance(number, &aside(r#""double-delete""#)));
        race(&instances, false).await;
        instances[1].strategy.drain().await.unwrap();
        assert_eq!(instances[1].body(1).await, Some(body.into()), "{delay} ms");
    }
}

/// The residual of the tombstone: a fill that takes longer than it stays.
#[tokio::test(start_paused = true)]
async fn a_fill_that_outlasts_the_tombstone_leaves_the_old_row() {
    let text = r#"{"compare-and-set": {"leave": "version", "tombstone_ttl": "1s"}}"#;
    for (delay, body) in [(900, "75"), (1_100, "50")] {
        let world = World { fill_delay: Some(Duration::from_millis(delay)), ..world_at_50().await };
        let instances = [0, 1].map(|number| world.instance(number, &aside(text)));
        race(&instances, false).await;
        assert_eq!(instances[1].body(1).await, Some(body.into()), "{delay} ms");
    }
}

/// Lets clients read and write one row through restless stores; answers how many reads did not see what had been
/// acknowledged before they began, and how many fills were refused.
async fn old_reads(choice: &Choice, seed: u64) -> (u64, u64) {
    let world = World { fill_delay: Some(Duration::from_millis(1)), ..World::with_rows([1]).await };
    let instances = [0, 1].map(|number| Arc::new(world.restless(number, choice, seed)));
    let (newest, old) = (Arc::new(AtomicU64::new(1)), Arc::new(AtomicU64::new(0)));
    let random = Arc::new(Mutex::new(Random::new(seed, Stream::Row, 0)));
    let clients = (0..6).map(|name: usize| {
        let (instance, newest, old) = (instances[name % 2].clone(), newest.clone(), old.clone());
        let random = random.clone();
        tokio::spawn(async move {
            for turn in 0..40 {
                let writes = random.lock().unwrap().below(5) == 0;
                if writes {
                    let version = instance.version(&write(1, &format!("{name} {turn}"))).await;
                    newest.fetch_max(version.unwrap(), Relaxed);
                } else {
                    let acknowledged = newest.load(Relaxed);
                    let Outcome::Read { value, .. } = instance.read(1).await else { panic!() };
                    old.fetch_add(u64::from(value.unwrap().version < acknowledged), Relaxed);
                }
            }
        })
    });
    for client in clients.collect::<Vec<_>>() {
        client.await.unwrap();
    }
    let rejected = instances.each_ref().map(|instance| instance.tally.counts().rejected_sets);
    (old.load(Relaxed), rejected.iter().sum())
}

#[tokio::test(start_paused = true)]
async fn no_read_is_older_than_what_was_acknowledged_where_the_cache_refuses_old_rows() {
    let sum = async |text: &str| {
        let (mut old, mut rejected) = (0, 0);
        for seed in 0..20 {
            let found = old_reads(&aside(text), seed).await;
            (old, rejected) = (old + found.0, rejected + found.1);
        }
        (old, rejected)
    };
    for text in [r#""compare-and-set""#, r#"{"compare-and-set": {"leave": "version"}}"#, r#""lease""#] {
        let (old, rejected) = sum(text).await;
        assert_eq!(old, 0, "{text}");
        assert!(rejected > 0, "{text}: nothing was refused, so nothing was shown");
    }
    assert_eq!(sum(r#""populate-lock""#).await.0, 0);
    // The controls.
    for text in [r#""delete""#, r#""update""#, r#"{"populate-lock": {"writers": false}}"#] {
        assert!(sum(text).await.0 > 0, "{text} was never overtaken");
    }
}

#[tokio::test(start_paused = true)]
async fn a_write_through_refuses_a_coherence_that_does_not_leave_the_row() {
    use cachebench::strategy::STRATEGIES;
    for entry in COHERENCES {
        let text = format!(r#"{{"write-through": {{"coherence": "{}"}}}}"#, entry.name);
        let fits = ["update", "compare-and-set"].contains(&entry.name);
        let built = choice(&text).build(STRATEGIES, World::default().parts(0));
        assert_eq!(built.is_ok(), fits, "{text}");
        if let Err(error) = built {
            assert!(error.to_string().contains("use `update`, or `compare-and-set`"), "{error}");
        }
    }
    for text in [
        r#"{"write-through": {"coherence": {"compare-and-set": {"leave": "version"}}}}"#,
        r#"{"write-through": {"order": "cache-first", "coherence": "update"}}"#,
    ] {
        assert!(choice(text).build(STRATEGIES, World::default().parts(0)).is_err(), "{text}");
    }
}
