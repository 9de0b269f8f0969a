use std::collections::VecDeque;
use std::fmt::Display;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use clap::{ArgGroup, Args};

use super::Printer;
use super::live::{self, End};
use super::reading::Reading;
use super::recorder::Recorder;
use super::stdin::Stdin;
use crate::cli::exit::{Exit, Failure};
use crate::cli::signals::stop_on_signals;
use crate::engine::Stop;
use crate::model::Time;
use crate::servers::{Address, redact};
use crate::traffic::traces::monitor::{Monitor, read_line};
use crate::traffic::traces::{Encoding, Source, TraceError, TraceFormat, TraceWriter, lines};

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("source").required(true))]
#[command(after_help = "Examples:
  cachebench trace record --from redis://127.0.0.1:6379 --for 60s requests.csv.zst
  cachebench trace record --from rediss://user:secret@cache:6380 --for 10m --hash-keys --prefix user: users.csv.gz
  redis-cli monitor | cachebench trace record --log - requests.csv.gz

MONITOR costs the server throughput, up to half of it: every command is printed to this connection. Keep the recording
short, and record on a replica if you can. A server that cannot print fast enough ends the connection.

Recorded are the commands that read, write or delete entries, with time, size of the value and TTL, as a csv trace.
Skipped are those without a key, and those that touch no entry's content (TTL, EXPIRE, SCAN, PING …). Scripts count by
the commands they send. --hash-keys gives each key another name, a 64-bit hash (xxh3) under a random secret that is
not kept: equal keys stay equal within one recording. It is no cryptography: whoever can guess keys and try secrets
may find them. Sizes, times and commands stay as they are.")]
pub struct Arguments {
    /// Record from this server, as it is used: redis://host:port or rediss://user:password@host:port.
    #[arg(long, value_name = "URL", group = "source")]
    from: Option<String>,

    /// Record from what MONITOR printed: a file, plain or compressed, or - for standard input.
    #[arg(long, value_name = "FILE", group = "source")]
    log: Option<PathBuf>,

    /// The trace to write, in csv; compressed if it ends in .gz, .xz or .zst. An existing file is replaced.
    out: PathBuf,

    /// How long to record from a server; by default until --limit or Ctrl-C.
    #[arg(long = "for", value_name = "TIME", requires = "from")]
    length: Option<Time>,

    /// Replace each key by a hash under a random secret.
    #[arg(long)]
    hash_keys: bool,

    /// Record only keys that begin with this.
    #[arg(long, value_name = "TEXT")]
    prefix: Option<String>,

    /// Record only the commands of this database; by default those of all, whose keys are then not told apart.
    #[arg(long, value_name = "NUMBER")]
    db: Option<u32>,

    /// End after this many requests.
    #[arg(long, value_name = "REQUESTS", value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,
}

pub fn run(arguments: &Arguments, printer: &Printer) -> Result<Exit, Failure> {
    let Arguments { out, hash_keys, prefix, limit, .. } = arguments;
    let writer = TraceWriter::create(out, Encoding::find(out, Some("csv"))?)?;
    let recorder = Recorder::new(writer, *hash_keys, prefix.as_deref(), *limit);
    let stop = Stop::default();
    stop_on_signals(&stop)?;
    let mut recording = Recording { arguments, printer, stop: &stop, recorder, skipped: 0, lost: 0 };
    let end = match (&arguments.from, &arguments.log) {
        (Some(address), _) => recording.watch(address)?,
        (None, Some(log)) => recording.read_log(log)?,
        (None, None) => return Err(Failure::new(Exit::Usage, "name a source: --from URL or --log FILE")),
    };
    recording.finish()?;
    if end == End::Lost {
        let text = "the connection ended before the recording: the server went away, or could not print fast enough \
            (client-output-buffer-limit); what came until then is recorded";
        return Err(Failure::new(Exit::Environment, text));
    }
    Ok(Exit::Done)
}

/// A recording under way.
struct Recording<'a> {
    arguments: &'a Arguments,
    printer: &'a Printer,
    stop: &'a Stop,
    recorder: Recorder,
    /// Commands that are no request.
    skipped: u64,
    /// Lines that could not be understood.
    lost: u64,
}

impl Recording<'_> {
    fn watch(&mut self, address: &str) -> Result<End, Failure> {
        let address = redis_address(address)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| Failure::new(Exit::Internal, error))?;
        let Recording { arguments, printer, stop, recorder, skipped, lost } = self;
        let mut reading = Reading::new(printer, "recorded");
        let mut requests = VecDeque::new();
        let take = |line: &[u8]| -> Result<bool, TraceError> {
            match read_line(line, arguments.db, &mut requests) {
                Ok(used) => *skipped += u64::from(!used),
                Err(_) => *lost += 1,
            }
            for request in requests.drain(..) {
                if !recorder.is_full() {
                    recorder.take(request)?;
                }
            }
            reading.at(recorder.recorded());
            Ok(!recorder.is_full())
        };
        let began = || printer.note(&format!("recording from {}", redact(&address)));
        let length = arguments.length.map(|length| length.0);
        runtime.block_on(live::watch(&address, length, stop, began, take))
    }

    fn read_log(&mut self, log: &Path) -> Result<End, Failure> {
        let source = match log.to_str() {
            Some("-") => {
                let stdin = BufReader::new(Stdin::until(self.stop));
                Source::new(Path::new("standard input"), Box::new(stdin))
            }
            _ => lines(log)?,
        };
        let mut monitor = Monitor::new(source, self.arguments.db);
        let end = self.take_all(&mut monitor);
        self.skipped = monitor.skipped();
        end
    }

    fn take_all(&mut self, monitor: &mut Monitor) -> Result<End, Failure> {
        let mut reading = Reading::new(self.printer, "recorded");
        while !self.recorder.is_full() {
            match monitor.next() {
                Ok(Some(request)) => self.recorder.take(request)?,
                Ok(None) => break,
                // That is how it ends what waits for standard input.
                Err(TraceError::Read { .. }) if self.stop.is_requested() => {}
                // A log may be cut at its end, or hold words of others; one that begins with them is no log.
                Err(TraceError::Record { .. }) if self.recorder.taken() + monitor.skipped() > 0 => {
                    self.lost += 1;
                }
                Err(error) => return Err(error.into()),
            }
            reading.at(self.recorder.recorded());
            if self.stop.is_requested() {
                return Ok(End::Stopped);
            }
        }
        Ok(End::Full)
    }

    /// Completes the trace, and tells what is in it.
    fn finish(self) -> Result<(), Failure> {
        let Recording { arguments, printer, recorder, skipped, lost, .. } = self;
        let (recorded, others) = (recorder.recorded(), recorder.others());
        recorder.finish()?;
        let others = arguments.prefix.as_ref().map(|_| format!(", {others} of other keys"));
        let others = others.unwrap_or_default();
        let out = arguments.out.display();
        printer.note(&format!(
            "{out}: {recorded} requests, {skipped} commands skipped, {lost} lines lost{others}"
        ));
        if recorded == 0 {
            printer.warning(&format!("{out} holds no request, and cannot be replayed"));
        }
        Ok(())
    }
}

/// The address of a Redis server. It is not read as clap reads an argument, which would tell what is wrong with it
/// with its password.
fn redis_address(text: &str) -> Result<String, Failure> {
    let wrong = |text: &dyn Display| Failure::new(Exit::Usage, format!("--from: {text}"));
    match text.parse::<Address>().map_err(|error| wrong(&error))? {
        Address::External(url) if url.to_ascii_lowercase().starts_with("redis") => Ok(url),
        other => Err(wrong(&format!("{other}: expected a Redis server, redis:// or rediss://"))),
    }
}
