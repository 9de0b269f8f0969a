use std::fmt::Write;

use super::WIDTH;
use super::text::escaped;

/// What a drawing is called, for those who do not see it.
pub struct Names {
    /// Unique in the page.
    pub id: String,
    pub title: String,
    pub description: String,
}

/// Which end of a text stands at its place.
#[derive(Clone, Copy, PartialEq)]
pub enum Anchor {
    Start,
    Middle,
    End,
}

/// A drawing as it grows. Classes choose colours and strokes; the page's style sheet knows them.
#[derive(Default)]
pub struct Canvas {
    body: String,
}

impl Canvas {
    pub fn line(&mut self, class: &str, from: (f64, f64), to: (f64, f64)) {
        let [x1, y1, x2, y2] = [from.0, from.1, to.0, to.1].map(coordinate);
        self.put(format_args!("<path class=\"{class}\" d=\"M{x1} {y1}L{x2} {y2}\"/>"));
    }

    /// A path with a text that shows where the pointer rests on it; an empty one shows none.
    pub fn path(&mut self, class: &str, data: &str, told: &str) {
        self.put(format_args!("<path class=\"{class}\" d=\"{data}\">{}</path>", shown(told)));
    }

    /// A rectangle with a text that shows where the pointer rests on it; an empty one shows none.
    pub fn bar(&mut self, class: &str, (x, y): (f64, f64), (width, height): (f64, f64), told: &str) {
        let [x, y, width, height] = [x, y, width.max(0.0), height.max(0.0)].map(coordinate);
        self.put(format_args!(
            "<rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\">{}</rect>",
            shown(told)
        ));
    }

    pub fn text(&mut self, class: &str, anchor: Anchor, (x, y): (f64, f64), text: &str) {
        let anchor = match anchor {
            Anchor::Start => "",
            Anchor::Middle => " m",
            Anchor::End => " e",
        };
        let ([x, y], text) = ([x, y].map(coordinate), escaped(text));
        self.put(format_args!("<text class=\"{class}{anchor}\" x=\"{x}\" y=\"{y}\">{text}</text>"));
    }

    /// The drawing as an element, which tells its title and description to those who do not see it.
    pub fn close(self, height: f64, names: &Names) -> String {
        let (id, body, height) = (&names.id, self.body, coordinate(height));
        let (title, description) = (escaped(&names.title), escaped(&names.description));
        format!(
            "<svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" \
             aria-labelledby=\"{id}-t {id}-d\"><title id=\"{id}-t\">{title}</title>\
             <desc id=\"{id}-d\">{description}</desc>{body}</svg>"
        )
    }

    fn put(&mut self, element: std::fmt::Arguments) {
        // Writing to a string does not fail.
        let _ = self.body.write_fmt(element);
    }
}

/// A coordinate to a tenth, which is finer than any screen.
pub fn coordinate(value: f64) -> String {
    let tenths = if value.is_finite() { (value * 10.0).round() as i64 } else { 0 };
    match tenths % 10 {
        0 => (tenths / 10).to_string(),
        _ => format!("{:.1}", tenths as f64 / 10.0),
    }
}

/// A text that shows where the pointer rests.
fn shown(told: &str) -> String {
    if told.is_empty() { String::new() } else { format!("<title>{}</title>", escaped(told)) }
}
