use super::bars::bar;
use super::faults::by_measurement;
use super::quantity::{bytes, count, duration_us, share};
use super::sheet::{Column, sheet};
use crate::measure::{FaultRecord, NodeLoad, Remap, Summary};

/// What a table of moved keys rests on.
pub const REPLAY: &str = "Expected: what a replay of the same requests loads, without servers, through a cache without limit of which it is \
    known which node has which row; loads beyond those that it would have without the change.";

/// Nodes are shown one by one where there are no more than this.
const MOST_ROWS: usize = 48;

/// How evenly the nodes were loaded.
pub const SPREAD: &[Column] = &[
    Column::new("nodes", "nodes.count", count),
    Column::new("requests\nmax/mean", "nodes.requests.max_over_mean", ratio),
    Column::new("vari-\nation", "nodes.requests.variation", share),
    Column::new("keys\nmax/mean", "nodes.keys.max_over_mean", ratio),
    Column::new("vari-\nation", "nodes.keys.variation", share),
    Column::new("memory\nmax/mean", "nodes.memory.max_over_mean", ratio),
    Column::new("CPU\nmax/mean", "nodes.cpu.max_over_mean", ratio),
    Column::new("hottest\nkey", "nodes.hottest_key", share),
    Column::seldom("requests\nfailed", "nodes.errors", count),
    Column::seldom("circuits\nopened", "breaker.opened", count),
    Column::seldom("refused\nby them", "breaker.refused", count),
    Column::seldom("sent to\nothers", "breaker.rerouted", count),
    Column::seldom("MOVED", "nodes.moved", count),
    Column::seldom("ASK", "nodes.asked", count),
];

fn ratio(value: f64) -> String {
    format!("{value:.2}")
}

fn none() -> String {
    "–".into()
}

/// How evenly the nodes were loaded: a header and a row for each cell; nothing where there was one node.
pub fn spread(summary: &Summary) -> Vec<Vec<String>> {
    let has_nodes = summary.cells.iter().any(|cell| cell.median("nodes.count").is_some());
    if has_nodes { sheet(summary, SPREAD) } else { Vec::new() }
}

/// What each node took: a header and a row for each node of each measurement; nothing where there are too many, or no
/// cell has two.
pub fn loads(summary: &Summary) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    if summary.cells.iter().flat_map(|cell| &cell.repeats).all(|repeat| repeat.nodes.len() < 2) {
        return rows;
    }
    for (whose, repeat) in by_measurement(summary, |repeat| !repeat.nodes.is_empty()) {
        let all: u64 = repeat.nodes.iter().filter_map(|node| node.requests).sum();
        let most = repeat.nodes.iter().filter_map(|node| node.requests).max().unwrap_or(0);
        rows.extend(repeat.nodes.iter().map(|node| row(&whose, node, all, most)));
    }
    if rows.is_empty() || rows.len() > MOST_ROWS {
        return Vec::new();
    }
    let header = ["node", "requests", "share", "", "failed", "keys", "memory", "CPU"];
    rows.insert(0, header.map(str::to_owned).to_vec());
    rows
}

fn row(whose: &str, node: &NodeLoad, all: u64, most: u64) -> Vec<String> {
    let of = |requests: u64, whole: u64| requests as f64 / whole.max(1) as f64;
    let told = |value: Option<String>| value.unwrap_or_else(none);
    vec![
        format!("{whose}{}", node.name),
        told(node.requests.map(|requests| requests.to_string())),
        told(node.requests.map(|requests| share(of(requests, all)))),
        told(node.requests.map(|requests| bar(requests as f64, of(requests, most)).to_string())),
        node.errors.to_string(),
        told(node.keys.map(|keys| keys.to_string())),
        told(node.used_memory.map(|memory| bytes(memory as f64))),
        told(node.cpu_seconds.map(|seconds| duration_us(seconds * 1e6))),
    ]
}

/// What changes of the nodes moved and cost: a header and a row for each; nothing where there was none.
pub fn remaps(summary: &Summary) -> Vec<Vec<String>> {
    let has = |fault: &&FaultRecord| fault.remap.is_some();
    let mut rows = Vec::new();
    for (whose, repeat) in by_measurement(summary, |repeat| repeat.faults.iter().any(|fault| has(&fault))) {
        rows.extend(
            repeat.faults.iter().filter_map(|fault| Some(moved(&whose, fault, fault.remap.as_ref()?))),
        );
    }
    if !rows.is_empty() {
        let header = [
            "change",
            "nodes",
            "keys\nmoved",
            "needless",
            "requests\nmoved",
            "entries\nmoved",
            "extra loads\nexpected",
            "extra loads\nmeasured",
            "by",
            "hit rate in 1 s\nexpected",
            "hit rate in 1 s\nmeasured",
        ];
        rows.insert(0, header.map(str::to_owned).to_vec());
    }
    rows
}

fn moved(whose: &str, fault: &FaultRecord, remap: &Remap) -> Vec<String> {
    let told = |rate: Option<f64>| rate.map_or_else(none, share);
    let (expected, measured) = (remap.expected_extra(), remap.extra_loads());
    let by = match expected > 0.0 {
        true => format!("{:+.1} %", (measured / expected - 1.0) * 100.0),
        false => none(),
    };
    vec![
        format!("{whose}{} at {:.1} s", fault.what, fault.began_s.unwrap_or(fault.at_s)),
        match remap.from == remap.to {
            true => remap.from.to_string(),
            false => format!("{} → {}", remap.from, remap.to),
        },
        share(remap.keys),
        share(remap.needless),
        share(remap.requests),
        format!("{} of {}", remap.entries_moved, remap.entries),
        count(expected),
        count(measured),
        by,
        told(remap.expected_hit_rate),
        told(remap.hit_rate),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::{CellResult, RepeatResult};

    #[test]
    fn a_change_is_told_in_a_row() {
        let fault = FaultRecord { what: "add 1 node to cache".into(), at_s: 5.0, ..FaultRecord::default() };
        let remap = Remap {
            from: 3,
            to: 4,
            keys: 0.75,
            requests: 0.78,
            entries: 20_000,
            entries_moved: 15_000,
            loads: 6_710,
            expected_loads: 6_600,
            expected_without: 100,
            hit_rate: Some(0.69),
            ..Remap::default()
        };
        let told = moved("modulo: ", &fault, &remap);
        assert_eq!(told[..3], ["modulo: add 1 node to cache at 5.0 s", "3 → 4", "75.0 %"]);
        assert_eq!(told[4..], ["78.0 %", "15000 of 20000", "6500", "6610", "+1.7 %", "–", "69.0 %"]);
    }

    #[test]
    fn what_each_node_took_is_told_where_there_are_two() {
        let with = |nodes: usize| {
            let repeat = RepeatResult { nodes: vec![NodeLoad::default(); nodes], ..RepeatResult::default() };
            let cell = CellResult { repeats: vec![repeat], ..CellResult::default() };
            loads(&Summary { cells: vec![cell], ..Summary::default() }).len()
        };
        assert_eq!([0, 1, 2].map(with), [0, 0, 3]);
    }

    #[test]
    fn a_node_that_tells_nothing_has_a_row_all_the_same() {
        let node = NodeLoad { name: "node-3".into(), requests: Some(50), errors: 2, ..NodeLoad::default() };
        assert_eq!(row("", &node, 200, 100), ["node-3", "50", "25.0 %", "▄", "2", "–", "–", "–"]);
    }
}
