use std::fmt::Display;
use std::str::FromStr;

use super::comparison::Better;
use super::inference::{ChangePoint, change_points};
use super::{Summary, Unit, median, names};

/// What is kept of each cell where nothing else is asked for.
pub const KEPT: [&str; 8] = [
    "throughput.achieved",
    "read.response.p50",
    "read.response.p99",
    "write.response.p50",
    "write.response.p99",
    "hit_rate",
    "db.queries_per_op",
    "cache.commands_per_op",
];

/// The columns that every point has.
const FIXED: [&str; 2] = ["time", "commit"];

/// The results of a program over time: a CSV file with a line for each, the oldest first, and a column for each metric of
/// each cell.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    /// `cell|metric`, with the unit at its end as in every CSV.
    columns: Vec<String>,
    points: Vec<Point>,
}

/// One result.
#[derive(Clone, Debug, PartialEq)]
struct Point {
    time: String,
    commit: String,
    /// By column; nothing where it was not measured.
    values: Vec<Option<f64>>,
}

/// One column over time.
#[derive(Clone, Debug, PartialEq)]
pub struct Trend {
    pub column: String,
    /// Those that were measured, the oldest first.
    pub values: Vec<f64>,
    pub median: f64,
    /// Where its level changed, the oldest first.
    pub changes: Vec<Change>,
}

/// A change of level.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The first point of the new level.
    pub time: String,
    pub commit: String,
    /// How many points there are from it on.
    pub points: usize,
    /// The means of both levels.
    pub before: f64,
    pub after: f64,
    pub p: f64,
    /// Whether it is for the worse.
    pub is_worse: bool,
}

/// A line that is none of a history.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct HistoryError {
    /// From 1.
    pub line: u64,
    pub what: String,
}

impl FromStr for History {
    type Err = HistoryError;

    fn from_str(text: &str) -> Result<History, HistoryError> {
        let mut reader =
            csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
        let mut history: Option<History> = None;
        for record in reader.records() {
            let record = record.map_err(|error| {
                let line = error.position().map_or(1, csv::Position::line);
                HistoryError { line, what: error.to_string() }
            })?;
            let line = record.position().map_or(1, csv::Position::line);
            let wrong = |what: String| HistoryError { line, what };
            let fields: Vec<&str> = record.iter().collect();
            match &mut history {
                None => history = Some(History { columns: header(&fields).map_err(wrong)?, points: vec![] }),
                Some(history) => history.points.push(point(&history.columns, &fields).map_err(wrong)?),
            }
        }
        Ok(history.unwrap_or_default())
    }
}

/// The columns that a header names after the fixed ones.
fn header(fields: &[&str]) -> Result<Vec<String>, String> {
    let Some((fixed, columns)) = fields.split_at_checked(FIXED.len()).filter(|(fixed, _)| *fixed == FIXED)
    else {
        return Err(format!(
            "`{}` is no header of a history; it begins with `{}`",
            fields.join(","),
            FIXED.join(",")
        ));
    };
    let twice = columns
        .iter()
        .enumerate()
        .find(|(place, name)| columns[..*place].contains(name) || fixed.contains(name));
    match twice {
        Some((_, name)) => Err(format!("column `{name}` is there twice")),
        None => Ok(columns.iter().map(ToString::to_string).collect()),
    }
}

fn point(columns: &[String], fields: &[&str]) -> Result<Point, String> {
    let wanted = columns.len() + FIXED.len();
    let [time, commit, values @ ..] = fields else {
        return Err(format!("{} field where the header has {wanted}", fields.len()));
    };
    if values.len() != columns.len() {
        return Err(format!("{} fields where the header has {wanted}", fields.len()));
    }
    let value = |(field, column): (&&str, &String)| match field.trim() {
        "" => Ok(None),
        text => match text.parse::<f64>() {
            Ok(value) if value.is_finite() => Ok(Some(value)),
            _ => Err(format!("`{text}` under `{column}` is no number; what was not measured is left empty")),
        },
    };
    let values: Result<Vec<Option<f64>>, String> = values.iter().zip(columns).map(value).collect();
    Ok(Point { time: time.to_string(), commit: commit.to_string(), values: values? })
}

impl History {
    /// How many results it has.
    pub fn len(&self) -> usize {
        self.points.len()
    }

    pub fn is_empty(&self) -> bool {
        self.points.is_empty()
    }

    /// The names of its columns.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Whether it has a result of this time already.
    pub fn has(&self, time: &str) -> bool {
        self.points.iter().any(|point| point.time == time)
    }

    /// Adds a result. Columns that are new are empty for the others.
    pub fn add(&mut self, time: &str, commit: &str, values: Vec<(String, f64)>) {
        let mut point =
            Point { time: time.into(), commit: commit.into(), values: vec![None; self.columns.len()] };
        for (column, value) in values {
            let place = self.columns.iter().position(|known| *known == column).unwrap_or_else(|| {
                self.columns.push(column);
                self.points.iter_mut().chain([&mut point]).for_each(|point| point.values.push(None));
                self.columns.len() - 1
            });
            point.values[place] = Some(value);
        }
        self.points.push(point);
    }

    /// As its file holds it.
    pub fn csv(&self) -> String {
        let mut writer = csv::Writer::from_writer(Vec::new());
        // Writing to memory does not fail, and every point has as many values as there are columns.
        let _ = writer.write_record(FIXED.into_iter().chain(self.columns.iter().map(String::as_str)));
        for point in &self.points {
            let values =
                point.values.iter().map(|value| value.as_ref().map_or(String::new(), f64::to_string));
            let _ = writer.write_record([point.time.clone(), point.commit.clone()].into_iter().chain(values));
        }
        String::from_utf8(writer.into_inner().unwrap_or_default()).unwrap_or_default()
    }

    /// The trend of each column that is wanted, over the last so many points, if not over all.
    pub fn trends(&self, last: Option<usize>, is_wanted: impl Fn(&str) -> bool) -> Vec<Trend> {
        let skipped = last.map_or(0, |last| self.points.len().saturating_sub(last));
        let points = &self.points[skipped..];
        let columns = self.columns.iter().enumerate().filter(|(_, column)| is_wanted(column));
        columns.filter_map(|(place, column)| trend(points, place, column)).collect()
    }
}

/// The trend of a column; nothing where it was never measured.
fn trend(points: &[Point], place: usize, column: &str) -> Option<Trend> {
    let told: Vec<(&Point, f64)> =
        points.iter().filter_map(|point| Some((point, point.values[place]?))).collect();
    let values: Vec<f64> = told.iter().map(|(_, value)| *value).collect();
    let median = median(values.clone())?;
    let better = Better::of(cell_and_metric(column).1);
    let change = |change: ChangePoint| {
        let point = told[change.index].0;
        Change {
            time: point.time.clone(),
            commit: point.commit.clone(),
            points: told.len() - change.index,
            before: change.before,
            after: change.after,
            p: change.p,
            is_worse: (change.after > change.before) == (better == Better::Less),
        }
    };
    let changes = change_points(&values).into_iter().map(change).collect();
    Some(Trend { column: column.into(), values, median, changes })
}

impl Change {
    /// The new level over the old one, less 1; nothing where the old one is 0.
    pub fn relative(&self) -> Option<f64> {
        (self.before != 0.0).then(|| self.after / self.before - 1.0)
    }
}

/// A column's cell, and its metric with the unit at its end.
pub fn cell_and_metric(column: &str) -> (&str, &str) {
    column.rsplit_once('|').unwrap_or(("", column))
}

/// The unit of a column, where its metric is one of ours.
pub fn unit_of(column: &str) -> Option<Unit> {
    let (_, metric) = cell_and_metric(column);
    let is_it = |(name, unit): &(String, Unit)| metric.strip_prefix(name.as_str()) == Some(unit.suffix());
    names().into_iter().find(is_it).map(|(_, unit)| unit)
}

/// What a result tells of these metrics: for each cell the median of its repeats, by the name of its column.
pub fn told<M: AsRef<str> + Display>(summary: &Summary, metrics: &[M]) -> Vec<(String, f64)> {
    let units = names();
    let mut told = Vec::new();
    for cell in &summary.cells {
        for metric in metrics {
            let suffix =
                units.iter().find(|(name, _)| name == metric.as_ref()).map_or("", |(_, unit)| unit.suffix());
            let column = format!("{}|{metric}{suffix}", cell.label());
            told.extend(cell.median(metric.as_ref()).map(|value| (column, value)));
        }
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::{CellResult, Metrics, RepeatResult};

    fn history(values: &[f64]) -> History {
        let mut history = History::default();
        for (day, &value) in values.iter().enumerate() {
            let time = format!("2026-01-{:02}T00:00:00Z", day + 1);
            history.add(&time, &format!("c{day}"), vec![("direct|read.response.p50_us".into(), value)]);
        }
        history
    }

    #[test]
    fn a_history_is_read_as_it_was_written() {
        let mut history = history(&[1.5, 2.0]);
        history.add("2026-02-01T00:00:00Z", "c, \"2\"", vec![("a, b|hit_rate".into(), 0.25)]);
        let text = history.csv();
        assert_eq!(
            text,
            "time,commit,direct|read.response.p50_us,\"a, b|hit_rate\"\n2026-01-01T00:00:00Z,c0,1.5,\n\
             2026-01-02T00:00:00Z,c1,2,\n2026-02-01T00:00:00Z,\"c, \"\"2\"\"\",,0.25\n"
        );
        assert_eq!(text.parse::<History>().unwrap(), history);
        assert_eq!("".parse::<History>().unwrap(), History::default());
        assert!(history.has("2026-02-01T00:00:00Z") && !history.has("2026-02-02T00:00:00Z"));
    }

    #[test]
    fn a_step_is_told_with_the_point_at_which_it_came() {
        let history = history(&[10.0, 10.1, 9.9, 10.0, 10.2, 9.8, 12.0, 12.1, 11.9, 12.0, 12.2]);
        let trend = history.trends(None, |_| true).remove(0);
        let [change] = &trend.changes[..] else { panic!("{trend:?}") };
        assert_eq!((change.commit.as_str(), change.points, change.is_worse), ("c6", 5, true));
        assert!((change.before - 10.0).abs() < 1e-9 && (change.relative().unwrap() - 0.204).abs() < 1e-3);
        assert_eq!(history.trends(Some(5), |_| true)[0].changes, [], "the control: the new level alone");
        assert!(history.trends(None, |_| false).is_empty());
    }

    #[test]
    fn a_line_that_is_none_is_told_with_its_number() {
        let wrong = |text: &str| text.parse::<History>().unwrap_err().to_string();
        let good = "time,commit,a|x,b|x\n2026,c,1,2\n";
        assert_eq!(
            wrong(&format!("{good}2027,d,1,fast\n")),
            "line 3: `fast` under `b|x` is no number; what was not measured is left empty"
        );
        assert_eq!(wrong(&format!("{good}2027,d,1\n")), "line 3: 3 fields where the header has 4");
        assert_eq!(
            wrong(&format!("{good}2027,d,NaN,1\n")).split(" is ").next(),
            Some("line 3: `NaN` under `a|x`")
        );
        assert_eq!(
            wrong("when,commit\n"),
            "line 1: `when,commit` is no header of a history; it begins with `time,commit`"
        );
        assert_eq!(wrong("time,commit,a|x,a|x\n"), "line 1: column `a|x` is there twice");
        assert_eq!(wrong("2027\n"), "line 1: `2027` is no header of a history; it begins with `time,commit`");
    }

    #[test]
    fn a_result_is_told_by_its_medians_with_their_units() {
        let repeat = |value: f64| {
            let mut metrics = Metrics::default();
            metrics.put("read.response.p50", value, Unit::Us);
            RepeatResult { metrics, ..RepeatResult::default() }
        };
        let cell = CellResult {
            strategy: "direct".into(),
            repeats: [3.0, 1.0, 2.0].map(repeat).to_vec(),
            ..CellResult::default()
        };
        let summary = Summary { cells: vec![cell], ..Summary::default() };
        assert_eq!(told(&summary, &KEPT), [("direct|read.response.p50_us".to_owned(), 2.0)]);
        assert_eq!(unit_of("direct|read.response.p50_us"), Some(Unit::Us));
        assert_eq!((unit_of("direct|hit_rate"), unit_of("direct|speed")), (Some(Unit::Ratio), None));
    }
}
