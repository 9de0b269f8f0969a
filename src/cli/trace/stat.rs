use clap::{Args, ValueEnum};

use super::Printer;
use super::input::Input;
use super::reading::Reading;
use super::table::table;
use crate::cli::exit::{Exit, Failure};
use crate::traffic::traces::load_watched;
use crate::traffic::traces::stat::Stat;

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  cachebench trace stat requests.csv.zst
  cachebench trace stat web12.trace.xz --format int32be --limit 1000000
  cachebench trace stat monitor.log --output json

The Zipf exponent is the slope of log frequency over log rank, by least squares through 20 ranks that are evenly
spaced on the log scale, from the 3rd key to half of all keys. A reuse distance is the number of other keys requested
since the last request of the same key; an LRU cache of n entries hits where it is below n.")]
pub struct Arguments {
    #[command(flatten)]
    input: Input,

    /// How to print it.
    #[arg(long, value_enum, default_value_t = Output::Table)]
    output: Output,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Output {
    /// An aligned table for a terminal.
    Table,
    /// One object; names end in their units.
    Json,
}

pub fn run(arguments: &Arguments, printer: &Printer) -> Result<Exit, Failure> {
    let Input { file, format, limit } = &arguments.input;
    let mut reading = Reading::new(printer, "read");
    let recording = load_watched(file, format.as_ref(), *limit, &mut |requests| reading.at(requests))?;
    let stat = Stat::of(&recording);
    drop(reading);
    let text = match arguments.output {
        Output::Table => table(&stat),
        Output::Json => {
            serde_json::to_string_pretty(&stat).map_err(|error| Failure::new(Exit::Internal, error))?
        }
    };
    printer.data(&(text + "\n"));
    Ok(Exit::Done)
}
