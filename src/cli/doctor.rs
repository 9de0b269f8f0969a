use std::time::Duration;

use clap::{Args, ValueEnum};

use super::Printer;
use super::exit::{Exit, Failure};
use crate::measure::{Machine, State, examine};
use crate::report::{findings_json, findings_table};
use crate::servers::examine_servers;

/// Long enough for the shares of a look to mean something.
const LOOK: Duration = Duration::from_secs(1);

const EXAMPLES: &str = "Examples:
  cachebench doctor
  cachebench doctor --strict
  cachebench doctor --format json";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// How to print what was found.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,

    /// Exit code 3 if anything spoils measurements.
    #[arg(long)]
    strict: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    Table,
    Json,
}

pub fn run(arguments: &Arguments, printer: &Printer) -> Result<Exit, Failure> {
    let mut findings = examine(&Machine::look(LOOK));
    findings.extend(examine_servers());
    printer.data(&match arguments.format {
        Format::Table => findings_table(&findings, printer.width()),
        Format::Json => findings_json(&findings),
    });
    let is_spoiled = findings.iter().any(|it| it.state == State::Spoils);
    Ok(if arguments.strict && is_spoiled { Exit::Environment } else { Exit::Done })
}
