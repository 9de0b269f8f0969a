use std::time::Duration;

use crate::model::{Kind, Operation};
use crate::strategy::Leaves;

/// A cache of several nodes without limit, of which it is known on which nodes each row is.
#[derive(Clone)]
pub struct Replica {
    /// The node of each row.
    places: Vec<u8>,
    /// Bits of the nodes that have the row.
    held: Vec<u64>,
    /// Until when, in seconds of the measurement.
    until: Vec<f32>,
    ttl: f32,
    leaves: Leaves,
    /// One that nobody answers for: what is asked of it is asked of the database, and not put anywhere.
    down: Option<u8>,
}

/// What became of the rows that an operation read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    pub reads: u64,
    pub hits: u64,
}

impl Replica {
    /// With nodes below 64, one for each row.
    pub fn new(places: Vec<u8>, is_full: bool, ttl: Option<Duration>, leaves: Leaves) -> Replica {
        let ttl = ttl.map_or(f32::INFINITY, |ttl| ttl.as_secs_f32());
        let held = places.iter().map(|place| if is_full { 1 << place } else { 0 }).collect();
        let until = vec![if is_full { ttl } else { 0.0 }; places.len()];
        Replica { places, held, until, ttl, leaves, down: None }
    }

    /// Does to it what an operation at this time does.
    pub fn apply(&mut self, operation: &Operation, now: f32) -> Seen {
        let mut seen = Seen::default();
        let mut read = |replica: &mut Replica, id: u64| {
            seen.reads += 1;
            seen.hits += u64::from(replica.read(id as usize, now));
        };
        match operation.kind {
            Kind::Read => read(self, operation.key.id()),
            Kind::MultiRead => operation.keys.iter().for_each(|key| read(self, key.id())),
            Kind::Write | Kind::Insert | Kind::Delete => match self.leaves {
                Leaves::Row if operation.kind != Kind::Delete => self.put(operation.key.id() as usize, now),
                Leaves::Row | Leaves::Nothing => self.take(operation.key.id() as usize),
                Leaves::OldEntry => {}
            },
            Kind::Fill => self.put(operation.key.id() as usize, now),
            Kind::Invalidate => self.take(operation.key.id() as usize),
            Kind::Decrement => {}
        }
        seen
    }

    fn read(&mut self, row: usize, now: f32) -> bool {
        let is_hit = self.has(row, now);
        if !is_hit {
            self.put(row, now);
        }
        is_hit
    }

    fn put(&mut self, row: usize, now: f32) {
        if let Some(&place) = self.places.get(row).filter(|place| self.down != Some(**place)) {
            self.held[row] |= 1 << place;
            self.until[row] = now + self.ttl;
        }
    }

    fn take(&mut self, row: usize) {
        if let Some(&place) = self.places.get(row) {
            self.held[row] &= !(1 << place);
        }
    }

    /// Whether the row is found on its node.
    pub fn has(&self, row: usize, now: f32) -> bool {
        self.places.get(row).is_some_and(|&place| {
            self.down != Some(place) && self.held[row] >> place & 1 == 1 && self.until[row] > now
        })
    }

    /// Nobody answers at this node from now on, or somebody does again.
    pub fn set_down(&mut self, node: Option<u8>) {
        self.down = node;
    }

    /// Everything is gone that a node had, or all nodes.
    pub fn empty(&mut self, node: Option<u8>) {
        let kept = node.map_or(0, |node| !(1 << node));
        self.held.iter_mut().for_each(|nodes| *nodes &= kept);
    }

    /// Rows are looked for elsewhere; answers where they were before.
    pub fn place(&mut self, places: Vec<u8>) -> Vec<u8> {
        std::mem::replace(&mut self.places, places)
    }

    pub fn places(&self) -> &[u8] {
        &self.places
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Key, Payload};

    fn operation(kind: Kind, id: u64) -> Operation {
        let key = Key::new("r:", id);
        Operation {
            ticket: 0,
            kind,
            key,
            keys: Vec::new(),
            quantity: 0,
            payload: Payload::default(),
            scans: false,
        }
    }

    fn hits(replica: &mut Replica, rows: &[u64], now: f32) -> u64 {
        rows.iter().map(|row| replica.apply(&operation(Kind::Read, *row), now).hits).sum()
    }

    #[test]
    fn a_row_that_moves_is_read_anew_and_what_it_left_behind_is_found_if_it_comes_back() {
        let mut replica = Replica::new(vec![0, 1, 0], true, None, Leaves::Nothing);
        assert_eq!(hits(&mut replica, &[0, 1, 2], 0.0), 3);
        assert_eq!(replica.place(vec![2, 1, 0]), [0, 1, 0]);
        assert_eq!((hits(&mut replica, &[0, 1, 2], 0.0), hits(&mut replica, &[0], 0.0)), (2, 1));
        replica.place(vec![0, 1, 0]);
        assert_eq!(hits(&mut replica, &[0], 0.0), 1);
        replica.apply(&operation(Kind::Write, 0), 0.0);
        assert_eq!(hits(&mut replica, &[0], 0.0), 0);
    }

    #[test]
    fn a_node_that_is_down_serves_nothing_and_takes_nothing() {
        let mut replica = Replica::new(vec![0, 1], true, Some(Duration::from_secs(5)), Leaves::Nothing);
        replica.set_down(Some(0));
        replica.empty(Some(0));
        assert_eq!(hits(&mut replica, &[0, 0, 1], 1.0), 1);
        replica.set_down(None);
        assert_eq!((hits(&mut replica, &[0], 1.0), hits(&mut replica, &[0], 1.0)), (0, 1));
        assert_eq!(hits(&mut replica, &[0, 1], 5.5), 1, "the other was filled later");
    }
}
