//! A comparison of two versions or settings, as text.

mod tables;

pub(super) use tables::{Section, sections};

use super::fit::numbers;
use super::fold::prose;
use super::{html, markdown};
use crate::measure::comparison::{Comparison, Side};

/// Warnings, aligned tables, and the conclusion below them, for a terminal of this width.
pub fn comparison_table(comparison: &Comparison, width: Option<usize>) -> String {
    let mut text = String::new();
    if let Some(question) = &comparison.question {
        text += &format!("{question}\n\n");
    }
    comparison.warnings.iter().for_each(|warning| text += &format!("! {warning}\n"));
    sides(comparison).iter().for_each(|line| text += &format!("{line}\n"));
    for Section { title, rows, below } in sections(comparison) {
        text += &format!("\n{title}\n");
        if rows.len() > 1 {
            text += &format!("{}\n", numbers(rows, width));
        }
        below.iter().for_each(|line| text += &format!("{line}\n"));
    }
    prose(&(text + &format!("\n{}\n", comparison.conclusion)), width)
}

/// The same for a document or a pull request.
pub fn comparison_markdown(comparison: &Comparison) -> String {
    let mut text = format!("# {}\n\n", comparison.name);
    if let Some(question) = &comparison.question {
        text += &format!("{}\n\n", markdown::escape(question));
    }
    for warning in &comparison.warnings {
        text += &format!("- **Warning: {}**\n", markdown::escape(warning));
    }
    sides(comparison).iter().for_each(|line| text += &format!("- {}\n", markdown::escape(line)));
    text += &format!("- Started {}, {:.0} s.\n", comparison.started_at, comparison.seconds);
    text += &markdown_tables(comparison);
    text + &format!("\n**{}**\n", markdown::escape(&comparison.conclusion))
}

/// Its tables alone, in Markdown.
pub(super) fn markdown_tables(comparison: &Comparison) -> String {
    let mut text = String::new();
    for Section { title, rows, below } in sections(comparison) {
        text += &format!("\n## {title}\n\n");
        if rows.len() > 1 {
            text += &format!("{}\n", markdown::table(&rows));
        }
        below.iter().for_each(|line| text += &format!("- {}\n", markdown::escape(line)));
    }
    text
}

/// The same as a page with figures.
pub fn comparison_html(comparison: &Comparison) -> String {
    html::render(&html::pages::comparison(comparison))
}

/// Everything, as `comparison.json` holds it.
pub fn comparison_json(comparison: &Comparison) -> String {
    // A comparison holds texts and finite numbers, all of which JSON can say.
    serde_json::to_string_pretty(comparison).unwrap_or_default() + "\n"
}

/// A row for each exact count that changed, for each count, and for each time.
///
/// `change`, `low` and `high` are of head over base, less 1; what has none is left empty.
pub fn comparison_csv(comparison: &Comparison) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let header =
        ["tier", "cell", "metric", "base", "head", "change", "low", "high", "p", "p_holm", "outcome"];
    // Writing to memory does not fail, and every row has as many fields as the header.
    let _ = writer.write_record(header);
    for row in tables::records(comparison) {
        let _ = writer.write_record(row);
    }
    String::from_utf8(writer.into_inner().unwrap_or_default()).unwrap_or_default()
}

/// What base and head are.
fn sides(comparison: &Comparison) -> Vec<String> {
    let line = |name: &str, Side { label, cachebench, what }: &Side| {
        let parts = [label, cachebench].into_iter().chain(what).filter(|part| !part.is_empty());
        format!("{name}: {}", parts.cloned().collect::<Vec<_>>().join(" · "))
    };
    vec![line("base", &comparison.base), line("head", &comparison.head)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Unit;
    use crate::measure::comparison::{
        Better, Counted, Exact, ExactChange, Outcome, Series, Tallied, judge, judge_counts,
    };
    use crate::measure::inference::Law;

    fn side(label: &str) -> Side {
        Side {
            label: label.into(),
            cachebench: "cachebench 0.1.0".into(),
            what: vec!["cache.ttl = 1s".into()],
        }
    }

    /// A comparison in which something of each tier changed.
    fn comparison() -> Comparison {
        let base = vec![470.0, 475.0, 468.0, 472.0, 471.0, 474.0, 469.0, 473.0];
        let head = base.iter().zip(1..).map(|(value, i)| value * (1.14 + f64::from(i) / 500.0)).collect();
        let again = base.iter().rev().copied().collect();
        let series = |metric: &str, head: Vec<f64>| Series {
            cell: "cache-aside".into(),
            metric: metric.into(),
            unit: Unit::Us,
            better: Better::Less,
            base: base.clone(),
            head,
            again: base.iter().rev().copied().collect(),
        };
        let times =
            judge(&[series("read.miss.response.p50", head), series("write.response.p50", again)]).unwrap();
        let tallied = |counts: [f64; 5]| -> Vec<Tallied> {
            counts.iter().zip(1..).map(|(&count, seed)| Tallied { seed, count, of: 20_000.0 }).collect()
        };
        let counts = judge_counts(&[Counted {
            cell: "cache-aside".into(),
            metric: "stale_rate".into(),
            better: Better::Less,
            law: Law::Share,
            base: tallied([20.0, 24.0, 19.0, 22.0, 18.0]),
            head: tallied([80.0, 84.0, 79.0, 82.0, 78.0]),
        }]);
        let change = ExactChange {
            cell: "cache-aside".into(),
            count: "db.load".into(),
            base: Some(305),
            head: Some(610),
            operations: 5_000,
            outcome: Outcome::Regressed,
        };
        let exact = Exact { left_out: None, counts: 24, changes: vec![change] };
        let mut comparison = Comparison {
            base: side("main"),
            head: side("change"),
            name: "gate".into(),
            question: Some("Did it get slower?".into()),
            interleaved: true,
            warnings: vec!["2 processors are few".into()],
            exact: Some(exact),
            counts,
            times,
            ..Comparison::default()
        };
        comparison.conclude();
        comparison
    }

    #[test]
    fn warnings_stand_on_top_and_the_conclusion_stands_last() {
        let text = comparison_table(&comparison(), None);
        assert!(
            text.starts_with(
                "Did it get slower?\n\n! 2 processors are few\nbase: main · cachebench 0.1.0 · "
            ),
            "{text}"
        );
        let last = text.lines().last().unwrap();
        assert!(last.starts_with("regressed: db.load of cache-aside 610 instead of 305"), "{text}");
        for words in [
            "23 counts alike.",
            "+14.9 %",
            "unchanged",
            "472 us",
            "0.103 %",
            "by counts over 5 seeds",
            "read.miss.response.p50 of cache-aside: worse by more than 5 %",
        ] {
            assert!(text.contains(words), "{words} is not in:\n{text}");
        }
        // Every line of a table is as wide as its neighbours.
        for table in text.split("\n\n").filter(|part| part.contains('╭')) {
            let widths: Vec<usize> = table
                .lines()
                .filter(|line| "╭│├╰".contains(&line[..3]))
                .map(|line| line.chars().count())
                .collect();
            assert!(widths.windows(2).all(|two| two[0] == two[1]), "{table}");
        }
    }

    #[test]
    fn a_tier_that_was_left_out_says_why_and_one_without_numbers_is_not_there() {
        let exact = Exact { left_out: Some("there are writes behind".into()), ..Exact::default() };
        let mut comparison = Comparison { exact: Some(exact), ..Comparison::default() };
        comparison.conclude();
        let text = comparison_table(&comparison, None);
        assert!(text.contains("Exact counts\nleft out: there are writes behind\n"), "{text}");
        assert!(!text.contains("Times") && !text.contains('╭'), "{text}");
        assert!(text.ends_with("inconclusive: nothing was compared\n"), "{text}");
    }

    #[test]
    fn markdown_csv_and_json_tell_the_same() {
        let comparison = comparison();
        let text = comparison_markdown(&comparison);
        assert!(text.contains("| cell | metric | base | head | change |"), "{text}");
        assert!(text.contains("- **Warning: 2 processors are few**") && text.ends_with("**\n"), "{text}");
        let csv = comparison_csv(&comparison);
        assert_eq!(csv.lines().count(), 5, "{csv}");
        assert!(csv.contains("\nexact,cache-aside,db.load,305,610,1,,,,,regressed\n"), "{csv}");
        assert!(csv.contains("\ncounts,cache-aside,stale_rate,0.00103,"), "{csv}");
        let read: Comparison = serde_json::from_str(&comparison_json(&comparison)).unwrap();
        assert_eq!(comparison_table(&read, None), comparison_table(&comparison, None));
    }
}
