use schemars::JsonSchema;
use serde::Deserialize;

use super::Format;
use super::expectations::expectations;
use super::fit::{numbers, wrapped};
use super::fold::prose;
use super::follows::follows;
use super::results::{conclusion, context, notes, reasons};
use super::sections::sections;
use crate::measure::Summary;
use crate::registry::{self, Entry};

pub const ENTRY: Entry<dyn Format, ()> = Entry {
    name: "table",
    summary: "aligned tables for a terminal",
    options: registry::schema_of::<Table>,
    build: |options, ()| Ok(Box::new(registry::options::<Table>(options)?)),
};

#[derive(Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Table {
    /// The columns of the terminal that it is to fit; without them, tables are as wide as they come.
    width: Option<usize>,
}

/// Letters of a column of texts.
const WORDS: usize = 23;

impl Format for Table {
    fn render(&self, summary: &Summary) -> String {
        let mut text = String::new();
        if let Some(question) = &summary.question {
            text += &format!("{question}\n\n");
        }
        for section in sections(summary) {
            let table = if section.is_text {
                wrapped(section.rows, WORDS, self.width)
            } else {
                numbers(section.rows, self.width)
            };
            text += &told(&section.title, &table, &section.below);
        }
        for line in follows(summary).into_iter().chain(context(summary)) {
            text += &format!("{line}\n");
        }
        for note in notes(summary) {
            text += &format!("note: {note}\n");
        }
        for reason in reasons(summary) {
            text += &format!("! {reason}\n");
        }
        // The answer of a gate stands at the end, where a log is read.
        if let Some(section) = expectations(summary) {
            text += &format!(
                "\n{}",
                told(&section.title, &wrapped(section.rows, 60, self.width), &section.below)
            );
        }
        prose(&(text + &conclusion(summary) + "\n"), self.width)
    }
}

/// A table under its title, with an empty line below it.
fn told(title: &str, table: &str, below: &[String]) -> String {
    let below: String = below.iter().map(|line| format!("{line}\n")).collect();
    format!("{title}\n{table}\n{below}\n")
}

#[cfg(test)]
mod tests {
    use tabled::grid::util::string::get_line_width;

    use super::*;

    const KEPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/results/tradeoffs/result.json");

    #[test]
    fn a_kept_result_fits_the_terminals_that_people_have() {
        let summary: Summary = serde_json::from_str(&std::fs::read_to_string(KEPT).unwrap()).unwrap();
        for width in [60, 80, 120, 200] {
            let report = Table { width: Some(width) }.render(&summary);
            for line in report.lines() {
                assert!(get_line_width(line) <= width, "{width}: {line}");
            }
            assert!(report.matches("write-around").count() >= 3, "{report}");
        }
    }
}
