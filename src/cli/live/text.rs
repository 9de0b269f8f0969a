use crate::measure::{FaultRecord, RepeatResult, Status, Trial};
use crate::report::{duration_us, per_second, quantity};

/// What has come of a trial at one rate.
pub fn tried(trial: &Trial) -> String {
    let outcome = match trial.held {
        Some(true) => "held",
        Some(false) => "missed",
        None => "no answer",
    };
    let values = trial.metrics.iter().filter(|(name, _)| *name != "throughput.achieved");
    let values: Vec<String> = values.map(|(name, metric)| format!("{name} {}", quantity(metric))).collect();
    let why = trial.reasons.first().cloned().unwrap_or_else(|| values.join(", "));
    if why.is_empty() { outcome.into() } else { format!("{outcome}: {why}") }
}

/// What has come of a measurement.
pub fn measured(result: &RepeatResult) -> String {
    let word = match result.status {
        Status::Valid => "valid",
        Status::Invalid => "INVALID",
        Status::Failed => "FAILED",
        Status::Interrupted => "interrupted",
    };
    let rate = result.metrics.get("throughput.achieved").map_or("nothing".into(), per_second);
    format!("{rate}, {word}")
}

/// What has just become of a fault.
pub fn happened(record: &FaultRecord) -> String {
    match (&record.problem, record.began_s, record.ended_s) {
        (Some(problem), ..) => format!("{}: {problem}", record.what),
        (None, Some(began_s), Some(ended_s)) => {
            format!("{}: over after {}", record.what, duration_us((ended_s - began_s) * 1e6))
        }
        _ => format!("{} at {:.1} s", record.what, record.began_s.unwrap_or(record.at_s)),
    }
}
