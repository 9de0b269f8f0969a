use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Reads that go through the rows in their order, round and round, as a nightly job does.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Scan {
    /// The share of the reads of one row that belong to it, spread evenly.
    #[schemars(range(min = 0, max = 1))]
    pub share: f64,
    /// It goes through this many rows, from the first on; without it, through all that exist at the start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub rows: Option<u64>,
}

impl Scan {
    /// The row that a read asks for, by its number among all reads, if it belongs to the scan: the k-th that does asks
    /// for the k-th row. `rows` exist at the start.
    ///
    /// Where the mix has other kinds too, the numbers of reads rise with their tickets but for the order within a block
    /// of the mix, and so do these rows.
    pub fn row(&self, read: u64, rows: u64) -> Option<u64> {
        let before = |read: u64| (read as f64 * self.share) as u64;
        let number = before(read);
        (before(read + 1) > number).then(|| number % self.rows.unwrap_or(rows).clamp(1, rows.max(1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(scan: Scan, reads: u64) -> Vec<u64> {
        (0..reads).filter_map(|read| scan.row(read, 100)).collect()
    }

    #[test]
    fn the_kth_read_of_the_scan_asks_for_the_kth_row_round_and_round() {
        for (share, found) in [(0.2, 200), (1.0, 1_000), (0.3, 300), (0.0, 0)] {
            let scanned = rows(Scan { share, rows: Some(30) }, 1_000);
            assert_eq!(scanned, (0..found).map(|k| k % 30).collect::<Vec<_>>(), "{share}");
        }
    }

    #[test]
    fn a_scan_goes_through_all_rows_and_no_more() {
        for all in [None, Some(1_000)] {
            let scanned = rows(Scan { share: 0.5, rows: all }, 400);
            assert_eq!(scanned, (0..200).map(|k| k % 100).collect::<Vec<_>>());
        }
    }

    #[test]
    fn its_reads_are_spread_evenly() {
        let scan = Scan { share: 0.25, rows: None };
        let at: Vec<u64> = (0..40).filter(|&read| scan.row(read, 100).is_some()).collect();
        assert!(at.windows(2).all(|pair| pair[1] - pair[0] == 4), "{at:?}");
    }
}
