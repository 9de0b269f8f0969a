use std::time::Duration;

use super::ExperimentError;
use super::assignment::Assignment;
use super::observer::Phase;
use super::played::{unanswered, watch};
use super::servers::Servers;
use super::stage::Stage;
use crate::config::Warmup;
use crate::engine::{Flow, Limit};

/// A warm-up that waits for a stable hit rate gives up waiting after this long.
const LONGEST_WARMUP: Duration = Duration::from_secs(60);

/// What a warm-up leaves behind.
#[derive(Default)]
pub struct Warm {
    /// The first ticket of the measurement.
    pub first: u64,
    /// What was not reached, if anything.
    pub unsettled: Option<String>,
    /// Requests whose answer nobody waited for.
    pub unanswered: u64,
}

/// Load that is not counted.
pub fn warm_up(stage: &Stage, servers: &Servers) -> Result<Warm, ExperimentError> {
    let Assignment { workload, observer, .. } = stage.assignment;
    let warmup = workload.traffic.warmup;
    let limit = match warmup {
        Warmup::Time(time) if time.0.is_zero() => return Ok(Warm::default()),
        Warmup::Operations(0) => return Ok(Warm::default()),
        Warmup::Time(time) => Limit::Time(time.0),
        Warmup::Operations(count) => Limit::Operations(count),
        Warmup::StableHitRate => Limit::Time(LONGEST_WARMUP),
    };
    stage.assignment.begin(Phase::Warmup { expected: stage.load.expected_time(limit) });
    let mut hit_rates = Vec::new();
    let drive = stage.crew.drive(stage.plan(limit, 0, None), |window, _| {
        hit_rates.extend(window.metrics.get("hit_rate"));
        match watch(window, servers, observer) {
            Flow::Continue if warmup == Warmup::StableHitRate && is_stable(&hit_rates) => Flow::Enough,
            flow => flow,
        }
    })?;
    let is_unsettled = warmup == Warmup::StableHitRate && !is_stable(&hit_rates);
    let seconds = LONGEST_WARMUP.as_secs();
    // Calls in flight when the warm-up ends early are given up, one of each client at most.
    let given_up = if drive.ended_early { stage.load.lanes() as u64 } else { 0 };
    Ok(Warm {
        first: drive.next_ticket,
        unsettled: is_unsettled.then(|| format!("the hit rate did not settle in {seconds} s of warm-up")),
        unanswered: unanswered(&drive.recorder, workload) + given_up,
    })
}

/// Whether the last three hit rates lie within half a percentage point.
fn is_stable(hit_rates: &[f64]) -> bool {
    let Some(last) = hit_rates.last_chunk::<3>() else { return false };
    let spread = |f: fn(f64, f64) -> f64| last.iter().copied().reduce(f).unwrap_or(0.0);
    spread(f64::max) - spread(f64::min) < 0.005
}
