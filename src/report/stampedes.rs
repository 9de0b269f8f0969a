use super::quantity::{amount, bytes, count, duration_us, share};
use super::sheet::{Column, sheet};
use super::timeline::timeline;
use crate::measure::{CellResult, Summary};

/// What expiries cost the database, and their readers.
pub const LOADS: &[Column] = &[
    Column::new("expiries", "stampede.epochs", count),
    Column::new("loads per\nexpiry", "stampede.loads_per_expiry.mean", amount),
    Column::new("theory", "stampede.loads_per_expiry.theory", amount),
    Column::new("p99", "stampede.loads_per_expiry.p99", count),
    Column::new("max", "stampede.loads_per_expiry.max", count),
    Column::new("at once\nmax", "stampede.simultaneous_loads.max", count),
    Column::new("duplicate\nloads", "stampede.duplicate_loads", count),
    Column::new("hard\nmisses", "stampede.hard_misses", count),
    Column::seldom("early\nloads", "stampede.early_refreshes", count),
    Column::new("early by\nmean", "stampede.early_lead.mean", duration_us),
    Column::new("until\nfilled", "stampede.window.mean", duration_us),
    Column::new("read p99 in\nthe 1 s after", "stampede.response.p99", duration_us),
    Column::new("pool wait\np99", "db.pool_wait.p99", duration_us),
    Column::seldom("pool\nsaturated", "db.pool_saturated", share),
    Column::seldom("loads that\ncame to nothing", "stampede.abandoned_loads", count),
];

/// What guards did, and what they cost.
pub const GUARDS: &[Column] = &[
    Column::seldom("joined", "guard.joins", count),
    Column::new("wait\np50", "guard.wait.p50", duration_us),
    Column::new("wait\np99", "guard.wait.p99", duration_us),
    Column::new("wait\nmax", "guard.wait.max", duration_us),
    Column::seldom("looks\nper wait", "guard.polls_per_wait", amount),
    Column::seldom("waited\nin vain", "guard.gave_up", count),
    Column::seldom("served\nstale", "guard.stale_served", count),
    Column::seldom("refreshed\nbehind", "guard.refreshed_behind", count),
    Column::seldom("turned\naway", "guard.shed", count),
    Column::seldom("locks lost\nto their TTL", "guard.lost_locks", count),
    Column::new("round trips\nper op", "round_trips_per_op", amount),
    Column::new("memory\nper entry", "cache.memory_per_entry", bytes),
];

/// Loads of one expiry from which on it is a stampede, guarded or not.
const STAMPEDE: f64 = 10.0;

/// What expiries cost: a header and a row for each cell; nothing where nothing is guarded and no expiry was a stampede.
pub fn loads(summary: &Summary) -> Vec<Vec<String>> {
    let max = |cell: &CellResult| cell.median("stampede.loads_per_expiry.max");
    let is_stampede = summary.cells.iter().filter_map(max).any(|max| max >= STAMPEDE);
    if is_guarded(summary) || is_stampede { sheet(summary, LOADS) } else { Vec::new() }
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
    let mut rows = sheet(summary, GUARDS);
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
