use std::path::{Path, PathBuf};
use std::time::Instant;

use super::progress::Progress;
use super::side::{Given, Spec};
use super::{Plan, Tier, job};
use crate::cli::exit::{Exit, Failure};
use crate::cli::results;
use crate::cli::signals::stop_on_signals;
use crate::cli::{Printer, next};
use crate::engine::Stop;
use crate::measure::Summary;
use crate::measure::comparison::{
    Block, COMPARISON_FORMAT, Comparison, Exact, MOST_METRICS, Outcome, built_alike, compare_exact, counts,
    exact_counts, judge, judge_counts, series, untold,
};
use crate::report::{comparison_html, comparison_json, comparison_markdown};
use crate::traffic::{Random, Stream};

/// Runs both sides in turns and compares them; says whether it came to its end.
///
/// # Errors
/// When a side cannot be run, or its runs may not be believed.
pub fn compare(
    given: &Given,
    plan: &Plan,
    metrics: &[String],
    output: &Path,
    printer: &Printer,
) -> Result<(Comparison, bool), Failure> {
    let sides = given.specs()?;
    let cells = sides[1].loaded.cells.len();
    if metrics.len() * cells > MOST_METRICS {
        let text = format!(
            "{} metrics of {cells} cells are too many; six can be told apart from chance: give fewer of one or the other",
            metrics.len()
        );
        return Err(Failure::new(Exit::Usage, text));
    }
    let folder = results::make(output, &format!("compare-{}", sides[1].loaded.workload.name))?;
    let stop = Stop::default();
    stop_on_signals(&stop)?;
    let mut course = Course::new(&sides, plan, &folder, &stop, printer);
    let ran = course.run(metrics);
    course.progress.finish();
    let mut comparison = course.told(metrics)?;
    let is_whole = !stop.is_requested();
    if !is_whole {
        comparison.warnings.push("interrupted: what is told here is a part".into());
    }
    let written = write(&comparison, &folder);
    printer.note(&format!("results: {}", folder.display()));
    ran?;
    if let Some(reason) = course.unmeasurable() {
        return Err(Failure::new(Exit::Invalid, reason));
    }
    written.map_err(|error| {
        Failure::new(Exit::Environment, format!("cannot write {}: {error}", folder.display()))
    })?;
    next::tell(&[format!("open {}", next::quoted(&folder))], printer);
    Ok((comparison, is_whole))
}

fn write(comparison: &Comparison, folder: &Path) -> std::io::Result<()> {
    std::fs::write(folder.join("comparison.json"), comparison_json(comparison))?;
    std::fs::write(folder.join("comparison.md"), comparison_markdown(comparison))?;
    std::fs::write(folder.join("report.html"), comparison_html(comparison))
}

/// What one block has measured.
struct Measured {
    seed: u64,
    base: Summary,
    head: Summary,
    again: Option<Summary>,
}

/// A block that is left out.
struct Discarded {
    is_head: bool,
    reason: String,
}

/// A comparison under way.
struct Course<'a> {
    sides: &'a [Spec; 2],
    plan: &'a Plan,
    /// Of the comparison; each run has one below.
    folder: &'a Path,
    stop: &'a Stop,
    progress: Progress<'a>,
    began: Instant,
    started_at: String,
    runs: usize,
    exact: Option<Exact>,
    blocks: Vec<Measured>,
    /// Blocks with a run that may not be believed: why.
    discarded: Vec<Discarded>,
    /// The versions of cachebench that ran base and head.
    versions: [String; 2],
}

impl<'a> Course<'a> {
    fn new(
        sides: &'a [Spec; 2],
        plan: &'a Plan,
        folder: &'a Path,
        stop: &'a Stop,
        printer: &'a Printer,
    ) -> Course<'a> {
        let exact = if plan.tiers.contains(&Tier::Exact) { 2 } else { 0 };
        let total = exact + blocks_wanted(plan) * runs_of_a_block(plan);
        Course {
            sides,
            plan,
            folder,
            stop,
            progress: Progress::new(printer, total),
            began: Instant::now(),
            started_at: jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            runs: 0,
            exact: None,
            blocks: Vec::new(),
            discarded: Vec::new(),
            versions: Default::default(),
        }
    }

    fn run(&mut self, metrics: &[String]) -> Result<(), Failure> {
        if self.plan.tiers.contains(&Tier::Exact) {
            self.count()?;
        }
        let wanted = blocks_wanted(self.plan);
        self.measure(wanted)?;
        // Once, and to a number that was set before: who looks again and again until it fits finds what he looks for.
        let more = usize::from(self.plan.max_pairs).saturating_sub(wanted);
        if more > 0 && !self.gave_up() && self.is_undecided(metrics) {
            self.progress.more(more * runs_of_a_block(self.plan));
            self.measure(wanted + more)?;
        }
        Ok(())
    }

    /// The exact tier: one run of each side, by the logical time of base.
    fn count(&mut self) -> Result<(), Failure> {
        let operations = self.plan.operations;
        for side in self.sides {
            if let Err(reason) = side.countable(operations) {
                self.exact =
                    Some(Exact { left_out: Some(format!("{}: {reason}", side.name)), ..Exact::default() });
                return Ok(());
            }
        }
        let flags = ["--exact".to_owned(), "--operations".into(), operations.to_string()];
        let Some(base) = self.one(0, "exact-base", &flags)? else { return Ok(()) };
        let tick = base.workload.pointer("/traffic/tick").and_then(serde_json::Value::as_str);
        let tick = tick.map(|tick| ["--set".to_owned(), format!("traffic.tick={tick}")]);
        let flags: Vec<String> = flags.into_iter().chain(tick.into_iter().flatten()).collect();
        let Some(head) = self.one(1, "exact-head", &flags)? else { return Ok(()) };
        for (side, summary) in [("base", &base), ("head", &head)] {
            if let Some(reason) = summary.doubt() {
                return Err(Failure::new(Exit::Invalid, format!("the exact run of {side}: {reason}")));
            }
        }
        let built_alike = built_alike(&base, &head);
        self.exact = Some(compare_exact(&exact_counts(&base), &exact_counts(&head), built_alike));
        Ok(())
    }

    /// Measures until there are so many blocks.
    fn measure(&mut self, wanted: usize) -> Result<(), Failure> {
        while self.blocks.len() < wanted && !self.stop.is_requested() {
            let number = self.blocks.len() + self.discarded.len();
            if self.gave_up() {
                return Ok(());
            }
            self.block(number)?;
        }
        Ok(())
    }

    /// Why head cannot be measured, if every block was left out for its sake. Of a machine that is too busy, base would have
    /// its share: it runs twice as often.
    fn unmeasurable(&self) -> Option<String> {
        let last = self.discarded.last().filter(|_| self.gave_up() && self.blocks.is_empty())?;
        let is_heads = self.discarded.iter().all(|one| one.is_head);
        is_heads.then(|| format!("head cannot be measured: {}", last.reason))
    }

    /// Whether so many blocks were left out that no more were measured.
    fn gave_up(&self) -> bool {
        self.discarded.len() > blocks_wanted(self.plan) / 2
    }

    /// One block: its runs in an order that is drawn, all on the same load.
    fn block(&mut self, number: usize) -> Result<(), Failure> {
        let first = self.sides[0].loaded.workload.data.seed.wrapping_add(self.plan.seed.wrapping_sub(1));
        let seed = first.wrapping_add(number as u64);
        let mut order: Vec<usize> = (0..runs_of_a_block(self.plan)).collect();
        let mut random = Random::new(self.plan.seed, Stream::Steps, number as u64);
        for last in (1..order.len()).rev() {
            order.swap(last, random.below(last as u64 + 1) as usize);
        }
        let flags =
            ["--set".to_owned(), format!("data.seed={seed}"), "--set".into(), "compare.repeat=1".into()];
        let mut found: [Option<Summary>; 3] = Default::default();
        for which in order {
            let name = ["base", "head", "again"][which];
            let Some(summary) =
                self.one(usize::from(which == 1), &format!("block-{:02}-{name}", number + 1), &flags)?
            else {
                return Ok(());
            };
            if let Some(reason) = summary.doubt() {
                self.discarded.push(Discarded { is_head: which == 1, reason: format!("{name}: {reason}") });
                return Ok(());
            }
            found[which] = Some(lean(summary));
        }
        if let [Some(base), Some(head), again] = found {
            self.blocks.push(Measured { seed, base, head, again });
        }
        Ok(())
    }

    /// One run of a side; nothing where the user has ended it.
    fn one(&mut self, side: usize, what: &str, flags: &[String]) -> Result<Option<Summary>, Failure> {
        self.runs += 1;
        let spec = &self.sides[side];
        self.progress.begin(what);
        let folder: PathBuf = self.folder.join("runs").join(format!("{:02}-{what}", self.runs));
        let summary = job::run(spec, flags, &folder, self.stop)?;
        if let Some(summary) = &summary {
            self.versions[side] = summary.cachebench.clone();
        }
        self.progress.end();
        Ok(summary)
    }

    fn blocks(&self) -> Vec<Block<'_>> {
        let told = self.blocks.iter().map(|one| {
            let Measured { seed, base, head, again } = one;
            Block { seed: *seed, base, head, again: again.as_ref() }
        });
        told.collect()
    }

    /// Whether more blocks could decide what these have not.
    fn is_undecided(&self, metrics: &[String]) -> bool {
        let judged = judge(&series(&self.blocks(), metrics)).unwrap_or_default();
        self.plan.tiers.contains(&Tier::Times)
            && judged.iter().any(|one| one.outcome == Outcome::Inconclusive)
    }

    /// What it has come to so far.
    fn told(&self, metrics: &[String]) -> Result<Comparison, Failure> {
        let blocks = self.blocks();
        let tiers = &self.plan.tiers;
        let workload = &self.sides[1].loaded;
        let mut comparison = Comparison {
            format: COMPARISON_FORMAT,
            base: self.sides[0].told(&self.versions[0]),
            head: self.sides[1].told(&self.versions[1]),
            name: workload.workload.name.clone(),
            question: workload.question.clone(),
            started_at: self.started_at.clone(),
            seconds: self.began.elapsed().as_secs_f64(),
            interleaved: true,
            exact: self.exact.clone(),
            ..Comparison::default()
        };
        if tiers.contains(&Tier::Counts) {
            comparison.counts = judge_counts(&counts(&blocks));
        }
        if tiers.contains(&Tier::Times) {
            let judged = judge(&series(&blocks, metrics));
            comparison.times = judged.map_err(|error| Failure::new(Exit::Usage, error))?;
        }
        if let Some(Discarded { reason, .. }) = self.discarded.last() {
            comparison.warnings.push(format!(
                "{} blocks have runs that may not be believed, and were left out; the last: {reason}",
                self.discarded.len(),
            ));
        }
        comparison.conclude();
        comparison.leave_open(&untold(&blocks, metrics));
        if self.gave_up() && comparison.outcome != Outcome::Regressed {
            let conclusion = "too noisy: too many runs may not be believed, see the reasons";
            (comparison.outcome, comparison.conclusion) = (Outcome::TooNoisy, conclusion.into());
        }
        Ok(comparison)
    }
}

fn blocks_wanted(plan: &Plan) -> usize {
    let is_measured = plan.tiers.contains(&Tier::Times) || plan.tiers.contains(&Tier::Counts);
    if is_measured { plan.pairs.into() } else { 0 }
}

fn runs_of_a_block(plan: &Plan) -> usize {
    if plan.no_canary || !plan.tiers.contains(&Tier::Times) { 2 } else { 3 }
}

/// The result without its windows, which nobody compares.
fn lean(mut summary: Summary) -> Summary {
    summary
        .cells
        .iter_mut()
        .flat_map(|cell| &mut cell.repeats)
        .for_each(|repeat| repeat.windows = Vec::new());
    summary
}
