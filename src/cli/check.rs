use clap::Args;

use super::Printer;
use super::exit::{Exit, Failure};
use super::flags::Flags;
use super::next;
use super::workload_file::WorkloadFile;

const EXAMPLES: &str = "Examples:
  cachebench check workloads/quickstart.toml
  cachebench check workloads/quickstart.toml --rate 500 --strategy direct,cache-aside
  cachebench check workloads/quickstart.toml --set cache.ttl=10s";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    #[command(flatten)]
    workload: WorkloadFile,

    #[command(flatten)]
    flags: Flags,
}

pub fn run(arguments: &Arguments, printer: &Printer) -> Result<Exit, Failure> {
    let loaded = arguments.workload.load(&arguments.flags, printer)?;
    let measurements = loaded.cells.len() * loaded.workload.compare.repeat as usize;
    let file = &arguments.workload.file;
    printer.data(&format!(
        "{}: right; {} cells, {measurements} measurements\n",
        file.display(),
        loaded.cells.len()
    ));
    next::tell(&[format!("run {}", arguments.workload.words(&arguments.flags))], printer);
    Ok(Exit::Done)
}
