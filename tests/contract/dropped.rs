use std::time::Duration;

use cachebench::model::{BoxFuture, Kind, Outcome};
use cachebench::registry::Choice;
use cachebench::traffic::{Random, Stream};

use super::{Instance, World, choice, operation, poll, rest, variants, write};

/// Polls a call `polls` times, letting others on in between, and drops it. Says whether it was done by then.
pub async fn give_up<T>(mut call: BoxFuture<'_, T>, polls: u64) -> bool {
    for _ in 0..polls {
        if poll(&mut call).await.is_ready() {
            return true;
        }
        tokio::task::yield_now().await;
    }
    false
}

const KINDS: [Kind; 5] = [Kind::Read, Kind::Read, Kind::Write, Kind::Insert, Kind::Delete];

/// Gives up a few hundred calls wherever they are; answers how many of them.
async fn give_up_many(instance: &Instance, random: &mut Random) -> u32 {
    let mut dropped = 0;
    for turn in 0..250 {
        let id = random.below(3);
        let polls = 1 + random.below(12);
        let drains = random.below(8) == 0;
        let operation = operation(KINDS[random.below(5) as usize], id, &format!("dropped {turn}"));
        let done = match operation.kind {
            _ if drains => give_up(instance.strategy.drain(), polls).await,
            Kind::Read => give_up(instance.strategy.read(&operation.key), polls).await,
            _ => give_up(instance.strategy.write(&operation), polls).await,
        };
        dropped += u32::from(!done);
        if random.below(10) == 0 {
            rest().await;
        }
    }
    dropped
}

/// Drains, or fails the test where a lock was left behind.
async fn drained(choice: &Choice, instance: &Instance) {
    let drained = tokio::time::timeout(Duration::from_secs(60), instance.strategy.drain()).await;
    drained.unwrap_or_else(|_| panic!("{} does not drain", choice.label())).unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_strategy_bears_that_its_calls_are_dropped_anywhere() {
    for choice in variants() {
        for seed in 0..6 {
            let world = World::with_rows(0..3).await;
            let instances = [0, 1].map(|number| world.restless(number, &choice, seed));
            let mut random = Random::new(seed, Stream::Arrival, 1);
            for instance in &instances {
                let dropped = give_up_many(instance, &mut random).await;
                assert!(dropped > 50, "{}: only {dropped} calls were given up", choice.label());
            }
            // Then all is as ever: what is acknowledged now is in the database after a drain.
            for id in 0..3 {
                let body = format!("last {id}");
                assert!(instances[0].version(&operation(Kind::Insert, id, &body)).await.is_some());
            }
            for instance in &instances {
                drained(&choice, instance).await;
            }
            for id in 0..3 {
                let label = format!("{}, seed {seed}, row {id}", choice.label());
                let row = world.row(id).await.unwrap();
                assert_eq!(row.body, format!("last {id}"), "{label}");
                let Outcome::Read { value: Some(value), .. } = instances[1].read(id).await else {
                    panic!("{label} cannot be read");
                };
                assert!(value.is_intact(&super::key(id)), "{label}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_flush_that_is_given_up_anywhere_loses_nothing() {
    for polls in 1..60 {
        let world = World::with_rows(0..3).await;
        let behind = choice(r#"{"write-behind": {"flush_every": "1h", "batch": 2}}"#);
        let instance = world.restless(0, &behind, polls);
        for id in 0..3 {
            instance.version(&write(id, "new")).await;
        }
        give_up(instance.strategy.drain(), polls).await;
        instance.version(&write(1, "newer")).await;
        drained(&behind, &instance).await;
        for (id, body, version) in [(0, "new", 2), (1, "newer", 3), (2, "new", 2)] {
            let row = world.row(id).await.map(|row| (row.body, row.version));
            assert_eq!(row, Some((body.into(), version)), "given up at poll {polls}");
        }
        assert_eq!(instance.tally.counts().lost_dirty, 0);
    }
}
