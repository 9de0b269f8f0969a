use crate::measure::{FaultRecord, NodeLoad, Remap, Summary};
use crate::report::faults::by_measurement;
use crate::report::html::chapter::Part;
use crate::report::html::figure::{Bars, Figure, Group, Panel, Plot, Scale};
use crate::report::html::label::{told_label, told_status};
use crate::report::html::sketch::{axis, axis_over, bars, cells, extremes, number, told};
use crate::report::quantity::{count, share};

pub const PART: Part = Part {
    id: "nodes",
    title: "Nodes of the cache",
    sections: &["Nodes", "Load of each node", "What moved"],
    lead: "Several nodes share the keys of the cache. How evenly they share the requests follows from the placement and \
           from the hottest keys, which no placement divides; what has to move when nodes come or go follows from the \
           placement alone.",
    figures,
};

/// More nodes than these, or measurements, are in no figure.
const NODES: usize = 24;
const MEASUREMENTS: usize = 12;

fn figures(summary: &Summary) -> Vec<Figure> {
    let spread = cells(
        summary,
        "The busiest node against the mean",
        axis("most over mean", Scale::Linear, number),
        &[
            ("requests", "nodes.requests.max_over_mean"),
            ("keys", "nodes.keys.max_over_mean"),
            ("memory", "nodes.memory.max_over_mean"),
            ("processor time", "nodes.cpu.max_over_mean"),
        ],
    );
    let moves = moves(summary);
    let moved = |title: &str, x, parts: &[&str], read: fn(&Remap) -> Vec<Option<f64>>| {
        let group = |(label, remap): &(String, &Remap)| Group { label: label.clone(), values: read(remap) };
        bars(title, "change", x, parts, moves.iter().map(group).collect())
    };
    let shares = moved(
        "What moved to other nodes",
        axis("share", Scale::Linear, share),
        &["of the keys", "of the requests", "of the keys, needlessly"],
        |remap| [remap.keys, remap.requests, remap.needless].map(Some).to_vec(),
    );
    let loads = moved(
        "Loads that the change caused",
        axis("database loads", Scale::Linear, count),
        &["expected", "measured"],
        |remap| [remap.expected_extra(), remap.extra_loads()].map(Some).to_vec(),
    );
    let hits = moved(
        "Hit rate of the first second after the change",
        axis("hit rate", Scale::Linear, share),
        &["expected", "measured"],
        |remap| vec![remap.expected_hit_rate, remap.hit_rate],
    );
    [loads_of_nodes(summary), spread, shares, loads, hits].into_iter().flatten().collect()
}

/// Changes of the nodes, with whose they are.
fn moves(summary: &Summary) -> Vec<(String, &Remap)> {
    let is_moved = |fault: &FaultRecord| fault.remap.is_some();
    let mut moves = Vec::new();
    for (whose, repeat) in by_measurement(summary, |repeat| repeat.faults.iter().any(is_moved)) {
        let of = |fault: &FaultRecord| {
            let name = format!("{whose}{} at {:.1} s", fault.what, fault.began_s.unwrap_or(fault.at_s));
            told_status(name, repeat.status)
        };
        moves.extend(repeat.faults.iter().filter_map(|fault| Some((of(fault), fault.remap.as_ref()?))));
    }
    moves
}

/// What each node took of the requests: a panel for each cell.
fn loads_of_nodes(summary: &Summary) -> Option<Figure> {
    let mut measured: Vec<(String, &[NodeLoad])> = Vec::new();
    for cell in &summary.cells {
        let with = cell.measured().into_iter().find(|repeat| has_requests(&repeat.nodes));
        measured.extend(with.map(|repeat| (told_label(cell), repeat.nodes.as_slice())));
    }
    let is_drawn = !measured.is_empty()
        && measured.len() <= MEASUREMENTS
        && measured.iter().all(|(_, nodes)| nodes.len() <= NODES);
    if !is_drawn {
        return None;
    }
    let is_weighted = measured.iter().flat_map(|(_, nodes)| *nodes).any(|node| node.weight > 1);
    let parts: &[&str] =
        if is_weighted { &["of the requests", "by its weight"] } else { &["of the requests"] };
    let mut table = vec![["cell", "node", "requests", "share", "by weight"].map(str::to_owned).to_vec()];
    let mut busiest = Vec::new();
    let mut panels = Vec::new();
    for (cell, nodes) in &measured {
        let all: u64 = nodes.iter().filter_map(|node| node.requests).sum();
        let weights: u32 = nodes.iter().map(|node| node.weight).sum();
        let own = |node: &NodeLoad| node.requests.map(|requests| requests as f64 / all.max(1) as f64);
        let due = |node: &NodeLoad| f64::from(node.weight) / f64::from(weights.max(1));
        let group = |node: &NodeLoad| {
            let values = [own(node), Some(due(node))];
            Group { label: node.name.clone(), values: values[..parts.len()].to_vec() }
        };
        for node in *nodes {
            let requests = node.requests.map_or("–".into(), |requests| requests.to_string());
            let (own, due) = (told(own(node), share), share(due(node)));
            table.push(vec![cell.clone(), node.name.clone(), requests, own, due]);
        }
        busiest.push((cell.as_str(), nodes.iter().filter_map(own).fold(0.0, f64::max)));
        let drawn = Bars {
            x: axis_over("share of the requests", Scale::Linear, share, (0.0, 0.0)),
            parts: parts.iter().map(|part| (*part).to_owned()).collect(),
            are_stacked: false,
            groups: nodes.iter().map(group).collect(),
        };
        let title = if measured.len() == 1 { String::new() } else { cell.clone() };
        panels.push(Panel { title, plot: Plot::Bars(drawn) });
    }
    Some(Figure {
        title: "Requests of each node".into(),
        description: format!(
            "The share of the requests that each node took. The busiest node of each. {}",
            extremes(&busiest, share)
        ),
        panels,
        table,
    })
}

/// Whether it is known what each of several nodes took.
fn has_requests(nodes: &[NodeLoad]) -> bool {
    nodes.len() > 1 && nodes.iter().any(|node| node.requests.is_some_and(|requests| requests > 0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::{CellResult, RepeatResult};

    fn node(name: &str, requests: Option<u64>, weight: u32) -> NodeLoad {
        NodeLoad { name: name.into(), requests, weight, ..NodeLoad::default() }
    }

    fn cell(strategy: &str, nodes: Vec<NodeLoad>, faults: Vec<FaultRecord>) -> CellResult {
        let repeat = RepeatResult { nodes, faults, ..RepeatResult::default() };
        CellResult { strategy: strategy.into(), repeats: vec![repeat], ..CellResult::default() }
    }

    #[test]
    fn each_cell_has_its_nodes_and_one_that_tells_nothing_has_no_bar() {
        let even = vec![node("a", Some(50), 1), node("b", Some(50), 1), node("c", None, 1)];
        let uneven = vec![node("a", Some(90), 2), node("b", Some(10), 1)];
        let cells = vec![cell("even", even, vec![]), cell("uneven", uneven, vec![])];
        let figures = figures(&Summary { cells, ..Summary::default() });
        let Plot::Bars(bars) = &figures[0].panels[0].plot else { panic!("no bars") };
        assert_eq!(bars.groups[2].values, [None, Some(1.0 / 3.0)]);
        assert_eq!(bars.parts, ["of the requests", "by its weight"]);
        assert!(figures[0].description.ends_with("Highest: uneven, 90.0 %; lowest: even, 50.0 %."));
        assert_eq!(figures[0].table[3], ["even", "c", "–", "–", "33.3 %"]);
    }

    #[test]
    fn what_moved_is_drawn_beside_what_was_expected() {
        let remap = Remap {
            keys: 0.25,
            requests: 0.3,
            loads: 120,
            expected_loads: 110,
            expected_without: 10,
            hit_rate: Some(0.7),
            ..Remap::default()
        };
        let fault = FaultRecord {
            what: "add 1 node to cache".into(),
            at_s: 2.0,
            remap: Some(remap),
            ..FaultRecord::default()
        };
        let cells = vec![cell("ring", vec![], vec![fault])];
        let figures = figures(&Summary { cells, ..Summary::default() });
        let tables: Vec<_> = figures.iter().map(|figure| figure.table[1][1..].to_vec()).collect();
        assert_eq!(tables, [vec!["25.0 %", "30.0 %", "0.0 %"], vec!["100", "110"], vec!["70.0 %"]]);
        assert_eq!(figures[0].table[1][0], "add 1 node to cache at 2.0 s");
    }
}
