use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, ValueEnum};
use indicatif::ProgressBar;

use super::Printer;
use super::choice::choice;
use super::exit::{Exit, Failure};
use super::flags::split;
use crate::model::{Size, Time};
use crate::registry::{Choice, OptionsError};
use crate::report::{Ranking, prose, rankings_csv, rankings_html, rankings_json, rankings_table};
use crate::simulation::{
    Basis, CacheSize, Capacity, POLICIES, Pace, Sample, Scenario, Simulated, Writes, curve,
};
use crate::traffic::traces::{FORMATS, Recording, load};

const EXAMPLES: &str = "Examples:
  cachebench simulate web.trace --sizes 1%,5%,25%
  cachebench simulate web.csv --sizes 64MB,1GB --policies lru,redis-lru,opt --writes invalidate
  cachebench simulate big.trace.zst --sizes 1%..50%/12 --policies lru,fifo --shards 0.01 --output csv
  cachebench simulate web.trace --sizes 1000 --rate 5000 \\
      --policies 'redis-lru,{ redis-lru = { samples = 10 } }'

The names of policies and formats, and their options: cachebench list";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// The trace: requests that were recorded, compressed or not.
    trace: PathBuf,

    /// The format of the trace; without it, it is told from its first bytes.
    #[arg(long, value_parser = choice)]
    format: Option<Choice>,

    /// Sizes of the cache, with commas: entries (1000), shares of the unique keys (5%), bytes (64MB), or equal
    /// ratios (1%..50%/8).
    #[arg(long, default_value = "1%,5%,10%,25%")]
    sizes: String,

    /// Policies, with commas: names, or tables with options. Without it, all.
    #[arg(long)]
    policies: Option<String>,

    /// Only so many requests from the beginning.
    #[arg(long, value_name = "N")]
    limit: Option<u64>,

    /// What writes and deletes of the trace do to the cache.
    #[arg(long, value_enum, default_value_t = OnWrite::AsReads)]
    writes: OnWrite,

    /// Requests a second, for clocks and times to live. Without it, the trace's own times or, if it has none, 1000.
    #[arg(long, value_name = "N", conflicts_with = "speed")]
    rate: Option<f64>,

    /// How many times as fast as recorded.
    #[arg(long, value_name = "X")]
    speed: Option<f64>,

    /// How long entries live. Without it, as the trace says.
    #[arg(long, value_name = "TIME")]
    ttl: Option<Time>,

    /// Bytes of objects whose size the trace does not have.
    #[arg(long, value_name = "SIZE")]
    unknown_size: Option<Size>,

    /// Estimate from the requests of this share of the keys (SHARDS): 0.01 takes a hundredth of the time.
    #[arg(long, value_name = "SHARE")]
    shards: Option<f64>,

    /// What is left to chance follows from it.
    #[arg(long, default_value_t = 1)]
    seed: u64,

    /// How to print the result.
    #[arg(long, value_enum, default_value_t = Output::Table)]
    output: Output,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum OnWrite {
    /// They count as reads.
    AsReads,
    /// They take the entry away.
    Invalidate,
    /// A write puts the entry in, a delete takes it away.
    Put,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Output {
    Table,
    Csv,
    Json,
    Html,
}

pub fn run(arguments: &Arguments, printer: &Printer) -> Result<Exit, Failure> {
    let sizes = CacheSize::list(&arguments.sizes).map_err(|error| usage("--sizes", error))?;
    let policies = policies(arguments.policies.as_deref())?;
    let format = arguments.format.as_ref();
    if let Some(format) = format {
        format.entry(FORMATS).map_err(|error| usage("--format", error))?;
    }
    printer.note(&format!("reading {}", arguments.trace.display()));
    let recording =
        load(&arguments.trace, format, arguments.limit).map_err(|error| Failure::new(Exit::Usage, error))?;
    let capacities: Vec<_> = sizes.iter().map(|size| size.of(recording.unique_keys())).collect();
    let replay = replay(arguments, Arc::new(recording), &capacities)?;
    let told = told(arguments, &replay.recording);
    let sized = replay.recording.has_sizes();
    let rankings = rankings(arguments, &replay, &policies, &sizes, printer)?;
    printer.data(&match arguments.output {
        Output::Table => {
            let text = format!("{told}\n\n{}", rankings_table(&rankings, sized, printer.width()));
            prose(&text, printer.width())
        }
        Output::Csv => rankings_csv(&rankings),
        Output::Json => rankings_json(&rankings),
        Output::Html => rankings_html(&told, &rankings, sized),
    });
    Ok(Exit::Done)
}

fn usage(flag: &str, error: impl std::fmt::Display) -> Failure {
    Failure::new(Exit::Usage, format!("{flag}: {error}"))
}

/// The policies that are named; without names, all.
fn policies(names: Option<&str>) -> Result<Vec<Choice>, Failure> {
    let Some(names) = names else {
        return Ok(POLICIES.iter().map(|entry| Choice::named(entry.name)).collect());
    };
    let known = |text: &str| -> Result<Choice, Failure> {
        let policy = choice(text).map_err(|error| usage("--policies", error))?;
        policy.entry(POLICIES).map_err(|error| usage("--policies", error))?;
        Ok(policy)
    };
    split(names).map(known).collect()
}

/// The recording, replayed as the flags say.
fn replay(arguments: &Arguments, recording: Arc<Recording>, sizes: &[Capacity]) -> Result<Scenario, Failure> {
    let by_bytes = sizes.iter().any(|size| matches!(size, Capacity::Bytes(_)));
    let mut replay = Scenario::of(recording);
    if let Some(Size(bytes)) = arguments.unknown_size {
        let bytes = u32::try_from(bytes).ok().filter(|bytes| *bytes > 0);
        let bytes = bytes.ok_or_else(|| usage("--unknown-size", "takes from 1B to 4GB"))?;
        replay.size_of_unknown = Some(bytes);
    }
    if by_bytes {
        replay.check_sizes().map_err(|error| usage("--sizes", format!("{error} by --unknown-size")))?;
    }
    replay.writes = match arguments.writes {
        OnWrite::AsReads => Writes::AsReads,
        OnWrite::Invalidate => Writes::Invalidate,
        OnWrite::Put => Writes::Put,
    };
    replay.ttl = arguments.ttl.map(|Time(ttl)| ttl);
    match (arguments.rate, arguments.speed) {
        (Some(rate), _) => replay.pace = Pace::PerSecond(rate),
        (None, Some(speed)) => replay.pace = Pace::Recorded { speed },
        (None, None) => {}
    }
    replay.check_pace().map_err(|error| Failure::new(Exit::Usage, error))?;
    Ok(replay)
}

/// Simulates every policy at every size, and `opt` to hold them against.
fn rankings(
    arguments: &Arguments,
    replay: &Scenario,
    policies: &[Choice],
    sizes: &[CacheSize],
    printer: &Printer,
) -> Result<Vec<Ranking>, Failure> {
    let failed = |error: OptionsError| Failure::new(Exit::Usage, error);
    let sample = arguments.shards.map(|rate| Sample::of(replay, rate, arguments.seed));
    let sample = sample.transpose().map_err(|error| usage("--shards", error))?;
    let source = match &sample {
        Some(sample) => {
            printer.note(&format!("a sample of {} requests of {} keys", sample.requests(), sample.keys()));
            Basis::Sampled(sample)
        }
        None => Basis::Whole(replay),
    };
    let capacity = |size: &CacheSize| size.of(replay.recording.unique_keys());
    if let Some(sample) = &sample {
        let capacities: Vec<_> = sizes.iter().map(capacity).collect();
        sample.check(&capacities).map_err(|error| usage("--shards", error))?;
    }
    let sampled = arguments.shards.filter(|rate| *rate < 1.0);
    let opt = Choice::named("opt");
    let mut all = policies.to_vec();
    if !all.contains(&opt) {
        all.push(opt.clone());
    }
    let points: Vec<_> =
        sizes.iter().flat_map(|size| all.iter().map(|policy| (policy.clone(), capacity(size)))).collect();
    let bar = bar(printer, points.len());
    let found = curve(&source, &points, arguments.seed, &|done| bar.set_position(done as u64));
    bar.finish_and_clear();
    let found = found.map_err(failed)?;
    let by_size = sizes.iter().zip(found.chunks(all.len()));
    let ranking =
        |(size, results)| Ranking { sampled, ..ranking(size, capacity(size), policies.len(), results) };
    Ok(by_size.map(ranking).collect())
}

/// The first `asked` results were asked for; one of them, or another, is that of `opt`.
fn ranking(size: &CacheSize, capacity: Capacity, asked: usize, results: &[Simulated]) -> Ranking {
    let possible = results.iter().find(|result| result.policy == "opt").map_or(0, |opt| opt.hits);
    Ranking { size: size.to_string(), capacity, possible, results: results[..asked].to_vec(), sampled: None }
}

fn bar(printer: &Printer, points: usize) -> ProgressBar {
    let bar = printer.bar(Some(points as u64)).with_message("simulated");
    if bar.is_hidden() {
        printer.note(&format!("simulating {points} caches"));
    }
    bar
}

/// What was simulated, in a line.
fn told(arguments: &Arguments, recording: &Recording) -> String {
    let estimate = arguments
        .shards
        .map_or(String::new(), |rate| format!(", estimated from {} of the keys", crate::report::share(rate)));
    format!(
        "{}: {} requests of {} keys, simulated{estimate}",
        arguments.trace.display(),
        recording.len(),
        recording.unique_keys()
    )
}
