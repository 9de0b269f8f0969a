use super::*;
use crate::measure::{CellSetting, LoadsPerExpiry, RepeatResult, Unit};

fn cell(guard: &str, in_flight: f64, most: u32) -> CellResult {
    let bin = |at_ms, in_flight, response: Option<f64>| StampedeBin {
        at_ms,
        loads_begun: 4,
        in_flight,
        reads: 10,
        response_p50_us: response,
        response_p99_us: response.map(|us| us * 2.0),
    };
    let stampede = Stampede {
        loads_per_expiry: vec![
            LoadsPerExpiry { loads: 1, epochs: 1 },
            LoadsPerExpiry { loads: most, epochs: 3 },
        ],
        timeline: vec![bin(20, in_flight, Some(500.0)), bin(60, 1.0, None)],
    };
    let mut repeat = RepeatResult { stampede: Some(stampede), ..RepeatResult::default() };
    repeat.metrics.put("stampede.loads_per_expiry.mean", f64::from(most), Unit::Count);
    repeat.metrics.put("stampede.loads_per_expiry.max", f64::from(most), Unit::Count);
    let setting = CellSetting { path: "mitigation".into(), value: guard.into(), label: guard.into() };
    CellResult { settings: vec![setting], repeats: vec![repeat], ..CellResult::default() }
}

#[test]
fn the_second_after_an_expiry_is_drawn_with_what_it_felt_like() {
    let summary = Summary { cells: vec![cell("none", 40.0, 50), cell("lock", 1.0, 2)], ..Summary::default() };
    let figures = figures(&summary);
    let titles: Vec<&str> = figures.iter().map(|figure| figure.title.as_str()).collect();
    assert_eq!(
        titles,
        [
            "Loads of the row under way",
            "Loads begun",
            "Reads of the row",
            "Loads for each expiry",
            "Loads of each expiry"
        ]
    );
    let Plot::Chart(chart) = &figures[0].panels[0].plot else { panic!("no chart") };
    assert_eq!(chart.series[0].points[..3], [(0.0, 0.0), (20.0, 40.0), (40.0, 0.0)]);
    let told = "Peaks. Highest: none, 40.000; lowest: lock, 1.000. The highest stands at 20 ms.";
    assert!(figures[0].description.ends_with(told), "{}", figures[0].description);
    let Plot::Chart(begun) = &figures[1].panels[0].plot else { panic!("no chart") };
    assert_eq!(begun.series[0].points[1], (20.0, 1.0), "4 loads of 4 expiries");
    let Plot::Chart(slow) = &figures[2].panels[1].plot else { panic!("no chart") };
    assert_eq!(slow.series[0].points[1], (20.0, 1_000.0));
    assert!(slow.series[0].points[3].1.is_nan(), "no read, no response");
    assert_eq!(figures[4].table[2], ["2", "–", "100.0 %"]);
}

#[test]
fn many_cells_have_a_panel_each_with_both_percentiles() {
    let cells: Vec<CellResult> = (0..LINES + 2).map(|at| cell(&format!("guard-{at}"), 2.0, 20)).collect();
    let figures = figures(&Summary { cells, ..Summary::default() });
    assert_eq!((figures[0].panels.len(), figures[2].panels.len()), (LINES + 2, LINES + 2));
    let Plot::Chart(chart) = &figures[2].panels[0].plot else { panic!("no chart") };
    let names: Vec<&str> = chart.series.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["p50", "p99"]);
}

#[test]
fn without_a_stampede_nothing_is_drawn() {
    let mut bare = cell("none", 1.0, 1);
    bare.settings.clear();
    assert!(figures(&Summary { cells: vec![bare], ..Summary::default() }).is_empty());
}
