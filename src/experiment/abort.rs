use std::time::Duration;

use crate::config::Workload;
use crate::engine::{Flow, SoFar};
use crate::measure::{CellExpectation, Metric};
use crate::report::quantity;

/// Ends a measurement that has failed an expectation for long enough.
pub struct Abort<'a> {
    expectations: &'a [CellExpectation],
    /// Not before this; nothing where no failure ends a measurement.
    after: Option<Duration>,
    /// Why it was ended, if it was.
    pub reason: Option<String>,
}

impl<'a> Abort<'a> {
    /// What the workload of a cell says about it.
    pub fn of(workload: &'a Workload) -> Abort<'a> {
        let after = workload.abort_on_fail.map(|time| time.0).filter(|_| !workload.expect.is_empty());
        Abort { expectations: &workload.expect, after, reason: None }
    }

    /// Whether to go on after all that was seen so far.
    pub fn look(&mut self, so_far: &SoFar) -> Flow {
        if self.reason.is_some() || self.after.is_none_or(|after| so_far.elapsed < after) {
            return Flow::Continue;
        }
        let metrics = so_far.metrics();
        let failed = |one: &CellExpectation| {
            let value = one.failed_by(&metrics)?;
            let unit = metrics.metric(&one.expectation.metric)?.unit;
            Some(format!("{one}, it was {}", quantity(Metric { value, unit })))
        };
        let Some(failed) = self.expectations.iter().find_map(failed) else { return Flow::Continue };
        self.reason = Some(format!("aborted after {:.0} s: {failed}", so_far.elapsed.as_secs_f64()));
        Flow::Enough
    }
}
