use super::WIDTH;
use super::canvas::{Anchor, Canvas};
use super::span::Span;
use super::text::{LINE, SIZE, width, wrapped};
use super::ticks::{Tick, ticks};
use crate::report::html::figure::Axis;

/// Space between letters and what they belong to.
const GAP: f64 = 7.0;
/// The least space at the sides.
const EDGE: f64 = 10.0;

/// The area in which lines are drawn, with an axis below and one at its left.
pub struct Frame {
    pub left: f64,
    pub right: f64,
    pub top: f64,
    pub bottom: f64,
    x: Span,
    y: Span,
}

impl Frame {
    /// Draws both axes and the grid, and leaves `above` free on top. The second value is the height of all.
    pub fn draw(canvas: &mut Canvas, axes: [&Axis; 2], [x, y]: [Span; 2], above: f64) -> (Frame, f64) {
        const HEIGHT: f64 = 212.0;
        let (x_ticks, y_ticks) = (ticks(&x, axes[0].write), ticks(&y, axes[1].write));
        let widest = y_ticks.iter().map(|tick| width(&tick.label)).fold(0.0, f64::max);
        let half = |tick: Option<&Tick>| tick.map_or(0.0, |tick| width(&tick.label) / 2.0);
        let titled = if axes[1].title.is_empty() { 0.0 } else { LINE + 4.0 };
        let top = titled + above + SIZE / 2.0;
        let frame = Frame {
            left: (widest + GAP + 2.0).max(half(x_ticks.first())).max(EDGE),
            right: WIDTH - half(x_ticks.last()).max(EDGE),
            top,
            bottom: top + HEIGHT,
            x,
            y,
        };
        canvas.text("axis", Anchor::Start, (0.0, SIZE), &axes[1].title);
        frame.draw_y(canvas, &y_ticks);
        frame.draw_x(canvas, &x_ticks);
        let end =
            title_below(canvas, &axes[0].title, (frame.left + frame.right) / 2.0, frame.bottom + GAP + SIZE);
        (frame, end)
    }

    /// Where a value of x stands.
    pub fn x(&self, value: f64) -> Option<f64> {
        Some(self.left + self.x.place(value)? * (self.right - self.left))
    }

    /// Where a value of y stands.
    pub fn y(&self, value: f64) -> Option<f64> {
        Some(self.bottom - self.y.place(value)? * (self.bottom - self.top))
    }

    fn draw_y(&self, canvas: &mut Canvas, ticks: &[Tick]) {
        let at: Vec<f64> = ticks.iter().map(|tick| self.y(tick.value).unwrap_or(self.bottom)).collect();
        let rooms =
            ticks.iter().zip(&at).map(|(tick, at)| (at - LINE / 2.0, at + LINE / 2.0, tick.is_minor()));
        let shown = apart(&rooms.collect::<Vec<_>>(), 0.0);
        for ((tick, &y), is_shown) in ticks.iter().zip(&at).zip(shown) {
            canvas.line(if tick.is_minor() { "minor" } else { "grid" }, (self.left, y), (self.right, y));
            if is_shown {
                canvas.text("tick", Anchor::End, (self.left - GAP, y + SIZE * 0.35), &tick.label);
            }
        }
    }

    fn draw_x(&self, canvas: &mut Canvas, ticks: &[Tick]) {
        canvas.line("base", (self.left, self.bottom), (self.right, self.bottom));
        let place = |value| self.x(value);
        labels_below(canvas, ticks, place, self.bottom, self.top);
    }
}

/// Ticks of an axis at `bottom` with lines up to `top` and those labels that have room.
pub fn labels_below(
    canvas: &mut Canvas,
    ticks: &[Tick],
    place: impl Fn(f64) -> Option<f64>,
    bottom: f64,
    top: f64,
) {
    let at: Vec<f64> = ticks.iter().map(|tick| place(tick.value).unwrap_or(0.0)).collect();
    let room = |(tick, at): (&Tick, &f64)| {
        let half = width(&tick.label) / 2.0;
        (at - half, at + half, tick.is_minor())
    };
    let shown = apart(&ticks.iter().zip(&at).map(room).collect::<Vec<_>>(), GAP);
    for ((tick, &x), is_shown) in ticks.iter().zip(&at).zip(shown) {
        canvas.line(if tick.is_minor() { "minor" } else { "grid" }, (x, bottom), (x, top));
        if is_shown {
            // No label leaves the drawing, wherever its place is.
            let half = width(&tick.label) / 2.0;
            let x = x.min(WIDTH - half).max(half);
            canvas.text("tick", Anchor::Middle, (x, bottom + GAP + SIZE * 0.8), &tick.label);
        }
    }
}

/// The title of an axis below its labels, the first of which end at `y`; where the drawing ends.
pub fn title_below(canvas: &mut Canvas, title: &str, x: f64, y: f64) -> f64 {
    let lines = if title.is_empty() { Vec::new() } else { wrapped(title, WIDTH * 0.8) };
    let mut end = y + 4.0;
    for line in lines {
        end += LINE;
        let half = width(&line) / 2.0;
        let x = x.min(WIDTH - half).max(half);
        canvas.text("axis", Anchor::Middle, (x, end - 4.0), &line);
    }
    end
}

/// Which of the labels are shown, so that none overlaps another: the first and the last before those between.
fn apart(rooms: &[(f64, f64, bool)], gap: f64) -> Vec<bool> {
    let mut shown = vec![false; rooms.len()];
    let labelled = || rooms.iter().enumerate().filter(|(_, room)| !room.2).map(|(place, _)| place);
    let ends = [labelled().next(), labelled().next_back()];
    for place in ends.into_iter().flatten().chain(labelled()) {
        let (low, high, _) = rooms[place];
        let is_free = |other: usize| {
            let (from, until, _) = rooms[other];
            other == place || !shown[other] || high + gap <= from || until + gap <= low
        };
        shown[place] = (0..rooms.len()).all(is_free);
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_that_would_overlap_are_left_out_and_the_ends_stay() {
        let rooms = [(0.0, 10.0, false), (8.0, 18.0, false), (20.0, 30.0, false), (28.0, 38.0, false)];
        assert_eq!(apart(&rooms, 0.0), [true, false, false, true]);
        assert_eq!(apart(&rooms[..1], 0.0), [true]);
        assert!(apart(&[], 0.0).is_empty());
    }
}
