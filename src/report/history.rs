use serde::Serialize;

use super::bars::bar;
use super::fit::numbers;
use super::fold::prose;
use super::markdown;
use super::quantity::quantity;
use crate::measure::Metric;
use crate::measure::comparison::{percent, short};
use crate::measure::history::{Change, Trend, cell_and_metric, unit_of};

/// As many points as a plot in a table shows.
const PLOTTED: usize = 40;

/// A trend, as JSON tells it.
#[derive(Serialize)]
struct Told<'a> {
    cell: &'a str,
    metric: &'a str,
    points: usize,
    median: f64,
    changes: Vec<ToldChange<'a>>,
}

/// A change, as JSON tells it.
#[derive(Serialize)]
struct ToldChange<'a> {
    time: &'a str,
    commit: &'a str,
    points: usize,
    before: f64,
    after: f64,
    change: Option<f64>,
    p: f64,
    is_worse: bool,
}

impl ToldChange<'_> {
    fn of(change: &Change) -> ToldChange<'_> {
        ToldChange {
            time: &change.time,
            commit: &change.commit,
            points: change.points,
            before: change.before,
            after: change.after,
            change: change.relative(),
            p: change.p,
            is_worse: change.is_worse,
        }
    }
}

/// The trends, and where their levels changed, for a terminal of this width.
pub fn history_table(trends: &[Trend], width: Option<usize>) -> String {
    let mut text = format!("{}\n", numbers(overview(trends), width));
    let changes = changes(trends);
    if changes.len() > 1 {
        text += &format!("\nChanges of level\n{}\n", numbers(changes, width));
    }
    prose(&(text + &below(trends) + "\n"), width)
}

/// The same for a document.
pub fn history_markdown(trends: &[Trend]) -> String {
    let mut text = format!("{}\n", markdown::table(&overview(trends)));
    let changes = changes(trends);
    if changes.len() > 1 {
        text += &format!("{}\n", markdown::table(&changes));
    }
    text + &below(trends) + "\n"
}

/// An object for each trend.
pub fn history_json(trends: &[Trend]) -> String {
    let told = trends.iter().map(|trend| {
        let (cell, metric) = cell_and_metric(&trend.column);
        let changes = trend.changes.iter().map(ToldChange::of).collect();
        Told { cell, metric, points: trend.values.len(), median: trend.median, changes }
    });
    // Texts and finite numbers always have a form in JSON.
    serde_json::to_string_pretty(&told.collect::<Vec<_>>()).unwrap_or_default() + "\n"
}

/// A row for each change.
pub fn history_csv(trends: &[Trend]) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let header = ["cell", "metric", "time", "commit", "points", "before", "after", "change", "p", "is_worse"];
    // Writing to memory does not fail, and every row has as many fields as the header.
    let _ = writer.write_record(header);
    for (trend, change) in every_change(trends) {
        let (cell, metric) = cell_and_metric(&trend.column);
        let relative = change.relative().map(|relative| relative.to_string()).unwrap_or_default();
        let numbers = [change.before.to_string(), change.after.to_string(), relative, change.p.to_string()];
        let place = [cell, metric, &change.time, &change.commit].map(str::to_owned);
        let fields = place.into_iter().chain([change.points.to_string()]).chain(numbers);
        let _ = writer.write_record(fields.chain([change.is_worse.to_string()]));
    }
    String::from_utf8(writer.into_inner().unwrap_or_default()).unwrap_or_default()
}

fn every_change(trends: &[Trend]) -> impl Iterator<Item = (&Trend, &Change)> {
    trends.iter().flat_map(|trend| trend.changes.iter().map(move |change| (trend, change)))
}

fn overview(trends: &[Trend]) -> Vec<Vec<String>> {
    let header = ["cell", "metric", "points", "median", "trend", "changes"];
    let mut rows = vec![header.map(String::from).to_vec()];
    for trend in trends {
        let (cell, metric) = cell_and_metric(&trend.column);
        rows.push(vec![
            cell.into(),
            metric.into(),
            trend.values.len().to_string(),
            told(&trend.column, trend.median),
            plot(&trend.values),
            trend.changes.len().to_string(),
        ]);
    }
    rows
}

fn changes(trends: &[Trend]) -> Vec<Vec<String>> {
    let header = ["cell", "metric", "since", "commit", "before", "after", "change", "p", "for the"];
    let mut rows = vec![header.map(String::from).to_vec()];
    for (trend, change) in every_change(trends) {
        let (cell, metric) = cell_and_metric(&trend.column);
        rows.push(vec![
            cell.into(),
            metric.into(),
            change.time.clone(),
            change.commit.clone(),
            told(&trend.column, change.before),
            told(&trend.column, change.after),
            change.relative().map_or("–".into(), percent),
            short(change.p),
            if change.is_worse { "worse" } else { "better" }.into(),
        ]);
    }
    rows
}

/// The newest values, from the least to the most of them.
fn plot(values: &[f64]) -> String {
    let newest = &values[values.len().saturating_sub(PLOTTED)..];
    let least = newest.iter().copied().fold(f64::INFINITY, f64::min);
    let most = newest.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    newest.iter().map(|&value| bar(value, (value - least) / (most - least))).collect()
}

/// A value with the unit of its column, where that is known.
fn told(column: &str, value: f64) -> String {
    match unit_of(column) {
        Some(unit) if !column.contains("_per_op") => quantity(Metric { value, unit }),
        _ => format!("{value:.3}"),
    }
}

fn below(trends: &[Trend]) -> String {
    let count = every_change(trends).count();
    let worse = every_change(trends).filter(|(_, change)| change.is_worse).count();
    match count {
        0 => "No level changed.".into(),
        1 => format!("1 level changed, for the {}.", if worse == 1 { "worse" } else { "better" }),
        _ => format!("{count} levels changed, {worse} of them for the worse."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::history::History;

    fn trends() -> Vec<Trend> {
        let mut history = History::default();
        for day in 1..=12 {
            let value = if day <= 6 { 500.0 } else { 600.0 } + f64::from(day % 3);
            let values = vec![
                ("cache-aside|read.response.p50_us".to_owned(), value),
                ("cache-aside|hit_rate".to_owned(), 0.9),
            ];
            history.add(&format!("2026-01-{day:02}T00:00:00Z"), &format!("c{day}"), values);
        }
        history.trends(None, |_| true)
    }

    #[test]
    fn trends_and_changes_are_told_with_their_units() {
        let text = history_table(&trends(), None);
        for words in
            ["501 us", "601 us", "90.0 %", "+20.0 %", "c7", "worse", "▁", "1 level changed, for the worse."]
        {
            assert!(text.contains(words), "{words} is not in:\n{text}");
        }
        let markdown = history_markdown(&trends());
        assert!(
            markdown.contains("| cache-aside | read.response.p50_us | 2026-01-07T00:00:00Z | c7 |"),
            "{markdown}"
        );
        let none = history_table(&trends()[1..], None);
        assert!(none.ends_with("No level changed.\n") && !none.contains("Changes of level"), "{none}");
    }

    #[test]
    fn csv_and_json_have_the_same_numbers() {
        let csv = history_csv(&trends());
        let row = "\ncache-aside,read.response.p50_us,2026-01-07T00:00:00Z,c7,6,501,601,0.199";
        assert!(csv.contains(row) && csv.lines().count() == 2, "{csv}");
        let json: serde_json::Value = serde_json::from_str(&history_json(&trends())).unwrap();
        assert_eq!((&json[0]["changes"][0]["commit"], &json[0]["points"]), (&"c7".into(), &12.into()));
        assert_eq!(json[1]["changes"], serde_json::json!([]));
    }
}
