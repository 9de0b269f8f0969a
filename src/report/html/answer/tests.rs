use super::*;
use crate::measure::{CellResult, Metrics, RepeatResult, Unit};

fn cell(strategy: &str, reads: &[f64], write: f64, loads: f64, stale: f64) -> CellResult {
    let repeat = |&read: &f64| {
        let mut metrics = Metrics::default();
        metrics.put("read.response.p50", read, Unit::Us);
        metrics.put("write.response.p50", write, Unit::Us);
        metrics.put("db.queries_per_read", loads, Unit::Ratio);
        metrics.put("stale_rate", stale, Unit::Ratio);
        metrics.put("acknowledged_writes", 10.0, Unit::Count);
        RepeatResult { metrics, ..RepeatResult::default() }
    };
    let repeats = reads.iter().map(repeat).collect();
    CellResult { strategy: strategy.into(), repeats, ..CellResult::default() }
}

fn told(cells: Vec<CellResult>) -> (String, Tone) {
    answer(&Summary { cells, ..Summary::default() })
}

#[test]
fn the_best_of_each_is_named_with_its_number() {
    let (text, tone) = told(vec![
        cell("direct", &[143.0, 144.0], 500.0, 1.0, 0.0),
        cell("cache-aside", &[106.0, 108.0], 520.0, 0.3, 0.0),
        cell("write-behind", &[120.0, 121.0], 148.0, 0.4, 0.498),
    ]);
    assert_eq!(
        text,
        "cache-aside reads fastest at the median (107 us, against 144 us of direct), write-behind writes fastest (148 us \
         against 520 us), and cache-aside asks the database least (0.300 loads a read); only write-behind served stale \
         reads (49.8 %)."
    );
    assert!(tone == Tone::Plain);
}

#[test]
fn what_repeats_do_not_tell_apart_is_alike() {
    let (text, _) = told(vec![
        cell("a", &[100.0, 120.0], 300.0, 0.5, 0.0),
        cell("b", &[105.0, 125.0], 300.0, 0.5, 0.0),
        cell("c", &[300.0, 310.0], 300.0, 0.5, 0.0),
    ]);
    assert!(
        text.starts_with("a and b, alike, read fastest at the median (110 us, against 305 us of c)"),
        "{text}"
    );
    assert!(text.contains("all write alike at the median (300 us at best)"), "{text}");
    assert!(text.contains("no read was stale"), "{text}");
}

#[test]
fn the_one_that_is_not_like_the_others_is_named_once() {
    let mut cells: Vec<CellResult> =
        ["a", "b", "c", "d"].iter().map(|name| cell(name, &[100.0, 120.0], 300.0, 0.5, 0.0)).collect();
    cells.push(cell("slow", &[300.0, 310.0], 300.0, 0.5, 0.0));
    let (text, _) = told(cells);
    let wanted = "all but slow, alike, read fastest at the median (110 us at best, against 305 us), ";
    assert!(text.starts_with(wanted), "{text}");
}

#[test]
fn what_was_measured_once_is_told_with_care() {
    let (text, _) = told(vec![cell("a", &[1.0], 3.0, 0.5, 0.0), cell("b", &[2.0], 3.0, 0.5, 0.0)]);
    assert!(text.contains("measured once"), "{text}");
}

#[test]
fn what_may_not_be_believed_is_no_answer() {
    let mut invalid = cell("a", &[1.0], 3.0, 0.5, 0.0);
    invalid.repeats[0].status = Status::Invalid;
    let (text, tone) = told(vec![invalid]);
    assert!(text.starts_with("NOT VALID: 1 of 1") && tone == Tone::Bad, "{text}");
    let interrupted =
        Summary { cells: vec![cell("a", &[1.0], 3.0, 0.5, 0.0)], interrupted: true, ..Summary::default() };
    let (text, tone) = answer(&interrupted);
    assert!(text.starts_with("interrupted") && tone == Tone::Doubtful, "{text}");
    let (text, tone) = answer(&Summary::default());
    assert!(text.starts_with("no rate was confirmed") && tone == Tone::Doubtful, "{text}");
}
