use super::bars::bar;
use super::quantity::{amount, duration_us, share};
use super::recommend::{demanded, figure, phrase};
use super::section::Section;
use crate::measure::theory::LEAST_EXPIRIES;
use crate::measure::{CellResult, Criterion, Row, Summary, Sweep, TheoryChoice, front};
use crate::model::Time;

const HEADER: [&str; 11] = [
    "step",
    "hit\nrate",
    "by\ntheory",
    "off,\nSE",
    "DB loads\nper read",
    "by\ntheory",
    "stale\nreads",
    "by\ntheory",
    "off,\nSE",
    "stale for\np50",
    "\np99",
];
const LEGEND: &str = "by theory: closed forms at the measured rates, from what the cache began with on. off: measured less \
     theory, in standard errors. ◆: no other step has both fewer stale reads and fewer loads.";
/// Characters of a step in a plot, and most rows of steps in it.
const WIDTH: usize = 4;
const PLOTTED: usize = 3;

/// The steps of a sweep, their plot, and what is to be chosen; nothing where nothing was swept over.
pub fn sections(summary: &Summary) -> Vec<Section> {
    let Some(sweep) = &summary.sweep else { return Vec::new() };
    let rows = sweep.rows(&summary.cells);
    let advice = rows.iter().map(|row| advice(summary, sweep, row));
    let below = [LEGEND.to_owned()].into_iter().chain(remarks(summary, sweep)).chain(advice);
    let title = format!("Over {}", sweep.axes.join(" and "));
    vec![
        Section::new(title, table(summary, &rows)).with(below),
        Section::new(format!("Along {}", sweep.path()), plot(summary, sweep, &rows)),
    ]
}

fn table(summary: &Summary, rows: &[Row]) -> Vec<Vec<String>> {
    let cells = &summary.cells;
    let criteria = [Criterion::least("stale_rate"), Criterion::least("db.queries_per_read")];
    let all: Vec<usize> = (0..cells.len()).collect();
    let unbeaten = front(&criteria.iter().collect::<Vec<_>>(), cells, &all);
    let mut lines = vec![HEADER.map(str::to_owned).to_vec()];
    for &index in rows.iter().flat_map(|row| &row.cells) {
        let cell = &cells[index];
        let told = |metric: &str, write: fn(f64) -> String| cell.median(metric).map_or("–".into(), write);
        let mark = if unbeaten.contains(&index) { " ◆" } else { "" };
        lines.push(vec![
            format!("{}{mark}", cell.label()),
            told("hit_rate", share),
            told("hit_rate.theory", share),
            off(cell, "hit_rate"),
            told("db.queries_per_read", amount),
            told("db.queries_per_read.theory", amount),
            told("stale_rate", share),
            told("stale_rate.theory", share),
            off(cell, "stale_rate"),
            told("stale_age.p50", duration_us),
            told("stale_age.p99", duration_us),
        ]);
    }
    lines
}

/// How far a metric is off its theory, in standard errors.
fn off(cell: &CellResult, metric: &str) -> String {
    let of = |name: &str| cell.median(&format!("{metric}{name}"));
    match (of(""), of(".theory"), of(".theory_error")) {
        (Some(measured), Some(theory), Some(error)) if error > 0.0 => {
            format!("{:+.1}", (measured - theory) / error)
        }
        _ => "–".into(),
    }
}

/// What is to be known of the column of theory.
fn remarks(summary: &Summary, sweep: &Sweep) -> Vec<String> {
    let is_long = |cell: &&CellResult| {
        cell.median("hit_rate.theory").is_some() && cell.median("hit_rate.theory_error").is_none()
    };
    let mut long: Vec<&str> = Vec::new();
    for cell in summary.cells.iter().filter(is_long) {
        let step = sweep.step(cell);
        if !long.contains(&step) {
            long.push(step);
        }
    }
    let mut remarks = Vec::new();
    if !long.is_empty() {
        remarks.push(format!(
            "{}: longer than the run allows for. It has fewer than {LEAST_EXPIRIES:.0} expiries of each entry, and a longer one \
             would find something else.",
            long.join(", ")
        ));
    }
    remarks.extend(sweep.without_theory.iter().map(|reason| format!("No theory where {reason}.")));
    remarks
}

/// Which step of a row is to be chosen, between which others the limit lies, and what theory says, in a sentence each.
fn advice(summary: &Summary, sweep: &Sweep, row: &Row) -> String {
    let cells = &summary.cells;
    let picked = sweep.demands().pick(cells, &row.cells);
    let step = |index: usize| format!("{} = {}", sweep.path(), sweep.step(&cells[index]));
    let at = match row.label() {
        label if label.is_empty() => String::new(),
        label => format!("{label}: "),
    };
    let missed = |index: usize| {
        let values = sweep.tolerate.iter().filter_map(|one| {
            let value = cells[index].median(&one.metric)?;
            Some(format!("{} {}", one.metric, figure(&one.metric, value)))
        });
        values.collect::<Vec<_>>().join(", ")
    };
    let own = match (picked.met.first(), &picked.closest) {
        (Some(&best), _) => {
            let value = cells[best].median(&sweep.minimise).unwrap_or(f64::NAN);
            let among = match demanded(&sweep.tolerate) {
                none if none.is_empty() => "the least of all steps".to_owned(),
                those => format!("the least of the steps{those} ({})", missed(best)),
            };
            let limit = beyond(row, best, &picked.met).map(|next| {
                format!(" The limit lies between it and {}, which does not hold it ({}).", sweep.step(&cells[next]), missed(next))
            });
            format!("{at}{}: {}, {among}.{}", step(best), phrase(&sweep.minimise, value), limit.unwrap_or_default())
        }
        (None, Some(closest)) => {
            let demand = demanded(&sweep.tolerate);
            format!("{at}no step{demand}; {} comes closest ({}).", step(closest.cell), missed(closest.cell))
        }
        (None, None) => format!("{at}no step can be chosen: none may be believed and tells what is asked for."),
    };
    let by_theory = sweep.by_theory.iter().find(|one| one.settings.iter().eq(row.settings.iter().copied()));
    match by_theory {
        Some(theory) => format!("{own} {}", agreement(summary, sweep, row, picked.met.first().copied(), theory)),
        None => own,
    }
}

/// The step beside the best one at which what is tolerated no longer holds.
fn beyond(row: &Row, best: usize, met: &[usize]) -> Option<usize> {
    let place = row.cells.iter().position(|index| *index == best)?;
    let beside = [Some(place + 1), place.checked_sub(1)];
    let beside = beside.into_iter().flatten().filter_map(|place| row.cells.get(place).copied());
    beside.into_iter().find(|index| !met.contains(index))
}

/// What theory alone chooses, and whether that is within a step of what was measured.
fn agreement(summary: &Summary, sweep: &Sweep, row: &Row, best: Option<usize>, theory: &TheoryChoice) -> String {
    let told = match (theory.best_s, theory.is_at_end) {
        (None, _) => return agreed("Theory alone finds none", best.is_none()),
        (Some(seconds), true) => format!("Theory alone goes to the end of the range, {}", duration_us(seconds * 1e6)),
        (Some(seconds), false) => format!("Theory alone says {}", duration_us(seconds * 1e6)),
    };
    let value = |place: usize| seconds(sweep, &summary.cells[*row.cells.get(place)?]);
    let place = best.and_then(|best| row.cells.iter().position(|index| *index == best));
    let is_near = place.zip(theory.best_s).is_some_and(|(place, best_s)| {
        let least = place.checked_sub(1).and_then(value).unwrap_or(0.0);
        let most = value(place + 1).unwrap_or(f64::INFINITY);
        (least.min(most)..=least.max(most)).contains(&best_s)
    });
    agreed(&told, is_near)
}

fn agreed(told: &str, is_near: bool) -> String {
    format!("{told}: {}.", if is_near { "within one step" } else { "more than one step away" })
}

/// The value of a cell's step, where it is a time.
fn seconds(sweep: &Sweep, cell: &CellResult) -> Option<f64> {
    let setting = cell.settings.iter().find(|setting| setting.path == sweep.path())?;
    Some(setting.value.as_str()?.parse::<Time>().ok()?.0.as_secs_f64())
}

/// Hits and stale reads over the steps as bars, measured above theory.
fn plot(summary: &Summary, sweep: &Sweep, rows: &[Row]) -> Vec<Vec<String>> {
    let mut lines = Vec::new();
    for row in rows.iter().filter(|row| row.cells.len() > 2).take(PLOTTED) {
        for metric in ["hit_rate", "hit_rate.theory", "stale_rate", "stale_rate.theory"] {
            let values: Vec<Option<f64>> =
                row.cells.iter().map(|index| summary.cells[*index].median(metric)).collect();
            if values.iter().flatten().all(|value| *value == 0.0) {
                continue;
            }
            let bars = values.iter().map(|value| value.map_or(' ', |value| bar(value, value)));
            let plotted: String = bars.flat_map(|bar| [bar; WIDTH]).collect();
            let label = [row.label(), metric.replace(".theory", ", theory")];
            lines.push(vec![label.join(" ").trim().to_owned(), plotted]);
        }
    }
    let ends = |row: &Row| Some([*row.cells.first()?, *row.cells.last()?].map(|index| sweep.step(&summary.cells[index])));
    if let Some([first, last]) = rows.first().and_then(ends)
        && !lines.is_empty()
    {
        lines.insert(0, vec![String::new(), format!("{first} to {last},\nfrom none to all reads")]);
    }
    lines
}
