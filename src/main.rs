//! The `cachebench` command: parse, run, turn the answer into an exit code.

use std::process::ExitCode;

use cachebench::cli::Cli;
use clap::Parser;

#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    cachebench::cli::run(Cli::parse()).into()
}
