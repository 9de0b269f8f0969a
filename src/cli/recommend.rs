use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::Printer;
use super::demands;
use super::exit::{Exit, Failure};
use super::results;
use crate::measure::{Criterion, Demands};
use crate::report::{
    Recommendation, recommendation_csv, recommendation_json, recommendation_markdown, recommendation_table,
};

const EXAMPLES: &str = "Examples:
  cachebench recommend results/tradeoffs --require 'stale_rate < 1%'
  cachebench recommend RESULT --require 'stale_rate < 1%' --require 'read.response.p99 < 5ms'
  cachebench recommend RESULT --maximise hit_rate --minimise cache.used_memory --format json

Cells that are not valid, or do not tell a metric, are left out, and the reason is told. Where none
satisfies, the one that comes closest is told, and the exit code is 99.";

/// What decides where nothing else is asked for.
const USUAL: &str = "db.queries_per_read";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// A result folder, or its result.json.
    result: PathBuf,

    /// What a cell must show to be chosen: --require "stale_rate < 1%". Repeatable; all of them must hold in each repeat.
    #[arg(long, value_name = "EXPECTATION")]
    require: Vec<String>,

    /// Of the cells that show it, the one with the least of this metric is chosen; others break ties. Repeatable.
    /// Without it, and without --maximise, it is db.queries_per_read.
    #[arg(long, value_name = "METRIC")]
    minimise: Vec<String>,

    /// As --minimise, with the most of a metric; those of --minimise come first.
    #[arg(long, value_name = "METRIC")]
    maximise: Vec<String>,

    /// How to print the choice.
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
    let require = demands::expectations("--require", &arguments.require)?;
    let mut criteria = Vec::new();
    for name in &arguments.minimise {
        criteria.push(Criterion::least(demands::metric("--minimise", name)?));
    }
    for name in &arguments.maximise {
        criteria.push(Criterion::most(demands::metric("--maximise", name)?));
    }
    if criteria.is_empty() {
        criteria.push(Criterion::least(USUAL));
    }
    let summary = results::read(&arguments.result)?;
    let recommendation = Recommendation::of(&summary, Demands { require, criteria });
    printer.data(&match arguments.format {
        Format::Table => recommendation_table(&recommendation, printer.width()),
        Format::Markdown => recommendation_markdown(&recommendation),
        Format::Json => recommendation_json(&recommendation),
        Format::Csv => recommendation_csv(&recommendation),
    });
    Ok(if recommendation.picked.met.is_empty() { Exit::Unmet } else { Exit::Done })
}
