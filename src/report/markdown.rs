use super::Format;
use super::expectations::expectations;
use super::follows::follows;
use super::results::{conclusion, context, notes, reasons};
use super::section::Section;
use super::sections::sections;
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

pub struct Markdown;

impl Format for Markdown {
    fn render(&self, summary: &Summary) -> String {
        let mut text = format!("# {}\n\n", summary.name);
        if let Some(question) = &summary.question {
            text += &format!("{}\n\n", escape(question));
        }
        text += &format!("Started {}, {:.0} s.\n\n", summary.started_at, summary.seconds);
        for section in expectations(summary).into_iter().chain(sections(summary)) {
            text += &told(&section, "##");
        }
        let follows = follows(summary);
        if !follows.is_empty() {
            text += "## What follows from how they work\n\n";
            follows.iter().for_each(|line| text += &format!("- {}\n", escape(line)));
            text += "\n";
        }
        text += "## How it was measured\n\n";
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

/// The tables of a summary for something that has a headline of its own.
pub(super) fn tables(summary: &Summary) -> String {
    sections(summary).iter().map(|section| told(section, "###")).collect()
}

/// A section under a heading of this depth.
fn told(section: &Section, depth: &str) -> String {
    let mut text = format!("{depth} {}\n\n{}\n", escape(&section.title), table(&section.rows));
    if !section.rules.is_empty() {
        text += &format!("{}\n\n", section.rules);
    }
    section.below.iter().for_each(|line| text += &format!("- {}\n", escape(line)));
    if !section.below.is_empty() {
        text += "\n";
    }
    text
}

/// A Markdown table; the first row is its header, the first column its names.
pub(super) fn table(rows: &[Vec<String>]) -> String {
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

/// Text that stays in its cell, and is no tag.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = text.replace('|', "\\|").replace('\n', " ");
    let opens = |escaped: &str, at: usize| {
        escaped[at + 1..].starts_with(|next: char| next.is_ascii_alphabetic() || "/!?".contains(next))
    };
    while let Some((at, _)) = escaped.match_indices('<').find(|(at, _)| opens(&escaped, *at)) {
        escaped.replace_range(at..=at, "&lt;");
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_or_a_newline_stays_in_its_cell() {
        let rows = [vec!["a".to_owned(), "b".to_owned()], vec!["x|y".to_owned(), "1\n2".to_owned()]];
        assert_eq!(table(&rows), "| a | b |\n|---|---:|\n| x\\|y | 1 2 |\n");
    }

    #[test]
    fn what_looks_like_a_tag_is_none() {
        assert_eq!(escape("p99 < 5ms </details><b> <"), "p99 < 5ms &lt;/details>&lt;b> <");
    }
}
