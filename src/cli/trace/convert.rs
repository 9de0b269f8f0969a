use std::path::PathBuf;

use clap::Args;

use super::Printer;
use super::reading::Reading;
use crate::cli::choice::choice;
use crate::cli::exit::{Exit, Failure};
use crate::cli::signals::stop_on_signals;
use crate::engine::Stop;
use crate::registry::Choice;
use crate::traffic::traces::{Encoding, TraceError, TraceFormat, TraceWriter, open};

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  cachebench trace convert monitor.log requests.csv.zst
  cachebench trace convert web12.trace.xz keys.txt.gz --from int32be
  cachebench trace convert requests.csv requests.oracleGeneral.bin

The name of the output tells its format (.csv, .txt for plain, .int32be, .int64be, .oracleGeneral[.bin]) unless --to
does, and its compression (.gz, .xz, .zst). It is written beside under a temporary name, and gets its own at the end.

csv holds everything; plain, int32be and int64be hold the keys alone. oracle-general holds times to the second, keys
that are numbers, and sizes (1 where they are unknown); its next accesses are all -1, since they are not known before
the end: do not simulate an optimal cache with it.")]
pub struct Arguments {
    /// The trace; plain or compressed with gzip, xz or zstd.
    file: PathBuf,

    /// The file to write; an existing one is replaced.
    out: PathBuf,

    /// The format of the trace, where its name and content do not tell it.
    #[arg(long, value_name = "FORMAT", value_parser = choice)]
    from: Option<Choice>,

    /// The format to write: plain, csv, int32be, int64be or oracle-general.
    #[arg(long, value_name = "FORMAT")]
    to: Option<String>,

    /// Convert only this many requests from the start.
    #[arg(long, value_name = "REQUESTS", value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,
}

/// How many requests are read at once.
const BATCH: u64 = 1_024;

pub fn run(arguments: &Arguments, printer: &Printer) -> Result<Exit, Failure> {
    let encoding = Encoding::find(&arguments.out, arguments.to.as_deref())?;
    let mut trace = open(&arguments.file, arguments.from.as_ref())?;
    let mut writer = TraceWriter::create(&arguments.out, encoding)?;
    let stop = Stop::default();
    stop_on_signals(&stop)?;
    let mut reading = Reading::new(printer, "converted");
    let limit = arguments.limit.unwrap_or(u64::MAX);
    copy(&mut *trace, &mut writer, limit, &mut |requests| {
        reading.at(requests);
        !stop.is_requested()
    })?;
    drop(reading);
    if stop.is_requested() {
        return Err(Failure::new(Exit::Interrupted, format!("{}: not written", arguments.out.display())));
    }
    let written = writer.written();
    if written == 0 {
        return Err(TraceError::Empty { path: arguments.file.as_path().into() }.into());
    }
    writer.finish()?;
    printer.note(&format!("{}: {written} requests as {}", arguments.out.display(), encoding.name));
    Ok(Exit::Done)
}

/// Writes a trace to its end or limit, or until `goes_on` says no.
fn copy(
    trace: &mut dyn TraceFormat,
    writer: &mut TraceWriter,
    limit: u64,
    goes_on: &mut dyn FnMut(u64) -> bool,
) -> Result<(), TraceError> {
    let mut batch = Vec::new();
    loop {
        trace.read(&mut batch, (limit - writer.written()).min(BATCH) as usize)?;
        if batch.is_empty() || !goes_on(writer.written()) {
            return Ok(());
        }
        batch.drain(..).try_for_each(|request| writer.write(&request))?;
    }
}
