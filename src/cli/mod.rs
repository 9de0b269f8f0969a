//! Command line: one file a verb, and the printer.

mod baseline;
mod check;
mod choice;
mod ci_outputs;
mod compare;
mod demands;
mod doctor;
mod exit;
mod expect;
mod find_max;
mod history;
mod list;
mod live;
mod paint;
mod placement;
mod printer;
mod progress;
mod recommend;
mod results;
mod run;
mod schema;
mod show;
mod signals;
mod simulate;
mod sweep;
mod telling;
mod terminal;
mod trace;
mod workload_file;

pub use crate::measure::Counting;
pub use exit::Exit;

use clap::{Parser, Subcommand};
use printer::Printer;

/// Measures which caching strategy suits a workload, on a real Redis and a real Postgres.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 110, propagate_version = true)]
#[command(
    after_help = "Start with: cachebench run workloads/quickstart.toml\n\nExit codes: 0 done, 1 internal error, \
2 usage or bad workload, 3 environment (no server, no permission), 4 invalid run, 95 improved, 96 too noisy, \
97 inconclusive, 98 regressed, 99 expectation not met, 130 interrupted"
)]
pub struct Cli {
    /// Only results and errors, no progress.
    #[arg(short, long, global = true)]
    quiet: bool,

    /// No colours; NO_COLOR does the same.
    #[arg(long, global = true)]
    no_color: bool,

    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Run a workload and print the comparison.
    Run(run::Arguments),
    /// Measure a workload over steps of a setting, beside theory, and choose one.
    Sweep(sweep::Arguments),
    /// Compare two settings, versions or results: exact counts, counts under concurrency, times.
    Compare(compare::Arguments),
    /// Keep the exact counts of a workload, and check that they are still the same.
    Baseline(baseline::Arguments),
    /// Check a workload file without running it.
    Check(check::Arguments),
    /// Look for what would spoil a measurement on this machine, and what helps.
    Doctor(doctor::Arguments),
    /// Print the JSON Schema of workload files, or of results.
    Schema(schema::Arguments),
    /// List everything that a workload file can name.
    List(list::Arguments),
    /// Print a result again.
    Show(show::Arguments),
    /// Choose among the cells of a result: what is required, and what shall be least.
    Recommend(recommend::Arguments),
    /// Print how results changed over time, or add one to them.
    History(history::Arguments),
    /// Simulate caches over a trace: hit rates by policy and size, without a server.
    Simulate(simulate::Arguments),
    /// Place keys on nodes by every scheme: what moves when nodes change, and how even it is, without a server.
    Placement(placement::Arguments),
    /// Look at, convert and record traces.
    Trace(trace::Arguments),
}

/// Does what was asked, and says how it ended.
pub fn run(cli: Cli) -> Exit {
    let printer = Printer::new(cli.quiet, cli.no_color);
    let done = match cli.verb {
        Verb::Run(arguments) => run::run(&arguments, &printer),
        Verb::Sweep(arguments) => sweep::run(&arguments, &printer),
        Verb::Compare(arguments) => compare::run(&arguments, &printer),
        Verb::Baseline(arguments) => baseline::run(&arguments, &printer),
        Verb::Check(arguments) => check::run(&arguments, &printer),
        Verb::Doctor(arguments) => doctor::run(&arguments, &printer),
        Verb::Schema(arguments) => schema::run(&arguments, &printer),
        Verb::List(arguments) => list::run(&arguments, &printer),
        Verb::Show(arguments) => show::run(&arguments, &printer),
        Verb::Recommend(arguments) => recommend::run(&arguments, &printer),
        Verb::History(arguments) => history::run(&arguments, &printer),
        Verb::Simulate(arguments) => simulate::run(&arguments, &printer),
        Verb::Placement(arguments) => placement::run(&arguments, &printer),
        Verb::Trace(arguments) => trace::run(&arguments, &printer),
    };
    done.unwrap_or_else(|failure| {
        printer.failure(&failure);
        failure.exit
    })
}
