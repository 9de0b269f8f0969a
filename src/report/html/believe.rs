use super::chapter::Chapter;
use crate::measure::{CounterCheck, Summary};
use crate::report::results::{conclusion, notes, reasons};
use crate::report::section::Section;

/// Whether the numbers may be believed, and by what that was found out.
pub fn believe(summary: &Summary) -> Chapter {
    let texts = |title: &str, header: &str, lines: Vec<String>| {
        let rows = [vec![header.to_owned()]].into_iter().chain(lines.into_iter().map(|line| vec![line]));
        Section { is_text: true, ..Section::new(title, rows.collect()) }
    };
    let sections = [
        texts("Why not", "reasons", reasons(summary)),
        texts("To be known", "notes", notes(summary)),
        Section::new("Each measurement", verdicts(summary)),
        Section::new("Both sides' counts", checks(summary)),
    ];
    Chapter {
        id: "validity",
        title: "Whether it may be believed".into(),
        lead: vec![
            format!("{}.", conclusion(summary).replace("; see the reasons above", "; the reasons are below")),
            "A measurement counts only if the generator kept its schedule, the machine left it the time to, and the \
             servers counted as many commands and statements as were sent to them."
                .into(),
        ],
        figures: Vec::new(),
        sections: sections.into_iter().filter(|section| section.rows.len() > 1).collect(),
    }
}

/// A row for each measurement of each cell.
fn verdicts(summary: &Summary) -> Vec<Vec<String>> {
    let header = ["cell", "repeat", "measured as", "seconds", "operations", "failed", "verdict"];
    let mut rows = vec![header.map(str::to_owned).to_vec()];
    for cell in &summary.cells {
        for repeat in &cell.repeats {
            let count =
                |metric: &str| repeat.metrics.get(metric).map_or("–".into(), |value| format!("{value:.0}"));
            rows.push(vec![
                cell.label(),
                repeat.repeat.to_string(),
                format!("no. {}", repeat.order),
                format!("{:.1}", repeat.seconds),
                count("operations"),
                count("failures"),
                repeat.status.name().to_owned(),
            ]);
        }
    }
    rows
}

/// What we sent against what the server counted: a row for each count of a cell, over its repeats.
fn checks(summary: &Summary) -> Vec<Vec<String>> {
    let header = ["cell", "what", "we sent", "the server counted", ""];
    let mut rows = vec![header.map(str::to_owned).to_vec()];
    for cell in &summary.cells {
        let all = || cell.repeats.iter().flat_map(|repeat| &repeat.checks);
        let mut names: Vec<&str> = Vec::new();
        for check in all() {
            if !names.contains(&check.what.as_str()) {
                names.push(&check.what);
            }
        }
        for name in names {
            let own: Vec<&CounterCheck> = all().filter(|check| check.what == name).collect();
            let agree = own.iter().all(|check| check.client == check.server);
            rows.push(vec![
                cell.label(),
                name.to_owned(),
                own.iter().map(|check| check.client).sum::<u64>().to_string(),
                own.iter().map(|check| check.server).sum::<u64>().to_string(),
                if agree { "agree" } else { "differ" }.into(),
            ]);
        }
    }
    rows
}
