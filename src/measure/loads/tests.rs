use std::collections::BTreeMap;

use super::*;
use crate::measure::theory;
use crate::traffic::{Random, Stream};

const KEY: u64 = 7;

/// Loads whose moments are told in microseconds from a start of their own.
struct World {
    loads: Arc<Loads>,
    start: Moment,
}

impl World {
    fn new() -> World {
        World { loads: Arc::default(), start: Moment::now() }
    }

    fn at(&self, us: u64) -> Moment {
        self.start + Duration::from_micros(us)
    }

    /// A load whose reader began to look the key up at one moment and to load at another.
    fn late(&self, id: u64, looked_up: u64, began: u64) -> Load {
        self.loads.begin_at(id, self.at(looked_up), Cause::Missing, self.at(began))
    }

    fn begin(&self, id: u64, us: u64, cause: Cause) -> Load {
        self.loads.begin_at(id, self.at(us), cause, self.at(us))
    }

    fn end(&self, load: Load, stored: Option<bool>, us: u64) {
        load.end_at(stored, self.at(us));
    }

    fn epochs_kept(&self) -> usize {
        self.loads.shards.iter().map(|shard| shard.lock().by_id.len()).sum()
    }
}

#[test]
fn whoever_looked_before_the_closing_belongs_to_the_epoch_however_late_its_load() {
    let world = World::new();
    let first = world.begin(KEY, 0, Cause::Missing);
    world.end(first, Some(true), 1_000);
    let straggler = world.late(KEY, 999, 5_000);
    world.end(straggler, Some(false), 9_000);
    let next = world.late(KEY, 1_000, 9_500);
    world.end(next, Some(true), 9_900);
    let found = world.loads.take();
    assert_eq!(found.per_epoch, BTreeMap::from([(1, 1), (2, 1)]));
    assert_eq!((found.epochs, found.loads, found.duplicates(), found.peak), (2, 3, 1, 1));
    assert_eq!((found.window.len(), found.window.max() / 1_000), (2, 8_904));
}

#[test]
fn without_a_fill_the_epoch_ends_with_its_last_load() {
    let world = World::new();
    let one = world.begin(KEY, 0, Cause::Expired);
    let other = world.begin(KEY, 10, Cause::Expired);
    world.end(one, None, 100);
    let third = world.begin(KEY, 200, Cause::Expired);
    world.end(other, Some(false), 300);
    world.end(third, None, 400);
    let straggler = world.late(KEY, 350, 500);
    let next = world.begin(KEY, 450, Cause::Expired);
    world.end(straggler, None, 600);
    world.end(next, Some(true), 700);
    let found = world.loads.take();
    // The straggler took the epoch up again, so that the next reader joined it.
    assert_eq!(found.per_epoch, BTreeMap::from([(5, 1)]));
    assert_eq!((found.abandoned, found.hard_misses, found.peak), (3, 1, 2));
    assert_eq!(found.window.len(), 1);
}

#[test]
fn a_load_that_is_dropped_came_to_nothing() {
    let world = World::new();
    drop(world.loads.begin(KEY, Moment::now(), Cause::Missing));
    let mut load = world.loads.begin(KEY + 1, Moment::now(), Cause::Missing);
    load.loaded();
    load.offered(false);
    let found = world.loads.take();
    assert_eq!((found.epochs, found.abandoned, found.first_row.len()), (2, 1, 1));
}

#[test]
fn the_peak_is_that_of_one_key() {
    let world = World::new();
    let of = |id, count: u64| (0..count).map(move |n| (id, n));
    let under_way: Vec<Load> =
        of(1, 3).chain(of(2, 5)).map(|(id, n)| world.begin(id, n, Cause::Missing)).collect();
    under_way.into_iter().for_each(|load| world.end(load, Some(true), 100));
    let found = world.loads.take();
    assert_eq!((found.peak, found.epochs, found.duplicates()), (5, 2, 6));
    assert_eq!((found.quantile(0.5), found.quantile(0.99), found.max()), (Some(3), Some(5), Some(5)));
}

#[test]
fn an_early_refresh_is_no_hard_miss_and_tells_its_lead() {
    let world = World::new();
    let early = world.begin(KEY, 0, Cause::Early { lead_us: 250 });
    let late = world.begin(KEY, 10, Cause::Missing);
    let also = world.begin(KEY, 20, Cause::Early { lead_us: 230 });
    world.end(early, Some(true), 50);
    world.end(late, Some(true), 60);
    world.end(also, Some(true), 70);
    let found = world.loads.take();
    assert_eq!((found.hard_misses, found.early_refreshes, found.epochs), (0, 2, 1));
    assert_eq!((found.early_lead.len(), found.early_lead.max() / 1_000), (1, 250));
}

#[test]
fn what_was_open_at_a_restart_is_not_counted() {
    let world = World::new();
    let done = world.begin(1, 0, Cause::Missing);
    world.end(done, Some(true), 10);
    let open = world.begin(KEY, 0, Cause::Missing);
    world.loads.restart();
    let joined = world.begin(KEY, 20, Cause::Missing);
    world.end(open, Some(true), 30);
    world.end(joined, None, 40);
    let counted = world.begin(KEY, 50, Cause::Missing);
    world.end(counted, Some(true), 60);
    let still_open = world.begin(2, 50, Cause::Missing);
    let found = world.loads.take();
    assert_eq!((found.epochs, found.loads, found.abandoned), (1, 1, 0));
    world.end(still_open, Some(true), 70);
    assert_eq!(world.loads.take().epochs, 1);
    assert_eq!(world.loads.take().epochs, 0);
}

#[test]
fn closed_epochs_are_let_go_after_a_second_and_counted() {
    let world = World::new();
    let (keys, apart_us) = (100_000, 100);
    for id in 0..keys {
        let load = world.begin(id, id * apart_us, Cause::Missing);
        world.end(load, Some(true), id * apart_us + 50);
    }
    // Ten thousand begin in a second; a shard is swept when it has doubled.
    let kept = world.epochs_kept();
    assert!(kept <= 2 * 10_000 + SHARDS * SMALL, "{kept}");
    assert_eq!(world.loads.take().epochs, keys);
    assert_eq!(world.epochs_kept(), 0);
}

#[test]
fn a_read_is_around_an_expiry_for_a_second() {
    let world = World::new();
    let since = |us| world.loads.since_expiry(KEY, world.at(us));
    assert_eq!(since(0), None);
    let load = world.begin(KEY, 5_000, Cause::Missing);
    assert_eq!(since(3_999), None);
    assert_eq!(since(4_000), Some(Duration::ZERO));
    assert_eq!(since(5_700), Some(Duration::from_micros(700)));
    world.end(load, Some(true), 6_000);
    assert_eq!(since(1_004_999), Some(Duration::from_micros(999_999)));
    assert_eq!(since(1_005_000), None);
    assert_eq!(world.loads.since_expiry(KEY + SHARDS as u64, world.at(5_700)), None, "another key");
}

/// Readers of one key come at random; an entry lives for `ttl` after its fill, and every reader that finds none loads.
#[test]
fn readers_at_random_load_as_often_as_theory_says() {
    let (reads_per_s, load_us, ttl_us) = (500.0, 100_000, 300_000);
    let world = World::new();
    let mut random = Random::new(3, Stream::Arrival, 0);
    let (mut now, mut fresh_until) = (0.0, 0);
    let mut under_way: std::collections::VecDeque<(u64, Load)> = Default::default();
    for _ in 0..500_000 {
        now -= random.unit().ln() / reads_per_s * 1e6;
        let us = now as u64;
        while under_way.front().is_some_and(|&(ends, _)| ends <= us) {
            let Some((ends, load)) = under_way.pop_front() else { break };
            world.end(load, Some(true), ends);
            // Later fills of the same expiry find an entry, and leave it as it is.
            fresh_until = if fresh_until < ends { ends + ttl_us } else { fresh_until };
        }
        if us >= fresh_until {
            under_way.push_back((us + load_us, world.begin(KEY, us, Cause::Missing)));
        }
    }
    under_way.drain(..).for_each(|(ends, load)| world.end(load, Some(true), ends));
    let found = world.loads.take();
    let expected = theory::loads_per_expiry(reads_per_s, load_us as f64 / 1e6);
    // Beyond the first they are Poisson, so that their variance is their mean.
    let error = ((expected - 1.0) / found.epochs as f64).sqrt();
    assert!(found.epochs > 1_000);
    assert!((found.mean() - expected).abs() < 3.0 * error, "{} of {expected}", found.mean());
    assert!((found.window.mean() - load_us as f64 * 1e3).abs() < 1e6);
    let begun: u64 = found.timeline.begun.iter().sum();
    assert_eq!(begun, found.loads);
    assert!(found.timeline.begun[6..].iter().all(|&loads| loads == 0));
    // From 40 to 60 ms: the first, and those that have come by then, 25 on average.
    let in_flight = found.timeline.in_flight(2, found.epochs);
    assert!((in_flight - 26.0).abs() < 0.5, "{in_flight}");
}
