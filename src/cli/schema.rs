use clap::{Args, ValueEnum};

use super::Printer;
use super::exit::{Exit, Failure};
use crate::config;
use crate::measure::Summary;

const EXAMPLES: &str = "Examples:
  cachebench schema > cachebench.schema.json
  cachebench schema result";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// Of what.
    #[arg(value_enum, default_value_t = Of::Workload)]
    of: Of,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Of {
    /// Workload files; put `#:schema ./cachebench.schema.json` on their first line for an editor's help.
    Workload,
    /// `result.json`.
    Result,
}

/// The schema of `result.json`.
fn of_results() -> serde_json::Value {
    schemars::schema_for!(Summary).to_value()
}

pub fn run(arguments: &Arguments, printer: &Printer) -> Result<Exit, Failure> {
    let schema = match arguments.of {
        Of::Workload => config::workload_schema(),
        Of::Result => of_results(),
    };
    let text = serde_json::to_string_pretty(&schema).map_err(|error| Failure::new(Exit::Internal, error))?;
    printer.data(&(text + "\n"));
    Ok(Exit::Done)
}
