use super::WIDTH;
use super::canvas::{Anchor, Canvas, Names};
use super::extent::Extent;
use super::frame::{labels_below, title_below};
use super::palette::marker;
use super::span::Span;
use super::text::{LINE, SIZE, width, wrapped};
use super::ticks::ticks;
use crate::report::html::figure::{Intervals, Tone};

/// From the label of a row to its interval, and from there to the next row.
const BELOW: f64 = 9.0;
const SPACE: f64 = 16.0;

/// Differences with their intervals, each below its label, with what it is judged to be at the right.
pub fn draw(intervals: &Intervals, extent: Option<Extent>, names: &Names) -> String {
    let mut canvas = Canvas::default();
    let span = Span::round(intervals.x.scale, extent);
    let ticks = ticks(&span, intervals.x.write);
    let half = ticks.iter().map(|tick| width(&tick.label) / 2.0).fold(10.0, f64::max);
    let (left, right) = (half, WIDTH - half);
    let place = |value: f64| Some(left + span.place(value)? * (right - left));
    let room = |verdict: &str| WIDTH - width(verdict) - 12.0;
    let labels: Vec<Vec<String>> =
        intervals.rows.iter().map(|row| wrapped(&row.label, room(&row.verdict))).collect();
    let heights = labels.iter().map(|lines| lines.len() as f64 * LINE + BELOW + SPACE);
    let bottom = 2.0 + heights.sum::<f64>();
    if let Some((low, high)) = intervals.limits
        && let (Some(from), Some(until)) = (place(low), place(high))
    {
        canvas.bar("stretch", (from, 0.0), (until - from, bottom), "");
    }
    labels_below(&mut canvas, &ticks, place, bottom, 0.0);
    if let Some(zero) = place(intervals.zero) {
        canvas.line("zero", (zero, 0.0), (zero, bottom));
    }
    let mut y = 2.0;
    for (row, lines) in intervals.rows.iter().zip(labels) {
        let tone = class(row.tone);
        for (number, line) in lines.iter().enumerate() {
            y += LINE;
            canvas.bar("under", (0.0, y - SIZE), (width(line), LINE - 2.0), "");
            canvas.text("label", Anchor::Start, (0.0, y - 4.0), line);
            if number == 0 {
                canvas.text(&format!("verdict {tone}"), Anchor::End, (WIDTH - 1.0, y - 4.0), &row.verdict);
            }
        }
        y += BELOW;
        if let (Some(low), Some(middle), Some(high)) = (place(row.low), place(row.middle), place(row.high)) {
            canvas.line(&format!("interval {tone}"), (low, y), (high, y));
            for end in [low, high] {
                canvas.line(&format!("interval {tone}"), (end, y - 4.0), (end, y + 4.0));
            }
            let told = [row.low, row.middle, row.high].map(intervals.x.write);
            let told = format!("{}, from {} to {}", told[1], told[0], told[2]);
            canvas.path(&format!("marker {tone}"), &marker(3, (middle, y)), &told);
        }
        y += SPACE;
    }
    canvas.line("base", (left, bottom), (right, bottom));
    let height = title_below(&mut canvas, &intervals.x.title, WIDTH / 2.0, bottom + SIZE + 7.0);
    canvas.close(height, names)
}

fn class(tone: Tone) -> &'static str {
    match tone {
        Tone::Plain => "plain",
        Tone::Good => "good",
        Tone::Bad => "bad",
        Tone::Doubtful => "doubtful",
    }
}
