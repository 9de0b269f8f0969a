use std::collections::HashSet;

use super::traces::Requested;
use super::{Absent, Random, Stream, Traffic};

/// The tickets whose random numbers the time before the first is drawn with: no run comes that far.
const BEFORE: u64 = 1 << 40;

impl Traffic {
    /// The rows that the last requests before the first ticket asked for: of a recording, up to so many of those that it
    /// leaves out at its start; else as many as asked for, drawn alike, with the popularity of the first ticket.
    pub fn asked_before(&self, count: u64) -> Vec<u64> {
        if self.keys.length().is_some() {
            return self.keys.previous(count);
        }
        let row = |number| {
            let mut random = Random::new(self.seed, Stream::Operation, BEFORE + number);
            self.keys.pick_before(number, self.rows, &mut random)
        };
        (0..count).map(row).collect()
    }

    /// The rows that the first `count` tickets ask for, each once, in the order in which they come; not those that do not
    /// exist yet, or never will.
    pub fn asked_first(&self, count: u64) -> Vec<u64> {
        let mut seen = HashSet::new();
        let tickets = (0..count).map(|ticket| self.operation(ticket));
        let rows = tickets.flat_map(|operation| {
            let many = operation.keys.into_iter().map(|key| key.id());
            std::iter::once(operation.key.id()).chain(many)
        });
        rows.filter(|&row| row < self.rows.min(Absent::FIRST) && seen.insert(row)).collect()
    }
}

/// Each row once, those that come most often first; of those that come as often, the one that comes first.
pub fn hottest(rows: &[u64]) -> Vec<u64> {
    let mut requested = Requested::default();
    rows.iter().for_each(|&row| requested.add(row));
    requested.ranked().into_iter().map(|(row, _)| row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::Choice;
    use crate::traffic::{Bodies, KEYS, KeyParts, Keys, Mix, Shift, Shifting, ValueSize, Weights};

    const ROWS: u64 = 5_000;

    fn traffic(keys: &str, shift: Option<Shift>, weights: Weights) -> Traffic {
        let choice: Choice = serde_json::from_str(keys).unwrap();
        let keys = choice.build(KEYS, KeyParts { rows: ROWS, seed: 3, folders: Vec::new() }).unwrap();
        let keys: Box<dyn Keys> = match shift {
            Some(shift) => Box::new(Shifting::new(keys, shift, ROWS, 3)),
            None => keys,
        };
        let bodies = Bodies::new(ValueSize::Fixed(crate::model::Size(16)), 3);
        Traffic::new(3, ROWS, "cb:", Mix::new(&weights, 3), keys, bodies)
    }

    fn reads() -> Weights {
        Weights { read: 1.0, ..Weights::default() }
    }

    #[test]
    fn the_time_before_has_the_same_hot_rows_and_other_requests() {
        let shift = Some(Shift { every: 2_000, replaced: 1.0 });
        for shift in [None, shift] {
            let traffic = traffic(r#"{"hotspot": {"hot_keys": 50, "request_share": 1.0}}"#, shift, reads());
            let before = traffic.asked_before(20_000);
            let first: Vec<u64> = (0..2_000).map(|ticket| traffic.operation(ticket).key.id()).collect();
            let (mut hot, mut asked) = (hottest(&before), traffic.asked_first(2_000));
            assert_ne!(before[..2_000], first);
            hot.sort_unstable();
            asked.sort_unstable();
            assert_eq!((hot.len(), hot), (50, asked), "{shift:?}");
        }
    }

    #[test]
    fn the_hottest_come_first_and_of_equals_the_earlier() {
        assert_eq!(hottest(&[5, 7, 7, 9, 5, 1, 7]), [7, 5, 9, 1]);
        assert_eq!(hottest(&[]), [0; 0]);
    }

    #[test]
    fn of_the_first_requests_each_row_comes_once_and_none_that_does_not_exist() {
        let weights = Weights { read: 40.0, insert: 30.0, multi_read: 30.0, ..Weights::default() };
        let traffic =
            traffic("\"uniform\"", None, weights).with_absent(Some(Absent { share: 0.5, keys: 10 }));
        let asked = traffic.asked_first(3_000);
        let distinct: HashSet<u64> = asked.iter().copied().collect();
        assert_eq!(distinct.len(), asked.len());
        assert!(asked.len() > 1_000 && asked.iter().all(|&row| row < ROWS));
        let operations = (0..3_000).map(|ticket| traffic.operation(ticket));
        let wanted: HashSet<u64> = operations
            .flat_map(|it| it.keys.iter().map(|key| key.id()).chain([it.key.id()]).collect::<Vec<_>>())
            .filter(|&row| row < ROWS)
            .collect();
        assert_eq!(distinct, wanted);
    }
}
