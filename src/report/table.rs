use tabled::builder::Builder;
use tabled::settings::object::{Columns, Rows};
use tabled::settings::{Alignment, Style, Width};

use super::Format;
use super::capacity::{capacities, limits};
use super::faults::{RESOLUTION, faults};
use super::follows::follows;
use super::freshness::{freshness, writes};
use super::results::{conclusion, context, notes, reasons, results};
use super::stampedes;
use super::tradeoffs::tradeoffs;
use crate::measure::Summary;
use crate::registry::{self, Entry, NoOptions};

pub const ENTRY: Entry<dyn Format, ()> = Entry {
    name: "table",
    summary: "aligned tables for a terminal",
    options: registry::schema_of::<NoOptions>,
    build: |options, ()| {
        registry::options::<NoOptions>(options)?;
        Ok(Box::new(Table))
    },
};

struct Table;

impl Format for Table {
    fn render(&self, summary: &Summary) -> String {
        let mut text = String::new();
        if let Some(question) = &summary.question {
            text += &format!("{question}\n\n");
        }
        let capacities = capacities(summary);
        if !capacities.is_empty() {
            text += &format!("{}\n", numbers(capacities));
            limits(summary).iter().for_each(|line| text += &format!("{line}\n"));
            text += "\n";
        }
        // A search that found nothing has no measurement to show.
        if summary.cells.iter().any(|cell| !cell.repeats.is_empty()) {
            text += &numbers(results(summary));
            text += "\n\n";
        }
        let freshness = freshness(summary);
        if !freshness.is_empty() {
            text += &format!("{}\n\n", numbers(freshness));
        }
        let writes = writes(summary);
        if !writes.is_empty() {
            text += &format!("{}\n\n", numbers(writes));
        }
        if summary.cells.iter().any(|cell| cell.median("write.response.p50").is_some()) {
            text += &words(tradeoffs(summary));
            text += "\n\n";
        }
        let (loads, guards) = (stampedes::loads(summary), stampedes::guards(summary));
        for table in [loads, stampedes::plot(summary), guards] {
            if !table.is_empty() {
                text += &format!("{}\n\n", numbers(table));
            }
        }
        let faults = faults(summary);
        if !faults.is_empty() {
            text += &format!("{}\n{RESOLUTION}\n\n", numbers(faults));
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
        text + &conclusion(summary) + "\n"
    }
}

/// A table whose first column names and whose others are numbers.
pub(super) fn numbers(rows: Vec<Vec<String>>) -> String {
    let mut table = Builder::from_iter(rows).build();
    table
        .with(Style::rounded())
        .modify(Columns::new(1..), Alignment::right())
        .modify(Rows::first(), Alignment::left());
    table.to_string()
}

/// A table of texts, wrapped in its columns.
fn words(rows: Vec<Vec<String>>) -> String {
    let mut table = Builder::from_iter(rows).build();
    table.with(Style::rounded()).modify(Columns::new(..), Width::wrap(23).keep_words(true));
    table.to_string()
}
