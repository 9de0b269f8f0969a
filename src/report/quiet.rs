use super::Format;
use crate::measure::{CellResult, Status, Summary};
use crate::registry::{self, Entry, NoOptions};

pub const ENTRY: Entry<dyn Format, ()> = Entry {
    name: "quiet",
    summary: "a line for each cell, its values between tabs: label, status, operations per second, median and 99th \
              percentile of reads in microseconds, hit rate, database reads per read; - where not measured",
    options: registry::schema_of::<NoOptions>,
    build: |options, ()| {
        registry::options::<NoOptions>(options)?;
        Ok(Box::new(Quiet))
    },
};

struct Quiet;

/// The metrics of a line, and how many places after the point.
const COLUMNS: &[(&str, usize)] = &[
    ("throughput.achieved", 1),
    ("read.response.p50", 1),
    ("read.response.p99", 1),
    ("hit_rate", 4),
    ("db.queries_per_read", 4),
];

impl Format for Quiet {
    fn render(&self, summary: &Summary) -> String {
        summary.cells.iter().map(line).collect()
    }
}

fn line(cell: &CellResult) -> String {
    let value = |&(metric, places): &(&str, usize)| {
        cell.median(metric).map_or("-".into(), |value| format!("{value:.places$}"))
    };
    // A cell that was not reached has no status.
    let status = if cell.repeats.is_empty() { "-" } else { Status::name(cell.status()) };
    // A label is one word of the line, whatever somebody has called a setting.
    let label = cell.label().replace(['\t', '\n', '\r'], " ");
    let values = COLUMNS.iter().map(value);
    [label, status.to_owned()].into_iter().chain(values).collect::<Vec<_>>().join("\t") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::{RepeatResult, Unit};

    #[test]
    fn a_cell_is_a_line_of_seven_values() {
        let mut repeat = RepeatResult::default();
        repeat.metrics.put("throughput.achieved", 1_999.96, Unit::PerS);
        repeat.metrics.put("read.response.p50", 92.44, Unit::Us);
        repeat.metrics.put("hit_rate", 0.64217, Unit::Ratio);
        let cell =
            CellResult { strategy: "cache\taside".into(), repeats: vec![repeat], ..CellResult::default() };
        let unreached = CellResult { strategy: "direct".into(), ..CellResult::default() };
        let summary = Summary { cells: vec![cell, unreached], ..Summary::default() };
        assert_eq!(
            Quiet.render(&summary),
            "cache aside\tvalid\t2000.0\t92.4\t-\t0.6422\t-\ndirect\t-\t-\t-\t-\t-\t-\n"
        );
    }
}
