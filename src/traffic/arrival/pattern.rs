use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Rates;
use super::rates::Line;
use crate::registry::OptionsError;
use crate::traffic::locate::locate;

/// A recorded traffic pattern: the rate of another system over time, from a file.
///
/// CSV under the header `time_s,rate`: seconds from the start, from 0 on and never falling, and operations per
/// second. Between two rows the rate runs linearly; two rows of one time are a jump. Empty lines and lines that
/// begin with `#` are skipped.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pattern {
    /// The file. A relative path is looked for beside the workload file, in the folder that CACHEBENCH_TRACES
    /// names, and in the current folder.
    pub file: PathBuf,
    /// What the rates are multiplied by.
    #[serde(default = "one")]
    #[schemars(range(min = 0.000001, max = 1_000_000_000))]
    pub scale: f64,
    /// How many times as fast the pattern is gone through. The rates stay as they are, so at a speed of 60 an hour
    /// becomes a minute with a sixtieth of its operations.
    #[serde(default = "one")]
    #[schemars(range(min = 0.000001, max = 1_000_000_000))]
    pub speed: f64,
}

fn one() -> f64 {
    1.0
}

/// The header of a pattern.
const HEADER: &str = "time_s,rate";
/// No run takes longer than this, in seconds: 30 years.
const LONGEST: f64 = 1e9;

/// A row: seconds from the start, and operations per second.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Row {
    time: f64,
    rate: f64,
}

impl Pattern {
    /// Reads the file; relative paths are looked for in the folders, in order.
    ///
    /// # Errors
    /// When there is no such file, or when it is no pattern; the message names the file and the line.
    pub fn read(&self, folders: &[PathBuf]) -> Result<Rates, OptionsError> {
        let path = locate("traffic pattern", &self.file, folders)?;
        let text = std::fs::read_to_string(&path)
            .map_err(|error| OptionsError(format!("{}: cannot be read: {error}", path.display())))?;
        self.rates(&path, &text)
    }

    fn rates(&self, path: &Path, text: &str) -> Result<Rates, OptionsError> {
        let rows = rows(text).map_err(|Misread { line, wrong }| {
            OptionsError(match line {
                Some(line) => format!("{}, line {line}: {wrong}", path.display()),
                None => format!("{}: {wrong}", path.display()),
            })
        })?;
        let seconds = |row: &Row| row.time / self.speed;
        if rows.last().is_some_and(|row| seconds(row) > LONGEST) {
            let text = format!("{}: at this speed the pattern takes over 30 years", path.display());
            return Err(OptionsError(text));
        }
        Ok(Rates::through(rows.windows(2).map(|pair| Line {
            seconds: seconds(&pair[1]) - seconds(&pair[0]),
            from: pair[0].rate * self.scale,
            to: pair[1].rate * self.scale,
        })))
    }
}

/// What is wrong with a pattern, and in which line where it is one.
struct Misread {
    line: Option<usize>,
    wrong: String,
}

fn rows(text: &str) -> Result<Vec<Row>, Misread> {
    let whole = |wrong: &str| Misread { line: None, wrong: wrong.into() };
    let lines = text.trim_start_matches('\u{feff}').lines().map(str::trim);
    let mut lines = (1..).zip(lines).filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    let (line, header) =
        lines.next().ok_or_else(|| whole("the file is empty; expected the header time_s,rate"))?;
    if header.split(',').map(str::trim).ne(HEADER.split(',')) {
        let wrong = format!("expected the header {HEADER}, found `{}`", shown(header));
        return Err(Misread { line: Some(line), wrong });
    }
    let mut rows: Vec<Row> = Vec::new();
    for (line, text) in lines {
        let row = row(text, rows.last()).map_err(|wrong| Misread { line: Some(line), wrong })?;
        rows.push(row);
    }
    match rows.as_slice() {
        [] => Err(whole("there is no row below the header")),
        [.., last] if last.time <= 0.0 => {
            Err(whole("the pattern has no length; its last time must be above 0"))
        }
        rows if rows.iter().all(|row| row.rate <= 0.0) => Err(whole("no rate is above 0")),
        _ => Ok(rows),
    }
}

/// Reads a row that follows the `last`; else says what is wrong with it.
fn row(text: &str, last: Option<&Row>) -> Result<Row, String> {
    let fields: Vec<&str> = text.split(',').map(str::trim).collect();
    let [time, rate] = fields.as_slice() else {
        return Err(format!("expected two fields, time_s and rate, found {}", fields.len()));
    };
    let number = |name: &str, text: &str| {
        let number = text.parse().ok().filter(|number: &f64| number.is_finite());
        number.ok_or_else(|| format!("{name} `{}` is not a number", shown(text)))
    };
    let row = Row { time: number("time_s", time)?, rate: number("rate", rate)? };
    match last {
        None if row.time != 0.0 => {
            Err(format!("the first row is at {time} s; times count from the start, 0"))
        }
        Some(last) if row.time < last.time => {
            Err(format!("the time falls from {} to {time}; expected rows in the order of time", last.time))
        }
        _ if row.rate < 0.0 => Err(format!("the rate {rate} is below 0")),
        _ => Ok(row),
    }
}

/// What stands in the file, cut to a length that fits into a sentence.
fn shown(text: &str) -> String {
    text.chars().take(40).flat_map(char::escape_debug).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::traffic::{Arrival, Schedule};

    fn pattern(scale: f64, speed: f64) -> Pattern {
        Pattern { file: "day.csv".into(), scale, speed }
    }

    fn read(text: &str) -> Result<Rates, String> {
        pattern(1.0, 1.0).rates(Path::new("day.csv"), text).map_err(|error| error.to_string())
    }

    const DAY: &str = "# an invented day\ntime_s,rate\n0,100\n10, 300\n\n10,50\r\n20,50\n";

    #[test]
    fn between_two_rows_the_rate_runs_linearly() {
        let rates = read(DAY).unwrap();
        assert_eq!(rates.length(), Some(Duration::from_secs(20)));
        for (seconds, arrivals) in [(5, 750.0), (10, 2_000.0), (20, 2_500.0), (30, 3_000.0)] {
            assert_eq!(rates.expected(Duration::from_secs(seconds)), arrivals, "{seconds} s");
        }
        let stretch = |from: u64, to: u64| {
            let times = Schedule::new(rates.clone(), Arrival::Poisson, 5);
            let inside = times.map(|at| at.as_secs_f64()).take_while(|at| *at < to as f64);
            inside.filter(|at| *at >= from as f64).count() as f64
        };
        for (from, to, expected) in [(0, 5, 750.0), (5, 10, 1_250.0), (10, 20, 500.0f64)] {
            let count = stretch(from, to);
            assert!((count - expected).abs() < 4.0 * expected.sqrt(), "{count} against {expected}");
        }
    }

    #[test]
    fn scale_changes_rates_and_speed_changes_times() {
        let rates = pattern(3.0, 4.0).rates(Path::new("day.csv"), DAY).unwrap();
        assert_eq!(rates.length(), Some(Duration::from_secs(5)));
        assert_eq!(rates.expected(Duration::from_secs(5)), 2_500.0 * 3.0 / 4.0);
    }

    #[test]
    fn what_is_no_pattern_is_told_with_file_and_line() {
        for (text, expected) in [
            ("", "day.csv: the file is empty"),
            ("# nothing\n\n", "day.csv: the file is empty"),
            ("0,5\n1,5\n", "day.csv, line 1: expected the header time_s,rate, found `0,5`"),
            ("time_s,rate\n", "day.csv: there is no row below the header"),
            ("time_s,rate\n0,5\n", "day.csv: the pattern has no length"),
            ("time_s,rate\n0,0\n5,0\n", "day.csv: no rate is above 0"),
            ("time_s,rate\n3,5\n", "day.csv, line 2: the first row is at 3 s"),
            ("time_s,rate\n0,5\n# x\n9,5\n8.5,5\n", "day.csv, line 5: the time falls from 9 to 8.5"),
            ("time_s,rate\n0,5\n1,-2\n", "day.csv, line 3: the rate -2 is below 0"),
            ("time_s,rate\n0,5\n1,many\n", "day.csv, line 3: rate `many` is not a number"),
            ("time_s,rate\n0,5\n1,nan\n", "day.csv, line 3: rate `nan` is not a number"),
            ("time_s,rate\n0,5\n1e999,5\n", "day.csv, line 3: time_s `1e999` is not a number"),
            ("time_s,rate\n0,5\n1\n", "day.csv, line 3: expected two fields, time_s and rate, found 1"),
            ("time_s,rate\n0,5\n2e9,5\n", "day.csv: at this speed the pattern takes over 30 years"),
        ] {
            let error = read(text).err().unwrap_or_default();
            assert!(error.starts_with(expected), "{text:?}: {error}");
        }
    }

    #[test]
    fn a_file_is_looked_for_in_the_folders() {
        let folder = tempfile::tempdir().unwrap();
        let folders = [folder.path().join("elsewhere"), folder.path().to_path_buf()];
        let absent = pattern(1.0, 1.0).read(&folders).unwrap_err().to_string();
        assert!(absent.starts_with("no traffic pattern day.csv beside the workload file"), "{absent}");
        std::fs::write(folder.path().join("day.csv"), DAY).unwrap();
        assert!(pattern(1.0, 1.0).read(&folders).is_ok());
    }
}
