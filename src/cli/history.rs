use std::io::Write;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::Printer;
use super::demands;
use super::exit::{Exit, Failure};
use super::results;
use crate::measure::history::{History, KEPT, cell_and_metric, told, unit_of};
use crate::measure::{Status, Summary};
use crate::report::{history_csv, history_json, history_markdown, history_table};

const EXAMPLES: &str = "Examples:
  cachebench history main.csv --add results/gate-20260101T000000Z --commit 1a2b3c4
  cachebench history main.csv
  cachebench history main.csv --metric read.response.p99 --last 100 --fail-on-change

A change of level takes three points or more to be seen: history finds out what a comparison of two
versions let through. For a comparison before a merge, use cachebench compare.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// The history: a CSV file with a line for each result.
    file: PathBuf,

    /// Add a result, which is a folder or its result.json, instead of printing; the file is made if there is none.
    #[arg(long, value_name = "RESULT")]
    add: Option<PathBuf>,

    /// What was measured, such as a revision; goes with --add.
    #[arg(long, value_name = "ID", requires = "add", default_value = "", hide_default_value = true)]
    commit: String,

    /// Only this metric, of all cells. Repeatable. With --add, what is kept instead of the usual ones.
    #[arg(long, value_name = "METRIC")]
    metric: Vec<String>,

    /// Only the last so many points.
    #[arg(long, value_name = "POINTS", conflicts_with = "add")]
    last: Option<usize>,

    /// Exit with 98 if a level changed for the worse within the last so many points; 10 without a number.
    #[arg(long, value_name = "POINTS", num_args = 0..=1, default_missing_value = "10", conflicts_with = "add")]
    fail_on_change: Option<usize>,

    /// How to print the trends.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    Table,
    Markdown,
    Json,
    Csv,
}

pub fn run(arguments: &Arguments, printer: &Printer) -> Result<Exit, Failure> {
    for metric in &arguments.metric {
        demands::metric("--metric", metric)?;
    }
    match &arguments.add {
        Some(result) => add(arguments, result, printer),
        None => print(arguments, printer),
    }
}

fn add(arguments: &Arguments, result: &Path, printer: &Printer) -> Result<Exit, Failure> {
    let summary = results::read(result)?;
    check(&summary).map_err(|reason| {
        Failure::new(Exit::Invalid, format!("{} is not added: {reason}", result.display()))
    })?;
    let mut history = if arguments.file.exists() { read(&arguments.file)? } else { History::default() };
    let shown = arguments.file.display();
    if history.has(&summary.started_at) {
        let text = format!("{shown} has the result of {} already", summary.started_at);
        return Err(Failure::new(Exit::Usage, text));
    }
    let values = match arguments.metric.is_empty() {
        true => told(&summary, &KEPT),
        false => told(&summary, &arguments.metric),
    };
    if values.is_empty() {
        let text = format!(
            "{} is not added: it tells none of what is kept; name a metric with --metric",
            result.display()
        );
        return Err(Failure::new(Exit::Usage, text));
    }
    let columns = values.len();
    history.add(&summary.started_at, &arguments.commit, values);
    write(&arguments.file, &history.csv())
        .map_err(|error| Failure::new(Exit::Environment, format!("cannot write {shown}: {error}")))?;
    printer.data(&format!("{shown}: point {} of {columns} metrics added\n", history.len()));
    Ok(Exit::Done)
}

/// Why a result says nothing, if so.
fn check(summary: &Summary) -> Result<(), String> {
    if summary.interrupted {
        return Err("it was interrupted".into());
    }
    let Some(cell) = summary.cells.iter().find(|cell| cell.status() != Status::Valid) else { return Ok(()) };
    let reason = cell.repeats.iter().flat_map(|repeat| &repeat.verdict.reasons).next();
    let reason = reason.map(|reason| format!(": {reason}")).unwrap_or_default();
    Err(format!("{} is {}{reason}", cell.label(), cell.status().name()))
}

fn read(file: &Path) -> Result<History, Failure> {
    let shown = file.display();
    let text = std::fs::read_to_string(file)
        .map_err(|error| Failure::new(Exit::Usage, format!("cannot read {shown}: {error}")))?;
    text.parse().map_err(|error| Failure::new(Exit::Usage, format!("{shown}: {error}")))
}

/// Writes beside the file first, so that it is whole whatever happens.
fn write(file: &Path, text: &str) -> std::io::Result<()> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut beside = tempfile::Builder::new().permissions(permissions(file)).tempfile_in(folder)?;
    beside.write_all(text.as_bytes())?;
    beside.as_file().sync_all()?;
    beside.persist(file)?;
    Ok(())
}

/// Those of the file as it is; a new one is what a file usually is.
fn permissions(file: &Path) -> std::fs::Permissions {
    use std::os::unix::fs::PermissionsExt;
    file.metadata().map_or_else(|_| PermissionsExt::from_mode(0o644), |metadata| metadata.permissions())
}

fn print(arguments: &Arguments, printer: &Printer) -> Result<Exit, Failure> {
    let history = read(&arguments.file)?;
    let is_wanted = |column: &str| {
        let (_, metric) = cell_and_metric(column);
        let suffix = unit_of(column).map_or("", |unit| unit.suffix());
        let metric = metric.strip_suffix(suffix).unwrap_or(metric);
        arguments.metric.is_empty() || arguments.metric.iter().any(|wanted| wanted == metric)
    };
    let trends = history.trends(arguments.last, is_wanted);
    if trends.is_empty() {
        let columns = history.columns();
        let told = if columns.is_empty() { "nothing".into() } else { columns.join(", ") };
        let text = format!("{} has no point to show; it tells {told}", arguments.file.display());
        return Err(Failure::new(Exit::Usage, text));
    }
    printer.data(&match arguments.format {
        Format::Table => history_table(&trends, printer.width()),
        Format::Markdown => history_markdown(&trends),
        Format::Json => history_json(&trends),
        Format::Csv => history_csv(&trends),
    });
    let newest = trends.iter().filter_map(|trend| trend.changes.last());
    let is_recent = |points: usize| newest.clone().any(|change| change.is_worse && change.points <= points);
    Ok(if arguments.fail_on_change.is_some_and(is_recent) { Exit::Regressed } else { Exit::Done })
}
