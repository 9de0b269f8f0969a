use serde_json::{Map, Value as Json, json};

use super::{GateNumber, GateReport};
use crate::measure::comparison::Better;

/// The numbers of which less, or more, is better, as github-action-benchmark reads them: `customSmallerIsBetter` or
/// `customBiggerIsBetter`, a file for each.
pub fn benchmark(report: &GateReport, better: Better) -> String {
    let entry = |number: &GateNumber| {
        let mut entry = Map::new();
        entry.insert("name".into(), json!(number.name));
        entry.insert("unit".into(), json!(number.unit));
        entry.insert("value".into(), json!(number.value));
        if let Some(range) = &number.range {
            entry.insert("range".into(), json!(range));
        }
        entry.insert("extra".into(), json!(report.title));
        Json::Object(entry)
    };
    let all: Vec<Json> = report.numbers.iter().filter(|number| number.better == better).map(entry).collect();
    // Texts and finite numbers, which JSON can say.
    serde_json::to_string_pretty(&all).unwrap_or_default() + "\n"
}

#[cfg(test)]
mod tests {
    use super::super::tests::{HOSTILE, report};
    use super::*;

    #[test]
    fn each_direction_is_a_file_of_its_own() {
        assert_eq!(
            benchmark(&report(), Better::Less),
            "[\n  {\n    \"name\": \"cache-aside · read.response.p99\",\n    \"unit\": \"us\",\n    \"value\": 912.5,\n    \
             \"range\": \"900 to 950\",\n    \"extra\": \"shop\"\n  }\n]\n"
        );
        let more: Json = serde_json::from_str(&benchmark(&report(), Better::More)).unwrap();
        assert_eq!(more[0]["name"], "cache-aside · hit_rate");
        assert_eq!((more.as_array().unwrap().len(), more[0].get("range")), (1, None));
    }

    #[test]
    fn whatever_a_cell_is_called_the_json_can_be_read() {
        let mut report = report();
        report.numbers[0].name = HOSTILE.into();
        let read: Json = serde_json::from_str(&benchmark(&report, Better::Less)).unwrap();
        assert_eq!(read[0]["name"], HOSTILE);
        report.numbers.clear();
        assert_eq!(benchmark(&report, Better::Less), "[]\n");
    }
}
