//! The `cachebench` command: parse, run, turn the answer into an exit code.

use std::process::ExitCode;

use cachebench::cli::{Cli, Counting};
use clap::Parser;

// Exact counts tell allocations, too.
#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: Counting<mimalloc::MiMalloc> = Counting(mimalloc::MiMalloc);
#[cfg(not(feature = "mimalloc"))]
#[global_allocator]
static ALLOCATOR: Counting<std::alloc::System> = Counting(std::alloc::System);

fn main() -> ExitCode {
    cachebench::cli::run(Cli::parse()).into()
}
