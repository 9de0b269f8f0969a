use std::sync::Arc;
use std::time::Duration;

use cachebench::coherence::COHERENCES;
use cachebench::invalidation::Copies;
use cachebench::model::{Event, Outcome};
use cachebench::registry::Choice;
use cachebench::store::{Database, NearCache, NearOptions};
use cachebench::strategy::{CacheCopies, Near, NearCopies, STRATEGIES, Strategy};
use cachebench::traffic::{Random, Stream};

use super::{World, aside, key, write};

const ROWS: u64 = 3;
const STEPS: u64 = 2_000;

/// An instance with a near cache that hears of what another service writes.
struct Listener {
    reader: Near,
    copies: [Arc<dyn Copies>; 2],
}

impl Listener {
    fn over(world: &World, choice: &Choice) -> Listener {
        let strategy: Arc<dyn Strategy> = choice.build(STRATEGIES, world.parts(0)).unwrap().into();
        let near = Arc::new(NearCache::new(NearOptions { entries: 100, ttl: None, checks: true }));
        let cached = CacheCopies::new(strategy.clone(), vec![key(0)]);
        let copies: [Arc<dyn Copies>; 2] = [Arc::new(cached), Arc::new(NearCopies::new(near.clone(), 0))];
        Listener { reader: Near::new(strategy, near), copies }
    }

    async fn hear(&self, event: Event) {
        for copies in &self.copies {
            copies.take_out(event).await.unwrap();
        }
    }

    async fn version(&self, row: u64) -> u64 {
        match self.reader.read(&key(row)).await {
            Outcome::Read { value, .. } => value.map_or(0, |value| value.version),
            other => panic!("{other:?}"),
        }
    }
}

/// Somebody else writes rows and tells of it; each event comes whenever chance has it, some twice, some behind later ones.
async fn play(choice: &Choice, seed: u64) {
    let world = World::with_rows(0..ROWS).await;
    let listener = Listener::over(&world, choice);
    let (mut on_the_way, mut seen) = (Vec::new(), [0; ROWS as usize]);
    for step in 0..STEPS {
        let mut random = Random::new(seed, Stream::Event, step);
        let row = random.below(ROWS);
        match random.below(4) {
            0 => {
                let operation = write(row, &format!("{step}"));
                let version = world.database.update(&operation.key, &operation.payload).await.unwrap();
                on_the_way.push(Event::new(row, version.unwrap()));
            }
            1 if !on_the_way.is_empty() => {
                let place = random.below(on_the_way.len() as u64) as usize;
                listener.hear(on_the_way[place]).await;
                // What was heard stays on its way now and then, to come again.
                if random.below(4) > 0 {
                    on_the_way.swap_remove(place);
                }
            }
            _ => {
                let version = listener.version(row).await;
                let before = std::mem::replace(&mut seen[row as usize], version);
                assert!(version >= before, "{}: row {row} went from {before} to {version}", choice.label());
            }
        }
    }
    for event in on_the_way {
        listener.hear(event).await;
    }
    // What was put off, such as a second deletion, is done by then.
    tokio::time::sleep(Duration::from_secs(60)).await;
    for row in 0..ROWS {
        let newest = world.row(row).await.unwrap().version;
        assert_eq!(listener.version(row).await, newest, "{}: row {row} stayed old", choice.label());
    }
}

#[tokio::test(start_paused = true)]
async fn events_that_come_late_twice_and_out_of_order_never_make_an_entry_older_under_any_coherence() {
    for entry in COHERENCES {
        for seed in 0..5 {
            play(&aside(&format!("\"{}\"", entry.name)), seed).await;
        }
    }
    play(&aside(r#"{"compare-and-set": {"leave": "version"}}"#), 7).await;
}

#[tokio::test(start_paused = true)]
async fn where_nobody_is_told_an_entry_stays_old() {
    // The control.
    let world = World::with_rows([1]).await;
    let listener = Listener::over(&world, &aside("\"delete\""));
    assert_eq!(listener.version(1).await, 1);
    let operation = write(1, "new");
    world.database.update(&operation.key, &operation.payload).await.unwrap();
    assert_eq!(listener.version(1).await, 1);
    listener.hear(Event::new(1, 2)).await;
    assert_eq!(listener.version(1).await, 2);
}
