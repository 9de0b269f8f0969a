use clap::Args;

use super::Printer;
use super::exit::{Exit, Failure};
use super::workload_file::WorkloadFile;

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    workload: WorkloadFile,
}

pub fn run(arguments: &Arguments, printer: &Printer) -> Result<Exit, Failure> {
    let loaded = arguments.workload.load(printer)?;
    let measurements = loaded.cells.len() * loaded.workload.compare.repeat as usize;
    printer.data(&format!(
        "{}: right; {} cells, {measurements} measurements\n",
        arguments.workload.file.display(),
        loaded.cells.len()
    ));
    Ok(Exit::Done)
}
