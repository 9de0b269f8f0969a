use std::time::{Duration, Instant};

use bytes::Bytes;
use cachebench::measure::Command;
use cachebench::model::Value;
use cachebench::store::scripts::{Advance, SCRIPTS, advance, settle};
use cachebench::traffic::{Random, Stream};

use super::steps::{ROWS, Seen, Step};
use super::{Side, next, server, text};

/// What fits on a line of a failed test; bodies may be large.
fn brief(shown: &impl std::fmt::Debug) -> String {
    let mut text = format!("{shown:?}");
    text.truncate(text.floor_char_boundary(300));
    text
}

/// Where a history goes apart on two sides, if it does.
pub async fn difference(one: &Side, other: &Side, steps: &[Step]) -> Option<String> {
    let all: Vec<u64> = (0..=ROWS).collect();
    let finally = [
        Step::GetMany(all.clone()),
        Step::Dirty(10_000),
        Step::Dirty(0),
        Step::Dirty(1),
        Step::Pending(10_000),
        Step::Pending(1),
    ];
    let singly = all.into_iter().flat_map(|id| [Step::Get(id), Step::GetStock(id)]);
    for (number, step) in steps.iter().chain(&finally).chain(&singly.collect::<Vec<_>>()).enumerate() {
        let (here, there) = (step.take(one).await.unwrap(), step.take(other).await.unwrap());
        if here != there {
            let (step, here, there) = (brief(step), brief(&here), brief(&there));
            return Some(format!("step {number}, {step}: {} {here}, {} {there}", one.name, other.name));
        }
    }
    None
}

#[tokio::test]
async fn scripts_and_requests_mean_the_same_on_the_memory_store_as_on_redis() {
    let server = server();
    for seed in 0..4 {
        let mut random = Random::new(seed, Stream::Operation, 0);
        let steps: Vec<_> = (0..600).map(|_| Step::random(&mut random)).collect();
        for side in Side::drivers(&server).await {
            let (side, memory) = (side.under(&format!("{seed}:")), Side::memory().under(&format!("{seed}:")));
            let mut ears = [(&memory, memory.listen().await), (&side, side.listen().await)];
            let found = difference(&memory, &side, &steps).await;
            assert_eq!(found, None, "seed {seed}");
            for step in &steps {
                let Step::Announce { id, .. } = *step else { continue };
                for (side, messages) in &mut ears {
                    assert_eq!(next(side, messages).await, text(id), "{}, seed {seed}", side.name);
                }
            }
            let (here, there) = (memory.tally.counts(), side.tally.counts());
            assert_eq!(here, there, "{}: requests are counted otherwise", side.name);
            assert!(Command::ALL.iter().all(|&command| there.command(command) > 0), "{there:?}");
        }
    }
}

/// The control: a side that is one step behind is told.
#[tokio::test]
async fn a_side_that_differs_is_told() {
    let (one, other) = (Side::memory(), Side::memory());
    one.cache.set(&one.key(3), Bytes::from_static(b"x"), None).await.unwrap();
    let found = difference(&one, &other, &[Step::Dirty(3)]).await.unwrap();
    assert!(found.starts_with("step 1, GetMany"), "{found}");
}

#[tokio::test]
async fn every_script_is_part_of_the_histories() {
    let mut random = Random::new(0, Stream::Operation, 0);
    let steps: Vec<_> = (0..400).map(|_| Step::random(&mut random)).collect();
    for script in SCRIPTS {
        let taken = steps.iter().any(|step| match script.name {
            "advance" => matches!(step, Step::Advance { .. }),
            "settle" => matches!(step, Step::Settle { .. }),
            "survey" => matches!(step, Step::Survey(_)),
            "dirty" => matches!(step, Step::Dirty(_)),
            "claim" => matches!(step, Step::Claim { .. }),
            "fill-claimed" => matches!(step, Step::FillClaimed { .. }),
            "announce" => matches!(step, Step::Announce { .. }),
            "release" => matches!(step, Step::Release { .. }),
            "free" => matches!(step, Step::Free(_)),
            "lease-get" => matches!(step, Step::LeaseGet { .. }),
            "lease-set" => matches!(step, Step::LeaseSet { .. }),
            "lease-invalidate" => matches!(step, Step::LeaseInvalidate { .. }),
            "invalidate" => matches!(step, Step::Invalidate(_)),
            "compare-and-set" => matches!(step, Step::CompareAndSet { .. }),
            "decrement" => matches!(step, Step::Decrement { .. }),
            "trim" => matches!(step, Step::Trim(_)),
            _ => false,
        });
        assert!(taken, "no step runs the script {}", script.name);
    }
}

#[tokio::test]
async fn only_a_clean_entry_with_a_ttl_expires() {
    let server = server();
    let ttl = Some(Duration::from_millis(30));
    for side in &Side::all(&server).await {
        let (cache, keys) = (&*side.cache, [0, 1, 2, 3, 4].map(|id| side.key(id)));
        let value = Value { version: 1, ..Value::default() };
        let step = |key, dirty| Advance { key, value: &value, base: Some(0), ttl, dirty };
        let is_there = async |id: usize| cache.get(&keys[id]).await.unwrap().is_some();
        let stays = [0, 1];
        cache.set(&keys[0], value.encode(), None).await.unwrap();
        // Dirty, the one over an entry that would have expired.
        cache.set(&keys[1], value.encode(), ttl).await.unwrap();
        advance(cache, step(&keys[1], Some((&side.dirty, 7)))).await.unwrap();
        let goes = [2, 3, 4];
        cache.set(&keys[2], value.encode(), ttl).await.unwrap();
        advance(cache, step(&keys[3], None)).await.unwrap();
        advance(cache, step(&keys[4], Some((&side.dirty, 7)))).await.unwrap();
        assert_eq!(settle(cache, &side.dirty, &[(keys[4], 1)], 9, ttl).await.unwrap(), 1);
        let deadline = Instant::now() + Duration::from_secs(20);
        for id in goes {
            while is_there(id).await {
                assert!(Instant::now() < deadline, "{}: entry {id} does not expire", side.name);
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        }
        for id in stays {
            assert!(is_there(id).await, "{}: entry {id} expired", side.name);
        }
        assert_eq!(Step::Dirty(9).take(side).await.unwrap(), Seen::Waiting(vec![(1, 7)]), "{}", side.name);
    }
    // What stays has no expiry at all.
    let client = redis::Client::open(server.url()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    for name in ["redis:0", "redis:1", "fred:0", "fred:1"] {
        let left: i64 = redis::cmd("PTTL").arg(name).query_async(&mut connection).await.unwrap();
        assert_eq!(left, -1, "{name}");
    }
}
