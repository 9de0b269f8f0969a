use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::Printer;
use super::compare;
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
    /// The folder of a result or of a comparison, or its JSON file; without it, the newest result in results/.
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
    if let Some(comparison) = compare::stored::read(&result)? {
        let format = compare::Format::from_str(&arguments.format, false).map_err(|_| {
            let text = format!(
                "--format: a comparison is told as table, markdown, json, csv or html, not as {}",
                arguments.format
            );
            Failure::new(Exit::Usage, text)
        })?;
        printer.data(&format.render(&comparison, printer.width()));
        return Ok(Exit::Done);
    }
    let summary = results::read(&result)?;
    printer.report(&arguments.format, &format.render(&summary));
    Ok(Exit::Done)
}
