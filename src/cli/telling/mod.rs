//! Telling: what a run gives away while it goes on, to programs that ask and to programs that listen.

mod address;
mod metrics;
mod observers;
mod stream;

use std::path::{Path, PathBuf};

use clap::Args;

use self::metrics::MetricsServer;
use self::stream::Stream;
use super::Printer;
use super::exit::Failure;
use crate::experiment::Observer;
pub use observers::Observers;

#[derive(Debug, Args)]
pub struct Telling {
    /// Serve the metrics of the run while it goes on, as OpenMetrics text: --metrics 127.0.0.1:9095, or a port alone; 0 is
    /// any that is free. Loopback only.
    #[arg(long, value_name = "ADDRESS")]
    metrics: Option<String>,

    /// Write what happens as lines of JSON while the run goes on, to a file or a named pipe; - is stdout, which then gets
    /// them instead of the result.
    #[arg(long, value_name = "FILE")]
    stream: Option<PathBuf>,
}

/// Those that tell of a run under way.
pub struct Tellers {
    metrics: Option<MetricsServer>,
    stream: Option<Stream>,
}

impl Telling {
    /// Begins to tell of a run of this workload.
    ///
    /// # Errors
    /// When an address may not be used, or a file cannot be written.
    pub fn open(&self, workload: &str, printer: &Printer) -> Result<Tellers, Failure> {
        let address = self.metrics.as_deref().map(address::loopback).transpose()?;
        let metrics = address.map(|address| MetricsServer::open(address, workload)).transpose()?;
        if let Some(server) = &metrics {
            // A port that was chosen is told even where nothing else is.
            let is_chosen = address.is_some_and(|address| address.port() == 0);
            let told = format!("metrics: http://{}/metrics", server.address());
            if is_chosen { printer.command(&told) } else { printer.note(&told) }
        }
        let stream = self.stream.as_deref().map(Stream::open).transpose()?;
        Ok(Tellers { metrics, stream })
    }

    /// Whether stdout is not for the result.
    pub fn takes_stdout(&self) -> bool {
        self.stream.as_deref() == Some(Path::new("-"))
    }
}

impl Tellers {
    pub fn observers(&self) -> impl Iterator<Item = &dyn Observer> {
        let metrics = self.metrics.as_ref().map(|metrics| metrics as &dyn Observer);
        metrics.into_iter().chain(self.stream.as_ref().map(|stream| stream as &dyn Observer))
    }

    /// Nothing more happens; says what was not told.
    pub fn close(self, printer: &Printer) {
        let lost = self.stream.and_then(Stream::close);
        if let Some(lost) = lost {
            printer.warning(&format!("--stream: {lost}"));
        }
    }
}
