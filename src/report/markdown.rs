use super::Format;
use super::capacity::{capacities, limits};
use super::claim::RULES;
use super::climb::climb;
use super::faults::{RESOLUTION, faults};
use super::follows::follows;
use super::freshness::{freshness, writes};
use super::results::{conclusion, context, notes, reasons, results};
use super::tradeoffs::tradeoffs;
use super::{ramps, stampedes};
use crate::measure::Summary;
use crate::registry::{self, Entry, NoOptions};

pub const ENTRY: Entry<dyn Format, ()> = Entry {
    name: "markdown",
    summary: "tables for a document or a pull request",
    options: registry::schema_of::<NoOptions>,
    build: |options, ()| {
        registry::options::<NoOptions>(options)?;
        Ok(Box::new(Markdown))
    },
};

struct Markdown;

impl Format for Markdown {
    fn render(&self, summary: &Summary) -> String {
        let mut text = format!("# {}\n\n", summary.name);
        if let Some(question) = &summary.question {
            text += &format!("{}\n\n", escape(question));
        }
        text += &format!("Started {}, {:.0} s.\n\n", summary.started_at, summary.seconds);
        let capacities = capacities(summary);
        if !capacities.is_empty() {
            text += &format!("## Capacity\n\n{}\n", table(&capacities));
            limits(summary).iter().for_each(|line| text += &format!("- {}\n", escape(line)));
            text += "\n";
        }
        // A search that found nothing has no measurement to show.
        if summary.cells.iter().any(|cell| !cell.repeats.is_empty()) {
            text += &format!("## Results\n\n{}", table(&results(summary)));
        }
        let freshness = freshness(summary);
        if !freshness.is_empty() {
            text += &format!("\n## Freshness\n\n{}", table(&freshness));
        }
        let writes = writes(summary);
        if !writes.is_empty() {
            text += &format!("\n## Writes\n\n{}", table(&writes));
        }
        if summary.cells.iter().any(|cell| cell.median("write.response.p50").is_some()) {
            text += &format!("\n## Trade-offs\n\n{}\n{RULES}\n", table(&tradeoffs(summary)));
        }
        for (title, rows) in [
            ("Stampedes", stampedes::loads(summary)),
            ("After an expiry", stampedes::plot(summary)),
            ("Guards", stampedes::guards(summary)),
        ] {
            if !rows.is_empty() {
                text += &format!("\n## {title}\n\n{}", table(&rows));
            }
        }
        let faults = faults(summary);
        if !faults.is_empty() {
            text += &format!("\n## Faults\n\n{}\n{RESOLUTION}\n", table(&faults));
        }
        for (title, rows, rule) in [
            ("Cold start", ramps::cold_starts(summary), ramps::RULE),
            ("The hit rate over time", climb(summary), ""),
            ("Cold again", ramps::refills(summary), ramps::RULE),
        ] {
            if !rows.is_empty() {
                text += &format!("\n## {title}\n\n{}", table(&rows));
                text += &if rule.is_empty() { String::new() } else { format!("\n{rule}\n") };
            }
        }
        let follows = follows(summary);
        if !follows.is_empty() {
            text += "\n## What follows from how they work\n\n";
            follows.iter().for_each(|line| text += &format!("- {}\n", escape(line)));
        }
        text += "\n## How it was measured\n\n";
        for line in context(summary) {
            text += &format!("- {}\n", escape(&line));
        }
        for note in notes(summary) {
            text += &format!("- Note: {}\n", escape(&note));
        }
        for reason in reasons(summary) {
            text += &format!("- **{}**\n", escape(&reason));
        }
        text + &format!("\n**{}**\n", escape(&conclusion(summary)))
    }
}

/// A Markdown table; the first row is its header, the first column its names.
fn table(rows: &[Vec<String>]) -> String {
    let mut text = String::new();
    for (index, row) in rows.iter().enumerate() {
        let cells: Vec<String> = row.iter().map(|cell| escape(cell)).collect();
        text += &format!("| {} |\n", cells.join(" | "));
        if index == 0 {
            text += &format!("|---|{}\n", "---:|".repeat(row.len().saturating_sub(1)));
        }
    }
    text
}

/// Text that stays in its cell.
fn escape(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_or_a_newline_stays_in_its_cell() {
        let rows = [vec!["a".to_owned(), "b".to_owned()], vec!["x|y".to_owned(), "1\n2".to_owned()]];
        assert_eq!(table(&rows), "| a | b |\n|---|---:|\n| x\\|y | 1 2 |\n");
    }
}
