use serde::Serialize;

use super::fit::numbers;
use super::fold::prose;
use super::html;
use super::quantity::{count, share};
use super::section::Section;
use crate::simulation::{Capacity, Simulated};

/// Simulated caches of one size.
pub struct Ranking {
    /// The size as it was asked for: `5%`.
    pub size: String,
    pub capacity: Capacity,
    /// Hits of `opt` at this size.
    pub possible: u64,
    pub results: Vec<Simulated>,
    /// The share of the keys that it is estimated from; `None` where it is exact.
    pub sampled: Option<f64>,
}

/// One simulated cache, as JSON and CSV tell it. What cannot be told is null, or empty.
#[derive(Serialize)]
struct Row<'a> {
    size: &'a str,
    policy: &'a str,
    capacity_entries: Option<u64>,
    capacity_bytes: Option<u64>,
    requests: u64,
    hits: u64,
    misses: u64,
    hit_rate: Option<f64>,
    byte_hit_rate: Option<f64>,
    /// Hits in those of `opt`.
    of_opt: Option<f64>,
    evictions: u64,
    entries: u64,
    /// In requests.
    eviction_age: Option<f64>,
    /// The share of the keys that the row is estimated from; nothing where it is exact.
    sampled: Option<f64>,
}

impl Ranking {
    /// The most hits first.
    fn best_first(&self) -> Vec<Row<'_>> {
        let mut sorted: Vec<_> = self.results.iter().collect();
        sorted.sort_by_key(|result| std::cmp::Reverse(result.hits));
        sorted.into_iter().map(|result| self.row(result)).collect()
    }

    fn title(&self) -> String {
        let capacity = match self.capacity {
            Capacity::Entries(entries) => format!("{entries} entries"),
            Capacity::Bytes(_) => self.capacity.to_string(),
        };
        let estimate = self
            .sampled
            .map_or(String::new(), |rate| format!(", estimated from {} of the keys", share(rate)));
        format!("size {}: {capacity}, simulated{estimate}", self.size)
    }

    /// A header and a row for each policy.
    fn rows(&self, sized: bool) -> Vec<Vec<String>> {
        let told = |value: Option<f64>, write: fn(f64) -> String| value.map_or("–".into(), write);
        let mut header =
            vec!["policy", "entries", "hit rate", "of opt", "misses", "evictions", "eviction age"];
        if sized {
            header.insert(3, "byte hit rate");
        }
        let mut rows = vec![header.into_iter().map(str::to_owned).collect::<Vec<_>>()];
        for row in self.best_first() {
            let mut cells = vec![row.policy.to_owned(), row.entries.to_string(), told(row.hit_rate, fine)];
            if sized {
                cells.push(told(row.byte_hit_rate, fine));
            }
            cells.extend([told(row.of_opt, share), row.misses.to_string(), row.evictions.to_string()]);
            cells.push(told(row.eviction_age, count));
            rows.push(cells);
        }
        rows
    }

    fn row<'a>(&'a self, result: &'a Simulated) -> Row<'a> {
        let (entries, bytes) = match self.capacity {
            Capacity::Entries(entries) => (Some(entries), None),
            Capacity::Bytes(bytes) => (None, Some(bytes)),
        };
        Row {
            size: &self.size,
            policy: &result.policy,
            capacity_entries: entries,
            capacity_bytes: bytes,
            requests: result.requests,
            hits: result.hits,
            misses: result.misses(),
            hit_rate: result.hit_rate(),
            byte_hit_rate: result.byte_hit_rate(),
            of_opt: (self.possible > 0).then(|| result.hits as f64 / self.possible as f64),
            evictions: result.evictions,
            entries: result.entries,
            eviction_age: result.eviction_age,
            sampled: self.sampled,
        }
    }
}

/// A table for each size, for a terminal of this width; the hit rate by bytes only where sizes differ.
pub fn rankings_table(rankings: &[Ranking], sized: bool, width: Option<usize>) -> String {
    let tables = sections(rankings, sized).into_iter();
    let text: String =
        tables.map(|section| format!("{}\n{}\n\n", section.title, numbers(section.rows, width))).collect();
    prose(&(text + LEGEND + "\n"), width)
}

/// What the columns are.
pub(super) const LEGEND: &str =
    "of opt: hits in those of opt at this size; eviction age: mean requests from last use to eviction";

/// A table for each size.
pub(super) fn sections(rankings: &[Ranking], sized: bool) -> Vec<Section> {
    rankings.iter().map(|ranking| Section::new(ranking.title(), ranking.rows(sized))).collect()
}

/// A page with a curve for each policy; `what` is simulated.
pub fn rankings_html(what: &str, rankings: &[Ranking], sized: bool) -> String {
    html::render(&html::pages::simulation(what, rankings, sized))
}

/// A row for each simulated cache.
pub fn rankings_csv(rankings: &[Ranking]) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in rankings.iter().flat_map(Ranking::best_first) {
        // Neither can writing to memory fail, nor is there a nested value in a row.
        let _ = writer.serialize(row);
    }
    writer.into_inner().ok().and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default()
}

/// A list with an object for each simulated cache.
pub fn rankings_json(rankings: &[Ranking]) -> String {
    let rows: Vec<_> = rankings.iter().flat_map(Ranking::best_first).collect();
    // Numbers and texts always have a form in JSON.
    serde_json::to_string_pretty(&rows).unwrap_or_default() + "\n"
}

/// A hit rate, by a digit more than other shares: policies differ by little.
pub(super) fn fine(rate: f64) -> String {
    format!("{:.2} %", rate * 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn simulated(policy: &str, hits: u64) -> Simulated {
        Simulated {
            policy: policy.into(),
            capacity: Capacity::Entries(10),
            requests: 100,
            hits,
            bytes: 1_000,
            hit_bytes: 250,
            evictions: 3,
            entries: 10,
            eviction_age: (hits > 0).then_some(12.4),
        }
    }

    fn ranking(possible: u64) -> Ranking {
        let results = vec![simulated("fifo", 0), simulated("lru", 40)];
        Ranking { size: "5%".into(), capacity: Capacity::Entries(10), possible, results, sampled: None }
    }

    #[test]
    fn the_best_stands_first_with_its_share_of_the_possible() {
        let table = rankings_table(&[ranking(80)], true, None);
        let lines: Vec<_> = table.lines().collect();
        assert_eq!(lines[0], "size 5%: 10 entries, simulated");
        assert!(lines[4].contains("lru") && lines[5].contains("fifo"), "{table}");
        for cell in ["40.00 %", "25.00 %", "50.0 %", "60", "12"] {
            assert!(lines[4].contains(cell), "{cell} in {}", lines[4]);
        }
        assert!(lines[5].contains('–'));
        assert!(!rankings_table(&[ranking(80)], false, None).contains("byte hit rate"));
    }

    #[test]
    fn csv_and_json_leave_out_what_cannot_be_told() {
        let csv = rankings_csv(&[ranking(0)]);
        let lines: Vec<_> = csv.lines().collect();
        assert_eq!(lines[1], "5%,lru,10,,100,40,60,0.4,0.25,,3,10,12.4,");
        assert_eq!((lines.len(), lines[0].split(',').count()), (3, 14));
        let json: serde_json::Value = serde_json::from_str(&rankings_json(&[ranking(80)])).unwrap();
        assert_eq!((json[0]["of_opt"].as_f64(), json[1]["eviction_age"].is_null()), (Some(0.5), true));
        assert!(json[0]["sampled"].is_null());
    }

    #[test]
    fn an_estimate_says_from_which_share_of_the_keys() {
        let estimated = [Ranking { sampled: Some(0.01), ..ranking(80) }];
        assert!(
            rankings_table(&estimated, false, None)
                .contains(", simulated, estimated from 1.0 % of the keys\n")
        );
        assert!(rankings_csv(&estimated).lines().nth(1).unwrap().ends_with(",0.01"));
        let json: serde_json::Value = serde_json::from_str(&rankings_json(&estimated)).unwrap();
        assert_eq!(json[0]["sampled"], 0.01);
    }
}
