mod plot;

use plot::plot;

use super::quantity::{amount, duration_us, share};
use super::recommend::{demanded, figure, phrase};
use super::section::Section;
use crate::measure::theory::LEAST_EXPIRIES;
use crate::measure::{CellResult, Criterion, Picked, RepeatResult, Row, Summary, Sweep, TheoryChoice, front};
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
    "stale\nage p50",
    "stale\nage p99",
];
const LEGEND: &str = "by theory: closed forms at the measured rates, from what the cache began with on. off: measured less \
     theory, in standard errors. ◆: no other step has both fewer stale reads and fewer loads.";

/// The steps of a sweep, their plot, and what is to be chosen; nothing where nothing was swept over.
pub fn sections(summary: &Summary) -> Vec<Section> {
    let Some(sweep) = &summary.sweep else { return Vec::new() };
    let rows = sweep.rows(&summary.cells);
    let below = [LEGEND.to_owned()].into_iter().chain(remarks(summary, sweep)).chain(choices(summary));
    let title = format!("Over {}", sweep.axes.join(" and "));
    vec![
        Section::new(title, table(summary, &rows)).with(below),
        Section::new(format!("Along {}", sweep.path()), plot(summary, sweep, &rows)),
    ]
}

/// Which step of each row is to be chosen; nothing where nothing was swept over.
pub fn choices(summary: &Summary) -> Vec<String> {
    let Some(sweep) = &summary.sweep else { return Vec::new() };
    sweep.rows(&summary.cells).iter().map(|row| advice(summary, sweep, row)).collect()
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
    let off = |repeat: &&RepeatResult| {
        let of = |name: &str| repeat.metrics.get(&format!("{metric}{name}"));
        let error = of(".theory_error").filter(|error| *error > 0.0)?;
        Some((of("")? - of(".theory")?) / error)
    };
    let measured = cell.measured();
    let all: Vec<f64> = measured.iter().filter_map(off).collect();
    match all.len() {
        0 => "–".into(),
        // The sum of so many independent ones of variance 1 has that variance.
        count => format!("{:+.1}", all.iter().sum::<f64>() / (count as f64).sqrt()),
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
    let at = match sweep.label(row) {
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
            let limit = beyond(summary, sweep, row, &picked).map(|next| {
                format!(
                    " The limit lies between it and {}, which does not hold it ({}).",
                    sweep.step(&cells[next]),
                    missed(next)
                )
            });
            format!(
                "{at}{}: {}, {among}.{}",
                step(best),
                phrase(&sweep.minimise, value),
                limit.unwrap_or_default()
            )
        }
        (None, Some(closest)) => {
            let demand = demanded(&sweep.tolerate);
            format!("{at}no step{demand}; {} comes closest ({}).", step(closest.cell), missed(closest.cell))
        }
        (None, None) => {
            return format!("{at}no step can be chosen: none may be believed and tells what is asked for.");
        }
    };
    let unsure: Vec<&str> = picked.left_out.iter().map(|(index, _)| sweep.step(&cells[*index])).collect();
    let own = match unsure.is_empty() {
        true => own,
        false => format!(
            "{own} Left out, since they may not be believed or do not tell it: {}.",
            unsure.join(", ")
        ),
    };
    let by_theory = sweep.by_theory.iter().find(|one| one.settings.iter().eq(row.settings.iter().copied()));
    match by_theory {
        Some(theory) => {
            format!("{own} {}", agreement(summary, sweep, row, picked.met.first().copied(), theory))
        }
        None => own,
    }
}

/// The nearest step that would be better than the best one, if what is tolerated held there.
fn beyond(summary: &Summary, sweep: &Sweep, row: &Row, picked: &Picked) -> Option<usize> {
    let best = *picked.met.first()?;
    let place = row.cells.iter().position(|index| *index == best)?;
    let value = |index: usize| summary.cells[index].median(&sweep.minimise);
    let is_told = |index: &usize| !picked.left_out.iter().any(|(out, _)| out == index);
    let mut up = row.cells[place + 1..].iter().copied().filter(is_told);
    let mut down = row.cells[..place].iter().rev().copied().filter(is_told);
    let beside = [up.next(), down.next()].into_iter().flatten();
    beside.into_iter().find(|index| !picked.met.contains(index) && value(*index) < value(best))
}

/// What theory alone chooses, and whether that is within a step of what was measured.
fn agreement(
    summary: &Summary,
    sweep: &Sweep,
    row: &Row,
    best: Option<usize>,
    theory: &TheoryChoice,
) -> String {
    let told = match (theory.best_s, theory.is_at_end) {
        (None, _) if best.is_none() => return "Theory alone finds none, too.".into(),
        (None, _) => "Theory alone finds none".to_owned(),
        (Some(seconds), true) => {
            format!("Theory alone goes to the end of the range, {}", duration_us(seconds * 1e6))
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::{CellSetting, Metrics, RepeatResult, Status, Unit};

    /// A step with what was measured of it, beside a theory that is off by one standard error.
    fn cell(ttl: &str, stale_rate: f64, loads: f64, has_error: bool) -> CellResult {
        let mut metrics = Metrics::default();
        for (name, value) in [
            ("hit_rate", 1.0 - loads),
            ("hit_rate.theory", 1.0 - loads - 0.01),
            ("db.queries_per_read", loads),
            ("db.queries_per_read.theory", loads + 0.01),
            ("stale_rate", stale_rate),
            ("stale_rate.theory", stale_rate),
        ] {
            metrics.put(name, value, Unit::Ratio);
        }
        if has_error {
            metrics.put("hit_rate.theory_error", 0.01, Unit::Ratio);
            metrics.put("stale_rate.theory_error", 0.01, Unit::Ratio);
        }
        let setting = CellSetting { path: "cache.ttl".into(), value: ttl.into(), label: ttl.into() };
        let repeat = RepeatResult { metrics, ..RepeatResult::default() };
        CellResult { settings: vec![setting], repeats: vec![repeat], ..CellResult::default() }
    }

    fn summary(limit: &str, best_s: Option<f64>) -> Summary {
        let cells = vec![
            cell("100ms", 0.001, 0.5, true),
            cell("1s", 0.004, 0.2, true),
            cell("10s", 0.02, 0.1, true),
            cell("100s", 0.2, 0.12, false),
        ];
        let by_theory = vec![TheoryChoice { settings: Vec::new(), best_s, is_at_end: false }];
        let sweep = Sweep {
            axes: vec!["cache.ttl".into()],
            tolerate: vec![limit.parse().unwrap()],
            minimise: "db.queries_per_read".into(),
            by_theory,
            without_theory: Vec::new(),
        };
        Summary { cells, sweep: Some(sweep), ..Summary::default() }
    }

    fn told(summary: &Summary) -> (Vec<Vec<String>>, String) {
        let first = sections(summary).remove(0);
        (first.rows, first.below.join("\n"))
    }

    #[test]
    fn the_longest_step_that_is_tolerated_is_chosen_between_its_neighbours() {
        let (_, below) = told(&summary("stale_rate < 1%", Some(3.0)));
        let chosen = "cache.ttl = 1s: 0.200 database queries a read, the least of the steps with stale_rate < 1% \
             (stale_rate 0.4 %). The limit lies between it and 10s, which does not hold it (stale_rate 2.0 %). Theory alone \
             says 3.00 s: within one step.";
        assert!(below.contains(chosen), "{below}");
        let (_, below) = told(&summary("stale_rate < 1%", Some(20.0)));
        assert!(below.contains("Theory alone says 20.0 s: more than one step away."), "{below}");
    }

    #[test]
    fn where_no_step_is_tolerated_the_closest_is_told() {
        let (_, below) = told(&summary("stale_rate < 0.01%", None));
        assert!(
            below.contains(
                "no step with stale_rate < 0.01%; cache.ttl = 100ms comes closest (stale_rate 0.1 %)."
            ),
            "{below}"
        );
        assert!(below.contains("Theory alone finds none, too."), "{below}");
    }

    #[test]
    fn steps_that_may_not_be_believed_are_neither_chosen_nor_a_limit() {
        let mut summary = summary("stale_rate < 1%", Some(3.0));
        summary.cells[2].repeats[0].status = Status::Invalid;
        let (_, below) = told(&summary);
        assert!(
            below.contains("Left out, since they may not be believed or do not tell it: 10s."),
            "{below}"
        );
        assert!(below.contains("The limit lies between it and 100s,"), "{below}");
        summary.cells.iter_mut().for_each(|cell| cell.repeats[0].status = Status::Invalid);
        assert!(told(&summary).1.contains("no step can be chosen"));
    }

    #[test]
    fn the_front_and_the_distance_from_theory_are_marked() {
        let (rows, below) = told(&summary("stale_rate < 1%", Some(3.0)));
        let labels: Vec<_> = rows.iter().skip(1).map(|row| row[0].as_str()).collect();
        assert_eq!(labels, ["100ms ◆", "1s ◆", "10s ◆", "100s"]);
        assert_eq!((rows[1][3].as_str(), rows[1][8].as_str(), rows[4][3].as_str()), ("+1.0", "+0.0", "–"));
        assert!(below.contains("100s: longer than the run allows for."), "{below}");
    }

    #[test]
    fn bars_rise_along_the_steps_and_nothing_is_drawn_of_what_was_not_swept() {
        let summary = summary("stale_rate < 1%", None);
        let plot = sections(&summary).remove(1).rows;
        assert_eq!(plot[0][1], "100ms to 100s,\nfrom none to all reads");
        assert_eq!((plot[1][0].as_str(), plot[1][1].as_str()), ("hit_rate", "▄▄▄▄▆▆▆▆▇▇▇▇▇▇▇▇"));
        assert!(sections(&Summary::default()).is_empty());
    }
}
