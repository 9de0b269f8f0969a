use super::claim::{agrees, claim, hit_rate_word, write_latency_word};
use super::quantity::{amount, duration_us, share};
use crate::measure::{CellResult, Summary};

/// The article's trade-off table, filled from measurement: a header and a row for each cell.
pub fn tradeoffs(summary: &Summary) -> Vec<Vec<String>> {
    let header = [
        "Strategy",
        "Write latency\n(p50)",
        "Read hit rate",
        "Consistency",
        "Durability\nrisk",
        "DB queries\nper op",
        "Best for",
    ];
    let mut rows = vec![header.map(String::from).to_vec()];
    rows.extend(summary.cells.iter().map(|cell| row(cell, summary)));
    rows
}

/// A metric of the cell that runs `strategy` and is otherwise set like `cell`.
fn beside(cell: &CellResult, summary: &Summary, strategy: &str, metric: &str) -> Option<f64> {
    let others = |cell: &CellResult| -> Vec<_> {
        let others = cell.settings.iter().filter(|setting| setting.path != "strategy");
        others.map(|setting| (setting.path.clone(), setting.value.clone())).collect()
    };
    let alike = |other: &&CellResult| other.strategy == strategy && others(other) == others(cell);
    summary.cells.iter().find(alike)?.median(metric)
}

fn row(cell: &CellResult, summary: &Summary) -> Vec<String> {
    let reference = ["direct", "write-around"]
        .into_iter()
        .find_map(|strategy| beside(cell, summary, strategy, "write.response.p50"));
    let direct_queries = beside(cell, summary, "direct", "db.queries_per_op");
    let claim = claim(&cell.strategy);
    let write = cell.median("write.response.p50");
    let write_word = write.zip(reference).map(|(write, reference)| write_latency_word(write / reference));
    let hit_rate = cell.median("hit_rate");
    let hit_word = hit_rate.map(hit_rate_word);
    let queries = cell.median("db.queries_per_op");
    let mut best = Vec::new();
    if cell.strategy == "direct" {
        best.push("the control");
    } else {
        if write_word == Some("lowest") {
            best.push("write-heavy");
        }
        if hit_word == Some("high") {
            best.push("read-heavy");
        }
        if cell.median("hit_rate_after_write").is_some_and(|rate| rate >= 0.9) {
            best.push("reading own writes");
        }
        if queries.zip(direct_queries).is_some_and(|(queries, direct)| queries <= direct / 2.0) {
            best.push("sparing the database");
        }
    }
    vec![
        cell.label(),
        told(write.map(duration_us), write_word, claim.map(|claim| claim.write_latency)),
        told(hit_rate.map(share), hit_word, claim.map(|claim| claim.read_hit_rate)),
        "not measured".into(),
        "not measured".into(),
        queries.map_or("–".into(), amount),
        if best.is_empty() { "–".into() } else { best.join(", ") },
    ]
}

/// A number, the word that follows from it, and on a second line what the article says.
fn told(number: Option<String>, word: Option<&str>, claimed: Option<&str>) -> String {
    let Some(number) = number else { return "–".into() };
    let Some(word) = word else { return number };
    match claimed.map(|claimed| (claimed, agrees(claimed, word))) {
        None => format!("{number}, {word}"),
        Some((claimed, None)) => format!("{number}, {word}\narticle: {claimed}"),
        Some((_, Some(true))) => format!("{number}, {word}\narticle agrees"),
        Some((claimed, Some(false))) => format!("{number}, {word}\narticle disagrees: {claimed}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_stands_beside_the_article_s_word() {
        let told = |word, claimed| told(Some("1 us".into()), word, claimed);
        assert_eq!(told(Some("low"), Some("low")), "1 us, low\narticle agrees");
        assert_eq!(told(Some("low"), Some("high")), "1 us, low\narticle disagrees: high");
        assert_eq!(told(Some("low"), Some("variable")), "1 us, low\narticle: variable");
        assert_eq!(told(Some("low"), None), "1 us, low");
        assert_eq!(told(None, Some("low")), "1 us", "without a reference there is no word");
    }
}
