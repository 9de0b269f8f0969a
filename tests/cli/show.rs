use std::path::Path;

use cachebench::measure::{
    CellResult, CellSetting, FORMAT, Floor, Metrics, RepeatResult, Status, Summary, Unit, Verdict,
};
use cachebench::report;
use serde_json::Value as Json;
use tempfile::TempDir;

use super::run;

const FORMATS: [&str; 5] = ["table", "markdown", "json", "csv", "quiet"];

fn cell(strategy: &str, status: Status, reason: Option<&str>) -> CellResult {
    let mut metrics = Metrics::default();
    metrics.put("throughput.achieved", 1_234.0, Unit::PerS);
    metrics.put("hit_rate", 0.875, Unit::Ratio);
    metrics.put("read.response.p50", 1_500.0, Unit::Us);
    metrics.put("write.response.p50", 2_500.0, Unit::Us);
    let repeat = RepeatResult {
        repeat: 1,
        order: 1,
        status,
        verdict: Verdict { reasons: reason.map(String::from).into_iter().collect(), ..Verdict::default() },
        metrics,
        ..RepeatResult::default()
    };
    let label = strategy.to_string();
    let setting = CellSetting { path: "strategy".into(), value: strategy.into(), label };
    CellResult {
        settings: vec![setting],
        strategy: strategy.into(),
        repeats: vec![repeat],
        ..CellResult::default()
    }
}

fn summary() -> Summary {
    Summary {
        format: FORMAT,
        name: "shown".into(),
        question: Some("Which | one?".into()),
        started_at: "2026-01-02T03:04:05Z".into(),
        seconds: 60.0,
        interrupted: false,
        cachebench: "0.0.0".into(),
        workload: serde_json::json!({ "name": "shown", "data": { "seed": 42 } }),
        host: Default::default(),
        floor: Floor { operations: 5, cpu_ns_per_op: 300.0 },
        cells: vec![
            cell("direct", Status::Valid, None),
            cell("cache-aside", Status::Invalid, Some("too late")),
        ],
        ..Summary::default()
    }
}

fn written() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    report::write(&summary(), folder.path()).unwrap();
    folder
}

fn shown(path: &Path, format: &str) -> String {
    let answer = run(&["show", path.to_str().unwrap(), "--format", format]);
    assert_eq!((answer.code, answer.stderr.as_str()), (Some(0), ""));
    answer.stdout
}

#[test]
fn a_result_is_shown_from_its_folder_and_from_its_file() {
    let folder = written();
    let file = folder.path().join("result.json");
    for format in FORMATS {
        assert_eq!(shown(folder.path(), format), shown(&file, format), "{format}");
    }
    assert_eq!(shown(&file, "json"), std::fs::read_to_string(&file).unwrap());
    assert_eq!(shown(&file, "markdown"), std::fs::read_to_string(folder.path().join("table.md")).unwrap());
    assert_eq!(run(&["show", file.to_str().unwrap()]).stdout, shown(&file, "table"));
}

#[test]
fn every_format_tells_every_cell_its_numbers_and_its_verdict() {
    let folder = written();
    for format in ["table", "markdown"] {
        let text = shown(folder.path(), format);
        for word in
            ["direct", "cache-aside", "1.23 K/s", "87.5 %", "1.50 ms", "INVALID", "too late", "NOT VALID"]
        {
            assert!(text.contains(word), "{word} is not in {format}:\n{text}");
        }
    }
    let csv = shown(folder.path(), "csv");
    let rows: Vec<csv::StringRecord> =
        csv::Reader::from_reader(csv.as_bytes()).into_records().map(Result::unwrap).collect();
    assert_eq!(
        csv.lines().next().unwrap().split(',').take(4).collect::<Vec<_>>(),
        ["cell", "repeat", "status", "throughput.achieved_per_s"]
    );
    let cells: Vec<_> = rows.iter().map(|row| (&row[0], &row[2], &row[3])).collect();
    assert_eq!(cells, [("direct", "valid", "1234"), ("cache-aside", "invalid", "1234")]);
    let json: Json = serde_json::from_str(&shown(folder.path(), "json")).unwrap();
    assert_eq!(json["cells"][1]["repeats"][0]["verdict"]["reasons"][0], "too late");
}

#[test]
fn what_is_no_result_is_told_so() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("result.json");
    let show = |text: &str| {
        std::fs::write(&file, text).unwrap();
        run(&["show", folder.path().to_str().unwrap()])
    };
    show("garbage").fails(2, &["result.json is no result", "line 1 column 1"]);
    show("").fails(2, &["is no result"]);
    show("[1, 2]").fails(2, &["is no result", "`format`"]);
    show("{\"format\": 1, \"name\": 5}").fails(2, &["is no result"]);
    show("{\"format\": 999}").fails(2, &["has result format 999", &format!("reads {FORMAT}")]);
    std::fs::remove_file(&file).unwrap();
    run(&["show", folder.path().to_str().unwrap()]).fails(2, &["is no result", "result.json"]);
    std::fs::write(&file, [0xff, 0xfe]).unwrap();
    run(&["show", folder.path().to_str().unwrap()]).fails(2, &["is no result", "UTF-8"]);
}
