use super::canvas::{Anchor, Canvas};
use super::frame::Frame;
use super::text::{LINE, SIZE, width};
use super::{WIDTH, text};
use crate::report::html::figure::Mark;

/// Rows for labels above the plot; what finds no room in them is told by the figure's text alone.
const ROWS: usize = 3;

/// The room that the labels need above the plot: as many rows as there may be to stagger.
pub fn room(marks: &[Mark]) -> f64 {
    let labelled = marks.iter().filter(|mark| !mark.label.is_empty()).count();
    labelled.min(ROWS) as f64 * LINE
}

/// Draws moments as lines and stretches as shades, each with its label above.
pub fn draw(canvas: &mut Canvas, frame: &Frame, marks: &[Mark]) {
    let rows = marks.iter().filter(|mark| !mark.label.is_empty()).count().min(ROWS);
    let mut taken = vec![f64::NEG_INFINITY; rows];
    for mark in marks {
        let Some(from) = frame.x(mark.from) else { continue };
        if let Some(until) = mark.until.and_then(|until| frame.x(until)) {
            let size = ((until - from).max(1.0), frame.bottom - frame.top);
            canvas.bar("stretch", (from, frame.top), size, &mark.label);
        }
        canvas.line("mark", (from, frame.top - 3.0), (from, frame.bottom));
        let own = width(&mark.label);
        let left = (from - 2.0).min(WIDTH - own - 2.0).max(0.0);
        let free = taken.iter().rposition(|&right| right + text::SIZE / 2.0 <= left);
        if let (Some(row), false) = (free, mark.label.is_empty()) {
            taken[row] = left + own;
            let below = (rows - 1 - row) as f64 * LINE;
            canvas.text("tick", Anchor::Start, (left, frame.top - below - SIZE * 0.4), &mark.label);
        }
    }
}
