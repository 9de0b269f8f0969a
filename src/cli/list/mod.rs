//! `cachebench list`: what there is to choose from, one file a kind.

mod names;
mod results;
mod workloads;

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::Printer;
use super::exit::{Exit, Failure};
use super::results::FOLDER;

const EXAMPLES: &str = "Examples:
  cachebench list
  cachebench list results
  cachebench list workloads";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// What to list.
    #[arg(value_enum, default_value_t = What::Names)]
    what: What,

    /// The folder that results are in.
    #[arg(short, long, default_value = FOLDER, value_name = "FOLDER")]
    output: PathBuf,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum What {
    /// Everything that a workload file or a flag can name.
    Names,
    /// The results of past runs, and comparisons, the oldest first.
    Results,
    /// The workloads that `init --from` starts from, each with its question.
    Workloads,
}

pub fn run(arguments: &Arguments, printer: &Printer) -> Result<Exit, Failure> {
    match arguments.what {
        What::Names => names::print(printer),
        What::Results => results::print(&arguments.output, printer),
        What::Workloads => workloads::print(printer),
    }
    Ok(Exit::Done)
}

/// Prints the workloads that come with the program.
pub fn workloads(printer: &Printer) {
    workloads::print(printer);
}

/// Lines of columns, each as wide as it must be.
fn aligned(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| rows.iter().filter_map(|row| Some(row.get(column)?.chars().count())).max();
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
    };
    rows.iter().map(line).collect()
}
