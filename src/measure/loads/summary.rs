use std::collections::BTreeMap;

use hdrhistogram::Histogram;

use super::epoch::Epoch;
use super::{Cause, Timeline};
use crate::measure::latencies::histogram;
use crate::measure::{Metrics, Unit};

/// What the expiries of a measurement cost.
#[derive(Clone, Debug)]
pub struct LoadSummary {
    pub epochs: u64,
    pub loads: u64,
    /// Epochs by the number of their loads.
    pub per_epoch: BTreeMap<u32, u64>,
    /// The most loads of one key under way at once.
    pub peak: u32,
    /// Epochs that began with an entry that was missing or past its freshness.
    pub hard_misses: u64,
    /// Loads of entries that were still fresh.
    pub early_refreshes: u64,
    /// Loads that came to nothing.
    pub abandoned: u64,
    /// How long the entry would have been fresh yet when an epoch began early, in nanoseconds.
    pub early_lead: Histogram<u64>,
    /// From the beginning of an epoch until the first row came, in nanoseconds.
    pub first_row: Histogram<u64>,
    /// From the beginning of an epoch until the cache took a row, in nanoseconds.
    pub window: Histogram<u64>,
    /// Of all loads, those of open epochs included.
    pub timeline: Timeline,
}

impl Default for LoadSummary {
    fn default() -> LoadSummary {
        LoadSummary {
            epochs: 0,
            loads: 0,
            per_epoch: BTreeMap::new(),
            peak: 0,
            hard_misses: 0,
            early_refreshes: 0,
            abandoned: 0,
            early_lead: histogram(),
            first_row: histogram(),
            window: histogram(),
            timeline: Timeline::default(),
        }
    }
}

impl LoadSummary {
    pub(super) fn add(&mut self, epoch: &Epoch) {
        self.epochs += 1;
        self.loads += u64::from(epoch.loads);
        *self.per_epoch.entry(epoch.loads).or_default() += 1;
        self.peak = self.peak.max(epoch.peak);
        self.early_refreshes += u64::from(epoch.early);
        match epoch.first_cause {
            Cause::Missing | Cause::Expired => self.hard_misses += 1,
            Cause::Early { lead_us } => self.early_lead.saturating_record(lead_us.saturating_mul(1_000)),
        }
        epoch.first_row.into_iter().for_each(|ns| self.first_row.saturating_record(ns));
        epoch.first_fill.into_iter().for_each(|ns| self.window.saturating_record(ns));
    }

    /// Loads beyond the first of each epoch.
    pub fn duplicates(&self) -> u64 {
        self.loads - self.epochs
    }

    /// Loads of an epoch on average; no number without epochs.
    pub fn mean(&self) -> f64 {
        self.loads as f64 / self.epochs as f64
    }

    /// The smallest number of loads that this share of the epochs does not exceed; nothing without epochs.
    pub fn quantile(&self, share: f64) -> Option<u32> {
        let mut left = ((self.epochs as f64 * share).ceil() as u64).max(1);
        for (&loads, &epochs) in &self.per_epoch {
            if epochs >= left {
                return Some(loads);
            }
            left -= epochs;
        }
        self.max()
    }

    /// The most loads of an epoch.
    pub fn max(&self) -> Option<u32> {
        self.per_epoch.keys().next_back().copied()
    }

    /// Adds what the expiries cost to the metrics, if there were any.
    pub fn tell(&self, metrics: &mut Metrics) {
        if self.epochs == 0 {
            return;
        }
        let mut put = |name: &str, value: f64| metrics.put(format!("stampede.{name}"), value, Unit::Count);
        let whole = |loads: Option<u32>| loads.map_or(f64::NAN, f64::from);
        put("epochs", self.epochs as f64);
        put("loads_per_expiry.mean", self.mean());
        put("loads_per_expiry.p50", whole(self.quantile(0.5)));
        put("loads_per_expiry.p99", whole(self.quantile(0.99)));
        put("loads_per_expiry.max", whole(self.max()));
        put("duplicate_loads", self.duplicates() as f64);
        put("simultaneous_loads.max", f64::from(self.peak));
        put("hard_misses", self.hard_misses as f64);
        put("early_refreshes", self.early_refreshes as f64);
        put("abandoned_loads", self.abandoned as f64);
        for (name, histogram) in
            [("early_lead", &self.early_lead), ("first_row", &self.first_row), ("window", &self.window)]
        {
            if !histogram.is_empty() {
                metrics.put_latency(&format!("stampede.{name}"), histogram);
            }
        }
    }
}
