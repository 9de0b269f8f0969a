use std::path::PathBuf;

use clap::Args;

use super::Printer;
use super::exit::{Exit, Failure};
use super::results;
use super::run::format;

#[derive(Debug, Args)]
pub struct Arguments {
    /// A result folder, or its result.json.
    result: PathBuf,

    /// How to print it: table, markdown, json, csv or quiet.
    #[arg(long, default_value = "table")]
    format: String,
}

pub fn run(arguments: &Arguments, printer: &Printer) -> Result<Exit, Failure> {
    let format = format(&arguments.format, printer)?;
    let summary = results::read(&arguments.result)?;
    printer.report(&arguments.format, &format.render(&summary));
    Ok(Exit::Done)
}
