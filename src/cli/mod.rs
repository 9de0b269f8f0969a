//! Command line: one file a verb, and the printer.

mod baseline;
mod check;
mod choice;
mod ci_outputs;
mod compare;
mod completions;
mod demands;
mod doctor;
mod exit;
mod expect;
mod find_max;
mod flags;
mod history;
mod init;
mod list;
mod live;
mod man;
mod next;
mod open;
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

const HELP: &str = "Examples:
  cachebench run workloads/quickstart.toml
  cachebench init shop.toml
  cachebench check shop.toml
  cachebench open

Exit codes: 0 done, 1 internal error, 2 usage or bad workload, 3 environment (no server, no permission), 4 invalid run, \
95 improved, 96 too noisy, 97 inconclusive, 98 regressed, 99 expectation not met, 130 interrupted";

/// What may be done first, by what this program is called.
fn first_steps(program: &str) -> String {
    let steps = [
        ("init", "write a workload of your own: a few questions, and a commented file"),
        (
            "init --from quickstart",
            "the same, from one that comes with it; `init --list` tells which there are",
        ),
        ("run FILE", "measure a workload on a Redis and a Postgres of its own, and print the comparison"),
        ("list", "everything that a workload can name"),
        ("--help", "all verbs"),
    ];
    let lines = steps.map(|(verb, what)| {
        format!("  {:w$}  {what}\n", format!("{program} {verb}"), w = program.len() + 23)
    });
    format!(
        "cachebench measures which caching strategy suits a workload. To begin with:\n\n{}",
        lines.concat()
    )
}

/// Measures which caching strategy suits a workload, on a real Redis and a real Postgres.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 110, propagate_version = true)]
#[command(after_help = HELP)]
pub struct Cli {
    /// Only results and errors, no progress.
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    quiet: bool,

    /// Tell what is done as well: settings that are not those of the file, servers, how long each phase took.
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    verbose: u8,

    /// No colours; NO_COLOR does the same.
    #[arg(long, global = true)]
    no_color: bool,

    #[command(subcommand)]
    verb: Option<Verb>,
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
    /// Write a workload to start from.
    Init(init::Arguments),
    /// Check a workload file without running it.
    Check(check::Arguments),
    /// Look for what would spoil a measurement on this machine, and what helps.
    Doctor(doctor::Arguments),
    /// Print the JSON Schema of workload files, or of results.
    Schema(schema::Arguments),
    /// List everything that a workload file can name; or past results, or the workloads to start from.
    List(list::Arguments),
    /// Print a result again.
    Show(show::Arguments),
    /// Open the page of a result in a browser.
    Open(open::Arguments),
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
    /// Print what a shell needs to complete verbs and flags.
    Completions(completions::Arguments),
    /// Print a manual page.
    Man(man::Arguments),
}

/// Does what was asked, and says how it ended.
pub fn run(cli: Cli) -> Exit {
    let printer = Printer::new(cli.quiet, cli.no_color, cli.verbose > 0);
    let Some(verb) = cli.verb else {
        printer.data(&first_steps(&next::program()));
        return Exit::Done;
    };
    let done = match verb {
        Verb::Run(arguments) => run::run(&arguments, &printer),
        Verb::Sweep(arguments) => sweep::run(&arguments, &printer),
        Verb::Compare(arguments) => compare::run(&arguments, &printer),
        Verb::Baseline(arguments) => baseline::run(&arguments, &printer),
        Verb::Init(arguments) => init::run(&arguments, &printer),
        Verb::Check(arguments) => check::run(&arguments, &printer),
        Verb::Doctor(arguments) => doctor::run(&arguments, &printer),
        Verb::Schema(arguments) => schema::run(&arguments, &printer),
        Verb::List(arguments) => list::run(&arguments, &printer),
        Verb::Show(arguments) => show::run(&arguments, &printer),
        Verb::Open(arguments) => open::run(&arguments, &printer),
        Verb::Recommend(arguments) => recommend::run(&arguments, &printer),
        Verb::History(arguments) => history::run(&arguments, &printer),
        Verb::Simulate(arguments) => simulate::run(&arguments, &printer),
        Verb::Placement(arguments) => placement::run(&arguments, &printer),
        Verb::Trace(arguments) => trace::run(&arguments, &printer),
        Verb::Completions(arguments) => completions::run(&arguments, &printer),
        Verb::Man(arguments) => man::run(&arguments, &printer),
    };
    done.unwrap_or_else(|failure| {
        printer.failure(&failure);
        failure.exit
    })
}
