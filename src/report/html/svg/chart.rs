use super::canvas::{Anchor, Canvas, Names};
use super::frame::Frame;
use super::span::Span;
use super::{Extents, lines, marks};
use crate::report::html::figure::{Chart, Shape};

/// Lines over a common x.
pub fn draw(chart: &Chart, extents: Extents, names: &Names) -> String {
    let mut canvas = Canvas::default();
    let spans = [Span::tight(chart.x.scale, extents.0), Span::round(chart.y.scale, extents.1)];
    let room = marks::room(&chart.marks);
    let (frame, height) = Frame::draw(&mut canvas, [&chart.x, &chart.y], spans, room);
    marks::draw(&mut canvas, &frame, &chart.marks);
    // What was measured lies over what it is held against.
    let is_reference = |shape| shape == Shape::Reference;
    for wanted in [true, false] {
        for series in chart.series.iter().filter(|series| is_reference(series.shape) == wanted) {
            lines::draw(&mut canvas, &frame, [&chart.x, &chart.y], series);
        }
    }
    if !chart.series.iter().flat_map(|series| &series.points).any(|(x, y)| x.is_finite() && y.is_finite()) {
        let middle = ((frame.left + frame.right) / 2.0, (frame.top + frame.bottom) / 2.0);
        canvas.text("axis", Anchor::Middle, middle, "nothing was measured");
    }
    canvas.close(height, names)
}
