mod axis;

use clap::Args;

use self::axis::{Axis, MOST};
use super::Printer;
use super::demands;
use super::exit::{Exit, Failure};
use super::flags::Flags;
use super::next;
use super::run::{self, Measured, Output};
use super::workload_file::WorkloadFile;
use crate::config::Loaded;
use crate::experiment;
use crate::measure::{Demands, Summary, Sweep};

const EXAMPLES: &str = "Examples:
  cachebench sweep workloads/ttl.toml --over cache.ttl=100ms..3s
  cachebench sweep workloads/ttl.toml --over cache.ttl=100ms..3s --tolerate 'stale_rate < 10%'
  cachebench sweep FILE --over cache.ttl=1s,10s --over mitigation.jitter.spread=0.1..0.5 --steps 3
  cachebench sweep FILE --over app.instances=1..8 --steps 4 --minimise read.response.p99

A range is cut into steps of equal ratio, values rounded to three digits. From 0, or with :linear
behind it (cache.ttl=1s..5s:linear), steps are of equal length. Other settings that the file compares
stay compared: each of their values gets steps of its own. The result is that of a run; `show` prints
it again. Exit code 99: no step shows what is tolerated.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    #[command(flatten)]
    workload: WorkloadFile,

    /// A setting with a range or a list of its values: --over cache.ttl=100ms..1h. Given twice, every combination is
    /// measured, and steps of the first are chosen among.
    #[arg(long, value_name = "PATH=VALUES", required = true)]
    over: Vec<Axis>,

    /// Into how many steps a range is cut.
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u8).range(2..=MOST as i64))]
    steps: u8,

    /// What a step must show to be chosen: --tolerate "stale_rate < 0.1%". Repeatable; all of them must hold.
    #[arg(long, value_name = "EXPECTATION")]
    tolerate: Vec<String>,

    /// Of the steps that show it, the one with the least of this metric is chosen.
    #[arg(long, value_name = "METRIC", default_value = "db.queries_per_read")]
    minimise: String,

    #[command(flatten)]
    output: Output,

    #[command(flatten)]
    flags: Flags,
}

pub fn run(arguments: &Arguments, printer: &Printer) -> Result<Exit, Failure> {
    let format = run::format(&arguments.output.format, printer)?;
    let axes = &arguments.over;
    let usage = |text: String| Err(Failure::new(Exit::Usage, text));
    if axes.len() > 2 {
        return usage(format!("--over: {} settings at once; sweep over one or two", axes.len()));
    }
    if let [one, other] = axes.as_slice()
        && one.path == other.path
    {
        return usage(format!("--over: {} is given twice; list its values in one", one.path));
    }
    let tolerate = demands::expectations("--tolerate", &arguments.tolerate)?;
    let minimise = demands::metric("--minimise", &arguments.minimise)?;
    // Of two settings the first is chosen among, so it varies fastest.
    // A path that is no setting is told once, and not for each of its values.
    // What the file expects is about the cells that it compares itself; here --tolerate says what is wanted.
    let free = || ["expect=[]".to_owned()];
    arguments.workload.read(&arguments.flags, axes.iter().map(Axis::first).chain(free()))?;
    let overrides = axes.iter().rev().map(|axis| axis.comparison(arguments.steps.into())).chain(free());
    let loaded = arguments.workload.load_with(&arguments.flags, overrides, printer)?;
    let sweep = Sweep {
        axes: axes.iter().map(|axis| axis.path.clone()).collect(),
        tolerate,
        minimise,
        ..Sweep::default()
    };
    let Measured { summary, folder } =
        arguments.output.measure(&loaded, &*format, printer, |permissions, progress, stop| {
            experiment::run(&loaded, permissions, progress, stop)
                .map(|summary| swept(summary, &loaded, sweep))
        })?;
    next::after_a_run(&folder, printer);
    Ok(if summary.interrupted {
        Exit::Interrupted
    } else if !summary.is_valid() {
        Exit::Invalid
    } else if is_unmet(&summary) {
        Exit::Unmet
    } else {
        Exit::Done
    })
}

/// The summary, with what it swept over and what theory says of that.
fn swept(summary: Summary, loaded: &Loaded, mut sweep: Sweep) -> Summary {
    experiment::choose_by_theory(&mut sweep, loaded, &summary.cells);
    Summary { sweep: Some(sweep), ..summary }
}

/// Whether no step of any row shows what is tolerated.
fn is_unmet(summary: &Summary) -> bool {
    let Some(sweep) = &summary.sweep else { return false };
    let demands = sweep.demands();
    let is_met = |demands: &Demands, cells: &[usize]| !demands.pick(&summary.cells, cells).met.is_empty();
    !sweep.tolerate.is_empty() && !sweep.rows(&summary.cells).iter().any(|row| is_met(&demands, &row.cells))
}
