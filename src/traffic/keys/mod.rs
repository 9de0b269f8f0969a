//! Keys: which row an operation asks for, one file a distribution.

mod exponential;
mod hotspot;
mod latest;
mod sequential;
mod skew;
mod trace;
mod uniform;
mod zipfian;

use std::path::PathBuf;
use std::time::Duration;

use super::Random;
use super::replay::Replay;
use crate::model::Kind;
use crate::registry::Entry;

/// A source of keys: a pure function of the ticket and of the random numbers of its operation.
///
/// A source owes a row for any ticket, asked for in any order and by many threads: no counter, no clock. The row is below
/// the population, and below the rows of the recording where the source is one.
pub trait Keys: Send + Sync {
    /// The row that the ticket asks for. `population` rows exist by then, inserted ones included.
    fn pick(&self, ticket: u64, population: u64, random: &mut Random) -> u64;

    /// The row of a request before the first ticket, by its number among those drawn; as popular as at the first ticket.
    fn pick_before(&self, number: u64, population: u64, random: &mut Random) -> u64 {
        self.pick(number, population, random)
    }

    /// The rows of up to `most` requests right before the first ticket, in their order, where a recording leaves requests
    /// out at its start.
    fn previous(&self, _most: u64) -> Vec<u64> {
        Vec::new()
    }

    /// Rows that the source itself knows of; a recording names its own.
    fn rows(&self) -> Option<u64> {
        None
    }

    /// The kind of the ticket, where the source decides it.
    fn kind(&self, _ticket: u64) -> Option<Kind> {
        None
    }

    /// Whether kinds decided by the source include anything but reads.
    fn has_writes(&self) -> bool {
        false
    }

    /// Tickets until the source starts over.
    fn length(&self) -> Option<u64> {
        None
    }

    /// When the ticket was recorded, from the first one on.
    fn recorded_at(&self, _ticket: u64) -> Option<Duration> {
        None
    }

    /// What is replayed of a recording, where the source is one.
    fn replay(&self) -> Option<&Replay> {
        None
    }
}

/// What a source of keys is built from.
#[derive(Clone, Debug)]
pub struct KeyParts {
    /// Rows that exist before the first operation; 0 where the source names its own.
    pub rows: u64,
    pub seed: u64,
    /// Where relative paths of recordings are looked for, in order.
    pub folders: Vec<PathBuf>,
}

/// Every key distribution.
pub static KEYS: &[Entry<dyn Keys, KeyParts>] = &[
    uniform::ENTRY,
    zipfian::ENTRY,
    hotspot::ENTRY,
    latest::ENTRY,
    exponential::ENTRY,
    sequential::ENTRY,
    trace::ENTRY,
];

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::registry::Choice;
    use crate::traffic::Stream;

    /// The share of `draws` requests that each of `rows` rows gets, largest first.
    pub fn shares(choice: &str, rows: u64, draws: u64) -> Vec<f64> {
        let choice: Choice = serde_json::from_str(choice).unwrap();
        let keys = choice.build(KEYS, KeyParts { rows, seed: 11, folders: Vec::new() }).unwrap();
        let mut counts = vec![0u64; rows as usize];
        for ticket in 0..draws {
            let mut random = Random::new(11, Stream::Operation, ticket);
            counts[keys.pick(ticket, rows, &mut random) as usize] += 1;
        }
        counts.sort_unstable_by(|a, b| b.cmp(a));
        counts.into_iter().map(|count| count as f64 / draws as f64).collect()
    }

    #[test]
    fn every_distribution_names_only_rows_that_exist() {
        for entry in KEYS.iter().filter(|entry| entry.name != "trace") {
            for rows in [1, 2, 17] {
                shares(&format!("\"{}\"", entry.name), rows, 2_000);
            }
        }
    }
}
