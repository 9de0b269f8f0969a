use std::path::{Path, PathBuf};

use clap::Args;

use super::Printer;
use super::exit::{Exit, Failure};
use super::results;
use super::run::format;

const EXAMPLES: &str = "Examples:
  cachebench show
  cachebench show results/tradeoffs
  cachebench show results/tradeoffs --format markdown";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// A result folder, or its result.json; without it, the newest in results/.
    result: Option<PathBuf>,

    /// How to print it: table, markdown, json, csv, html or quiet.
    #[arg(long, default_value = "table")]
    format: String,
}

pub fn run(arguments: &Arguments, printer: &Printer) -> Result<Exit, Failure> {
    let format = format(&arguments.format, printer)?;
    let result = match &arguments.result {
        Some(result) => result.clone(),
        None => {
            let newest = results::newest(Path::new(results::FOLDER))?;
            printer.note(&format!("the newest result: {}", newest.display()));
            newest
        }
    };
    let summary = results::read(&result)?;
    printer.report(&arguments.format, &format.render(&summary));
    Ok(Exit::Done)
}
