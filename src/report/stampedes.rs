use super::quantity::{amount, bytes, count, duration_us, share};
use super::results::{Column, sheet_without};
use super::timeline::timeline;
use crate::measure::{CellResult, Summary};

/// What expiries cost the database, and their readers.
const LOADS: &[Column] = &[
    Column { header: "expiries", metric: "stampede.epochs", write: count },
    Column { header: "loads per\nexpiry", metric: "stampede.loads_per_expiry.mean", write: amount },
    Column { header: "theory", metric: "stampede.loads_per_expiry.theory", write: amount },
    Column { header: "p99", metric: "stampede.loads_per_expiry.p99", write: count },
    Column { header: "max", metric: "stampede.loads_per_expiry.max", write: count },
    Column { header: "at once\nmax", metric: "stampede.simultaneous_loads.max", write: count },
    Column { header: "duplicate\nloads", metric: "stampede.duplicate_loads", write: count },
    Column { header: "hard\nmisses", metric: "stampede.hard_misses", write: count },
    Column { header: "early\nloads", metric: "stampede.early_refreshes", write: count },
    Column { header: "early by\nmean", metric: "stampede.early_lead.mean", write: duration_us },
    Column { header: "until\nfilled", metric: "stampede.window.mean", write: duration_us },
    Column { header: "read p99 in\nthe 1 s after", metric: "stampede.response.p99", write: duration_us },
    Column { header: "pool wait\np99", metric: "db.pool_wait.p99", write: duration_us },
    Column { header: "pool\nsaturated", metric: "db.pool_saturated", write: share },
    Column { header: "loads that\ncame to nothing", metric: "stampede.abandoned_loads", write: count },
];

/// What guards did, and what they cost.
const GUARDS: &[Column] = &[
    Column { header: "joined", metric: "guard.joins", write: count },
    Column { header: "wait\np50", metric: "guard.wait.p50", write: duration_us },
    Column { header: "wait\np99", metric: "guard.wait.p99", write: duration_us },
    Column { header: "wait\nmax", metric: "guard.wait.max", write: duration_us },
    Column { header: "looks\nper wait", metric: "guard.polls_per_wait", write: amount },
    Column { header: "waited\nin vain", metric: "guard.gave_up", write: count },
    Column { header: "served\nstale", metric: "guard.stale_served", write: count },
    Column { header: "refreshed\nbehind", metric: "guard.refreshed_behind", write: count },
    Column { header: "turned\naway", metric: "guard.shed", write: count },
    Column { header: "locks lost\nto their TTL", metric: "guard.lost_locks", write: count },
    Column { header: "round trips\nper op", metric: "round_trips_per_op", write: amount },
    Column { header: "memory\nper entry", metric: "cache.memory_per_entry", write: bytes },
];

/// Those that are left out where all cells have 0 in them.
const SELDOM: &[&str] = &[
    "stampede.early_refreshes",
    "stampede.abandoned_loads",
    "db.pool_saturated",
    "guard.joins",
    "guard.polls_per_wait",
    "guard.gave_up",
    "guard.stale_served",
    "guard.refreshed_behind",
    "guard.shed",
    "guard.lost_locks",
];

/// Loads of one expiry from which on it is a stampede, guarded or not.
const STAMPEDE: f64 = 10.0;

/// What expiries cost: a header and a row for each cell; nothing where nothing is guarded and no expiry was a stampede.
pub fn loads(summary: &Summary) -> Vec<Vec<String>> {
    let max = |cell: &CellResult| cell.median("stampede.loads_per_expiry.max");
    let is_stampede = summary.cells.iter().filter_map(max).any(|max| max >= STAMPEDE);
    if is_guarded(summary) || is_stampede { sheet_without(summary, LOADS, SELDOM) } else { Vec::new() }
}

/// The second after an expiry as a plot, where [`loads`] tells anything.
pub fn plot(summary: &Summary) -> Vec<Vec<String>> {
    if loads(summary).is_empty() { Vec::new() } else { timeline(summary) }
}

/// What guards did and cost, as [`loads`]; nothing where nothing is guarded.
pub fn guards(summary: &Summary) -> Vec<Vec<String>> {
    if !is_guarded(summary) {
        return Vec::new();
    }
    let mut rows = sheet_without(summary, GUARDS, SELDOM);
    let extra: Vec<Option<f64>> = summary.cells.iter().map(|cell| extra_round_trips(cell, summary)).collect();
    if extra.iter().any(Option::is_some) {
        rows[0].push("extra round\ntrips per op".into());
        let extra = extra.into_iter().map(|extra| extra.map_or("–".into(), |extra| format!("{extra:+.3}")));
        rows.iter_mut().skip(1).zip(extra).for_each(|(row, extra)| row.push(extra));
    }
    rows
}

/// Whether any cell has a mitigation.
fn is_guarded(summary: &Summary) -> bool {
    let is_guard = |value: &serde_json::Value| !value.is_null() && value != "none";
    let compared = summary.cells.iter().flat_map(|cell| &cell.settings);
    let compared = compared.filter(|setting| setting.path == "mitigation");
    compared.map(|setting| &setting.value).chain(summary.workload.get("mitigation")).any(is_guard)
}

/// Round trips per operation beyond those of the cell that is set alike but for its mitigation, which is none.
fn extra_round_trips(cell: &CellResult, summary: &Summary) -> Option<f64> {
    let is_none = |other: &CellResult| {
        other.settings.iter().any(|setting| setting.path == "mitigation" && setting.value == "none")
    };
    let bare = summary.cells.iter().find(|other| is_none(other) && other.is_like(cell, "mitigation"))?;
    let trips = |cell: &CellResult| cell.median("round_trips_per_op");
    (!std::ptr::eq(bare, cell)).then(|| Some(trips(cell)? - trips(bare)?))?
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::names;

    #[test]
    fn every_column_is_a_metric() {
        let names = names();
        let told = LOADS.iter().chain(GUARDS).map(|column| column.metric);
        for metric in told.chain(SELDOM.iter().copied()) {
            assert!(names.iter().any(|(name, _)| name == metric), "{metric}");
        }
    }
}
