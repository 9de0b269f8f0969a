//! `cachebench trace`: one file a verb.

mod convert;
mod input;
mod live;
mod reading;
mod record;
mod recorder;
mod stat;
mod stdin;
mod table;
mod top;

use clap::{Args, Subcommand};

use super::Printer;
use super::exit::{Exit, Failure};
use crate::traffic::traces::TraceError;

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Tell what a trace is like: popularity, reuse, LRU hit rates, rates, sizes, operations.
    Stat(stat::Arguments),
    /// Write a trace in another format.
    Convert(convert::Arguments),
    /// Record a trace from a Redis server, or from a log of its MONITOR.
    Record(record::Arguments),
    /// Print the most requested keys of a trace, the hottest first.
    Top(top::Arguments),
}

pub fn run(arguments: &Arguments, printer: &Printer) -> Result<Exit, Failure> {
    match &arguments.verb {
        Verb::Stat(arguments) => stat::run(arguments, printer),
        Verb::Convert(arguments) => convert::run(arguments, printer),
        Verb::Record(arguments) => record::run(arguments, printer),
        Verb::Top(arguments) => top::run(arguments, printer),
    }
}

impl From<TraceError> for Failure {
    fn from(error: TraceError) -> Failure {
        let exit = match error {
            TraceError::Write { .. } => Exit::Environment,
            _ => Exit::Usage,
        };
        Failure::new(exit, error)
    }
}
