use super::quantity::duration_us;
use crate::measure::{Back, CellResult, FaultRecord, Recovery, RepeatResult, Summary, Versus};

/// How a time of recovery comes about.
pub const RESOLUTION: &str = "Until: the last of these errors. Passed by: for how long reads asked the database since the cache \
    did not answer. Back: from the fault to the first of three windows in a row that are as before it, within \
    5 % of the mean of the five windows before, or within what these showed, or within two standard deviations of \
    chance; windows last a second.";

/// What was done to servers and instances, and how long until things were as before: a header and a row for each
/// fault of each measurement; nothing where there was none.
pub fn faults(summary: &Summary) -> Vec<Vec<String>> {
    let is_harmed = |repeat: &RepeatResult| !repeat.faults.is_empty() || !repeat.aftermath.is_empty();
    let mut rows = Vec::new();
    for (whose, repeat) in by_measurement(summary, is_harmed) {
        rows.extend(repeat.faults.iter().map(|fault| row(&whose, fault)));
        let whose = format!("{whose}afterwards, ");
        rows.extend(repeat.aftermath.iter().map(|fault| row(&whose, fault)));
    }
    if !rows.is_empty() {
        let header = [
            "fault",
            "at",
            "lasted",
            "writes not in\ndatabase",
            "errors",
            "until",
            "cache\npassed by",
            "hit rate\nback",
            "p99\nback",
            "DB load\nback",
            "reads",
        ];
        rows.insert(0, header.map(str::to_owned).to_vec());
    }
    rows
}

/// Every measurement, with what its rows begin with: whose they are, where more than one of all `has` rows.
pub fn by_measurement(
    summary: &Summary,
    has: impl Fn(&RepeatResult) -> bool,
) -> Vec<(String, &RepeatResult)> {
    let all: Vec<(&CellResult, &RepeatResult)> =
        summary.cells.iter().flat_map(|cell| cell.repeats.iter().map(move |repeat| (cell, repeat))).collect();
    let several = all.iter().filter(|(_, repeat)| has(repeat)).count() > 1;
    let whose = |cell: &CellResult, repeat: &RepeatResult| match (several, cell.repeats.len()) {
        (false, _) => String::new(),
        (true, 1) => format!("{}: ", cell.label()),
        (true, _) => format!("{} #{}: ", cell.label(), repeat.repeat),
    };
    all.into_iter().map(|(cell, repeat)| (whose(cell, repeat), repeat)).collect()
}

fn row(whose: &str, fault: &FaultRecord) -> Vec<String> {
    let none = || "–".to_owned();
    let recovery = fault.recovery.as_ref();
    let back = |back: fn(&Recovery) -> Option<Back>| recovery.and_then(back).map_or_else(none, told);
    let seconds = |read: fn(&Recovery) -> Option<f64>| {
        recovery.and_then(read).map_or_else(none, |seconds| duration_us(seconds * 1e6))
    };
    let lasted =
        fault.began_s.zip(fault.ended_s).map(|(began_s, ended_s)| duration_us((ended_s - began_s) * 1e6));
    let reads = match (&fault.problem, recovery) {
        (Some(problem), _) => problem.clone(),
        (None, Some(recovery)) => went(recovery),
        (None, None) => none(),
    };
    vec![
        format!("{whose}{}", fault.what),
        format!("{:.1} s", fault.began_s.unwrap_or(fault.at_s)),
        lasted.unwrap_or_else(none),
        fault.unflushed.map_or_else(none, |unflushed| unflushed.writes.to_string()),
        recovery.map_or_else(none, |recovery| recovery.errors.to_string()),
        seconds(|recovery| recovery.failed_s),
        seconds(|recovery| recovery.bypassed_s),
        back(|recovery| recovery.hit_rate),
        back(|recovery| recovery.p99),
        back(|recovery| recovery.db_reads),
        reads,
    ]
}

fn told(back: Back) -> String {
    match back.after_s {
        None => "not back".into(),
        Some(seconds) if seconds < 0.05 => "at once".into(),
        Some(seconds) => format!("{seconds:.1} s"),
    }
}

/// Whether reads went wrong that did not before.
fn went(recovery: &Recovery) -> String {
    let wrong = |what: &str, versus: Versus| {
        versus.went_up().then(|| format!("{:.0} {what}, {:.0} before", versus.count, versus.before))
    };
    let all = [wrong("stale", recovery.stale_reads), wrong("back in time", recovery.non_monotonic_reads)];
    let told: Vec<String> = all.into_iter().flatten().collect();
    if told.is_empty() { "as before".into() } else { told.join("; ") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Effect;

    #[test]
    fn a_fault_is_told_in_a_row() {
        let mut fault = FaultRecord {
            what: "kill cache".into(),
            at_s: 2.0,
            began_s: Some(2.04),
            ended_s: Some(2.54),
            problem: None,
            unflushed: None,
            moved: None,
            effect: Effect::Emptied,
            remap: None,
            recovery: Some(Recovery {
                hit_rate: Some(Back { before: 0.9, after_s: Some(3.96) }),
                p99: Some(Back { before: 0.9, after_s: None }),
                db_reads: Some(Back { before: 0.9, after_s: Some(0.0) }),
                errors: 12,
                failed_s: Some(1.5),
                stale_reads: Versus { count: 30.0, before: 1.0 },
                ..Recovery::default()
            }),
        };
        let told = row("direct: ", &fault);
        assert_eq!(told[..5], ["direct: kill cache", "2.0 s", "500 ms", "–", "12"]);
        assert_eq!(told[5..7], ["1.50 s", "–"]);
        assert_eq!(told[7..], ["4.0 s", "not back", "at once", "30 stale, 1 before"]);
        fault.recovery = None;
        fault.problem = Some("no".into());
        assert_eq!(row("", &fault)[3..], ["–", "–", "–", "–", "–", "–", "–", "no"]);
    }
}
