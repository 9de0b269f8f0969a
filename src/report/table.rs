use tabled::builder::Builder;
use tabled::settings::object::{Columns, Rows};
use tabled::settings::{Alignment, Style, Width};

use super::Format;
use super::expectations::expectations;
use super::follows::follows;
use super::results::{conclusion, context, notes, reasons};
use super::sections::sections;
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
        for section in sections(summary) {
            let table = if section.is_text { words(section.rows) } else { numbers(section.rows) };
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
            text += &format!("\n{}", told(&section.title, &wrapped(section.rows, 60), &section.below));
        }
        text + &conclusion(summary) + "\n"
    }
}

/// A table under its title, with an empty line below it.
fn told(title: &str, table: &str, below: &[String]) -> String {
    let below: String = below.iter().map(|line| format!("{line}\n")).collect();
    format!("{title}\n{table}\n{below}\n")
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
    wrapped(rows, 23)
}

/// A table of texts, each column at most so many letters wide.
pub(super) fn wrapped(rows: Vec<Vec<String>>, width: usize) -> String {
    let mut table = Builder::from_iter(rows).build();
    table.with(Style::rounded()).modify(Columns::new(..), Width::wrap(width).keep_words(true));
    table.to_string()
}
