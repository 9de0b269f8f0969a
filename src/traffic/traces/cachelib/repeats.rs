use std::cmp::Ordering;

use super::Request;

/// What is left of a row: a request that comes again, spread evenly over its second.
pub(super) struct Repeats {
    /// At the time when it comes next.
    next: Request,
    start_us: Option<u64>,
    done: u64,
    count: u64,
    /// Where its row stands in the file.
    row: u64,
}

impl Repeats {
    /// `request` for `count` times, at least once, from its own time on.
    pub(super) fn new(request: Request, count: u64, row: u64) -> Repeats {
        Repeats { start_us: request.at_us, next: request, done: 0, count, row }
    }

    /// The second it is in; `None` without times.
    pub(super) fn second(&self) -> Option<u64> {
        self.start_us.map(|start| start / 1_000_000)
    }

    /// The request that comes next, and whether there is one after it.
    pub(super) fn take(&mut self) -> (Request, bool) {
        let request = self.next.clone();
        self.done += 1;
        let share = self.done.saturating_mul(1_000_000) / self.count;
        self.next.at_us = self.start_us.map(|start| start.saturating_add(share));
        (request, self.done < self.count)
    }

    fn place(&self) -> (Option<u64>, u64) {
        (self.next.at_us, self.row)
    }
}

/// By the time of the next request, and among equals by the row.
impl Ord for Repeats {
    fn cmp(&self, other: &Repeats) -> Ordering {
        self.place().cmp(&other.place())
    }
}

impl PartialOrd for Repeats {
    fn partial_cmp(&self, other: &Repeats) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Repeats {
    fn eq(&self, other: &Repeats) -> bool {
        self.place() == other.place()
    }
}

impl Eq for Repeats {}
