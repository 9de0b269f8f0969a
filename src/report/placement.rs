use serde::Serialize;

use super::fit::numbers;
use super::fold::prose;
use super::quantity::{amount, share};
use super::{html, markdown};
use crate::placement::{Compared, Comparison};

/// Schemes over the same keys and the same change of nodes.
pub struct Placements {
    pub comparison: Comparison,
    pub schemes: Vec<Compared>,
}

/// One scheme, as JSON and CSV tell it. What has no closed form is null, or empty.
#[derive(Serialize)]
struct Row<'a> {
    scheme: &'a str,
    moved_keys: f64,
    least_move: f64,
    expected_move: Option<f64>,
    moved_requests: f64,
    needless_moves: f64,
    key_variation: f64,
    expected_key_variation: Option<f64>,
    key_max_over_mean: f64,
    request_variation: f64,
    request_max_over_mean: f64,
    /// Nanoseconds; all else is exact, and this is measured.
    lookup_ns: f64,
}

/// All of it, as JSON tells it.
#[derive(Serialize)]
struct Whole<'a> {
    nodes_before: usize,
    nodes_after: usize,
    keys: u64,
    hottest_key_share: f64,
    schemes: Vec<Row<'a>>,
}

const HEADER: [&str; 12] = [
    "scheme",
    "keys\nmoved",
    "at\nleast",
    "by\ntheory",
    "requests\nmoved",
    "needless\nmoves",
    "keys\nSD/mean",
    "by\ntheory",
    "keys\nmax/mean",
    "requests\nSD/mean",
    "requests\nmax/mean",
    "lookup, ms per\nmillion keys",
];

impl Placements {
    fn row<'a>(&self, one: &'a Compared) -> Row<'a> {
        Row {
            scheme: &one.scheme,
            moved_keys: one.moved.keys,
            least_move: self.comparison.least_move(),
            expected_move: one.expected_move,
            moved_requests: one.moved.requests,
            needless_moves: one.moved.needless,
            key_variation: one.keys.variation,
            expected_key_variation: one.expected_variation,
            key_max_over_mean: one.keys.max_over_mean,
            request_variation: one.requests.variation,
            request_max_over_mean: one.requests.max_over_mean,
            lookup_ns: one.lookup_ns,
        }
    }

    pub(super) fn cells(&self) -> Vec<Vec<String>> {
        let told = |value: Option<f64>, write: fn(f64) -> String| value.map_or("–".into(), write);
        let cells = |one: &Compared| {
            let row = self.row(one);
            vec![
                row.scheme.to_owned(),
                share(row.moved_keys),
                share(row.least_move),
                told(row.expected_move, share),
                share(row.moved_requests),
                share(row.needless_moves),
                fine(row.key_variation),
                told(row.expected_key_variation, fine),
                amount(row.key_max_over_mean),
                fine(row.request_variation),
                amount(row.request_max_over_mean),
                format!("{:.1}", row.lookup_ns),
            ]
        };
        let header = HEADER.map(str::to_owned).to_vec();
        std::iter::once(header).chain(self.schemes.iter().map(cells)).collect()
    }

    /// What was asked, in a line.
    pub(super) fn title(&self) -> String {
        let Comparison { before, after, keys, .. } = &self.comparison;
        let gone: Vec<&str> = before.names().filter(|name| after.place(name).is_none()).collect();
        let how = match gone.as_slice() {
            [] => String::new(),
            [one] => format!(" ({one} goes)"),
            [first, .., last] => format!(" ({first} to {last} go)"),
        };
        format!("{keys} keys on {} nodes, and on {}{how}", before.len(), after.len())
    }

    /// What is to be known of the numbers, in sentences.
    pub(super) fn below(&self) -> Vec<String> {
        let Comparison { before, keys, popularity, .. } = &self.comparison;
        let hottest = popularity.hottest_share();
        let mut lines = vec![format!(
            "The hottest of {keys} keys has {} of the requests, {} times the mean of a node: no placement divides a key.",
            share(hottest),
            amount(hottest * before.len() as f64),
        )];
        for one in &self.schemes {
            lines.extend(one.of_the_last.map(|least| {
                format!(
                    "{} can lose only the last of its nodes for {}: without another, those behind it are renumbered.",
                    one.scheme,
                    share(least)
                )
            }));
        }
        lines.push(
            "SD/mean and max/mean: over the nodes before the change, by weight. Needless: between nodes that stay. \
             All but lookup is exact."
                .into(),
        );
        lines
    }
}

/// A table, and what is to be known of it, for a terminal of this width.
pub fn placements_table(placements: &Placements, width: Option<usize>) -> String {
    let below = placements.below().join("\n");
    let table = numbers(placements.cells(), width);
    prose(&format!("{}\n{table}\n{below}\n", placements.title()), width)
}

/// The same for a document.
pub fn placements_markdown(placements: &Placements) -> String {
    let below: String = placements.below().iter().map(|line| format!("- {line}\n")).collect();
    format!("{}:\n\n{}\n{below}", placements.title(), markdown::table(&placements.cells()))
}

/// The same as a page with figures.
pub fn placements_html(placements: &Placements) -> String {
    html::render(&html::pages::placement(placements))
}

/// A row for each scheme.
pub fn placements_csv(placements: &Placements) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for one in &placements.schemes {
        // Neither can writing to memory fail, nor is there a nested value in a row.
        let _ = writer.serialize(placements.row(one));
    }
    writer.into_inner().ok().and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default()
}

/// An object with what was asked, and an object for each scheme.
pub fn placements_json(placements: &Placements) -> String {
    let Comparison { before, after, keys, popularity, .. } = &placements.comparison;
    let whole = Whole {
        nodes_before: before.len(),
        nodes_after: after.len(),
        keys: *keys,
        hottest_key_share: popularity.hottest_share(),
        schemes: placements.schemes.iter().map(|one| placements.row(one)).collect(),
    };
    // Numbers and texts always have a form in JSON.
    serde_json::to_string_pretty(&whole).unwrap_or_default() + "\n"
}

/// A relative deviation, by a digit more than other shares: even schemes differ by little.
fn fine(deviation: f64) -> String {
    format!("{:.2} %", deviation * 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::placement::{Nodes, Popularity};
    use crate::registry::Choice;

    fn placements(schemes: &[&str]) -> Placements {
        let rest = ["node-0", "node-2"].map(|name| (name.to_owned(), 1)).to_vec();
        let comparison = Comparison {
            before: Nodes::numbered(3).unwrap(),
            after: Nodes::new(rest).unwrap(),
            keys: 1_000,
            prefix: "t:".into(),
            popularity: Popularity::new(1_000, 0.99, 1),
        };
        let of = |name: &&str| Compared { lookup_ns: 12.34, ..comparison.of(&Choice::named(name)).unwrap() };
        Placements { schemes: schemes.iter().map(of).collect(), comparison }
    }

    #[test]
    fn a_table_says_what_was_asked_and_what_no_scheme_can_mend() {
        let table = placements_table(&placements(&["rendezvous", "jump", "bounded"]), None);
        assert!(table.starts_with("1000 keys on 3 nodes, and on 2 (node-1 goes)\n"), "{table}");
        assert!(table.contains("33.3 %") && table.contains("12.3") && table.contains('–'), "{table}");
        assert!(
            table.contains("The hottest of 1000 keys has 12.9 %") && table.contains("0.388 times"),
            "{table}"
        );
        assert!(table.contains("jump can lose only the last of its nodes for 33.3 %"), "{table}");
        assert_eq!(table.matches("are renumbered").count(), 1, "{table}");
        let markdown = placements_markdown(&placements(&["ring"]));
        assert!(
            markdown.contains("| scheme | keys moved |") && markdown.contains("\n- The hottest"),
            "{markdown}"
        );
    }

    #[test]
    fn csv_and_json_have_the_same_numbers() {
        let placements = placements(&["ring", "bounded"]);
        let csv = placements_csv(&placements);
        let lines: Vec<_> = csv.lines().collect();
        assert_eq!((lines.len(), lines[0].split(',').count()), (3, 12));
        assert!(lines[1].starts_with("ring,0.3") && lines[1].ends_with(",12.34"), "{csv}");
        let json: serde_json::Value = serde_json::from_str(&placements_json(&placements)).unwrap();
        assert_eq!(json["nodes_after"], 2);
        assert!(json["schemes"][1]["expected_move"].is_null());
        assert_eq!(json["schemes"][0]["lookup_ns"], 12.34);
    }
}
