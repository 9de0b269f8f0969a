use super::*;
use crate::measure::Unit;
use crate::measure::comparison::{Counted, Exact, Series, Tallied, judge, judge_counts};
use crate::measure::inference::Law;

fn side(label: &str, setting: &str) -> Side {
    Side {
        label: label.into(),
        cachebench: "cachebench 0.1.0".into(),
        what: vec!["workloads/gate.toml".into(), setting.into()],
    }
}

/// A comparison in which times and counts got worse, and of which nothing was counted exactly.
fn comparison() -> Comparison {
    let base = vec![470.0, 475.0, 468.0, 472.0, 471.0, 474.0, 469.0, 473.0];
    let head = base.iter().zip(1..).map(|(value, i)| value * (1.14 + f64::from(i) / 500.0)).collect();
    let again = base.iter().rev().copied().collect();
    let (cell, metric) = ("cache-aside".to_owned(), "read.miss.response.p50".to_owned());
    let series =
        Series { cell: cell.clone(), metric, unit: Unit::Us, better: Better::Less, base, head, again };
    let tallied = |counts: [f64; 5]| -> Vec<Tallied> {
        counts.iter().zip(1..).map(|(&count, seed)| Tallied { seed, count, of: 20_000.0 }).collect()
    };
    let counted = |metric: &str, base| Counted {
        cell: cell.clone(),
        metric: metric.into(),
        better: Better::Less,
        law: Law::Share,
        base: tallied(base),
        head: tallied([80.0, 84.0, 79.0, 82.0, 78.0]),
    };
    let counts = [counted("stale_rate", [20.0, 24.0, 19.0, 22.0, 18.0]), counted("failure_rate", [0.0; 5])];
    let mut comparison = Comparison {
        base: side("base", "cache.ttl=1s"),
        head: side("head", "cache.eviction=a b"),
        name: "gate".into(),
        interleaved: true,
        warnings: vec!["2 processors are few".into()],
        exact: Some(Exact { left_out: Some("there are writes behind".into()), ..Exact::default() }),
        counts: judge_counts(&counts),
        times: judge(&[series]).unwrap(),
        ..Comparison::default()
    };
    comparison.conclude();
    comparison
}

fn intervals(figure: &Figure) -> &Intervals {
    let Plot::Intervals(intervals) = &figure.panels[0].plot else { panic!("no intervals") };
    intervals
}

#[test]
fn each_time_stands_above_base_against_itself_between_its_limits() {
    let page = page(&comparison());
    assert!(page.tone == Tone::Bad && page.answer.starts_with("regressed: "), "{}", page.answer);
    let ids: Vec<&str> = page.chapters.iter().map(|chapter| chapter.id).collect();
    assert_eq!(ids, ["warnings", "exact-counts", "counts", "times"]);
    let figure = &page.chapters[3].figures[0];
    let drawn = intervals(figure);
    let rows: Vec<_> = drawn.rows.iter().map(|row| (row.label.as_str(), row.verdict.as_str())).collect();
    assert_eq!(
        rows,
        [("read.miss.response.p50 of cache-aside", "regressed"), ("base against itself", "alike")]
    );
    assert_eq!(drawn.limits, Some((-5.0, 5.0)));
    assert_eq!(figure.table[1][1], "+14.9 %");
    assert!(figure.description.ends_with("regressed by +14.9 %."), "{}", figure.description);
}

#[test]
fn counts_that_base_has_none_of_are_not_drawn_and_a_tier_without_rows_says_why() {
    let page = page(&comparison());
    let figure = &page.chapters[2].figures[0];
    assert_eq!(intervals(figure).rows.len(), 1);
    assert!(
        figure.description.ends_with("Not drawn, since base has none of them: 1."),
        "{}",
        figure.description
    );
    let exact = &page.chapters[1];
    assert!(exact.sections.is_empty() && exact.lead[1] == "left out: there are writes behind");
}

#[test]
fn the_command_that_compares_again_is_told_where_it_is_known() {
    let mut comparison = comparison();
    let told = |comparison: &Comparison| page(comparison).reproduce.join("\n");
    assert_eq!(
        told(&comparison),
        "cachebench compare workloads/gate.toml --base cache.ttl=1s --head 'cache.eviction=a b'"
    );
    comparison.head.what.push("redis redis-server".into());
    assert_eq!(told(&comparison), "");
    comparison.interleaved = false;
    comparison.base.what = vec!["results/a, 2026-11-26T12:00:00Z".into()];
    comparison.head.what = vec!["results/b, 2026-11-26T13:00:00Z".into()];
    assert_eq!(told(&comparison), "cachebench compare results/a results/b");
}
