use super::Cause;
use crate::model::Moment;

/// The loads of one key up to one fill.
pub struct Epoch {
    /// Its place among those of its shard.
    pub number: u64,
    pub generation: u64,
    pub first_cause: Cause,
    /// When the look-up began that led to its first load.
    pub beginning: Moment,
    pub closed: Option<Moment>,
    pub loads: u32,
    /// Loads of an entry that was still fresh.
    pub early: u32,
    pub under_way: u32,
    /// The most loads under way at once.
    pub peak: u32,
    /// Nanoseconds from its beginning until the first row came.
    pub first_row: Option<u64>,
    /// Nanoseconds from its beginning until the cache took a row.
    pub first_fill: Option<u64>,
}

impl Epoch {
    pub fn new(number: u64, generation: u64, beginning: Moment, first_cause: Cause) -> Epoch {
        Epoch {
            number,
            generation,
            first_cause,
            beginning,
            closed: None,
            loads: 0,
            early: 0,
            under_way: 0,
            peak: 0,
            first_row: None,
            first_fill: None,
        }
    }

    /// Whether a load belongs to it whose reader began to look the key up at this moment.
    pub fn includes(&self, looked_up: Moment) -> bool {
        self.closed.is_none_or(|closed| looked_up < closed)
    }

    pub fn begin(&mut self, cause: Cause) {
        self.loads = self.loads.saturating_add(1);
        self.early += u32::from(matches!(cause, Cause::Early { .. }));
        self.under_way += 1;
        self.peak = self.peak.max(self.under_way);
        if self.first_fill.is_none() {
            // A straggler where nothing was stored: it may yet store something.
            self.closed = None;
        }
    }

    pub fn loaded(&mut self, now: Moment) {
        self.first_row.get_or_insert(now.since(self.beginning));
    }

    pub fn end(&mut self, stored: bool, now: Moment) {
        self.under_way = self.under_way.saturating_sub(1);
        if stored {
            self.first_fill.get_or_insert(now.since(self.beginning));
        }
        if self.closed.is_none() && (stored || self.under_way == 0) {
            self.closed = Some(now);
        }
    }
}
