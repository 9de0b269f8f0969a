use std::path::{Path, PathBuf};

use clap::Args;

use super::Printer;
use super::exit::{Exit, Failure};
use super::run::format;
use crate::measure::{FORMAT, Summary};

#[derive(Debug, Args)]
pub struct Arguments {
    /// A result folder, or its result.json.
    result: PathBuf,

    /// How to print it: table, markdown, json or csv.
    #[arg(long, default_value = "table")]
    format: String,
}

pub fn run(arguments: &Arguments, printer: &Printer) -> Result<Exit, Failure> {
    let format = format(&arguments.format)?;
    let summary = read(&arguments.result)?;
    printer.data(&format.render(&summary));
    Ok(Exit::Done)
}

/// Reads a result from its folder or its `result.json`.
fn read(path: &Path) -> Result<Summary, Failure> {
    let file = if path.is_dir() { path.join("result.json") } else { path.to_path_buf() };
    let shown = file.display();
    let text = std::fs::read_to_string(&file)
        .map_err(|error| Failure::new(Exit::Usage, format!("cannot read {shown}: {error}")))?;
    let version: serde_json::Value = serde_json::from_str(&text)
        .map_err(|error| Failure::new(Exit::Usage, format!("{shown} is no result: {error}")))?;
    match version.get("format").and_then(serde_json::Value::as_u64) {
        Some(version) if version == u64::from(FORMAT) => {}
        Some(version) => {
            let text = format!("{shown} has result format {version}, this cachebench reads {FORMAT}");
            return Err(Failure::new(Exit::Usage, text));
        }
        None => return Err(Failure::new(Exit::Usage, format!("{shown} is no result: it has no `format`"))),
    }
    serde_json::from_value(version)
        .map_err(|error| Failure::new(Exit::Usage, format!("{shown} is no result: {error}")))
}
