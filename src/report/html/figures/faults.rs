use crate::measure::{Back, FaultRecord, Recovery, RepeatResult, Summary};
use crate::report::faults::by_measurement;
use crate::report::html::chapter::Part;
use crate::report::html::figure::{Figure, Group, Scale};
use crate::report::html::label::told_status;
use crate::report::html::sketch::{axis, bars, seconds};

pub const PART: Part = Part {
    id: "faults",
    title: "Faults",
    sections: &["Faults"],
    lead: "What was done to servers and instances while they were measured, and how long it took until callers saw what \
           they had seen before.",
    figures,
};

fn figures(summary: &Summary) -> Vec<Figure> {
    let recovered = recovered(summary);
    let drawn = |title: &str, parts: [&str; 3], read: fn(&Recovery) -> [Option<f64>; 3]| {
        let group = |(label, recovery): &(String, &Recovery)| Group {
            label: label.clone(),
            values: read(recovery).to_vec(),
        };
        let x = axis("time since the fault", Scale::Linear, seconds);
        bars(title, "fault", x, &parts, recovered.iter().map(group).collect())
    };
    let back = drawn(
        "Time until it was as before",
        ["hit rate", "p99 of responses", "database reads"],
        |recovery| [recovery.hit_rate, recovery.p99, recovery.db_reads].map(|back| back?.after_s),
    );
    let back = back.map(|mut figure| {
        figure.description += &not_back(&recovered);
        figure
    });
    let wrong = drawn(
        "Time in which something went wrong",
        ["operations failed", "the cache was passed by", ""],
        |recovery| [recovery.failed_s, recovery.bypassed_s, None],
    );
    [back, wrong].into_iter().flatten().collect()
}

/// The faults whose recovery was followed, with whose they are.
fn recovered(summary: &Summary) -> Vec<(String, &Recovery)> {
    let is_harmed = |repeat: &RepeatResult| !repeat.faults.is_empty() || !repeat.aftermath.is_empty();
    let mut all = Vec::new();
    for (whose, repeat) in by_measurement(summary, is_harmed) {
        let label = |fault: &FaultRecord| {
            let name = format!("{whose}{} at {:.1} s", fault.what, fault.began_s.unwrap_or(fault.at_s));
            told_status(name, repeat.status)
        };
        all.extend(repeat.faults.iter().filter_map(|fault| Some((label(fault), fault.recovery.as_ref()?))));
    }
    all
}

/// What did not come back, which has no bar.
fn not_back(recovered: &[(String, &Recovery)]) -> String {
    type Read = fn(&Recovery) -> Option<Back>;
    let all: [(&str, Read); 3] = [
        ("the hit rate", |recovery| recovery.hit_rate),
        ("the p99", |recovery| recovery.p99),
        ("database reads", |recovery| recovery.db_reads),
    ];
    let mut never = Vec::new();
    for (label, recovery) in recovered {
        let lost = all.iter().filter(|(_, read)| read(recovery).is_some_and(|back| back.after_s.is_none()));
        never.extend(lost.map(|(what, _)| format!("{what} after {label}")));
    }
    match never.as_slice() {
        [] => String::new(),
        some => format!(" Not back before the end, and without a bar: {}.", some.join("; ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::CellResult;

    #[test]
    fn what_came_back_has_a_bar_and_what_did_not_is_told() {
        let recovery = Recovery {
            hit_rate: Some(Back { before: 0.9, after_s: Some(3.5) }),
            p99: Some(Back { before: 0.9, after_s: None }),
            failed_s: Some(1.5),
            ..Recovery::default()
        };
        let fault = FaultRecord {
            what: "kill cache".into(),
            began_s: Some(2.0),
            recovery: Some(recovery),
            ..FaultRecord::default()
        };
        let repeat = RepeatResult { faults: vec![fault, FaultRecord::default()], ..RepeatResult::default() };
        let cell = CellResult { repeats: vec![repeat], ..CellResult::default() };
        let figures = figures(&Summary { cells: vec![cell], ..Summary::default() });
        assert_eq!(figures[0].table, [["fault", "hit rate"], ["kill cache at 2.0 s", "3.50 s"]]);
        assert_eq!(
            figures[0].description,
            "kill cache at 2.0 s: 3.50 s. Not back before the end, and without a bar: the p99 after kill cache at 2.0 s."
        );
        assert_eq!(figures[1].table[0], ["fault", "operations failed"]);
    }
}
