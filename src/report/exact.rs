use crate::measure::{ExactCounts, Summary};

/// What each cell came to in whole numbers: a row for each count that anything came to.
pub fn counts(summary: &Summary) -> Vec<Vec<String>> {
    let cells: Vec<(String, &ExactCounts)> = summary
        .cells
        .iter()
        .filter_map(|cell| Some((cell.label(), cell.repeats.first()?.exact.as_ref()?)))
        .collect();
    if cells.is_empty() {
        return Vec::new();
    }
    let mut rows = vec![vec!["count".to_owned()]];
    rows[0].extend(cells.iter().map(|(label, _)| label.clone()));
    let mut names: Vec<&String> = cells.iter().flat_map(|(_, counts)| counts.0.keys()).collect();
    names.sort();
    names.dedup();
    for name in names {
        let told: Vec<Option<u64>> = cells.iter().map(|(_, counts)| counts.get(name)).collect();
        if told.iter().flatten().all(|&count| count == 0) {
            continue;
        }
        let mut row = vec![name.clone()];
        row.extend(told.into_iter().map(|count| count.map_or("–".into(), |count| count.to_string())));
        rows.push(row);
    }
    rows
}

/// How they were counted.
pub fn how(summary: &Summary) -> Vec<String> {
    let tick = summary.workload.pointer("/traffic/tick").and_then(serde_json::Value::as_str);
    let told = |tick| format!("one client; each operation moves the time that entries live by on by {tick}");
    tick.map(told).into_iter().collect()
}
