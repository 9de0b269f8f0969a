use hdrhistogram::Histogram;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{BIN, LoadSummary, Recorder, TIMELINE};

/// What happened around the expiries of a measurement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Stampede {
    /// How many expiries led to how many loads.
    pub loads_per_expiry: Vec<LoadsPerExpiry>,
    /// The second from an expiry, over all expiries; bins in which nothing happened are left out.
    pub timeline: Vec<StampedeBin>,
}

/// Expiries that led to the same number of loads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LoadsPerExpiry {
    pub loads: u32,
    pub epochs: u64,
}

/// What happened in 20 ms at the same distance from an expiry.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StampedeBin {
    /// Milliseconds from the expiry to the start of the bin.
    pub at_ms: u64,
    /// Loads that began in it, over all expiries.
    pub loads_begun: u64,
    /// Loads of the key under way in it, on average.
    pub in_flight: f64,
    /// Reads of the key that began in it, over all expiries.
    pub reads: u64,
    /// The response of these reads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_p50_us: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_p99_us: Option<f64>,
}

impl Stampede {
    /// What was seen; nothing without an expiry.
    pub fn of(loads: &LoadSummary, recorder: &Recorder) -> Option<Stampede> {
        if loads.epochs == 0 {
            return None;
        }
        let us = |histogram: &Histogram<u64>, share| histogram.value_at_quantile(share) as f64 / 1_000.0;
        let timeline = (0..TIMELINE).map(|bin| {
            let responses = recorder.around_expiry().and_then(|around| around.bin(bin));
            StampedeBin {
                at_ms: bin as u64 * BIN.as_millis() as u64,
                loads_begun: loads.timeline.begun[bin],
                in_flight: loads.timeline.in_flight(bin, loads.epochs),
                reads: responses.map_or(0, Histogram::len),
                response_p50_us: responses.map(|responses| us(responses, 0.5)),
                response_p99_us: responses.map(|responses| us(responses, 0.99)),
            }
        });
        let is_empty = |bin: &StampedeBin| bin.loads_begun == 0 && bin.in_flight == 0.0 && bin.reads == 0;
        let per_epoch = loads.per_epoch.iter();
        Some(Stampede {
            loads_per_expiry: per_epoch.map(|(&loads, &epochs)| LoadsPerExpiry { loads, epochs }).collect(),
            timeline: timeline.filter(|bin| !is_empty(bin)).collect(),
        })
    }
}
