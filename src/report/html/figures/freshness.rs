use crate::measure::{CellResult, Summary};
use crate::report::freshness;
use crate::report::html::chapter::Part;
use crate::report::html::figure::{Figure, Scale, Shape};
use crate::report::html::label::told_label;
use crate::report::html::sketch::{Frame, Line, axis, axis_over, cells, columns, extremes, panels, points};
use crate::report::quantity::{duration_us, share};

pub const PART: Part = Part {
    id: "freshness",
    title: "Freshness",
    sections: &["Freshness", "Writes"],
    lead: "A read is stale if it returns an older version than a write that had been acknowledged before the read began. \
           How often that happens, and how old such an answer is, are two questions: a cache may seldom be stale and then \
           for long.",
    figures,
};

/// The delays after which rows are read again, in microseconds, and the metrics of their shares.
const DELAYS: [(f64, &str); 5] = [
    (AT_ONCE, "fresh_at.0ms"),
    (1e4, "fresh_at.10ms"),
    (1e5, "fresh_at.100ms"),
    (1e6, "fresh_at.1s"),
    (1e7, "fresh_at.10s"),
];
/// Where no delay is drawn: nothing has no place on a logarithmic axis.
const AT_ONCE: f64 = 1e3;

fn figures(summary: &Summary) -> Vec<Figure> {
    if freshness::freshness(summary).is_empty() {
        return Vec::new();
    }
    let rate = cells(
        summary,
        "Stale reads",
        axis("share of reads", Scale::Linear, share),
        &[("measured", "stale_rate"), ("theory", "stale_rate.theory")],
    );
    let age = cells(
        summary,
        "Age of stale reads",
        axis("time since the newer write was acknowledged", Scale::Log, duration_us),
        &[("p50", "stale_age.p50"), ("p99", "stale_age.p99"), ("max", "stale_age.max")],
    );
    let lag = cells(
        summary,
        "Time until writes reach the database",
        axis("time since the write was acknowledged", Scale::Log, duration_us),
        &[("p50", "flush_lag.p50"), ("p99", "flush_lag.p99"), ("max", "flush_lag.max")],
    );
    [visible(summary), rate, age, lag].into_iter().flatten().collect()
}

/// The share of reads that are fresh so long after a write.
fn visible(summary: &Summary) -> Option<Figure> {
    let line = |cell: &CellResult| Line {
        name: told_label(cell),
        points: DELAYS.iter().filter_map(|&(us, metric)| Some((us, cell.median(metric)?))).collect(),
        ..Line::default()
    };
    let mut lines: Vec<Line> = summary.cells.iter().map(line).collect();
    lines.retain(|line| !line.points.is_empty());
    if lines.is_empty() {
        return None;
    }
    let at = |line: &Line, place: f64| line.points.iter().find(|point| point.0 == place).map(|point| point.1);
    let first: Vec<(&str, f64)> =
        lines.iter().filter_map(|line| Some((line.name.as_str(), at(line, AT_ONCE)?))).collect();
    let frame = Frame {
        axes: &|| {
            let y = axis_over("share of reads that are fresh", Scale::Linear, share, (0.9, 1.0));
            [axis("time since the write was acknowledged", Scale::Log, delay), y]
        },
        marks: &Vec::new,
        shape: Shape::Line,
        reference: "",
    };
    Some(Figure {
        title: "Fresh reads by the time since a write".into(),
        description: format!(
            "The share of reads that return the written row, or a newer one, so long after the write was acknowledged. At \
             once. {}",
            extremes(&first, share)
        ),
        panels: panels(&lines, &frame),
        table: points(("after", delay), share, &columns(&lines, "")),
    })
}

fn delay(us: f64) -> String {
    if us <= AT_ONCE { "at once".into() } else { duration_us(us) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::{RepeatResult, Unit};
    use crate::report::html::figure::Plot;

    #[test]
    fn the_share_of_fresh_reads_is_drawn_by_delay_and_what_is_0_everywhere_is_not() {
        let mut repeat = RepeatResult::default();
        for (metric, value) in
            [("acknowledged_writes", 9.0), ("stale_rate", 0.0), ("fresh_at.0ms", 0.7), ("fresh_at.1s", 1.0)]
        {
            repeat.metrics.put(metric, value, Unit::Ratio);
        }
        repeat.metrics.put("stale_age.p50", 1_500.0, Unit::Us);
        let cell =
            CellResult { strategy: "cache-aside".into(), repeats: vec![repeat], ..CellResult::default() };
        let figures = figures(&Summary { cells: vec![cell], ..Summary::default() });
        let titles: Vec<&str> = figures.iter().map(|figure| figure.title.as_str()).collect();
        assert_eq!(titles, ["Fresh reads by the time since a write", "Age of stale reads"]);
        let Plot::Chart(chart) = &figures[0].panels[0].plot else { panic!("no chart") };
        assert_eq!(chart.series[0].points, [(AT_ONCE, 0.7), (1e6, 1.0)]);
        assert_eq!(figures[0].table[1..], [["at once", "70.0 %"], ["1.00 s", "100.0 %"]]);
        assert!(figures[0].description.ends_with("At once. cache-aside: 70.0 %."));
        assert_eq!(figures[1].table, [["cell", "p50"], ["cache-aside", "1.50 ms"]]);
    }

    #[test]
    fn without_writes_nothing_is_drawn() {
        assert!(figures(&Summary { cells: vec![CellResult::default()], ..Summary::default() }).is_empty());
    }
}
