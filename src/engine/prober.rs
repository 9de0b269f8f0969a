use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use super::seat::Seat;
use crate::measure::Visibility;
use crate::model::{Key, Moment, Outcome, Rate};

/// A probe that has no answer after this long says nothing.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long to sleep while nothing is due.
const IDLE: Duration = Duration::from_secs(3_600);

/// Reads rows again after they were written: when does everybody see the write?
///
/// Probes go through the strategy, by the service instances in turn, and are no operations of the workload. Timers
/// tick once a millisecond and round up, so that a probe comes up to 1 ms later than its delay says.
pub struct Prober {
    /// Nanoseconds between two writes that are followed.
    every: u64,
    /// When the next write may be followed, as [`Moment::to_bits`].
    next: AtomicU64,
    offers: Mutex<Vec<Offer>>,
    offered: Notify,
    seen: Visibility,
}

/// A write that was acknowledged.
#[derive(Clone, Copy)]
struct Offer {
    key: Key,
    version: u64,
    acknowledged: Instant,
}

impl Prober {
    /// Follows so many writes a second, at most.
    pub fn new(rate: Rate) -> Prober {
        Prober {
            every: (1e9 / rate.0) as u64,
            next: AtomicU64::new(0),
            offers: Mutex::default(),
            offered: Notify::new(),
            seen: Visibility::default(),
        }
    }

    /// Takes an acknowledged write to follow, unless it has had one just now.
    pub fn offer(&self, key: &Key, version: u64, finished: Moment) {
        let (now, next) = (finished.to_bits(), self.next.load(Relaxed));
        if now < next || self.next.compare_exchange(next, now + self.every, Relaxed, Relaxed).is_err() {
            return;
        }
        let offer = Offer { key: *key, version, acknowledged: Instant::now() };
        self.offers.lock().unwrap_or_else(PoisonError::into_inner).push(offer);
        self.offered.notify_one();
    }

    /// What the probes have seen.
    pub fn seen(&self) -> &Visibility {
        &self.seen
    }

    /// Probes through the instances of a worker until dropped.
    pub async fn run(self: Arc<Prober>, seats: Vec<Arc<Seat>>) {
        let mut due: BTreeMap<(Instant, u64), (usize, Offer)> = BTreeMap::new();
        // Dropped with this future, and the probes under way with it.
        let mut probes = JoinSet::new();
        let (mut number, mut turn) = (0, 0);
        loop {
            let first = due.first_key_value().map_or(Instant::now() + IDLE, |((at, _), _)| *at);
            tokio::select! {
                () = self.offered.notified() => {}
                () = sleep_until(first) => {}
            }
            for offer in std::mem::take(&mut *self.offers.lock().unwrap_or_else(PoisonError::into_inner)) {
                for (place, delay) in Visibility::DELAYS.iter().enumerate() {
                    number += 1;
                    due.insert((offer.acknowledged + *delay, number), (place, offer));
                }
            }
            while let Some(entry) = due.first_entry().filter(|entry| entry.key().0 <= Instant::now()) {
                let (_, (place, offer)) = entry.remove_entry();
                while probes.try_join_next().is_some() {}
                // A turn more for each round of delays, or each delay would always meet the same instance.
                turn += 1 + usize::from(place == 0);
                let seat = seats[turn % seats.len()].clone();
                probes.spawn(self.clone().probe(seat, place, offer));
            }
        }
    }

    async fn probe(self: Arc<Prober>, seat: Arc<Seat>, place: usize, offer: Offer) {
        let Some(service) = seat.service() else { return };
        let read = tokio::time::timeout(PATIENCE, service.strategy.read(&offer.key)).await;
        if let Ok(Outcome::Read { value, .. }) = read {
            self.seen.count(place, value.map_or(0, |value| value.version) >= offer.version);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Instance, Service};
    use crate::model::{BoxFuture, Operation, Served, Value};
    use crate::strategy::{Conduct, Strategy};

    /// Answers version 1 until 50 ms have passed, then version 2.
    struct Late(Instant);

    impl Strategy for Late {
        fn conduct(&self) -> Conduct {
            Conduct::default()
        }

        fn read<'a>(&'a self, _: &'a Key) -> BoxFuture<'a, Outcome> {
            let version = if self.0.elapsed() < Duration::from_millis(50) { 1 } else { 2 };
            let value = Some(Value { version, ..Value::default() });
            Box::pin(std::future::ready(Outcome::Read { served: Served::Hit, value }))
        }

        fn read_many<'a>(&'a self, _: &'a [Key]) -> BoxFuture<'a, Outcome> {
            Box::pin(std::future::ready(Outcome::ReadMany(Vec::new())))
        }

        fn write<'a>(&'a self, _: &'a Operation) -> BoxFuture<'a, Outcome> {
            Box::pin(std::future::ready(Outcome::Written { version: None }))
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_write_is_seen_once_it_is_visible_and_not_before() {
        let strategy = Arc::new(Late(Instant::now()));
        let service = Arc::new(Service { strategy, inventory: None, entries: None });
        let instance = Instance { service, tally: Arc::default(), tasks: Default::default() };
        let prober = Arc::new(Prober::new(Rate(10.0)));
        let task = tokio::spawn(prober.clone().run(vec![Arc::new(Seat::of(instance))]));
        let now = Moment::now();
        prober.offer(&Key::new("p:", 1), 2, now);
        prober.offer(&Key::new("p:", 1), 2, now + Duration::from_millis(1));
        tokio::time::sleep(Duration::from_secs(11)).await;
        task.abort();
        let seen: Vec<_> = (0..5).map(|place| prober.seen().share(place)).collect();
        assert_eq!(seen, [Some(0.0), Some(0.0), Some(1.0), Some(1.0), Some(1.0)]);
        assert_eq!(prober.seen().probes(), 5, "the second write came too soon to be followed");
    }
}
