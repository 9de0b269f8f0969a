//! Ramp: how a cache that was empty came to its steady hit rate, and what that cost the database.

mod again;
mod bins;
mod reach;
mod steady;
#[cfg(test)]
mod tests;

pub use again::ramp_again;
pub use bins::{Bin, BinCounts, Meter, RAMP_BIN, ReadBins};
pub use reach::Reached;
use reach::reach;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use steady::{Steady, last_third};

use super::{Metrics, Unit};

/// Bins that are kept of a ramp, at most.
const KEPT: usize = 600;
/// Bins in a second.
const SECOND: usize = 1_000 / RAMP_BIN.as_millis() as usize;

/// What the cache held when a ramp began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Beginning {
    /// Nothing.
    #[default]
    Empty,
    /// Every row.
    Preloaded,
    /// The rows that were loaded ahead.
    Prewarmed,
    /// What a fault has left.
    Emptied,
}

/// How the hit rate came to its steady state, by bins of 100 ms.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Ramp {
    pub began: Beginning,
    /// What it came to: the mean over the last third of the measurement, or over up to 5 s before a fault.
    pub steady_hit_rate: f64,
    /// Whether the halves of that time were alike, within three standard errors of chance or half a percentage point.
    pub is_steady: bool,
    /// Database loads per second of that time.
    pub steady_loads_per_s: f64,
    /// From when on it was half of the steady hit rate; none where it never was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to_50: Option<Reached>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to_90: Option<Reached>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to_99: Option<Reached>,
    /// Database loads until 99 % was reached beyond what as many reads cost in the steady state; where it never was,
    /// until the last third, or to the end after a fault.
    pub excess_loads: f64,
    /// The most loads in any second that began in that time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peak_loads_per_s: Option<f64>,
    /// At most 600: neighbours are put together.
    pub bins: Vec<RampBin>,
}

/// What ended in one stretch of a ramp.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RampBin {
    /// Seconds from the beginning of the ramp to the start of the bin.
    pub at_s: f64,
    /// Rows read before it.
    pub reads_before: u64,
    /// Rows read in it, those of multi-reads included.
    pub reads: u64,
    pub hits: u64,
    /// Loads sent to the database in it.
    pub loads: u64,
}

impl Ramp {
    /// The ramp at the beginning of a measurement; nothing where the cache never had anything.
    pub fn of(bins: &[Bin], began: Beginning) -> Option<Ramp> {
        Some(Ramp::towards(bins, Steady::at_the_end(bins)?, began, last_third(bins)))
    }

    /// The ramp to a steady state that is known; `end` is the bin until which excess is counted if it is not reached.
    fn towards(bins: &[Bin], steady: Steady, began: Beginning, end: usize) -> Ramp {
        let to = |share| reach(bins, &steady, share);
        let to_99 = to(0.99);
        let end = to_99.map_or(end, |reached| (reached.seconds * SECOND as f64).ceil() as usize);
        let until = Bin::sum(&bins[..end.min(bins.len())]);
        let seconds = bins.windows(SECOND).take(end.max(1));
        let peak = seconds.map(|second| Bin::sum(second).loads).max();
        Ramp {
            began,
            steady_hit_rate: steady.hit_rate,
            is_steady: steady.is_steady,
            steady_loads_per_s: steady.loads_per_s,
            to_50: to(0.5),
            to_90: to(0.9),
            to_99,
            excess_loads: until.loads as f64 - until.reads as f64 * steady.loads_per_read,
            peak_loads_per_s: peak.map(|loads| loads as f64),
            bins: thinned(bins),
        }
    }

    /// Adds it to what was measured.
    pub fn tell(&self, metrics: &mut Metrics) {
        metrics.put("ramp.steady_hit_rate", self.steady_hit_rate, Unit::Ratio);
        for (share, reached) in [("50", self.to_50), ("90", self.to_90), ("99", self.to_99)] {
            if let Some(reached) = reached {
                metrics.put(format!("ramp.seconds_to_{share}"), reached.seconds, Unit::S);
                metrics.put(format!("ramp.reads_to_{share}"), reached.reads, Unit::Count);
            }
        }
        metrics.put("ramp.excess_loads", self.excess_loads, Unit::Count);
        metrics.put("ramp.peak_loads_per_s", self.peak_loads_per_s.unwrap_or(f64::NAN), Unit::PerS);
        metrics.put("ramp.steady_loads_per_s", self.steady_loads_per_s, Unit::PerS);
    }

    /// What a reader should know of its steady state, if anything.
    pub fn note(&self) -> Option<String> {
        (!self.is_steady).then(|| {
            "the hit rate still changed in the last third of the measurement, which stands for its steady state; \
             measure for longer"
                .into()
        })
    }
}

/// The bins, neighbours put together so that there are no more than are kept.
fn thinned(bins: &[Bin]) -> Vec<RampBin> {
    let together = bins.len().div_ceil(KEPT).max(1);
    let mut reads_before = 0;
    let stretches = bins.chunks(together).enumerate().map(|(place, stretch)| {
        let Bin { reads, hits, loads, .. } = Bin::sum(stretch);
        let at_s = (place * together) as f64 * RAMP_BIN.as_secs_f64();
        let bin = RampBin { at_s, reads_before, reads, hits, loads };
        reads_before += reads;
        bin
    });
    stretches.collect()
}
