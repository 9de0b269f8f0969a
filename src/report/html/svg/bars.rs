use super::WIDTH;
use super::canvas::{Anchor, Canvas, Names};
use super::extent::Extent;
use super::frame::{labels_below, title_below};
use super::palette::{colour, fill, marker};
use super::span::Span;
use super::text::{LINE, SIZE, width, wrapped};
use super::ticks::ticks;
use crate::report::html::figure::{Bars, Group, Scale};

/// The height of a bar, and the space below a group.
const BAR: f64 = 15.0;
const SPACE: f64 = 9.0;
const EDGE: f64 = 10.0;
/// From the end of a bar or the middle of a marker to its value.
const GAP: f64 = 5.0;
const MARKER_GAP: f64 = 10.0;

/// The values that the axis has to show.
pub fn values(bars: &Bars) -> Vec<f64> {
    let zero = (bars.x.scale == Scale::Linear).then_some(0.0);
    let of = |group: &Group| match bars.are_stacked {
        true => vec![group.values.iter().flatten().sum()],
        false => group.values.iter().flatten().copied().collect(),
    };
    zero.into_iter().chain(bars.groups.iter().flat_map(of)).collect()
}

/// Horizontal bars, each group below its label, so that a long label has the whole width. Where the axis is logarithmic,
/// a length says nothing, and each value is a marker on a thin line.
pub fn draw(bars: &Bars, extent: Option<Extent>, names: &Names) -> String {
    let mut canvas = Canvas::default();
    let span = Span::round(bars.x.scale, extent);
    let ticks = ticks(&span, bars.x.write);
    let half = |place: Option<&super::ticks::Tick>| place.map_or(0.0, |tick| width(&tick.label) / 2.0);
    let told = values(bars).into_iter().map(|value| width(&(bars.x.write)(value))).fold(0.0, f64::max);
    let left = half(ticks.first()).max(EDGE);
    let gap = if is_dotted(bars) { MARKER_GAP } else { GAP };
    let right = WIDTH - (told + gap + 3.0).max(half(ticks.last()));
    let place = |value: f64| Some(left + span.place(value)? * (right - left));
    let labels: Vec<Vec<String>> =
        bars.groups.iter().map(|group| wrapped(&group.label, WIDTH - left - 4.0)).collect();
    let rows = |group: &Group| if bars.are_stacked { 1 } else { shown(group).count() };
    let heights = bars
        .groups
        .iter()
        .zip(&labels)
        .map(|(group, lines)| lines.len() as f64 * LINE + rows(group) as f64 * (BAR + 2.0) + SPACE);
    let bottom = 2.0 + heights.sum::<f64>();
    labels_below(&mut canvas, &ticks, place, bottom, 0.0);
    let mut y = 2.0;
    for (group, lines) in bars.groups.iter().zip(labels) {
        for line in lines {
            y += LINE;
            let size = (width(&line), LINE - 2.0);
            canvas.bar("under", (left - 1.0, y - SIZE), size, "");
            canvas.text("label", Anchor::Start, (left + 1.0, y - 4.0), &line);
        }
        let base = place(0.0).unwrap_or(left);
        y = match bars.are_stacked {
            true => stacked(&mut canvas, bars, group, y, base, &place),
            false if is_dotted(bars) => dots(&mut canvas, bars, group, y, (left, right), &place),
            false => side_by_side(&mut canvas, bars, group, y, base, &place),
        };
        y += SPACE;
    }
    canvas.line("base", (left, bottom), (right, bottom));
    let height = title_below(&mut canvas, &bars.x.title, (left + right) / 2.0, bottom + SIZE + 7.0);
    canvas.close(height, names)
}

/// The values of a group that there are, with the numbers of their parts; where there is none, the first stands for that.
fn shown(group: &Group) -> impl Iterator<Item = (usize, Option<f64>)> {
    let is_empty = group.values.iter().all(Option::is_none);
    let values = group.values.iter().copied().enumerate();
    values.filter(move |(number, value)| value.is_some() || is_empty && *number == 0)
}

/// Whether values are markers rather than bars.
pub fn is_dotted(bars: &Bars) -> bool {
    bars.x.scale == Scale::Log && !bars.are_stacked
}

type Place<'a> = &'a dyn Fn(f64) -> Option<f64>;

/// The bars of a group, one below the other; where they end.
fn side_by_side(canvas: &mut Canvas, bars: &Bars, group: &Group, mut y: f64, base: f64, place: Place) -> f64 {
    for (number, value) in shown(group) {
        let end = value.and_then(place).unwrap_or(base);
        let part = bars.parts.get(number).map_or("", String::as_str);
        let text = value.map_or("–".into(), bars.x.write);
        if value.is_some() {
            area(canvas, number, (base.min(end), y), (end - base).abs().max(1.5), &format!("{part} {text}"));
        }
        canvas.text("value", Anchor::Start, (end.max(base) + GAP, y + BAR * 0.8), &text);
        y += BAR + 2.0;
    }
    y
}

/// The values of a group as markers, one below the other; where they end.
fn dots(
    canvas: &mut Canvas,
    bars: &Bars,
    group: &Group,
    mut y: f64,
    (left, right): (f64, f64),
    place: Place,
) -> f64 {
    for (number, value) in shown(group) {
        let middle = y + BAR / 2.0;
        canvas.line("minor", (left, middle), (right, middle));
        let text = value.map_or("–".into(), bars.x.write);
        let at = value.and_then(place);
        if let Some(x) = at {
            let part = bars.parts.get(number).map_or("", String::as_str);
            let class = format!("marker {}", colour(number));
            canvas.path(&class, &marker(number, (x, middle)), &format!("{part} {text}"));
        }
        let start = at.map_or(left + GAP, |x| x + MARKER_GAP);
        canvas.bar("under", (start - 2.0, y), (width(&text) + 4.0, BAR), "");
        canvas.text("value", Anchor::Start, (start, y + BAR * 0.8), &text);
        y += BAR + 2.0;
    }
    y
}

/// The parts of a group end to end, with their sum; where they end.
fn stacked(canvas: &mut Canvas, bars: &Bars, group: &Group, y: f64, base: f64, place: Place) -> f64 {
    let (mut sum, mut from) = (0.0, base);
    for (number, value) in group.values.iter().enumerate() {
        let Some(value) = value else { continue };
        sum += value;
        let end = place(sum).unwrap_or(from);
        let part = bars.parts.get(number).map_or("", String::as_str);
        if end > from {
            area(canvas, number, (from, y), end - from, &format!("{part} {}", (bars.x.write)(*value)));
        }
        from = end;
    }
    let text = if group.values.iter().all(Option::is_none) { "–".into() } else { (bars.x.write)(sum) };
    canvas.text("value", Anchor::Start, (from + GAP, y + BAR * 0.8), &text);
    y + BAR + 2.0
}

fn area(canvas: &mut Canvas, number: usize, at: (f64, f64), length: f64, told: &str) {
    let (fill, hatch) = fill(number);
    canvas.bar(&fill, at, (length, BAR), told.trim());
    if let Some(hatch) = hatch {
        canvas.bar(&hatch, at, (length, BAR), "");
    }
}
