use super::best::Best;
use super::trade_off::{single, trade_off};
use crate::measure::{CellResult, Summary};
use crate::report::quantity::{amount, duration_us, per_second, share};
use crate::report::sweep::choices;

/// The most choices of a sweep that a sentence tells.
const CHOICES: usize = 3;

/// What came out, by what the run compared.
pub fn told(summary: &Summary) -> String {
    if summary.is_exact() {
        return exact(summary);
    }
    let choices = choices(summary);
    if !choices.is_empty() {
        return chosen(&choices);
    }
    if summary.cells.iter().any(|cell| cell.capacity.is_some()) {
        return capacity(summary);
    }
    match (stampede(summary), summary.cells.as_slice()) {
        (Some(told), _) => told,
        (None, [one]) => alone(one),
        _ => trade_off(summary),
    }
}

fn chosen(choices: &[String]) -> String {
    let told = choices[..choices.len().min(CHOICES)].join(" ");
    match choices.len().saturating_sub(CHOICES) {
        0 => told,
        rest => format!("{told} ({rest} more below)"),
    }
}

/// One cell has nobody beside it to be better than.
fn alone(cell: &CellResult) -> String {
    let told = |metric: &str, write: fn(f64) -> String, name: &str| {
        cell.median(metric).map(|value| name.replace("{}", &write(value)))
    };
    let parts = [
        told("throughput.achieved", per_second, "{} operations"),
        told("read.response.p50", duration_us, "reads take {} at the median"),
        told("read.response.p99", duration_us, "{} at p99"),
        told("write.response.p50", duration_us, "writes {} at the median"),
        told("decrement.response.p50", duration_us, "decrements {} at the median"),
        told("hit_rate", share, "{} of the reads hit"),
        cell.median("stale_rate").filter(|rate| *rate > 0.0).map(|rate| format!("{} are stale", share(rate))),
    ];
    format!("{}: {}", cell.label(), parts.into_iter().flatten().collect::<Vec<_>>().join(", "))
}

/// The highest rates that were confirmed.
fn capacity(summary: &Summary) -> String {
    let rate = |cell: &CellResult| cell.capacity.as_ref()?.max_rate.map(|rate| (cell.label(), rate.0));
    let mut rates: Vec<(String, f64)> = summary.cells.iter().filter_map(rate).collect();
    rates.sort_by(|one, other| other.1.total_cmp(&one.1));
    let first = summary.cells.iter().find_map(|cell| cell.capacity.as_ref());
    let all: Vec<String> =
        first.into_iter().flat_map(|capacity| &capacity.expectations).map(ToString::to_string).collect();
    let expected = all.join(" and ");
    let none = summary.cells.len() - rates.len();
    let without = match none {
        0 => String::new(),
        1 => "; for one cell no rate was confirmed".into(),
        _ => format!("; for {none} cells no rate was confirmed"),
    };
    match rates.as_slice() {
        [] => format!("no rate was confirmed to hold {expected}"),
        [(name, rate)] => format!("{name} holds {expected} up to {}{without}", per_second(*rate)),
        [(name, most), .., (last, least)] => format!(
            "{name} holds {expected} up to the highest rate, {}, and {last} to the lowest, {}{without}",
            per_second(*most),
            per_second(*least)
        ),
    }
}

/// What an expiry costs, where entries are guarded or expire under many readers.
fn stampede(summary: &Summary) -> Option<String> {
    if crate::report::stampedes::loads(summary).is_empty() {
        return None;
    }
    let metric = "stampede.loads_per_expiry.mean";
    let best = Best::least(summary, metric)?;
    let value = amount(best.value);
    let told = match &best.worst {
        None => format!("an expiry costs the database as many loads in every cell ({value})"),
        Some((_, most)) if best.is_all_but_one() => {
            let who = best.who();
            format!("{who} let the fewest loads through at an expiry ({value}, against {})", amount(*most))
        }
        Some((worst, most)) => format!(
            "{} let{} the fewest loads through at an expiry ({value}), and {worst} the most ({})",
            best.who(),
            if best.is_several() { "" } else { "s" },
            amount(*most)
        ),
    };
    Some([Some(told), single(summary)].into_iter().flatten().collect::<Vec<_>>().join("; "))
}

/// Whole numbers that follow from the operations alone.
fn exact(summary: &Summary) -> String {
    let count = |cell: &CellResult, name: &str| cell.repeats.first()?.exact.as_ref()?.get(name);
    let trips = |cell: &CellResult| {
        let operations = count(cell, "operations").filter(|operations| *operations > 0)?;
        Some((cell.label(), count(cell, "round_trips")? as f64 / operations as f64))
    };
    let mut all: Vec<(String, f64)> = summary.cells.iter().filter_map(trips).collect();
    all.sort_by(|one, other| one.1.total_cmp(&other.1));
    match all.as_slice() {
        [] => "counted, not timed: whole numbers that follow from the operations alone".into(),
        [(name, trips)] => {
            format!("counted, not timed: {name} takes {} round trips an operation", amount(*trips))
        }
        [(least, few), .., (most, many)] => format!(
            "counted, not timed: {least} takes the fewest round trips an operation ({}), {most} the most ({})",
            amount(*few),
            amount(*many)
        ),
    }
}
