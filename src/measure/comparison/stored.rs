use serde_json::Value as Json;

use super::Block;
use crate::measure::Summary;

/// What makes one question of two runs: the data and the load. Everything else may be what is compared.
const QUESTION: [&str; 5] = ["data", "traffic", "inventory", "freshness", "fault"];
/// Told of a difference at most.
const SHOWN: usize = 4;

/// Two results that cannot be compared.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Incomparable {
    #[error("{side} was interrupted: what it has is a part")]
    Interrupted { side: &'static str },
    #[error("{side} may not be believed: {reason}")]
    Invalid { side: &'static str, reason: String },
    #[error("they ask different questions: {0}")]
    Question(String),
    #[error("they have no cell in common: {base} and {head}")]
    Cells { base: String, head: String },
    #[error("{side} has no measurement")]
    Empty { side: &'static str },
    #[error("one was counted in logical time and the other was not")]
    Kind,
}

/// Whether two results can be compared.
///
/// # Errors
/// Why not.
pub fn check_comparable(base: &Summary, head: &Summary) -> Result<(), Incomparable> {
    for (side, summary) in [("base", base), ("head", head)] {
        check_whole(side, summary)?;
    }
    if base.is_exact() != head.is_exact() {
        return Err(Incomparable::Kind);
    }
    let differences: Vec<String> = QUESTION
        .iter()
        .flat_map(|part| differences(part, &base.workload[*part], &head.workload[*part]))
        .collect();
    if !differences.is_empty() {
        let more = differences.len().saturating_sub(SHOWN);
        let shown = differences[..differences.len().min(SHOWN)].join(", ");
        let more = if more > 0 { format!(", and {more} more") } else { String::new() };
        return Err(Incomparable::Question(format!("{shown}{more}")));
    }
    let (own, others) = (labels(base), labels(head));
    let is_one_each = own.len() == 1 && others.len() == 1;
    if !is_one_each && !own.iter().any(|label| others.contains(label)) {
        return Err(Incomparable::Cells { base: own.join(", "), head: others.join(", ") });
    }
    Ok(())
}

fn labels(summary: &Summary) -> Vec<String> {
    summary.cells.iter().map(|cell| cell.label()).collect()
}

/// Leaves both results the cells that both have, in the same order, and says which were taken off. A single cell of each
/// is compared whatever it is called.
pub fn keep_common(base: &mut Summary, head: &mut Summary) -> Vec<String> {
    let (own, others) = (labels(base), labels(head));
    if own.len() == 1 && others.len() == 1 {
        return Vec::new();
    }
    let is_common = |label: &String| own.contains(label) && others.contains(label);
    base.cells.retain(|cell| is_common(&cell.label()));
    head.cells.retain(|cell| is_common(&cell.label()));
    head.cells.sort_by_key(|cell| own.iter().position(|label| *label == cell.label()));
    own.iter().chain(&others).filter(|label| !is_common(label)).cloned().collect()
}

fn check_whole(side: &'static str, summary: &Summary) -> Result<(), Incomparable> {
    if summary.interrupted {
        return Err(Incomparable::Interrupted { side });
    }
    if summary.cells.iter().all(|cell| cell.repeats.is_empty()) {
        return Err(Incomparable::Empty { side });
    }
    if let Some(reason) = summary.doubt() {
        return Err(Incomparable::Invalid { side, reason });
    }
    Ok(())
}

/// Where two settings differ, each by its dotted path with both values.
pub fn differences(path: &str, base: &Json, head: &Json) -> Vec<String> {
    match (base, head) {
        (Json::Object(own), Json::Object(others)) => {
            let mut keys: Vec<&String> = own.keys().chain(others.keys()).collect();
            keys.sort();
            keys.dedup();
            let of =
                |map: &serde_json::Map<String, Json>, key: &str| map.get(key).cloned().unwrap_or(Json::Null);
            keys.into_iter()
                .flat_map(|key| differences(&format!("{path}.{key}"), &of(own, key), &of(others, key)))
                .collect()
        }
        (base, head) if base == head => Vec::new(),
        (base, head) => vec![format!("{path} is {} and {}", shown(base), shown(head))],
    }
}

fn shown(value: &Json) -> String {
    match value {
        Json::Null => "not set".into(),
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The repeats of two results side by side, as blocks: in a result of its own each, which is how runs look that were taken
/// one at a time.
pub fn by_repeat(summary: &Summary) -> Vec<Summary> {
    let repeats = summary.cells.iter().map(|cell| cell.repeats.len()).min().unwrap_or(0);
    (0..repeats)
        .map(|index| {
            let mut one = summary.clone();
            one.cells.iter_mut().for_each(|cell| cell.repeats = vec![cell.repeats[index].clone()]);
            one
        })
        .collect()
}

/// The blocks of two results, as far as both have repeats.
pub fn side_by_side<'a>(base: &'a [Summary], head: &'a [Summary]) -> Vec<Block<'a>> {
    let pairs = base.iter().zip(head).zip(0..);
    pairs.map(|((base, head), seed)| Block { seed, base, head, again: None }).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::measure::{CellResult, RepeatResult, Status, Verdict};

    fn result(rows: u64, strategy: &str) -> Summary {
        let repeat = RepeatResult { repeat: 1, ..RepeatResult::default() };
        let cell = CellResult { strategy: strategy.into(), repeats: vec![repeat], ..CellResult::default() };
        let workload = json!({ "data": { "rows": rows }, "traffic": {}, "strategy": strategy });
        Summary { workload, cells: vec![cell], ..Summary::default() }
    }

    #[test]
    fn another_strategy_is_what_is_compared_and_other_data_is_another_question() {
        assert_eq!(check_comparable(&result(10, "direct"), &result(10, "cache-aside")), Ok(()));
        let refused = check_comparable(&result(10, "direct"), &result(20, "direct")).unwrap_err().to_string();
        assert_eq!(refused, "they ask different questions: data.rows is 10 and 20");
    }

    #[test]
    fn of_results_with_different_cells_those_are_compared_that_both_have() {
        let with = |strategies: &[&str]| {
            let mut summary = result(10, "direct");
            summary.cells = strategies.iter().flat_map(|name| result(10, name).cells).collect();
            summary
        };
        let (mut old, mut new) = (
            with(&["direct", "cache-aside", "read-through"]),
            with(&["write-through", "cache-aside", "direct"]),
        );
        assert_eq!(check_comparable(&old, &new), Ok(()));
        assert_eq!(keep_common(&mut old, &mut new), ["read-through", "write-through"]);
        assert_eq!((labels(&old), labels(&new)), (labels(&with(&["direct", "cache-aside"])), labels(&old)));
        let none = check_comparable(&with(&["direct", "cache-aside"]), &with(&["write-through"]));
        assert!(matches!(none, Err(Incomparable::Cells { .. })), "{none:?}");
    }

    #[test]
    fn what_may_not_be_believed_or_is_a_part_is_refused_with_its_reason() {
        let good = result(10, "direct");
        let mut bad = good.clone();
        bad.cells[0].repeats[0].status = Status::Invalid;
        bad.cells[0].repeats[0].verdict = Verdict { reasons: vec!["steal".into()], ..Verdict::default() };
        let refused = check_comparable(&good, &bad).unwrap_err().to_string();
        assert_eq!(refused, "head may not be believed: direct, repeat 1 is invalid: steal");
        let part = Summary { interrupted: true, ..good.clone() };
        assert_eq!(check_comparable(&part, &good), Err(Incomparable::Interrupted { side: "base" }));
        let empty = Summary { cells: Vec::new(), ..good.clone() };
        assert_eq!(check_comparable(&good, &empty), Err(Incomparable::Empty { side: "head" }));
    }

    #[test]
    fn settings_that_differ_are_told_by_their_paths() {
        let (base, head) = (json!({"ttl": "1s", "nodes": {"count": 2}}), json!({"ttl": "2s", "nodes": {}}));
        let told = differences("cache", &base, &head);
        assert_eq!(told, ["cache.nodes.count is 2 and not set", "cache.ttl is 1s and 2s"]);
    }
}
