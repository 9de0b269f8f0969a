use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Metrics, Recorder, TallyCounts};

/// One stretch of a measurement, a second long unless it is the last.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Window {
    /// Seconds from the start of the measured phase to the start of the window.
    pub at_s: f64,
    /// Its length in seconds.
    pub length_s: f64,
    pub metrics: Metrics,
}

impl Window {
    /// The window that saw this.
    pub fn of(at: Duration, length: Duration, recorder: &Recorder, sent: &TallyCounts) -> Window {
        Window {
            at_s: at.as_secs_f64(),
            length_s: length.as_secs_f64(),
            metrics: Metrics::of_window(recorder, sent, length),
        }
    }
}
