use std::path::PathBuf;

use clap::Args;

use crate::cli::choice::choice;
use crate::registry::Choice;

/// The trace that a verb reads.
#[derive(Debug, Args)]
pub struct Input {
    /// The trace; plain or compressed with gzip, xz or zstd.
    pub file: PathBuf,

    /// Its format, where the name and the content do not tell it; `cachebench list` lists them. With options as in a
    /// workload file: --format '{ csv = { key = 2, time = 0 } }'.
    #[arg(long, value_name = "FORMAT", value_parser = choice)]
    pub format: Option<Choice>,

    /// Read only this many requests from the start.
    #[arg(long, value_name = "REQUESTS", value_parser = clap::value_parser!(u64).range(1..))]
    pub limit: Option<u64>,
}
