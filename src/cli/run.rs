use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value as Json, json};

use super::Printer;
use super::ci_outputs::CiOutputs;
use super::compare::{self, stored};
use super::exit::{Exit, Failure};
use super::expect::Expect;
use super::find_max;
use super::flags::Flags;
use super::next;
use super::printer::TABLE;
use super::progress::Progress;
use super::results;
use super::signals::stop_on_signals;
use super::telling::{Observers, Telling};
use super::workload_file::WorkloadFile;
use crate::config::{Exact, Loaded};
use crate::engine::Stop;
use crate::experiment::{self, ExperimentError, Observer, Permissions};
use crate::measure::comparison::{Incomparable, check_comparable};
use crate::measure::{Status, Summary};
use crate::registry::Choice;
use crate::report::{self, FORMATS, Format, GateReport, comparison_markdown, comparison_table};

const EXAMPLES: &str = "Examples:
  cachebench run workloads/quickstart.toml
  cachebench run workloads/quickstart.toml --rate 500 -d 5s --strategy direct,cache-aside
  cachebench run workloads/quickstart.toml --set cache.ttl=10s --expect 'hit_rate{strategy=cache-aside} > 0.5'
  cachebench run workloads/quickstart.toml --exact -n 2000

What is asked for twice: a flag wins over the file, and --set over the flag.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    #[command(flatten)]
    workload: WorkloadFile,

    /// Find the highest rate of the open load that holds this: --find-max "read.response.p99 < 5ms".
    /// Repeatable; all of them must hold.
    #[arg(long, value_name = "EXPECTATION")]
    find_max: Vec<String>,

    /// Count rather than time: the operations of one client, in logical time; 5000, or as many as -n says. The counts of
    /// queries, commands, bytes and allocations are the same on every machine.
    #[arg(long, conflicts_with_all = ["find_max", "clients", "rate", "duration", "warmup", "repeat"])]
    exact: bool,

    /// Compare with this result after the run, as `compare` does, and exit by its verdict.
    #[arg(short, long, value_name = "RESULT", conflicts_with = "find_max")]
    baseline: Option<PathBuf>,

    #[command(flatten)]
    expect: Expect,

    #[command(flatten)]
    output: Output,

    #[command(flatten)]
    flags: Flags,

    #[command(flatten)]
    ci: CiOutputs,
}

/// Enough for every kind of operation to come, and for a second or two.
pub const EXACT_OPERATIONS: u64 = 5_000;

/// What becomes of a result, and what may be used to get it.
#[derive(Debug, Args)]
pub struct Output {
    /// How to print the result: table, markdown, json, csv, html or quiet.
    #[arg(long, default_value = "table")]
    pub format: String,

    /// The folder that gets a folder with the results.
    #[arg(short, long, default_value = "results", value_name = "FOLDER")]
    output: PathBuf,

    /// Use an external server even if it holds somebody else's data. It is left alone all the same.
    #[arg(long)]
    allow_foreign_data: bool,

    #[command(flatten)]
    telling: Telling,
}

/// The report format called `name`; tables fit the terminal, where they go to one.
pub fn format(name: &str, printer: &Printer) -> Result<Box<dyn Format>, Failure> {
    let width = printer.width().filter(|_| name == TABLE);
    let options = width.map_or(Json::Null, |width| json!({"width": width}));
    Choice { name: name.into(), options }
        .build(FORMATS, ())
        .map_err(|error| Failure::new(Exit::Usage, format!("--format: {error}")))
}

impl Output {
    /// Measures, prints the result and leaves it in a folder.
    pub fn measure(
        &self,
        loaded: &Loaded,
        format: &dyn Format,
        printer: &Printer,
        measure: impl FnOnce(Permissions, &dyn Observer, &Stop) -> Result<Summary, ExperimentError>,
    ) -> Result<Measured, Failure> {
        let tellers = self.telling.open(&loaded.workload.name, printer)?;
        let folder = results::make(&self.output, &loaded.workload.name)?;
        let stop = Stop::default();
        stop_on_signals(&stop)?;
        let permissions = Permissions { foreign_data: self.allow_foreign_data };
        let progress = Progress::new(printer);
        let observers = [&progress as &dyn Observer].into_iter().chain(tellers.observers());
        let summary = measure(permissions, &observers.collect::<Observers>(), &stop);
        progress.finish();
        tellers.close(printer);
        let summary = summary.inspect_err(|_| {
            // Nothing was measured: an empty folder would only look like a result.
            let _ = std::fs::remove_dir(&folder);
        })?;
        let written = report::write(&summary, &folder);
        if !self.telling.takes_stdout() {
            printer.report(&self.format, &format.render(&summary));
        }
        written.map_err(|error| {
            Failure::new(Exit::Environment, format!("cannot write {}: {error}", folder.display()))
        })?;
        printer.note(&format!("results: {}", folder.display()));
        Ok(Measured { summary, folder })
    }
}

/// What was measured, and where it was left.
pub struct Measured {
    pub summary: Summary,
    pub folder: PathBuf,
}

pub fn run(arguments: &Arguments, printer: &Printer) -> Result<Exit, Failure> {
    let format = format(&arguments.output.format, printer)?;
    let exact = Exact { operations: arguments.flags.operations().unwrap_or(EXACT_OPERATIONS), tick: None };
    let exact = arguments.exact.then_some(exact);
    let loaded = arguments.expect.load(&arguments.workload, &arguments.flags, exact, printer)?;
    if let Some(baseline) = &arguments.baseline {
        check_baseline(baseline, &loaded, arguments.exact)?;
    }
    let expectations = find_max::expectations(&arguments.find_max, &loaded)?;
    arguments.ci.check()?;
    let Measured { summary, folder } = arguments.output.measure(
        &loaded,
        &*format,
        printer,
        |permissions, progress, stop| match expectations.as_slice() {
            [] => experiment::run(&loaded, permissions, progress, stop),
            all => experiment::find_max(&loaded, all, permissions, progress, stop),
        },
    )?;
    arguments.ci.write(&GateReport::of(&summary), printer)?;
    let exit = match expectations.as_slice() {
        [] => exit(&summary),
        _ if summary.interrupted => Exit::Interrupted,
        _ => find_max::exit(&summary),
    };
    if arguments.baseline.is_some() && exit != Exit::Done {
        printer
            .warning("--baseline: not compared, since this run is not valid, not whole or not as expected");
    }
    let compared = arguments.baseline.as_ref().filter(|_| exit == Exit::Done);
    let compared = compared.map(|baseline| compare_with(baseline, &folder, arguments, printer));
    next::after_a_run(&folder, printer);
    compared.unwrap_or(Ok(exit))
}

/// Finds out whether a result can be held against what is about to be measured, before it is.
fn check_baseline(baseline: &Path, loaded: &Loaded, exact: bool) -> Result<(), Failure> {
    let old = results::read(baseline)?;
    // What is measured now will ask this question, of cells as they are there.
    let workload = serde_json::to_value(&loaded.workload).unwrap_or_default();
    let planned = Summary { workload, ..old.clone() };
    let wrong = if old.is_exact() == exact {
        check_comparable(&old, &planned).map_err(|reason| reason.to_string())
    } else {
        Err(Incomparable::Kind.to_string())
    };
    wrong.map_err(|reason| {
        let text = format!("--baseline: {} cannot be compared with this run: {reason}", baseline.display());
        Failure::new(Exit::Usage, text)
    })
}

/// Compares with an earlier result, and prints that below the table; where a program reads what is printed, on stderr.
fn compare_with(
    baseline: &Path,
    folder: &Path,
    arguments: &Arguments,
    printer: &Printer,
) -> Result<Exit, Failure> {
    let comparison = stored::compare(baseline, folder, &[])?;
    let is_stdout_free = !arguments.output.telling.takes_stdout();
    match arguments.output.format.as_str() {
        "table" if is_stdout_free => {
            printer.data(&format!("\n{}", comparison_table(&comparison, printer.width())))
        }
        "markdown" if is_stdout_free => printer.data(&format!("\n{}", comparison_markdown(&comparison))),
        _ => printer.note(&comparison_table(&comparison, None)),
    }
    Ok(compare::exit(comparison.outcome, &[]))
}

/// How a run ended: what is not whole, or may not be believed, says nothing of what was expected.
fn exit(summary: &Summary) -> Exit {
    let is_cut_off = summary.interrupted && !summary.is_aborted();
    let is_bad = |status| [Status::Invalid, Status::Failed].contains(&status);
    let mut repeats = summary.cells.iter().flat_map(|cell| &cell.repeats);
    if is_cut_off {
        Exit::Interrupted
    } else if repeats.any(|repeat| is_bad(repeat.status)) {
        Exit::Invalid
    } else if summary.is_unmet() {
        Exit::Unmet
    } else {
        Exit::Done
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::{CellResult, Expected, RepeatResult};

    fn summary(statuses: &[Status], held: &[Option<bool>]) -> Summary {
        let repeat = |&status: &Status| RepeatResult { status, ..RepeatResult::default() };
        let repeats = statuses.iter().map(repeat).collect();
        let expected = |&held: &Option<bool>| Expected {
            expectation: "hit_rate > 0.9".parse().unwrap(),
            cell: "direct".into(),
            value: None,
            held,
            remark: None,
        };
        Summary {
            cells: vec![CellResult { repeats, ..CellResult::default() }],
            expectations: held.iter().map(expected).collect(),
            interrupted: statuses.contains(&Status::Interrupted),
            ..Summary::default()
        }
    }

    #[test]
    fn an_expectation_counts_where_the_run_is_whole_and_may_be_believed() {
        use Status::{Failed, Interrupted, Invalid, Valid};
        for (statuses, held, expected) in [
            (&[Valid][..], &[][..], Exit::Done),
            (&[Valid], &[Some(true)], Exit::Done),
            (&[Valid], &[Some(true), Some(false)], Exit::Unmet),
            (&[Valid], &[None], Exit::Unmet),
            (&[Valid, Invalid], &[Some(false)], Exit::Invalid),
            (&[Valid, Failed], &[Some(true)], Exit::Invalid),
            (&[Valid, Invalid, Interrupted], &[Some(false)], Exit::Interrupted),
        ] {
            assert_eq!(exit(&summary(statuses, held)), expected, "{statuses:?} {held:?}");
        }
    }

    #[test]
    fn what_was_aborted_is_unmet_and_not_interrupted() {
        let mut aborted = summary(&[Status::Valid, Status::Interrupted], &[Some(true)]);
        aborted.cells[0].repeats[1].aborted = true;
        assert_eq!(exit(&aborted), Exit::Unmet);
        aborted.cells[0].repeats[0].status = Status::Invalid;
        assert_eq!(exit(&aborted), Exit::Invalid);
    }
}
