use super::doctor::machine_notes;
use super::expectations::tally;
use super::quantity::{amount, count, duration_us, per_second, share};
use super::sheet::{Column, sheet};
use crate::measure::{CellResult, Status, Summary};

/// What the table of results tells of each cell.
pub const COLUMNS: &[Column] = &[
    Column::new("throughput", "throughput.achieved", per_second),
    Column::new("read\np50", "read.response.p50", duration_us),
    Column::new("read\np99", "read.response.p99", duration_us),
    Column::new("multi-read\np50", "multi-read.response.p50", duration_us),
    Column::new("multi-read\np99", "multi-read.response.p99", duration_us),
    Column::new("write\np50", "write.response.p50", duration_us),
    Column::new("write\np99", "write.response.p99", duration_us),
    Column::new("decrement\np50", "decrement.response.p50", duration_us),
    Column::new("lost\nupdates", "stock.lost_updates", count),
    Column::new("over-\nsold", "stock.oversold", count),
    Column::new("hit\nrate", "hit_rate", share),
    Column::new("hits after\nwrite", "hit_rate_after_write", share),
    Column::new("DB loads\nper read", "db.queries_per_read", amount),
    Column::new("cache cmds\nper op", "cache.commands_per_op", amount),
    Column::new("round trips\nper op", "round_trips_per_op", amount),
    Column::seldom("failed", "failure_rate", share),
    Column::new("lag\np99", "lag.p99", duration_us),
];

/// The measured numbers, and whether they may be believed: a header and a row for each cell.
pub fn results(summary: &Summary) -> Vec<Vec<String>> {
    let mut rows = sheet(summary, COLUMNS);
    rows[0].push("verdict".into());
    rows.iter_mut().skip(1).zip(&summary.cells).for_each(|(row, cell)| row.push(status(cell)));
    rows
}

fn status(cell: &CellResult) -> String {
    let word = match cell.status() {
        Status::Valid => return "valid".into(),
        Status::Invalid => "INVALID",
        Status::Failed => "FAILED",
        Status::Interrupted => "interrupted",
    };
    let of = cell.repeats.len();
    let bad = cell.repeats.iter().filter(|repeat| repeat.status != Status::Valid).count();
    if of > 1 { format!("{word} ({bad} of {of})") } else { word.into() }
}

/// Why a number may not be believed or is missing: a line for each cell, repeat and reason.
pub fn reasons(summary: &Summary) -> Vec<String> {
    let mut lines = Vec::new();
    for cell in &summary.cells {
        for repeat in &cell.repeats {
            for reason in &repeat.verdict.reasons {
                lines.push(format!("{}, repeat {}: {reason}", cell.label(), repeat.repeat));
            }
        }
    }
    lines
}

/// What a reader should know of numbers that may be believed: of the machine, and for each cell its first note.
pub fn notes(summary: &Summary) -> Vec<String> {
    let first = |cell: &CellResult| {
        let note = cell.repeats.iter().find_map(|repeat| repeat.verdict.notes.first())?;
        Some(format!("{}: {note}", cell.label()))
    };
    machine_notes(&summary.doctor).into_iter().chain(summary.cells.iter().filter_map(first)).collect()
}

/// How the numbers came about, in lines: load, machine, servers, the harness' own cost.
pub fn context(summary: &Summary) -> Vec<String> {
    let host = |name: &str| summary.host.get(name).map_or("?", String::as_str);
    let mut lines = vec![format!(
        "{} cores, {}, {}; cachebench {}, seed {}",
        host("cores"),
        host("processor"),
        memory(host("memory")),
        summary.cachebench,
        summary.workload.pointer("/data/seed").map_or("?".into(), ToString::to_string),
    )];
    let repeats = summary.cells.iter().flat_map(|cell| &cell.repeats);
    if let Some(first) = repeats.clone().find(|repeat| !repeat.cache.is_empty()) {
        let fact = |facts: &std::collections::BTreeMap<String, String>, name: &str| {
            facts.get(name).cloned().unwrap_or_else(|| "?".into())
        };
        lines.push(format!(
            "{} {}; postgres {}, fsync {}, synchronous_commit {}",
            fact(&first.cache, "server"),
            first
                .cache
                .get("valkey_version")
                .or(first.cache.get("redis_version"))
                .map_or("?", String::as_str),
            fact(&first.database, "version"),
            fact(&first.database, "fsync"),
            fact(&first.database, "synchronous_commit"),
        ));
    }
    lines.extend(by_cell(summary, topology));
    if !summary.is_exact() {
        lines.extend(by_cell(summary, littles_law));
    }
    let mut cpu: Vec<f64> =
        repeats.clone().filter_map(|repeat| repeat.metrics.get("generator.cpu_us_per_op")).collect();
    cpu.sort_by(f64::total_cmp);
    let generator = match (cpu.first(), cpu.last()) {
        (Some(least), Some(most)) => {
            format!(
                "; generator, drivers included, {} to {} of CPU per operation",
                duration_us(*least),
                duration_us(*most)
            )
        }
        _ => String::new(),
    };
    lines.push(format!(
        "floor: direct over the noop store costs {:.0} ns of CPU per operation ({} operations){generator}",
        summary.floor.cpu_ns_per_op, summary.floor.operations,
    ));
    for line in repeats.flat_map(|repeat| &repeat.unchecked) {
        if !lines.contains(line) {
            lines.push(line.clone());
        }
    }
    lines
}

/// What `tell` says of the cells: one line where it says the same of all, else a line for each.
fn by_cell(summary: &Summary, tell: fn(&CellResult) -> Option<String>) -> Vec<String> {
    let told: Vec<(String, String)> =
        summary.cells.iter().filter_map(|cell| Some((cell.label(), tell(cell)?))).collect();
    match told.first() {
        Some((_, first)) if told.iter().all(|(_, line)| line == first) => vec![first.clone()],
        _ => told.into_iter().map(|(label, line)| format!("{label}: {line}")).collect(),
    }
}

/// How the clients reached the stores: what the same load measures differs by it several times over.
fn topology(cell: &CellResult) -> Option<String> {
    let clients = &cell.repeats.iter().find(|repeat| !repeat.clients.is_empty())?.clients;
    let fact = |name: &str| clients.get(name).map_or("?", String::as_str);
    Some(format!(
        "clients {}, instances {}, worker threads {}; each instance has {} connections to the cache by {} ({}), and {} \
         to the database (one statement in flight on each)",
        fact("clients"),
        fact("instances"),
        fact("threads"),
        fact("connections"),
        fact("driver"),
        fact("connections_are"),
        fact("database_connections"),
    ))
}

/// In a closed loop: throughput times mean latency, which must be the number of clients.
fn littles_law(cell: &CellResult) -> Option<String> {
    let is_open = cell.median("throughput.offered").is_some();
    let clients = cell.repeats.iter().find_map(|repeat| repeat.clients.get("clients"))?;
    let in_flight = cell.median("in_flight.mean").filter(|_| !is_open)?;
    Some(format!("Little's law: {in_flight:.1} operations in flight on average, by {clients} clients"))
}

/// The kernel's `24684092 kB` in a unit for people.
fn memory(told: &str) -> String {
    let kib = told.split(' ').next().and_then(|number| number.parse::<f64>().ok());
    kib.map_or(told.into(), |kib| format!("{:.0} GiB", kib / 1024.0 / 1024.0))
}

/// The last line: whether the numbers may be believed.
pub fn conclusion(summary: &Summary) -> String {
    let count = |status| {
        summary.cells.iter().flat_map(|cell| &cell.repeats).filter(|repeat| repeat.status == status).count()
    };
    let (valid, invalid, failed) = (count(Status::Valid), count(Status::Invalid), count(Status::Failed));
    let total = summary.cells.iter().map(|cell| cell.repeats.len()).sum::<usize>();
    let expected = tally(summary).map_or(String::new(), |tally| format!("; {tally}"));
    if summary.interrupted {
        let why = if summary.is_aborted() { "aborted over an expectation" } else { "interrupted" };
        let expected = if summary.is_aborted() { expected } else { String::new() };
        return format!("{why}: {valid} of {total} started measurements are complete and valid{expected}");
    }
    let checked =
        summary.cells.iter().flat_map(|cell| &cell.repeats).all(|repeat| repeat.unchecked.is_empty());
    let agree = if checked { "both sides' counts agree" } else { "counts agree where both sides tell them" };
    // With faults, operations may be late.
    let faulty = summary.cells.iter().flat_map(|cell| &cell.repeats).any(|repeat| !repeat.faults.is_empty());
    let kept = if faulty { "ended what their schedule held, faults and all" } else { "kept their schedule" };
    match (invalid, failed) {
        _ if total == 0 => "no rate was confirmed: there is no measurement to show".into(),
        (0, 0) => format!("valid: all {total} measurements {kept}, and {agree}{expected}"),
        _ => format!(
            "NOT VALID: {invalid} of {total} measurements invalid, {failed} failed; see the reasons above"
        ),
    }
}
