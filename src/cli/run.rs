use std::path::PathBuf;

use clap::Args;

use super::Printer;
use super::exit::{Exit, Failure};
use super::find_max;
use super::progress::Progress;
use super::results;
use super::signals::stop_on_signals;
use super::workload_file::WorkloadFile;
use crate::config::{Exact, Loaded};
use crate::engine::Stop;
use crate::experiment::{self, ExperimentError, Permissions};
use crate::measure::Summary;
use crate::registry::Choice;
use crate::report::{self, FORMATS, Format};

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    workload: WorkloadFile,

    /// Find the highest rate of the open load that holds this: --find-max "read.response.p99 < 5ms".
    /// Repeatable; all of them must hold.
    #[arg(long, value_name = "EXPECTATION")]
    find_max: Vec<String>,

    /// Count rather than time: so many operations of one client, in logical time. The counts of queries, commands, bytes and
    /// allocations are the same on every machine.
    #[arg(long, conflicts_with = "find_max")]
    exact: bool,

    /// Operations that --exact counts, of each cell.
    #[arg(long, value_name = "N", default_value_t = EXACT_OPERATIONS, requires = "exact", value_parser = clap::value_parser!(u64).range(1..))]
    operations: u64,

    #[command(flatten)]
    output: Output,
}

/// Enough for every kind of operation to come, and for a second or two.
pub const EXACT_OPERATIONS: u64 = 5_000;

/// What becomes of a result, and what may be used to get it.
#[derive(Debug, Args)]
pub struct Output {
    /// How to print the result: table, markdown, json or csv.
    #[arg(long, default_value = "table")]
    pub format: String,

    /// The folder that gets a folder with the results.
    #[arg(short, long, default_value = "results", value_name = "FOLDER")]
    output: PathBuf,

    /// Use an external server even if it holds somebody else's data. It is left alone all the same.
    #[arg(long)]
    allow_foreign_data: bool,
}

/// The report format called `name`.
pub fn format(name: &str) -> Result<Box<dyn Format>, Failure> {
    Choice::named(name)
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
        measure: impl FnOnce(Permissions, &Progress, &Stop) -> Result<Summary, ExperimentError>,
    ) -> Result<Summary, Failure> {
        let folder = results::make(&self.output, &loaded.workload.name)?;
        let stop = Stop::default();
        stop_on_signals(&stop)?;
        let permissions = Permissions { foreign_data: self.allow_foreign_data };
        let progress = Progress::new(printer);
        let summary = measure(permissions, &progress, &stop);
        progress.finish();
        let summary = summary.inspect_err(|_| {
            // Nothing was measured: an empty folder would only look like a result.
            let _ = std::fs::remove_dir(&folder);
        })?;
        let written = report::write(&summary, &folder);
        printer.data(&format.render(&summary));
        written.map_err(|error| {
            Failure::new(Exit::Environment, format!("cannot write {}: {error}", folder.display()))
        })?;
        printer.note(&format!("results: {}", folder.display()));
        Ok(summary)
    }
}

pub fn run(arguments: &Arguments, printer: &Printer) -> Result<Exit, Failure> {
    let format = format(&arguments.output.format)?;
    let loaded = match arguments.exact {
        true => {
            arguments.workload.load_exact(Exact { operations: arguments.operations, tick: None }, printer)?
        }
        false => arguments.workload.load(printer)?,
    };
    let expectations = find_max::expectations(&arguments.find_max, &loaded)?;
    let summary =
        arguments.output.measure(
            &loaded,
            &*format,
            printer,
            |permissions, progress, stop| match expectations.as_slice() {
                [] => experiment::run(&loaded, permissions, progress, stop),
                all => experiment::find_max(&loaded, all, permissions, progress, stop),
            },
        )?;
    Ok(if summary.interrupted {
        Exit::Interrupted
    } else if !expectations.is_empty() {
        find_max::exit(&summary)
    } else if summary.is_valid() {
        Exit::Done
    } else {
        Exit::Invalid
    })
}
