mod file;

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::cli::Printer;
use crate::cli::ci_outputs::CiOutputs;
use crate::cli::compare::{self, Format, hidden};
use crate::cli::exit::{Exit, Failure};
use crate::cli::flags::Flags;
use crate::cli::progress::Progress;
use crate::cli::run::EXACT_OPERATIONS;
use crate::cli::signals::stop_on_signals;
use crate::cli::workload_file::WorkloadFile;
use crate::config::{Exact, Loaded};
use crate::engine::Stop;
use crate::experiment::{self, Permissions};
use crate::measure::comparison::{
    Better, COMPARISON_FORMAT, Comparison, Counted, LEAST_SEEDS, Side, Tallied, compare_exact, counted,
    exact_counts, judge_counts,
};
use crate::measure::inference::Law;
use crate::measure::{BASELINE_FORMAT, Baseline, Summary, steady};
use crate::model::Time;
use crate::report::GateReport;

const EXAMPLES: &str = "Examples:
  cachebench baseline save workloads/gate.toml
  cachebench baseline check workloads/gate.toml
  cachebench baseline check workloads/gate.toml --junit junit.xml --markdown summary.md

A baseline holds exact counts: so many operations of one client, in logical time. They are the same on every machine,
so that any change is one of the program, of a driver, or of a server. `check` shows each that has changed; who
finds it right accepts it by `save`, and commits the file.

Exit codes of check: 0 unchanged, 95 improved, 97 something is not told any more or was asked otherwise,
98 regressed; an improvement has to be accepted, too.";

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Count a workload, and keep the counts as what is right.
    #[command(after_help = EXAMPLES)]
    Save(Save),
    /// Count a workload again, and show what is not as it was.
    #[command(after_help = EXAMPLES)]
    Check(Check),
}

/// Which workload, and where its baseline is.
#[derive(Debug, Args)]
struct Subject {
    #[command(flatten)]
    workload: WorkloadFile,

    /// The file of the baseline; without it, results/baselines/NAME.json, by the name of the workload.
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,

    /// Use an external server even if it holds somebody else's data. It is left alone all the same.
    #[arg(long)]
    allow_foreign_data: bool,
}

#[derive(Debug, Args)]
struct Save {
    #[command(flatten)]
    subject: Subject,

    /// Operations of each cell.
    #[arg(long, value_name = "N", default_value_t = EXACT_OPERATIONS, value_parser = clap::value_parser!(u64).range(1..))]
    operations: u64,

    /// How often it is counted: what is not the same each time is not kept.
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u16).range(2..=20))]
    runs: u16,

    /// Count under concurrency as well, over so many seeds: stale reads, loads for each expiry, coalescing. Each seed is a
    /// run as the workload has it.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(LEAST_SEEDS as i64..=50))]
    seeds: Option<u16>,
}

#[derive(Debug, Args)]
struct Check {
    #[command(flatten)]
    subject: Subject,

    /// The exact counts alone, even if the baseline has counts under concurrency.
    #[arg(long)]
    exact_only: bool,

    /// How to print it.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,

    #[command(flatten)]
    ci: CiOutputs,
}

pub fn run(arguments: &Arguments, printer: &Printer) -> Result<Exit, Failure> {
    match &arguments.what {
        What::Save(arguments) => save(arguments, printer),
        What::Check(arguments) => check(arguments, printer),
    }
}

fn save(arguments: &Save, printer: &Printer) -> Result<Exit, Failure> {
    let subject = &arguments.subject;
    let loaded = subject.exact(arguments.operations, None, printer)?;
    let path = subject.path(&loaded);
    let meter = Meter::new(subject, printer)?;
    let (mut runs, mut tick) = (Vec::new(), String::new());
    for _ in 0..arguments.runs {
        let summary = meter.measure(&loaded)?;
        tick = tick_of(&summary);
        runs.push(exact_counts(&summary));
    }
    let (cells, moved) = steady(&runs);
    let mut baseline = Baseline {
        format: BASELINE_FORMAT,
        name: loaded.workload.name.clone(),
        cachebench: env!("CARGO_PKG_VERSION").into(),
        build: build().into(),
        operations: arguments.operations,
        tick,
        cells,
        ..Baseline::default()
    };
    for (cell, metric, told) in meter.over_seeds(&subject.workload, arguments.seeds.unwrap_or(0), printer)? {
        baseline.counts.entry(cell).or_default().entry(metric).or_default().push(told.tallied);
    }
    file::write(&path, &baseline)?;
    for one in moved {
        printer
            .note(&format!("not kept, since it was not the same in each run: {} of {}", one.count, one.cell));
    }
    let counts: usize = baseline.cells.values().map(|counts| counts.0.len()).sum();
    printer.note(&format!("{counts} counts of {} cells: {}", baseline.cells.len(), path.display()));
    Ok(Exit::Done)
}

fn check(arguments: &Check, printer: &Printer) -> Result<Exit, Failure> {
    let subject = &arguments.subject;
    arguments.ci.check()?;
    let named = subject.workload.load(&Flags::default(), printer)?;
    let path = subject.path(&named);
    let baseline = file::read(&path, &named)?;
    let tick = baseline.tick.parse::<Time>().map_err(|error| {
        Failure::new(Exit::Usage, format!("{} is no baseline: tick: {error}", path.display()))
    })?;
    let loaded = subject.exact(baseline.operations, Some(tick), printer)?;
    let meter = Meter::new(subject, printer)?;
    let summary = meter.measure(&loaded)?;
    let built_alike = baseline.build == build() && baseline.cachebench == env!("CARGO_PKG_VERSION");
    let mut comparison = Comparison {
        format: COMPARISON_FORMAT,
        base: Side {
            label: "baseline".into(),
            cachebench: baseline.cachebench.clone(),
            what: vec![path.display().to_string()],
        },
        head: Side {
            label: "now".into(),
            cachebench: summary.cachebench.clone(),
            what: vec![loaded.path.display().to_string()],
        },
        name: summary.name.clone(),
        question: summary.question.clone(),
        started_at: summary.started_at.clone(),
        exact: Some(compare_exact(&baseline.cells, &exact_counts(&summary), built_alike)),
        // Nothing of it depends on what the machine did meanwhile.
        interleaved: true,
        ..Comparison::default()
    };
    if !built_alike {
        let (build, version) = (&baseline.build, &baseline.cachebench);
        let text =
            format!("the baseline is of a {build} build of version {version}: allocations are not compared");
        comparison.warnings.push(text);
    }
    if !arguments.exact_only && !baseline.counts.is_empty() {
        let told = meter.over_seeds(&subject.workload, baseline.seeds() as u16, printer)?;
        comparison.counts = judge_counts(&beside(&baseline, &told));
    }
    comparison.seconds = meter.began.elapsed().as_secs_f64();
    comparison.conclude();
    printer.data(&arguments.format.render(&comparison, printer.width()));
    let exit = compare::exit(comparison.outcome, &[]);
    arguments.ci.write(&GateReport::of_comparison(&comparison, exit == Exit::Done), printer)?;
    if exit != Exit::Done {
        printer.note(&format!("if that is right: {}", subject.save(&baseline)));
    }
    Ok(exit)
}

/// What one run counted under concurrency.
struct Told {
    law: Law,
    better: Better,
    tallied: Tallied,
}

/// What the baseline has beside what was counted now; what is not told any more has nothing on that side.
fn beside(baseline: &Baseline, told: &[(String, String, Told)]) -> Vec<Counted> {
    let known = baseline
        .counts
        .iter()
        .flat_map(|(cell, metrics)| metrics.iter().map(move |(metric, base)| (cell, metric, base)));
    known
        .map(|(cell, metric, base)| {
            let now = || told.iter().filter(move |(where_, what, _)| where_ == cell && what == metric);
            let (law, better) =
                now().next().map_or((Law::Rate, Better::of(metric)), |(.., it)| (it.law, it.better));
            let head = now().map(|(.., it)| it.tallied).collect();
            Counted { cell: cell.clone(), metric: metric.clone(), better, law, base: base.clone(), head }
        })
        .collect()
}

impl Subject {
    fn exact(&self, operations: u64, tick: Option<Time>, printer: &Printer) -> Result<Loaded, Failure> {
        self.workload.load_exact(&Flags::default(), [], Exact { operations, tick }, printer)
    }

    /// The command that makes a baseline anew as it is.
    fn save(&self, baseline: &Baseline) -> String {
        let mut command = format!("cachebench baseline save {}", self.workload.file.display());
        for setting in self.workload.settings() {
            command += &format!(" --set '{}'", hidden(setting));
        }
        if let Some(path) = &self.baseline {
            command += &format!(" --baseline {}", path.display());
        }
        if baseline.operations != EXACT_OPERATIONS {
            command += &format!(" --operations {}", baseline.operations);
        }
        if baseline.seeds() > 0 {
            command += &format!(" --seeds {}", baseline.seeds());
        }
        command
    }

    fn path(&self, loaded: &Loaded) -> PathBuf {
        let usual = || PathBuf::from("results/baselines").join(format!("{}.json", loaded.workload.name));
        self.baseline.clone().unwrap_or_else(usual)
    }
}

/// Measures in this process, again and again.
struct Meter<'a> {
    permissions: Permissions,
    stop: Stop,
    progress: Progress<'a>,
    began: std::time::Instant,
}

impl<'a> Meter<'a> {
    fn new(subject: &Subject, printer: &'a Printer) -> Result<Meter<'a>, Failure> {
        let stop = Stop::default();
        stop_on_signals(&stop)?;
        let permissions = Permissions { foreign_data: subject.allow_foreign_data };
        Ok(Meter { permissions, stop, progress: Progress::new(printer), began: std::time::Instant::now() })
    }

    /// One run, all of which may be believed.
    fn measure(&self, loaded: &Loaded) -> Result<Summary, Failure> {
        let summary = experiment::run(loaded, self.permissions, &self.progress, &self.stop);
        self.progress.finish();
        let summary = summary?;
        if summary.interrupted {
            return Err(Failure::new(Exit::Interrupted, "interrupted"));
        }
        if let Some(reason) = summary.doubt() {
            return Err(Failure::new(Exit::Invalid, reason));
        }
        Ok(summary)
    }

    /// What runs over so many seeds count under concurrency: cell, metric, and the count.
    fn over_seeds(
        &self,
        workload: &WorkloadFile,
        seeds: u16,
        printer: &Printer,
    ) -> Result<Vec<(String, String, Told)>, Failure> {
        let mut all = Vec::new();
        let flags = Flags::default();
        for number in 0..u64::from(seeds) {
            let seed = workload.read(&flags, [])?.workload.data.seed.wrapping_add(number);
            let overrides = [format!("data.seed={seed}"), "compare.repeat=1".to_owned()];
            let loaded = match number {
                0 => workload.load_with(&flags, overrides, printer)?,
                _ => workload.read(&flags, overrides)?,
            };
            for cell in self.measure(&loaded)?.cells {
                let repeats = cell.repeats.iter();
                let told = repeats.flat_map(|repeat| counted(repeat, seed));
                all.extend(told.map(|(metric, law, better, tallied)| {
                    (cell.label(), metric.to_owned(), Told { law, better, tallied })
                }));
            }
        }
        Ok(all)
    }
}

fn tick_of(summary: &Summary) -> String {
    let tick = summary.workload.pointer("/traffic/tick").and_then(serde_json::Value::as_str);
    tick.unwrap_or_default().to_owned()
}

fn build() -> &'static str {
    if cfg!(debug_assertions) { "debug" } else { "release" }
}
