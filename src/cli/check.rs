use std::path::PathBuf;

use clap::Args;

use super::Printer;
use super::exit::{Exit, Failure};
use crate::config::{self, Loaded};
use crate::servers::Policies;

#[derive(Debug, Args)]
pub struct Arguments {
    /// The workload file.
    file: PathBuf,

    /// Override a setting: --set traffic.duration=5s. Repeatable.
    #[arg(long = "set", value_name = "PATH=VALUE")]
    set: Vec<String>,
}

/// Reads a workload file and finds what is wrong with it.
pub fn load(file: &PathBuf, overrides: &[String]) -> Result<Loaded, Failure> {
    let text = std::fs::read_to_string(file)
        .map_err(|error| Failure::new(Exit::Usage, format!("cannot read {}: {error}", file.display())))?;
    let loaded = config::load(file, text, overrides)?;
    // Where no server can be started, that is told when one is needed.
    if !loaded.policies.is_empty()
        && let Ok(Some(policies)) = Policies::installed()
    {
        loaded.check_policies(&policies)?;
    }
    Ok(loaded)
}

pub fn run(arguments: &Arguments, printer: &Printer) -> Result<Exit, Failure> {
    let loaded = load(&arguments.file, &arguments.set)?;
    loaded.warnings.iter().for_each(|warning| printer.warning(warning));
    let measurements = loaded.cells.len() * loaded.workload.compare.repeat as usize;
    printer.data(&format!(
        "{}: right; {} cells, {measurements} measurements\n",
        arguments.file.display(),
        loaded.cells.len()
    ));
    Ok(Exit::Done)
}
