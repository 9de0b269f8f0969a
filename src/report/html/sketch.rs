use super::figure::{Axis, Bars, Chart, Figure, Group, Mark, Panel, Plot, Scale, Series, Shape};
use super::label::told_label;
use crate::measure::Summary;
use crate::report::quantity::duration_us;

/// More lines than these cannot be told apart in one plot.
pub const LINES: usize = 6;

/// What is not there.
const NONE: &str = "–";

pub fn axis(title: impl Into<String>, scale: Scale, write: fn(f64) -> String) -> Axis {
    Axis { title: title.into(), scale, write, at_least: None }
}

/// The same with the least and the most that it shows at least.
pub fn axis_over(
    title: impl Into<String>,
    scale: Scale,
    write: fn(f64) -> String,
    at_least: (f64, f64),
) -> Axis {
    Axis { at_least: Some(at_least), ..axis(title, scale, write) }
}

/// A number without needless digits: `0`, `0.5`, `20`.
pub fn number(value: f64) -> String {
    let text = format!("{value:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A time given in seconds.
pub fn seconds(seconds: f64) -> String {
    duration_us(seconds * 1e6)
}

/// A plot that is a figure's only one.
pub fn alone(plot: Plot) -> Vec<Panel> {
    vec![Panel { title: String::new(), plot }]
}

/// A value as it is written, or that there is none.
pub fn told(value: Option<f64>, write: fn(f64) -> String) -> String {
    value.filter(|value| value.is_finite()).map_or(NONE.into(), write)
}

/// Which is highest, and which lowest: "Highest: lru, 95.2 %; lowest: fifo, 80.1 %."
pub fn extremes(values: &[(&str, f64)], write: fn(f64) -> String) -> String {
    let most = values.iter().max_by(|one, other| one.1.total_cmp(&other.1));
    let least = values.iter().min_by(|one, other| one.1.total_cmp(&other.1));
    let (Some(most), Some(least)) = (most, least) else { return String::new() };
    let (high, low) = (write(most.1), write(least.1));
    match values.len() {
        1 if most.0.is_empty() => format!("{high}."),
        1 => format!("{}: {high}.", most.0),
        _ if high == low => format!("All: {high}."),
        _ => format!("Highest: {}, {high}; lowest: {}, {low}.", most.0, least.0),
    }
}

/// The name of a line that stands alone.
pub const MEASURED: &str = "measured";

/// What is drawn of one cell: what was measured, and what is known or computed beside it, if anything.
#[derive(Default)]
pub struct Line {
    pub name: String,
    pub points: Vec<(f64, f64)>,
    pub reference: Vec<(f64, f64)>,
}

impl Line {
    fn series(&self, colour: usize, shape: Shape, reference: &str) -> Vec<Series> {
        let known = (self.reference_name(reference), Shape::Reference, &self.reference);
        let own = (self.name.clone(), shape, &self.points);
        let all = [own, known].into_iter().filter(|(_, _, points)| !points.is_empty());
        all.map(|(name, shape, points)| Series { name, shape, points: points.clone(), colour }).collect()
    }

    fn reference_name(&self, reference: &str) -> String {
        let own = Some(self.name.as_str()).filter(|name| *name != MEASURED).unwrap_or_default();
        let parts = [own, reference].into_iter().filter(|part| !part.is_empty());
        parts.collect::<Vec<_>>().join(", ")
    }

    /// The most of what was measured, and where that is.
    pub fn peak(&self) -> Option<(f64, f64)> {
        let points = self.points.iter().filter(|(_, y)| y.is_finite());
        points.copied().max_by(|one, other| one.1.total_cmp(&other.1))
    }
}

/// How lines are drawn: the axes, x first, and what is marked; made anew for each panel.
pub struct Frame<'a> {
    pub axes: &'a dyn Fn() -> [Axis; 2],
    pub marks: &'a dyn Fn() -> Vec<Mark>,
    pub shape: Shape,
    /// What the reference lines are: "theory".
    pub reference: &'a str,
}

/// Lines in one plot; where they are too many for that, a panel for each.
pub fn panels(lines: &[Line], frame: &Frame) -> Vec<Panel> {
    let chart = |series| {
        let [x, y] = (frame.axes)();
        Plot::Chart(Chart { x, y, series, marks: (frame.marks)() })
    };
    let series = |line: &Line, colour| line.series(colour, frame.shape, frame.reference);
    if lines.len() <= LINES {
        let all = lines.iter().enumerate().flat_map(|(colour, line)| series(line, colour));
        return alone(chart(all.collect()));
    }
    lines.iter().map(|line| Panel { title: line.name.clone(), plot: chart(series(line, 0)) }).collect()
}

/// A column of a table over a common x: its header and its points.
pub type Column<'a> = (String, &'a [(f64, f64)]);

/// The points of lines: a row for each x, a column for each line.
pub fn points(
    x: (&str, fn(f64) -> String),
    write: fn(f64) -> String,
    columns: &[Column],
) -> Vec<Vec<String>> {
    let (header, write_x) = x;
    let mut places: Vec<f64> =
        columns.iter().flat_map(|(_, points)| points.iter().map(|point| point.0)).collect();
    places.sort_by(f64::total_cmp);
    places.dedup();
    let mut rows = vec![vec![header.to_owned()]];
    rows[0].extend(columns.iter().map(|(name, _)| name.clone()));
    rows.extend(places.into_iter().map(|place| {
        let at = |points: &[(f64, f64)]| points.iter().find(|point| point.0 == place).map(|point| point.1);
        let values = columns.iter().map(|(_, points)| told(at(points), write));
        std::iter::once(write_x(place)).chain(values).collect()
    }));
    rows
}

/// The columns of lines, their references behind them.
pub fn columns<'a>(lines: &'a [Line], reference: &str) -> Vec<Column<'a>> {
    let of = |line: &'a Line| {
        let known = line.reference_name(reference);
        [(line.name.clone(), line.points.as_slice()), (known, line.reference.as_slice())]
    };
    lines.iter().flat_map(of).filter(|(_, points)| !points.is_empty()).collect()
}

/// Horizontal bars with their table; nothing where there is nothing above 0.
///
/// `what` is what a group is: "cell". Parts and groups of which nothing was measured are left out.
pub fn bars(title: &str, what: &str, x: Axis, parts: &[&str], mut groups: Vec<Group>) -> Option<Figure> {
    let is_told = |part: usize| groups.iter().any(|group| group.values[part].is_some());
    let kept: Vec<usize> = (0..parts.len()).filter(|&part| is_told(part)).collect();
    groups.retain(|group| group.values.iter().any(Option::is_some));
    for group in &mut groups {
        group.values = kept.iter().map(|&part| group.values[part]).collect();
    }
    if !groups.iter().flat_map(|group| &group.values).flatten().any(|value| *value > 0.0) {
        return None;
    }
    let parts: Vec<String> = kept.into_iter().map(|part| parts[part].to_owned()).collect();
    let header = std::iter::once(what.to_owned()).chain(parts.iter().cloned()).collect();
    let row = |group: &Group| {
        let values = group.values.iter().map(|value| told(*value, x.write));
        std::iter::once(group.label.clone()).chain(values).collect()
    };
    let table = std::iter::once(header).chain(groups.iter().map(row)).collect();
    let description = described(&parts, &groups, x.write);
    // A bar has no length below 0, and none at all at 0 where its axis is logarithmic.
    let is_drawn = |value: &f64| *value >= 0.0 && (x.scale != Scale::Log || *value > 0.0);
    groups.iter_mut().flat_map(|group| &mut group.values).for_each(|value| *value = value.filter(is_drawn));
    let panels = alone(Plot::Bars(Bars { x, parts, are_stacked: false, groups }));
    Some(Figure { title: title.into(), description, panels, table })
}

/// What is highest and what lowest of each part.
fn described(parts: &[String], groups: &[Group], write: fn(f64) -> String) -> String {
    let told = parts.iter().enumerate().map(|(part, name)| {
        let of = |group: &'_ Group| group.values[part];
        let values: Vec<(&str, f64)> =
            groups.iter().filter_map(|group| Some((group.label.as_str(), of(group)?))).collect();
        let extremes = extremes(&values, write);
        match parts.len() {
            1 => extremes,
            _ => format!("{}. {extremes}", capital(name)),
        }
    });
    told.collect::<Vec<_>>().join(" ")
}

/// The same text, as a sentence begins.
fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// Bars of metrics, a group for each cell: what each part is called, and its metric.
pub fn cells(summary: &Summary, title: &str, x: Axis, parts: &[(&str, &str)]) -> Option<Figure> {
    let values =
        |cell: &crate::measure::CellResult| parts.iter().map(|(_, metric)| cell.median(metric)).collect();
    let groups = summary.cells.iter().map(|cell| Group { label: told_label(cell), values: values(cell) });
    let names: Vec<&str> = parts.iter().map(|(name, _)| *name).collect();
    bars(title, "cell", x, &names, groups.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::quantity::share;

    #[test]
    fn numbers_have_no_needless_digits() {
        assert_eq!([0.0, 0.5, 20.0, 1.25, 100.0].map(number), ["0", "0.5", "20", "1.25", "100"]);
        assert_eq!(seconds(1.5), "1.50 s");
    }

    #[test]
    fn the_highest_and_the_lowest_are_told_unless_they_are_alike() {
        assert_eq!(
            extremes(&[("a", 0.5), ("b", 0.9), ("c", 0.7)], share),
            "Highest: b, 90.0 %; lowest: a, 50.0 %."
        );
        assert_eq!(extremes(&[("a", 0.5), ("b", 0.5)], share), "All: 50.0 %.");
        assert_eq!((extremes(&[("a", 0.5)], share), extremes(&[], share)), ("a: 50.0 %.".into(), "".into()));
    }

    #[test]
    fn bars_leave_out_what_was_not_measured_and_do_not_call_it_0() {
        let group =
            |label: &str, values: [Option<f64>; 3]| Group { label: label.into(), values: values.into() };
        let groups = || {
            vec![
                group("a", [Some(0.5), None, Some(0.0)]),
                group("b", [None; 3]),
                group("c", [None, None, Some(0.1)]),
            ]
        };
        let x = || axis("share", Scale::Log, share);
        let figure = bars("Shares", "cell", x(), &["one", "two", "three"], groups()).unwrap();
        assert_eq!(figure.table[0], ["cell", "one", "three"]);
        assert_eq!(figure.table[1..], [["a", "50.0 %", "0.0 %"], ["c", "–", "10.0 %"]]);
        let Plot::Bars(drawn) = &figure.panels[0].plot else { panic!("no bars") };
        assert_eq!(drawn.groups[0].values, [Some(0.5), None]);
        assert_eq!(figure.description, "One. a: 50.0 %. Three. Highest: c, 10.0 %; lowest: a, 0.0 %.");
        assert!(
            bars("Shares", "cell", x(), &["one"], vec![Group { label: "a".into(), values: vec![None] }])
                .is_none()
        );
    }

    #[test]
    fn many_lines_have_a_panel_each_and_few_share_one() {
        let frame = Frame {
            axes: &|| [axis("x", Scale::Linear, number), axis("y", Scale::Linear, number)],
            marks: &Vec::new,
            shape: Shape::Line,
            reference: "theory",
        };
        let line = |name: usize| Line {
            name: name.to_string(),
            points: vec![(1.0, 2.0), (2.0, 3.0)],
            reference: vec![(1.0, 2.5)],
        };
        let few: Vec<Line> = (0..2).map(line).collect();
        let drawn = panels(&few, &frame);
        let Plot::Chart(chart) = &drawn[0].plot else { panic!("no chart") };
        let names: Vec<&str> = chart.series.iter().map(|one| one.name.as_str()).collect();
        assert_eq!((drawn.len(), names), (1, vec!["0", "0, theory", "1", "1, theory"]));
        assert_eq!(few[0].peak(), Some((2.0, 3.0)));
        let rows = points(("x", number), number, &columns(&few, "theory"));
        assert_eq!(rows[1..], [["1", "2", "2.5", "2", "2.5"], ["2", "3", "–", "3", "–"]]);
        let many: Vec<Line> = (0..LINES + 1).map(line).collect();
        assert_eq!(panels(&many, &frame).len(), LINES + 1);
    }
}
