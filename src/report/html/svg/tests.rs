use super::draw;
use crate::report::html::figure::{
    Axis, Bars, Chart, Figure, Group, Interval, Intervals, Mark, Panel, Plot, Scale, Series, Shape, Tone,
};
use crate::report::quantity::{count, share};

fn axis(title: &str, write: fn(f64) -> String) -> Axis {
    Axis { title: title.into(), scale: Scale::Linear, write, at_least: None }
}

fn drawn(plots: Vec<Plot>) -> Vec<String> {
    let panels = plots.into_iter().map(|plot| Panel { title: String::new(), plot }).collect();
    draw(&Figure { title: "T".into(), description: "D".into(), panels, table: Vec::new() }, "x")
}

fn line(points: &[(f64, f64)], marks: Vec<Mark>) -> Plot {
    let series = Series { name: "a".into(), shape: Shape::Line, points: points.to_vec(), colour: 0 };
    Plot::Chart(Chart { x: axis("x", count), y: axis("y", count), series: vec![series], marks })
}

#[test]
fn panels_whose_axes_say_the_same_have_the_same_ranges() {
    let both = drawn(vec![
        line(&[(0.0, 0.0), (9.0, 1.0)], Vec::new()),
        line(&[(0.0, 0.0), (4.0, 800.0)], Vec::new()),
    ]);
    assert!(both[0].contains(">800<") && both[1].contains(">800<"));
    assert!(both[0].contains("id=\"x-1-t\"") && both[1].contains("aria-labelledby=\"x-2-t x-2-d\""));
}

#[test]
fn a_gap_splits_a_line_and_what_stands_alone_is_marked() {
    let gap = [(0.0, 1.0), (1.0, 2.0), (2.0, f64::NAN), (3.0, 3.0), (4.0, f64::NAN), (5.0, 1.0), (6.0, 2.0)];
    let svg = &drawn(vec![line(&gap, Vec::new())])[0];
    let path = svg.split("class=\"line c0 d0\" d=\"").nth(1).unwrap().split('"').next().unwrap();
    assert_eq!(path.matches('M').count(), 2, "{path}");
    assert_eq!(svg.matches("class=\"marker c0\"").count(), 6, "{svg}");
}

#[test]
fn marks_are_labelled_above_each_other() {
    let mark = |from| Mark { from, until: Some(from + 0.5), label: "kill cache".into() };
    let svg = &drawn(vec![line(&[(0.0, 1.0), (9.0, 2.0)], vec![mark(2.0), mark(2.6), mark(8.9)])])[0];
    assert_eq!(svg.matches(">kill cache</text>").count(), 3);
    let heights: std::collections::BTreeSet<&str> =
        svg.split(">kill cache</text>").take(2).map(|text| text.rsplit(" y=").next().unwrap()).collect();
    assert_eq!(heights.len(), 2, "{heights:?}");
}

#[test]
fn bars_say_their_values_and_where_nothing_was_measured() {
    let group = Group { label: "a & b".into(), values: vec![Some(0.25), None] };
    let bars = |are_stacked, values: &[Option<f64>]| {
        let groups = vec![Group {
            values: values.to_vec(),
            ..Group { label: group.label.clone(), values: Vec::new() }
        }];
        Plot::Bars(Bars { x: axis("x", share), parts: vec!["one".into(), "two".into()], are_stacked, groups })
    };
    let of = [bars(false, &group.values), bars(true, &[Some(0.25), Some(0.5)]), bars(false, &[None, None])];
    let both = drawn(of.into());
    assert!(both[0].contains(">25.0 %</text>") && both[0].contains("a &amp; b"));
    let blanks = |svg: &str| svg.matches(">–</text>").count();
    assert_eq!((blanks(&both[0]), blanks(&both[2])), (0, 1), "a part that is not there takes no room");
    assert!(both[1].contains(">75.0 %</text>") && both[1].contains("<title>two 50.0 %</title>"));
}

#[test]
fn values_on_a_logarithmic_axis_are_markers_and_no_lengths() {
    let groups = vec![Group { label: "a".into(), values: vec![Some(1.0), Some(900.0), None] }];
    let x = Axis { scale: Scale::Log, ..axis("x", count) };
    let parts = ["one", "two", "three"].map(str::to_owned).to_vec();
    let svg = &drawn(vec![Plot::Bars(Bars { x, parts, are_stacked: false, groups })])[0];
    assert!(!svg.contains("class=\"fill"), "{svg}");
    assert_eq!(svg.matches("class=\"marker ").count(), 2, "{svg}");
    assert!(svg.contains(">900</text>") && !svg.contains(">–</text>"), "{svg}");
}

#[test]
fn the_last_label_of_an_axis_stays_in_the_drawing() {
    let row = |low, high| Interval {
        label: "read p99".into(),
        low,
        middle: high,
        high,
        verdict: "regressed".into(),
        tone: Tone::Bad,
    };
    let change: fn(f64) -> String = |value| format!("+{value:.0} %");
    let intervals = Intervals { x: axis("x", change), zero: 0.0, limits: None, rows: vec![row(0.0, 200.0)] };
    let svg = &drawn(vec![Plot::Intervals(intervals)])[0];
    let before = svg.split(">+200 %</text>").next().unwrap();
    let x: f64 = before.rsplit(" x=\"").next().unwrap().split('"').next().unwrap().parse().unwrap();
    assert!(x + super::text::width("+200 %") / 2.0 <= super::WIDTH, "{x}");
}

#[test]
fn intervals_stand_on_both_sides_of_no_difference() {
    let rows = vec![Interval {
        label: "read p99".into(),
        low: -0.02,
        middle: 0.01,
        high: 0.04,
        verdict: "regressed".into(),
        tone: Tone::Bad,
    }];
    let intervals = Intervals { x: axis("difference", share), zero: 0.0, limits: Some((-0.05, 0.05)), rows };
    let svg = &drawn(vec![Plot::Intervals(intervals)])[0];
    for wanted in
        ["class=\"zero\"", "class=\"stretch\"", "interval bad", "verdict bad", ">read p99<", ">regressed<"]
    {
        assert!(svg.contains(wanted), "{wanted}");
    }
    assert!(svg.contains("<title>1.0 %, from -2.0 % to 4.0 %</title>"), "{svg}");
}

#[test]
fn lines_tell_their_names_and_markers_their_values_where_the_pointer_rests() {
    let series = |points: Vec<(f64, f64)>, shape| Series { name: "a & b".into(), shape, points, colour: 0 };
    let draw = |series| {
        let (x, y, marks) = (axis("x", count), axis("y", share), Vec::new());
        drawn(vec![Plot::Chart(Chart { x, y, series: vec![series], marks })]).remove(0)
    };
    let svg = draw(series(vec![(1.0, 0.25), (2.0, 0.5)], Shape::Line));
    for told in ["a &amp; b", "a &amp; b: 1, 25.0 %", "a &amp; b: 2, 50.0 %"] {
        assert_eq!(svg.matches(&format!("<title>{told}</title>")).count(), 1, "{told}: {svg}");
    }
    let many = draw(series((1..500).map(|x| (f64::from(x), 0.5)).collect(), Shape::Points));
    assert!(many.matches("<title>").count() == 1 && many.contains("<title>a &amp; b</title>"), "{many}");
}
