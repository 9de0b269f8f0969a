use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Bijection;
use crate::model::Kind;

/// How often each kind of operation comes, by weight; the weights need not add up to anything.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Weights {
    /// Reads of one row by key.
    #[schemars(range(min = 0))]
    pub read: f64,
    /// Updates of one existing row.
    #[schemars(range(min = 0))]
    pub write: f64,
    /// New rows, with ids above all others.
    #[schemars(range(min = 0))]
    pub insert: f64,
    /// Deletions of one row.
    #[schemars(range(min = 0))]
    pub delete: f64,
    /// Reads of several rows at once, as many as `traffic.multi_read` says.
    #[serde(rename = "multi-read")]
    #[schemars(range(min = 0))]
    pub multi_read: f64,
    /// Decrements of the stock of one row, as `inventory` says.
    #[schemars(range(min = 0))]
    pub decrement: f64,
}

impl Weights {
    /// The weight of a kind.
    pub fn of(&self, kind: Kind) -> f64 {
        match kind {
            Kind::Read => self.read,
            Kind::Write => self.write,
            Kind::Insert => self.insert,
            Kind::Delete => self.delete,
            Kind::MultiRead => self.multi_read,
            Kind::Decrement => self.decrement,
            // A recording alone says when an entry comes and goes.
            Kind::Fill | Kind::Invalidate => 0.0,
        }
    }
}

/// The kind of every ticket.
///
/// Tickets come in blocks of 2^14; each block holds the exact shares in its own random order.
/// So the number of inserts before a ticket is known without replaying what came before.
pub struct Mix {
    /// Within a block, where the slots of each kind end.
    ends: [u64; Kind::ALL.len()],
    /// The one kind, where there is only one.
    only: Option<Kind>,
    order: Bijection,
}

impl Mix {
    const BLOCK: u64 = 1 << 14;

    /// The mix of these weights; all of them 0 reads only.
    pub fn new(weights: &Weights, seed: u64) -> Mix {
        let total: f64 = Kind::ALL.iter().map(|&kind| weights.of(kind)).sum();
        let mut ends = [Self::BLOCK; Kind::ALL.len()];
        let mut sum = 0.0;
        if total > 0.0 {
            for (end, kind) in ends.iter_mut().zip(Kind::ALL) {
                sum += weights.of(kind);
                *end = (sum / total * Self::BLOCK as f64).round() as u64;
            }
        }
        let mut mix = Mix { ends, only: None, order: Bijection::new(Self::BLOCK, seed) };
        mix.only = Kind::ALL.into_iter().find(|&kind| mix.slots(kind) == Self::BLOCK);
        mix
    }

    fn slots(&self, kind: Kind) -> u64 {
        let at = kind as usize;
        self.ends[at] - if at == 0 { 0 } else { self.ends[at - 1] }
    }

    /// The kind of a ticket, and its number among all tickets of its kind.
    pub fn kind(&self, ticket: u64) -> (Kind, u64) {
        let block = ticket / Self::BLOCK;
        let slot = match self.only {
            Some(kind) => return (kind, ticket),
            None => self.order.scramble(ticket % Self::BLOCK, block),
        };
        let at = self.ends.iter().position(|&end| slot < end).unwrap_or(0);
        let kind = Kind::ALL[at];
        let start = at.checked_sub(1).map_or(0, |before| self.ends[before]);
        let number = block * self.slots(kind) + slot - start;
        (kind, number)
    }

    /// Inserts in all blocks before the block of this ticket.
    pub(super) fn inserted_before(&self, ticket: u64) -> u64 {
        ticket / Self::BLOCK * self.slots(Kind::Insert)
    }

    /// Inserts in one block.
    pub(super) fn inserts_per_block(&self) -> u64 {
        self.slots(Kind::Insert)
    }

    pub fn has_writes(&self) -> bool {
        Kind::ALL.into_iter().any(|kind| kind.is_write() && self.slots(kind) > 0)
    }

    /// The share of tickets of a kind, as the blocks really hold it.
    pub fn share(&self, kind: Kind) -> f64 {
        self.slots(kind) as f64 / Self::BLOCK as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_block_holds_the_exact_shares() {
        let mix = Mix::new(&Weights { read: 95.0, write: 4.0, insert: 1.0, ..Weights::default() }, 3);
        for block in [0, 5] {
            let tickets = block * Mix::BLOCK..(block + 1) * Mix::BLOCK;
            let reads = tickets.clone().filter(|&ticket| mix.kind(ticket).0 == Kind::Read).count() as u64;
            assert_eq!(reads, mix.slots(Kind::Read));
            assert!(tickets.clone().all(|ticket| mix.kind(ticket).0 != Kind::Delete));
        }
        assert!((mix.share(Kind::Read) - 0.95).abs() < 1e-4);
    }

    #[test]
    fn blocks_differ_in_order() {
        let mix = Mix::new(&Weights { read: 50.0, write: 50.0, ..Weights::default() }, 3);
        let same = (0..1_000).filter(|&t| mix.kind(t).0 == mix.kind(t + Mix::BLOCK).0).count();
        assert!((400..600).contains(&same), "{same} of 1000 tickets alike in two blocks");
    }

    #[test]
    fn the_tickets_of_a_kind_are_numbered_without_gaps() {
        let mix = Mix::new(&Weights { read: 70.0, write: 30.0, ..Weights::default() }, 3);
        for wanted in [Kind::Read, Kind::Write] {
            let kinds = (0..3 * Mix::BLOCK).map(|ticket| mix.kind(ticket));
            let mut numbers: Vec<u64> =
                kinds.filter(|(kind, _)| *kind == wanted).map(|(_, number)| number).collect();
            numbers.sort_unstable();
            assert_eq!(numbers, (0..3 * mix.slots(wanted)).collect::<Vec<_>>());
        }
    }

    #[test]
    fn one_kind_needs_no_order() {
        let mix = Mix::new(&Weights { insert: 1.0, ..Weights::default() }, 3);
        assert_eq!(mix.kind(70_000), (Kind::Insert, 70_000));
    }
}
