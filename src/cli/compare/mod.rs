mod job;
mod live;
mod progress;
mod side;
pub mod stored;

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

pub use self::side::hidden;
use self::side::{Given, SideArguments};
use super::Printer;
use super::ci_outputs::CiOutputs;
use super::demands;
use super::exit::{Exit, Failure};
use super::next;
use super::run::EXACT_OPERATIONS;
use crate::measure::comparison::{Comparison, LEAST_CANARY, MOST_METRICS, Outcome};
use crate::measure::{Unit, names};
use crate::report::{
    GateReport, comparison_csv, comparison_html, comparison_json, comparison_markdown, comparison_table,
};

const EXAMPLES: &str = "Examples:
  cachebench compare workloads/gate.toml --base cache.driver=redis --head cache.driver=fred
  cachebench compare workloads/gate.toml --base-cachebench main/cachebench --head-cachebench pr/cachebench
  cachebench compare workloads/gate.toml --base-redis /opt/redis-7/redis-server --head-redis /opt/redis-8/redis-server
  cachebench compare before.toml after.toml --pairs 10
  cachebench compare results/tradeoffs results/tradeoffs-20261126T120000Z

Runs of both sides take turns, in blocks of base, head, and base again, whose order is drawn. Three tiers are told, the
surest first: exact counts (one client, logical time), counts under concurrency over the seeds of the blocks, and times.
Base against itself, the canary, tells whether the machine is quiet enough for the times.

Exit codes: 0 unchanged, 95 improved, 96 too noisy, 97 inconclusive, 98 regressed; --fail-on chooses those that
count as failures, and the others are 0 then.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// A workload file, or two; or two results: folders, or their result.json.
    #[arg(value_name = "FILE", num_args = 1..=2, required = true)]
    files: Vec<PathBuf>,

    #[command(flatten)]
    sides: SideArguments,

    #[command(flatten)]
    plan: Plan,

    /// The verdicts that make the exit code of the command; all others are 0. Without it, each verdict has its own.
    #[arg(long, value_enum, value_delimiter = ',', value_name = "VERDICTS")]
    fail_on: Vec<FailOn>,

    /// How to print it.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,

    #[command(flatten)]
    ci: CiOutputs,

    /// The folder that gets a folder with the comparison and all of its runs.
    #[arg(short, long, default_value = "results", value_name = "FOLDER")]
    output: PathBuf,

    /// Use an external server even if it holds somebody else's data. It is left alone all the same.
    #[arg(long)]
    allow_foreign_data: bool,
}

/// What is run, and how often.
#[derive(Debug, Args)]
pub struct Plan {
    /// Blocks of base, head and base again.
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(LEAST_CANARY as i64..=50))]
    pairs: u16,

    /// Where the first blocks leave a time inconclusive, blocks are added once, up to so many in all.
    #[arg(long, value_name = "N", default_value_t = 12, value_parser = clap::value_parser!(u16).range(LEAST_CANARY as i64..=100))]
    max_pairs: u16,

    /// What is gated by time: --metric read.response.p99. Repeatable; six in all, over all cells. Without it, the usual ones.
    #[arg(long, value_name = "METRIC")]
    metric: Vec<String>,

    /// The tiers to run.
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = [Tier::Exact, Tier::Counts, Tier::Times], value_name = "TIERS")]
    tiers: Vec<Tier>,

    /// No canary: base is not run again. A third of the time is saved, and nobody knows how noisy the machine is.
    #[arg(long)]
    no_canary: bool,

    /// Operations of the exact tier, of each cell.
    #[arg(long, value_name = "N", default_value_t = EXACT_OPERATIONS, value_parser = clap::value_parser!(u64).range(1..))]
    operations: u64,

    /// What the order within the blocks is drawn from, and added to the seed of the data of each block.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Tier {
    /// Whole numbers that follow from the operations alone: one run of a second or two for each side.
    Exact,
    /// Rates under concurrency, over at least five seeds.
    Counts,
    /// Latency and throughput.
    Times,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FailOn {
    Improved,
    TooNoisy,
    Inconclusive,
    Regressed,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Format {
    Table,
    Markdown,
    Json,
    Csv,
    Html,
}

impl Format {
    /// The whole comparison as text, a table for a terminal of this width.
    pub fn render(self, comparison: &Comparison, width: Option<usize>) -> String {
        match self {
            Format::Table => comparison_table(comparison, width),
            Format::Markdown => comparison_markdown(comparison),
            Format::Json => comparison_json(comparison),
            Format::Csv => comparison_csv(comparison),
            Format::Html => comparison_html(comparison),
        }
    }
}

pub fn run(arguments: &Arguments, printer: &Printer) -> Result<Exit, Failure> {
    let plan = &arguments.plan;
    let metrics: Vec<String> = plan.metric.iter().map(|name| timed(name)).collect::<Result<_, _>>()?;
    if metrics.len() > MOST_METRICS {
        let text = format!("--metric: {} are too many; six can be told apart from chance", metrics.len());
        return Err(Failure::new(Exit::Usage, text));
    }
    arguments.ci.check()?;
    let are_results = arguments.files.iter().filter(|file| is_result(file)).count();
    let (comparison, is_whole) = match (arguments.files.as_slice(), are_results) {
        ([base, head], 2) => {
            if let Some(flag) = arguments.sides.given().next() {
                let text = format!("{flag} is for workloads that are run, and two results are given");
                return Err(Failure::new(Exit::Usage, text));
            }
            (stored::compare(base, head, &metrics)?, true)
        }
        (files, 0) => {
            let given =
                Given { files, sides: &arguments.sides, allow_foreign_data: arguments.allow_foreign_data };
            live::compare(&given, plan, &metrics, &arguments.output, printer)?
        }
        _ => {
            let text = "a result and a workload file cannot be compared; give two results, or one or two workload files";
            return Err(Failure::new(Exit::Usage, text));
        }
    };
    printer.data(&arguments.format.render(&comparison, printer.width()));
    let exit = if is_whole { exit(comparison.outcome, &arguments.fail_on) } else { Exit::Interrupted };
    arguments.ci.write(&GateReport::of_comparison(&comparison, exit == Exit::Done), printer)?;
    if let ([_, head], 2) = (arguments.files.as_slice(), are_results) {
        let head = next::quoted(head);
        next::tell(&[format!("show {head}"), format!("open {head}")], printer);
    }
    Ok(exit)
}

/// A metric that can be better or worse: a number of events follows from how many operations there were.
fn timed(name: &str) -> Result<String, Failure> {
    let name = demands::metric("--metric", name)?;
    let unit = names().into_iter().find_map(|(known, unit)| (known == name).then_some(unit));
    match unit {
        Some(Unit::Count | Unit::Bytes) => {
            let text = format!(
                "--metric: {name} is a number of things, and neither better nor worse; give a time, a rate or a share"
            );
            Err(Failure::new(Exit::Usage, text))
        }
        _ => Ok(name),
    }
}

/// Whether a path is that of a result rather than of a workload.
fn is_result(path: &Path) -> bool {
    path.is_dir() || path.extension().is_some_and(|extension| extension == "json")
}

/// The exit code of a verdict: its own, or 0 where others are to fail.
pub fn exit(outcome: Outcome, fail_on: &[FailOn]) -> Exit {
    let (exit, failure) = match outcome {
        Outcome::Unchanged => return Exit::Done,
        Outcome::Improved => (Exit::Improved, FailOn::Improved),
        Outcome::TooNoisy => (Exit::TooNoisy, FailOn::TooNoisy),
        Outcome::Inconclusive => (Exit::Inconclusive, FailOn::Inconclusive),
        Outcome::Regressed => (Exit::Regressed, FailOn::Regressed),
    };
    if fail_on.is_empty() || fail_on.contains(&failure) { exit } else { Exit::Done }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_verdict_has_its_exit_code_unless_others_are_to_fail() {
        let all = [
            Outcome::Unchanged,
            Outcome::Improved,
            Outcome::TooNoisy,
            Outcome::Inconclusive,
            Outcome::Regressed,
        ];
        assert_eq!(all.map(|outcome| exit(outcome, &[]) as i32), [0, 95, 96, 97, 98]);
        assert_eq!(all.map(|outcome| exit(outcome, &[FailOn::Regressed]) as i32), [0, 0, 0, 0, 98]);
        let two = [FailOn::TooNoisy, FailOn::Regressed];
        assert_eq!(all.map(|outcome| exit(outcome, &two) as i32), [0, 0, 96, 0, 98]);
    }
}
