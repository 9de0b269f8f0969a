use clap::Args;

use super::Printer;
use super::input::Input;
use super::reading::Reading;
use crate::cli::exit::{Exit, Failure};
use crate::traffic::traces::{Encoding, Request, TraceError, hottest, open};

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  cachebench trace top requests.csv.zst
  cachebench trace top requests.csv.zst -n 1000 > hot.txt

The keys come one a line, which is the trace format `plain`.")]
pub struct Arguments {
    #[command(flatten)]
    input: Input,

    /// How many keys.
    #[arg(short = 'n', default_value_t = 1_000, value_name = "KEYS")]
    keys: usize,
}

pub fn run(arguments: &Arguments, printer: &Printer) -> Result<Exit, Failure> {
    let Input { file, format, limit } = &arguments.input;
    let mut reading = Reading::new(printer, "read");
    let mut trace = open(file, format.as_ref())?;
    let keys = hottest(&mut *trace, limit.unwrap_or(u64::MAX), &mut |requests| reading.at(requests))?;
    drop(reading);
    if keys.is_empty() {
        return Err(TraceError::Empty { path: file.as_path().into() }.into());
    }
    let plain = Encoding::find(file, Some("plain"))?;
    let requests = keys.into_iter().take(arguments.keys).map(|(key, _)| Request::of(key));
    let text = plain.text(file, requests)?;
    printer.bytes(&text);
    Ok(Exit::Done)
}
