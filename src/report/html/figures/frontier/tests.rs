use super::*;
use crate::measure::{Metrics, RepeatResult};

fn cell(ttl: Json, stale_rate: f64, queries: f64) -> CellResult {
    let mut metrics = Metrics::default();
    for (name, value) in [
        ("hit_rate", 1.0 - queries),
        ("hit_rate.theory", 0.99 - queries),
        ("db.queries_per_read", queries),
        ("stale_rate", stale_rate),
    ] {
        metrics.put(name, value, Unit::Ratio);
    }
    let label = ttl.as_str().map_or(ttl.to_string(), str::to_owned);
    let setting = CellSetting { path: "cache.ttl".into(), value: ttl, label };
    let repeat = RepeatResult { metrics, ..RepeatResult::default() };
    CellResult { settings: vec![setting], repeats: vec![repeat], ..CellResult::default() }
}

fn summary(steps: [&str; 4]) -> Summary {
    let values = [(0.001, 0.5), (0.004, 0.2), (0.02, 0.1), (0.2, 0.12)];
    let cells = steps.iter().zip(values).map(|(step, (stale, queries))| cell((*step).into(), stale, queries));
    let sweep = Sweep {
        axes: vec!["cache.ttl".into()],
        tolerate: vec!["stale_rate < 1%".parse().unwrap()],
        minimise: "db.queries_per_read".into(),
        ..Sweep::default()
    };
    Summary { cells: cells.collect(), sweep: Some(sweep), ..Summary::default() }
}

fn chart(figure: &Figure) -> &Chart {
    let Plot::Chart(chart) = &figure.panels[0].plot else { panic!("no chart") };
    chart
}

#[test]
fn steps_are_drawn_by_their_time_with_theory_and_the_choice() {
    let figures = figures(&summary(["100ms", "1s", "10s", "100s"]));
    let titles: Vec<&str> = figures.iter().map(|figure| figure.title.as_str()).collect();
    assert_eq!(
        titles,
        [
            "Hit rate over cache.ttl",
            "Database queries for each read over cache.ttl",
            "Stale reads over cache.ttl",
            "Stale reads against database queries"
        ]
    );
    let hits = chart(&figures[0]);
    let names: Vec<&str> = hits.series.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["measured", "theory"]);
    assert!(hits.x.scale == Scale::Log && hits.series[0].points[1] == (1e6, 0.8));
    assert_eq!((hits.marks.len(), hits.marks[0].from), (1, 1e6));
    assert!(figures[0].description.ends_with("Chosen: 1s."), "{}", figures[0].description);
    assert_eq!(figures[0].table[2], ["1.00 s", "80.0 %", "79.0 %"]);
}

#[test]
fn the_frontier_has_the_steps_that_none_beats_and_the_chosen_one() {
    let figures = figures(&summary(["100ms", "1s", "10s", "100s"]));
    let frontier = figures.last().unwrap();
    let series: Vec<_> =
        chart(frontier).series.iter().map(|one| (one.name.as_str(), one.points.len())).collect();
    assert_eq!(series, [("steps", 4), ("none is better in both", 3), ("chosen", 1)]);
    assert_eq!(frontier.table[2], ["1s", "0.4 %", "0.200", "none is better in both", "chosen"]);
}

#[test]
fn steps_that_are_no_numbers_have_bars_and_without_a_sweep_there_is_nothing() {
    let mut summary = summary(["a", "b", "c", "d"]);
    let drawn = figures(&summary);
    assert!(matches!(drawn[0].panels[0].plot, Plot::Bars(_)));
    assert_eq!(drawn[0].table[1], ["a", "50.0 %", "49.0 %"]);
    summary.sweep = None;
    assert!(figures(&summary).is_empty());
}
