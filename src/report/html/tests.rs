use std::collections::BTreeMap;

use super::Html;
use super::chapter::Page;
use super::compose::chapters;
use super::figure::{Axis, Bars, Chart, Figure, Group, Panel, Plot, Scale, Series, Shape, Tone};
use super::render::render;
use crate::measure::{CellResult, CellSetting, CurvePoint, Metrics, RepeatResult, Summary, Unit, Window};
use crate::report::Format;
use crate::report::quantity::duration_us;
use crate::report::sections::sections;

mod markup;

/// A label that would break a page that trusts it.
const HOSTILE: &str = "<script>alert(\"1\")</script> & 'x' · \u{7}";

fn metrics(factor: f64) -> Metrics {
    let mut metrics = Metrics::default();
    metrics.put("operations", 30_000.0, Unit::Count);
    metrics.put("throughput.achieved", 2_000.0 / factor, Unit::PerS);
    metrics.put("throughput.offered", 2_000.0, Unit::PerS);
    metrics.put("hit_rate", 0.9 / factor, Unit::Ratio);
    metrics.put("db.queries", 400.0 * factor, Unit::Count);
    metrics.put("db.queries_per_read", 0.1 * factor, Unit::Ratio);
    metrics.put("stale_rate", 0.0, Unit::Ratio);
    metrics.put("acknowledged_writes", 3_000.0, Unit::Count);
    metrics.put("lag.p99", 40.0, Unit::Us);
    for kind in ["read", "read.hit", "read.miss", "write"] {
        metrics.put(format!("{kind}.count"), 10_000.0, Unit::Count);
        for clock in ["response", "service", "lag"] {
            for (name, us) in [("p50", 100.0), ("p90", 200.0), ("p99", 900.0), ("max", 9_000.0)] {
                metrics.put(format!("{kind}.{clock}.{name}"), us * factor, Unit::Us);
            }
        }
    }
    metrics
}

fn repeat(factor: f64, seconds: u32) -> RepeatResult {
    let window = |at: u32| Window { at_s: f64::from(at), length_s: 1.0, metrics: metrics(factor) };
    let curve = |kind: &str| {
        let point = |step: u32| {
            let quantile = 1.0 - 0.5f64.powf(f64::from(step) / 4.0);
            CurvePoint { quantile, us: factor * 80.0 * f64::from(step + 1) }
        };
        (format!("{kind}.response"), (0..56).map(point).collect::<Vec<_>>())
    };
    RepeatResult {
        repeat: 1,
        metrics: metrics(factor),
        windows: (0..seconds).map(window).collect(),
        curves: ["read", "read.hit", "read.miss", "write"].map(curve).into(),
        cache: BTreeMap::from([("redis_version".into(), "7".into()), ("server".into(), "redis".into())]),
        ..RepeatResult::default()
    }
}

fn cell(label: &str, repeats: Vec<RepeatResult>) -> CellResult {
    let setting = CellSetting { path: "strategy".into(), value: label.into(), label: label.into() };
    CellResult { settings: vec![setting], strategy: "direct".into(), repeats, ..CellResult::default() }
}

fn summary(cells: usize, repeats: usize, seconds: u32) -> Summary {
    let cells = (0..cells).map(|number| {
        let factor = 1.0 + number as f64 / 10.0;
        cell(&format!("cell {number} (waiters=notify) · 4 nodes"), vec![repeat(factor, seconds); repeats])
    });
    Summary {
        name: "catalogue".into(),
        question: Some("Which <b>one</b> is it?".into()),
        workload: serde_json::json!({ "name": "catalogue", "data": { "seed": 7, "none": null }, "fault": [{ "kill": "cache" }] }),
        cells: cells.collect(),
        ..Summary::default()
    }
}

#[test]
fn a_page_is_whole_and_loads_nothing() {
    let text = Html.render(&summary(6, 3, 15));
    let page = markup::read(&text).unwrap();
    assert_eq!(page.count("h1"), 1);
    assert!(page.levels_are_in_order(), "{:?}", page.levels);
    assert_eq!(page.double_ids(), Vec::<String>::new());
    assert!(!text.contains("http") && !text.contains("<script"), "nothing is loaded");
    for wanted in [
        "&lt;b&gt;one&lt;",
        "[data]",
        "seed = 7",
        "cachebench run catalogue.toml",
        "Response time by percentile",
    ] {
        assert!(text.contains(wanted), "{wanted}");
    }
}

#[test]
fn what_a_label_says_is_never_markup() {
    let mut hostile = summary(2, 1, 3);
    hostile.cells[0] = cell(HOSTILE, vec![repeat(1.0, 3)]);
    hostile.name = HOSTILE.into();
    let text = Html.render(&hostile);
    markup::read(&text).unwrap();
    assert!(!text.contains("<script") && text.contains("&lt;script&gt;"));
}

#[test]
fn every_figure_has_a_text_and_its_numbers() {
    let text = Html.render(&summary(3, 1, 5));
    let figures: Vec<&str> = text.split("<figure").skip(1).collect();
    assert!(figures.len() >= 4, "{}", figures.len());
    for figure in figures {
        let figure = figure.split("</figure>").next().unwrap();
        for wanted in [
            "<figcaption>",
            "role=\"img\"",
            "<title id=",
            "<desc id=",
            "<table",
            "<caption>",
            "scope=\"row\"",
        ] {
            assert!(figure.contains(wanted), "{wanted} is not in {}", &figure[..200]);
        }
    }
}

#[test]
fn every_table_of_a_summary_stands_in_one_chapter() {
    let summary = summary(3, 1, 5);
    let titles: Vec<String> =
        chapters(&summary).into_iter().flat_map(|one| one.sections).map(|one| one.title).collect();
    let mut wanted: Vec<String> = sections(&summary).into_iter().map(|section| section.title).collect();
    let mut found = titles.clone();
    wanted.sort();
    found.sort();
    assert_eq!(found, wanted);
}

#[test]
fn what_was_counted_has_numbers_and_no_figure() {
    let mut exact = summary(2, 1, 5);
    exact.cells[0].repeats[0].exact = Some(crate::measure::ExactCounts::default());
    assert!(chapters(&exact).iter().all(|chapter| chapter.figures.is_empty()));
}

#[test]
fn figures_say_which_cell_is_not_valid() {
    let mut doubtful = summary(2, 1, 5);
    doubtful.cells[1].repeats[0].status = crate::measure::Status::Invalid;
    for figure in chapters(&doubtful).iter().flat_map(|chapter| &chapter.figures) {
        let is_told = |row: &Vec<String>| row[0].ends_with(" (invalid)");
        assert!(figure.table.iter().any(is_told), "{}", figure.title);
    }
}

#[test]
fn a_page_of_many_cells_stays_small() {
    let text = Html.render(&summary(12, 3, 300));
    assert!(text.len() < 1_000_000, "{} bytes", text.len());
}

#[test]
fn a_summary_of_nothing_has_a_page() {
    for empty in [Summary::default(), summary(1, 0, 0), summary(2, 1, 0)] {
        markup::read(&Html.render(&empty)).unwrap();
    }
}

#[test]
fn any_numbers_can_be_drawn() {
    let axis = |scale| Axis { title: "x".into(), scale, write: duration_us, at_least: None };
    let odd = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.0, -5.0, 1e-300, 1e300];
    let lines = [
        Vec::new(),
        vec![(0.5, 1.0)],
        vec![(0.1, 7.0), (0.2, 7.0), (0.3, 7.0)],
        vec![(0.1, 1.0), (0.2, f64::NAN), (0.3, 2.0)],
        odd.map(|value| (value, value)).to_vec(),
        odd.map(|value| (0.9, value)).to_vec(),
    ];
    let mut panels = Vec::new();
    for points in lines {
        for scale in [Scale::Linear, Scale::Log, Scale::Nines] {
            for shape in [Shape::Line, Shape::Step, Shape::Reference, Shape::Points] {
                let series = vec![Series { name: HOSTILE.into(), shape, points: points.clone(), colour: 3 }];
                let chart = Chart { x: axis(scale), y: axis(Scale::Log), series, marks: Vec::new() };
                panels.push(Panel { title: HOSTILE.into(), plot: Plot::Chart(chart) });
            }
        }
    }
    for are_stacked in [true, false] {
        let group = |values: &[Option<f64>]| Group { label: HOSTILE.repeat(4), values: values.to_vec() };
        let groups = vec![group(&[None, Some(0.0)]), group(&[Some(f64::NAN), Some(3.0)]), group(&[])];
        let bars = Bars { x: axis(Scale::Linear), parts: vec!["a".into(), "b".into()], are_stacked, groups };
        panels.push(Panel { title: String::new(), plot: Plot::Bars(bars) });
    }
    let figure = Figure { title: "odd".into(), description: "odd".into(), panels, table: Vec::new() };
    let chapter = super::chapter::Chapter {
        id: "odd",
        title: "Odd".into(),
        lead: Vec::new(),
        figures: vec![figure],
        sections: Vec::new(),
    };
    let text = render(&Page {
        title: "odd".into(),
        question: None,
        answer: "none".into(),
        tone: Tone::Doubtful,
        chapters: vec![chapter],
        facts: Vec::new(),
        settings: None,
        reproduce: Vec::new(),
    });
    markup::read(&text).unwrap();
    assert!(!text.contains("NaN\"") && !text.contains("=\"inf") && !text.contains("MNaN"));
}
