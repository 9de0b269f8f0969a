//! Traffic: what to ask for, a pure function of the seed and the ticket.

mod absent;
mod ahead;
mod alias;
mod arrival;
mod bijection;
pub mod keys;
mod locate;
mod mix;
mod multi_read;
mod random;
pub mod replay;
mod scan;
mod shift;
mod think;
pub mod traces;
mod values;

use std::time::Duration;

pub use absent::Absent;
pub use ahead::hottest;
use alias::AliasTable;
pub use arrival::{Arrival, Burst, Pattern, Rates, Schedule, Stage, Steps};
pub use bijection::Bijection;
pub use keys::{KEYS, KeyParts, Keys};
pub use locate::locate;
pub use mix::{Mix, Weights};
pub use multi_read::{Fetch, MultiRead};
pub use random::{Random, Stream};
pub use replay::Replay;
pub use scan::Scan;
pub use shift::{Shift, Shifting};
pub use think::{Pauses, Think};
pub use values::{Bodies, ValueSize};

use bytes::Bytes;

use crate::model::{Key, Kind, Lifetimes, Operation, Payload};

/// The requests of one run: ticket in, operation out.
pub struct Traffic {
    seed: u64,
    rows: u64,
    /// The key of a row but for its id.
    template: Key,
    mix: Mix,
    keys: Box<dyn Keys>,
    bodies: Bodies,
    multi_read: MultiRead,
    absent: Option<Absent>,
    scan: Option<Scan>,
    quantity: u32,
    /// The entries of row 0 that reads ask for, its own first.
    variants: Vec<Key>,
}

impl Traffic {
    /// The traffic over `rows` rows, whose cache entries are named under `prefix`.
    pub fn new(seed: u64, rows: u64, prefix: &str, mix: Mix, keys: Box<dyn Keys>, bodies: Bodies) -> Traffic {
        let multi_read = MultiRead::default();
        let template = Key::template(prefix);
        let variants = vec![template];
        let (absent, scan, quantity) = (None, None, 1);
        Traffic { seed, rows, template, mix, keys, bodies, multi_read, absent, scan, quantity, variants }
    }

    /// With multi-reads of this form.
    #[must_use]
    pub fn with_multi_read(self, multi_read: MultiRead) -> Traffic {
        Traffic { multi_read, ..self }
    }

    /// With reads of rows that never exist.
    #[must_use]
    pub fn with_absent(self, absent: Option<Absent>) -> Traffic {
        Traffic { absent, ..self }
    }

    /// With reads that go through the rows in their order.
    #[must_use]
    pub fn with_scan(self, scan: Option<Scan>) -> Traffic {
        Traffic { scan, ..self }
    }

    /// With decrements of 1 to `quantity` units each.
    #[must_use]
    pub fn with_quantity(self, quantity: u32) -> Traffic {
        Traffic { quantity: quantity.max(1), ..self }
    }

    /// With reads that ask for one of several entries of a row: those of row 0 are given, its own first.
    #[must_use]
    pub fn with_variants(self, variants: Vec<Key>) -> Traffic {
        Traffic { variants, ..self }
    }

    /// How the rows of a multi-read are fetched.
    pub fn fetch(&self) -> Fetch {
        self.multi_read.fetch
    }

    /// The operation of a ticket.
    pub fn operation(&self, ticket: u64) -> Operation {
        let mut random = Random::new(self.seed, Stream::Operation, ticket);
        let population = self.rows + self.mix.inserted_before(ticket);
        let pick = |random: &mut Random| self.keys.pick(ticket, population, random);
        let mut keys = Vec::new();
        let mut scans = false;
        let entry = self.entry(ticket);
        let (kind, id) = match self.keys.kind(ticket) {
            // A recording names the row even of an insert.
            Some(kind) => (kind, pick(&mut random)),
            None => match self.mix.kind(ticket) {
                (Kind::Insert, number) => (Kind::Insert, self.rows + number),
                (Kind::MultiRead, _) => {
                    let rows = self.multi_read.rows(population, &mut random, pick);
                    keys.extend(rows.iter().map(|&id| entry.with_id(id)));
                    (Kind::MultiRead, rows.first().copied().unwrap_or(0))
                }
                (Kind::Read, number) => {
                    let scanned = self.scan.and_then(|scan| scan.row(number, self.rows));
                    scans = scanned.is_some();
                    let absent = || self.absent.and_then(|absent| absent.row(self.seed, ticket));
                    (Kind::Read, scanned.or_else(absent).unwrap_or_else(|| pick(&mut random)))
                }
                // Inserted rows have no stock.
                (Kind::Decrement, _) => (Kind::Decrement, self.keys.pick(ticket, self.rows, &mut random)),
                (kind, _) => (kind, pick(&mut random)),
            },
        };
        let key = if kind == Kind::Read { entry.with_id(id) } else { self.key(id) };
        let payload = match kind {
            Kind::Write | Kind::Insert => {
                let size = self.replay().and_then(|replay| replay.write_size(ticket));
                Payload::new(&key, self.body(size, &mut random))
            }
            Kind::Fill => self.row(id),
            Kind::Read | Kind::Delete | Kind::MultiRead | Kind::Decrement | Kind::Invalidate => {
                Payload::default()
            }
        };
        let quantity = match kind {
            Kind::Decrement if self.quantity > 1 => 1 + random.below(u64::from(self.quantity)) as u32,
            Kind::Decrement => 1,
            _ => 0,
        };
        Operation { ticket, kind, key, keys, payload, quantity, scans }
    }

    /// Which entry a ticket asks for, of any row.
    fn entry(&self, ticket: u64) -> &Key {
        match self.variants.as_slice() {
            [] | [_] => &self.template,
            all => &all[Random::new(self.seed, Stream::Variant, ticket).below(all.len() as u64) as usize],
        }
    }

    /// The content with which row `id` is seeded.
    pub fn row(&self, id: u64) -> Payload {
        let mut random = Random::new(self.seed, Stream::Row, id);
        let size = self.replay().and_then(|replay| replay.row_size(id));
        Payload::new(&self.key(id), self.body(size, &mut random))
    }

    /// A body of a recorded size, or of a drawn one.
    fn body(&self, size: Option<u64>, random: &mut Random) -> Bytes {
        match size {
            Some(size) => self.bodies.of(size, random),
            None => self.bodies.draw(random),
        }
    }

    /// What is replayed of a recording, where the keys are one.
    pub fn replay(&self) -> Option<&Replay> {
        self.keys.replay()
    }

    /// How long entries live: as recorded, else for `usual`.
    pub fn lifetimes(&self, usual: Option<Duration>) -> Lifetimes {
        let usual = Lifetimes::all(usual);
        match self.replay() {
            Some(replay) => replay.lifetimes(usual),
            None => usual,
        }
    }

    /// How long the clients of a closed loop pause.
    pub fn pauses(&self, think: Think) -> Pauses {
        Pauses::new(think, self.seed)
    }

    /// The key of row `id`.
    pub fn key(&self, id: u64) -> Key {
        self.template.with_id(id)
    }

    /// Rows that exist before the first operation.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// One more than the largest row id that the first `tickets` tickets can touch.
    pub fn rows_after(&self, tickets: u64) -> u64 {
        self.rows + self.mix.inserted_before(tickets) + self.mix.inserts_per_block()
    }

    /// Whether any operation changes a row.
    pub fn writes(&self) -> bool {
        self.keys.has_writes() || self.mix.has_writes()
    }

    /// Whether any operation takes from the stock.
    pub fn decrements(&self) -> bool {
        self.mix.share(Kind::Decrement) > 0.0
    }

    /// Operations after which the traffic repeats itself; a recorded trace has an end.
    pub fn length(&self) -> Option<u64> {
        self.keys.length()
    }

    /// When the recording wanted this ticket to start, from its own first request.
    pub fn recorded_at(&self, ticket: u64) -> Option<Duration> {
        self.keys.recorded_at(ticket)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::Choice;

    fn traffic(weights: Weights) -> Traffic {
        let parts = KeyParts { rows: 1_000, seed: 7, folders: Vec::new() };
        let keys = Choice::named("zipfian").build(KEYS, parts).unwrap();
        let size = ValueSize::Fixed(crate::model::Size(64));
        Traffic::new(7, 1_000, "cb:", Mix::new(&weights, 7), keys, Bodies::new(size, 7))
    }

    #[test]
    fn a_ticket_always_asks_for_the_same() {
        let weights =
            Weights { read: 40.0, write: 30.0, insert: 15.0, delete: 5.0, multi_read: 5.0, decrement: 5.0 };
        let (one, other) = (traffic(weights.clone()).with_quantity(9), traffic(weights).with_quantity(9));
        for ticket in (0..50_000).rev().step_by(7) {
            let (a, b) = (one.operation(ticket), other.operation(ticket));
            let all = |it: &Operation| (it.kind, it.key, it.keys.clone(), it.payload.clone(), it.quantity);
            assert_eq!(all(&a), all(&b));
        }
    }

    #[test]
    fn absent_rows_take_the_place_of_reads_of_one_row_alone() {
        let weights = Weights { read: 50.0, write: 30.0, multi_read: 20.0, ..Weights::default() };
        let some = traffic(weights.clone()).with_absent(Some(Absent { share: 0.3, keys: 100 }));
        let none = traffic(weights);
        let (mut reads, mut absent) = (0.0, 0.0);
        for ticket in 0..40_000 {
            let (one, other) = (some.operation(ticket), none.operation(ticket));
            assert_eq!(one.kind, other.kind);
            reads += f64::from(u8::from(one.kind == Kind::Read));
            if one.key.id() >= Absent::FIRST {
                assert!(one.kind == Kind::Read && one.key.id() < Absent::FIRST + 100);
                absent += 1.0;
            } else {
                assert_eq!((one.key, one.keys, one.payload), (other.key, other.keys, other.payload));
            }
        }
        assert!((absent - reads * 0.3).abs() < 3.0 * (reads * 0.3 * 0.7f64).sqrt(), "{absent} of {reads}");
    }

    #[test]
    fn a_decrement_takes_one_to_the_most_units_of_a_row_that_was_there() {
        let weights = Weights { insert: 50.0, decrement: 50.0, ..Weights::default() };
        let traffic = traffic(weights).with_quantity(3);
        let mut seen = [0; 4];
        for operation in (0..40_000).map(|ticket| traffic.operation(ticket)) {
            match operation.kind {
                Kind::Decrement => {
                    assert!(operation.key.id() < 1_000 && operation.payload == Payload::default());
                    seen[operation.quantity as usize] += 1;
                }
                _ => assert_eq!(operation.quantity, 0),
            }
        }
        assert!(seen[0] == 0 && seen[1..].iter().all(|&count| count > 6_000), "{seen:?}");
    }

    #[test]
    fn inserts_make_new_rows_and_each_only_once() {
        let traffic = traffic(Weights { read: 90.0, insert: 10.0, ..Weights::default() });
        let mut made: Vec<_> = (0..40_000)
            .map(|ticket| traffic.operation(ticket))
            .filter(|operation| operation.kind == Kind::Insert)
            .map(|operation| operation.key.id())
            .collect();
        let count = made.len();
        made.sort_unstable();
        made.dedup();
        assert_eq!(made.len(), count);
        assert!(made[0] >= 1_000 && *made.last().unwrap() < traffic.rows_after(40_000));
    }
}
