use std::collections::BTreeSet;

use super::Format;
use super::capacity::{TRIAL_COLUMNS, trials};
use crate::measure::{Metrics, Summary};
use crate::registry::{self, Entry, NoOptions};

pub const ENTRY: Entry<dyn Format, ()> = Entry {
    name: "csv",
    summary: "a row for each measurement or trial, a column for each metric",
    options: registry::schema_of::<NoOptions>,
    build: |options, ()| {
        registry::options::<NoOptions>(options)?;
        Ok(Box::new(Csv))
    },
};

struct Csv;

impl Format for Csv {
    fn render(&self, summary: &Summary) -> String {
        let trials = trials(summary);
        if !trials.is_empty() {
            return records(TRIAL_COLUMNS, trials);
        }
        let rows = summary.cells.iter().flat_map(|cell| {
            cell.repeats.iter().map(|repeat| {
                (vec![cell.label(), repeat.repeat.to_string(), repeat.status.name().into()], &repeat.metrics)
            })
        });
        records(&["cell", "repeat", "status"], rows.collect())
    }
}

/// The windows of all measurements: a row for each.
pub fn windows(summary: &Summary) -> String {
    let mut rows = Vec::new();
    for cell in &summary.cells {
        for repeat in &cell.repeats {
            for window in &repeat.windows {
                let at = format!("{:.3}", window.at_s);
                let length = format!("{:.3}", window.length_s);
                rows.push((vec![cell.label(), repeat.repeat.to_string(), at, length], &window.metrics));
            }
        }
    }
    records(&["cell", "repeat", "at_s", "length_s"], rows)
}

/// Rows of names and metrics under one header; a metric that a row lacks is left empty.
fn records(names: &[&str], rows: Vec<(Vec<String>, &Metrics)>) -> String {
    let mut known = BTreeSet::new();
    let mut columns = Vec::new();
    for (name, metric) in rows.iter().flat_map(|(_, metrics)| metrics.iter()) {
        if known.insert(name.to_owned()) {
            columns.push((name.to_owned(), metric.unit.suffix()));
        }
    }
    let mut writer = csv::Writer::from_writer(Vec::new());
    let header = names.iter().map(|name| name.to_string());
    let header = header.chain(columns.iter().map(|(name, suffix)| format!("{name}{suffix}")));
    // Writing to memory does not fail, and every row has as many fields as the header.
    let _ = writer.write_record(header);
    for (names, metrics) in rows {
        let values = columns
            .iter()
            .map(|(name, _)| metrics.get(name).map_or(String::new(), |value| value.to_string()));
        let _ = writer.write_record(names.into_iter().chain(values));
    }
    String::from_utf8(writer.into_inner().unwrap_or_default()).unwrap_or_default()
}
