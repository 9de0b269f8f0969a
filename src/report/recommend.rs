use serde::Serialize;

use super::fit::numbers;
use super::fold::prose;
use super::markdown;
use super::quantity::{amount, quantity};
use crate::measure::{Closest, Criterion, Demands, Expectation, Metric, Picked, Status, Summary, names};

/// What demands come to among the cells of a result.
pub struct Recommendation<'a> {
    pub summary: &'a Summary,
    pub demands: Demands,
    pub picked: Picked,
}

/// One cell, as JSON and CSV tell it.
#[derive(Serialize)]
struct Row<'a> {
    cell: String,
    /// Its place among those that show what is required, from 1.
    place: Option<usize>,
    /// Whether no other that shows it beats this one in every criterion.
    on_front: bool,
    /// What it misses, or why nothing can be said about it.
    remark: String,
    #[serde(skip)]
    values: Vec<(&'a str, Option<f64>)>,
}

/// All of it, as JSON tells it.
#[derive(Serialize)]
struct Whole<'a> {
    name: &'a str,
    require: &'a [Expectation],
    criteria: Vec<String>,
    best: Option<String>,
    next: Option<String>,
    reason: Vec<String>,
    cells: Vec<serde_json::Value>,
}

impl<'a> Recommendation<'a> {
    /// Among all cells of a result.
    pub fn of(summary: &'a Summary, demands: Demands) -> Recommendation<'a> {
        let all: Vec<usize> = (0..summary.cells.len()).collect();
        let picked = demands.pick(&summary.cells, &all);
        Recommendation { summary, demands, picked }
    }

    /// The metrics that are asked about, each once.
    fn metrics(&self) -> Vec<&str> {
        let criteria = self.demands.criteria.iter().map(|one| one.metric.as_str());
        let mut metrics: Vec<&str> = criteria.collect();
        for one in &self.demands.require {
            if !metrics.contains(&one.metric.as_str()) {
                metrics.push(&one.metric);
            }
        }
        metrics
    }

    fn label(&self, index: usize) -> String {
        self.summary.cells[index].label()
    }

    fn row(&self, index: usize) -> Row<'_> {
        let cell = &self.summary.cells[index];
        let left_out = self.picked.left_out.iter().find(|(out, _)| *out == index);
        let missed = || {
            let misses = self.demands.require.iter().filter(|one| {
                let values = cell.measured().into_iter().filter_map(|repeat| one.holds(&repeat.metrics));
                values.into_iter().any(|holds| !holds)
            });
            misses.map(|one| format!("misses {one}")).collect::<Vec<_>>().join(", ")
        };
        let place = self.picked.met.iter().position(|met| *met == index).map(|place| place + 1);
        Row {
            cell: cell.label(),
            place,
            on_front: self.picked.front.contains(&index),
            remark: match (left_out, place) {
                // The reason is a sentence, and stands below.
                (Some(_), _) if cell.status() == Status::Valid => "left out: not told".into(),
                (Some(_), _) => format!("left out: {}", cell.status().name()),
                (None, None) => missed(),
                (None, Some(_)) => String::new(),
            },
            values: self.metrics().into_iter().map(|metric| (metric, cell.median(metric))).collect(),
        }
    }

    /// The cells, those that show what is required first and the best of them on top.
    fn rows(&self) -> Vec<Row<'_>> {
        let mut rows: Vec<Row> = (0..self.summary.cells.len()).map(|index| self.row(index)).collect();
        rows.sort_by_key(|row| row.place.unwrap_or(usize::MAX));
        rows
    }

    fn cells(&self) -> Vec<Vec<String>> {
        let metrics = self.metrics();
        let heads = metrics.iter().map(|metric| metric.replacen('.', ".\n", 1));
        let header: Vec<String> = ["cell".to_owned()]
            .into_iter()
            .chain(heads)
            .chain(["place", "front", "remark"].map(String::from))
            .collect();
        let mut cells = vec![header];
        for row in self.rows() {
            let told = |(metric, value): &(&str, Option<f64>)| {
                value.map_or("–".to_owned(), |value| figure(metric, value))
            };
            let values: Vec<String> = row.values.iter().map(told).collect();
            let place = row.place.map_or("–".to_owned(), |place| place.to_string());
            let front = if row.on_front { "◆" } else { "" };
            let line = [row.cell].into_iter().chain(values).chain([place, front.into(), row.remark]);
            cells.push(line.collect());
        }
        cells
    }

    /// What was asked for, in a line.
    fn title(&self) -> String {
        let criteria: Vec<String> = self.demands.criteria.iter().map(wanted).collect();
        let required = demanded(&self.demands.require);
        format!("{}: the {}{required}", self.summary.name, criteria.join(", then the "))
    }

    /// The choice, the next and the reason, in sentences.
    fn reason(&self) -> Vec<String> {
        let Picked { met, closest, .. } = &self.picked;
        match (met.as_slice(), closest) {
            ([best, rest @ ..], _) => vec![self.choice(*best, rest.first().copied())],
            ([], Some(closest)) => vec![self.nearest(closest)],
            ([], None) => vec![
                "No cell can be chosen: there is none that may be believed and tells what is asked for."
                    .into(),
            ],
        }
    }

    fn choice(&self, best: usize, next: Option<usize>) -> String {
        let cells = &self.summary.cells;
        // There is always a first one: the one by default, if no other.
        let metric = self.demands.criteria.first().map_or("", |one| one.metric.as_str());
        let value = |index: usize| cells[index].median(metric).unwrap_or(f64::NAN);
        let shown = |one: &Expectation| {
            let own = cells[best].median(&one.metric).unwrap_or(f64::NAN);
            format!("{} of {} (required: {})", one.metric, figure(&one.metric, own), one.demand())
        };
        let shown: Vec<String> = self.demands.require.iter().map(shown).collect();
        let at = if shown.is_empty() { String::new() } else { format!(" at {}", shown.join(" and ")) };
        let next = next.map(|next| {
            let close = match self.demands.is_close(&cells[best], &cells[next]) {
                Some(true) => ", which is within the spread of the repeats",
                Some(false) => "",
                None => "; measured once, they tell no spread",
            };
            format!("; {} comes next with {}{close}", self.label(next), figure(metric, value(next)))
        });
        format!("{}: {}{at}{}.", self.label(best), phrase(metric, value(best)), next.unwrap_or_default())
    }

    fn nearest(&self, Closest { cell, misses }: &Closest) -> String {
        let by = |(one, value): &(Expectation, f64)| {
            let off = (value - one.limit).abs();
            let (value, off) = (figure(&one.metric, *value), figure(&one.metric, off));
            format!("{} is {value} (required: {}), off by {off}", one.metric, one.demand())
        };
        let misses: Vec<String> = misses.iter().map(by).collect();
        format!("No cell shows what is required; {} comes closest: {}.", self.label(*cell), misses.join("; "))
    }

    fn below(&self) -> Vec<String> {
        let mut lines = self.reason();
        let left_out = self.picked.left_out.iter();
        lines.extend(left_out.map(|(index, reason)| format!("Left out: {}: {reason}.", self.label(*index))));
        if self.picked.front.len() > 1 {
            lines.push("◆: no other that shows what is required is better in every criterion.".into());
        }
        lines
    }
}

/// `least db.queries_per_read`.
fn wanted(criterion: &Criterion) -> String {
    format!("{} {}", if criterion.wants_most { "most" } else { "least" }, criterion.metric)
}

/// What is demanded of a cell, as the end of a sentence.
pub(super) fn demanded(require: &[Expectation]) -> String {
    let all: Vec<String> = require.iter().map(Expectation::to_string).collect();
    if all.is_empty() { String::new() } else { format!(" with {}", all.join(" and ")) }
}

/// The value of a metric with its unit.
pub(super) fn figure(metric: &str, value: f64) -> String {
    // Numbers per operation may be below 1 and are no shares all the same.
    let is_amount = metric.contains("_per_");
    match names().into_iter().find(|(name, _)| name == metric) {
        Some((_, unit)) if !is_amount => quantity(Metric { value, unit }),
        _ => amount(value),
    }
}

/// The value of a metric with its name, in words where there are some.
pub(super) fn phrase(metric: &str, value: f64) -> String {
    match metric {
        "db.queries_per_read" => format!("{} database queries a read", figure(metric, value)),
        _ => format!("{metric} of {}", figure(metric, value)),
    }
}

/// A table, and the choice below it, for a terminal of this width.
pub fn recommendation_table(recommendation: &Recommendation, width: Option<usize>) -> String {
    let below = recommendation.below().join("\n");
    let table = numbers(recommendation.cells(), width);
    prose(&format!("{}\n{table}\n{below}\n", recommendation.title()), width)
}

/// The same for a document.
pub fn recommendation_markdown(recommendation: &Recommendation) -> String {
    let below: String = recommendation.below().iter().map(|line| format!("- {line}\n")).collect();
    format!("{}:\n\n{}\n{below}", recommendation.title(), markdown::table(&recommendation.cells()))
}

/// A row for each cell.
pub fn recommendation_csv(recommendation: &Recommendation) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let metrics = recommendation.metrics().into_iter();
    // Writing to memory cannot fail.
    let _ = writer.write_record(["cell", "place", "on_front", "remark"].into_iter().chain(metrics));
    for row in recommendation.rows() {
        let place = row.place.map(|place| place.to_string()).unwrap_or_default();
        let values = row.values.iter().map(|(_, value)| value.map(|it| it.to_string()).unwrap_or_default());
        let fixed = [row.cell, place, row.on_front.to_string(), row.remark];
        let _ = writer.write_record(fixed.into_iter().chain(values));
    }
    writer.into_inner().ok().and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default()
}

/// An object with what was asked and chosen, and an object for each cell.
pub fn recommendation_json(recommendation: &Recommendation) -> String {
    let cell = |row: Row| {
        // Numbers and texts always have a form in JSON.
        let mut json = serde_json::to_value(&row).unwrap_or_default();
        for (metric, value) in &row.values {
            json[*metric] = serde_json::json!(value);
        }
        json
    };
    let label = |place: usize| recommendation.picked.met.get(place).map(|index| recommendation.label(*index));
    let whole = Whole {
        name: &recommendation.summary.name,
        require: &recommendation.demands.require,
        criteria: recommendation.demands.criteria.iter().map(wanted).collect(),
        best: label(0),
        next: label(1),
        reason: recommendation.reason(),
        cells: recommendation.rows().into_iter().map(cell).collect(),
    };
    serde_json::to_string_pretty(&whole).unwrap_or_default() + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::{CellResult, Metrics, RepeatResult, Unit, Verdict};

    fn cell(strategy: &str, repeats: &[(f64, f64)]) -> CellResult {
        let repeat = |&(stale, queries): &(f64, f64)| {
            let mut metrics = Metrics::default();
            metrics.put("stale_rate", stale, Unit::Ratio);
            metrics.put("db.queries_per_read", queries, Unit::Ratio);
            RepeatResult { metrics, ..RepeatResult::default() }
        };
        let repeats = repeats.iter().map(repeat).collect();
        CellResult { strategy: strategy.into(), repeats, ..CellResult::default() }
    }

    fn summary() -> Summary {
        let mut late = cell("direct", &[(0.0, 1.0)]);
        late.repeats[0].status = Status::Invalid;
        late.repeats[0].verdict = Verdict { reasons: vec!["too late".into()], ..Verdict::default() };
        let cells = vec![
            cell("write-around", &[(0.009, 0.15), (0.008, 0.12)]),
            cell("cache-aside", &[(0.004, 0.12), (0.004, 0.12)]),
            cell("write-behind", &[(0.3, 0.05)]),
            late,
        ];
        Summary { name: "shop".into(), cells, ..Summary::default() }
    }

    fn recommendation<'a>(summary: &'a Summary, require: &str) -> Recommendation<'a> {
        let criteria = vec![Criterion::least("db.queries_per_read"), Criterion::least("stale_rate")];
        Recommendation::of(summary, Demands { require: vec![require.parse().unwrap()], criteria })
    }

    #[test]
    fn the_choice_is_told_with_its_numbers_and_the_next_one() {
        let summary = summary();
        let one = recommendation(&summary, "stale_rate < 1%");
        assert_eq!(
            one.reason(),
            [
                "cache-aside: 0.120 database queries a read at stale_rate of 0.4 % (required: < 1%); write-around comes \
              next with 0.135, which is within the spread of the repeats."
            ]
        );
        let table = recommendation_table(&one, None);
        assert!(
            table.starts_with("shop: the least db.queries_per_read, then the least stale_rate with "),
            "{table}"
        );
        for word in
            ["misses stale_rate < 1%", "left out: invalid", "Left out: direct: invalid: too late.", "◆"]
        {
            assert!(table.contains(word), "{table}");
        }
        assert!(recommendation_markdown(&one).contains("| cache-aside | 0.120 | 0.4 % | 1 | ◆ |"));
    }

    #[test]
    fn where_none_satisfies_the_closest_is_told_with_what_it_misses() {
        let summary = summary();
        let none = recommendation(&summary, "stale_rate < 0.1%");
        assert_eq!(
            none.reason(),
            [
                "No cell shows what is required; cache-aside comes closest: stale_rate is 0.4 % (required: < 0.1%), off by \
              0.3 %."
            ]
        );
        let unknown = recommendation(&summary, "hit_rate > 1%");
        assert!(unknown.reason()[0].starts_with("No cell can be chosen"));
    }

    #[test]
    fn csv_and_json_have_the_same_numbers() {
        let summary = summary();
        let one = recommendation(&summary, "stale_rate < 1%");
        let csv = recommendation_csv(&one);
        assert!(csv.starts_with("cell,place,on_front,remark,db.queries_per_read,stale_rate\n"), "{csv}");
        assert!(csv.contains("\ncache-aside,1,true,,0.12,0.004\n"), "{csv}");
        let json: serde_json::Value = serde_json::from_str(&recommendation_json(&one)).unwrap();
        assert_eq!((&json["best"], &json["next"]), (&"cache-aside".into(), &"write-around".into()));
        assert_eq!(json["cells"][0]["db.queries_per_read"], 0.12);
        assert_eq!(json["require"][0], "stale_rate < 1%");
    }
}
