use super::canvas::coordinate;
use crate::report::html::figure::Shape;

/// Colours, told apart by those who do not see all of them; the style sheet has them for light and dark.
const COLOURS: usize = 8;
/// Patterns of a stroke.
const DASHES: usize = 4;

/// What is laid over the parts of bars, so that their colour is not alone: once in a page.
pub const HATCHES: &str = "<svg class=\"hatches\" width=\"0\" height=\"0\" aria-hidden=\"true\" focusable=\"false\"><defs>\
<pattern id=\"hatch-1\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\"><path d=\"M0 6L6 0M-1 1L1 -1M5 7L7 5\"/></pattern>\
<pattern id=\"hatch-2\" width=\"5\" height=\"5\" patternUnits=\"userSpaceOnUse\"><path d=\"M2.5 0V5\"/></pattern>\
<pattern id=\"hatch-3\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\"><path d=\"M0 0L6 6M-1 5L1 7M5 -1L7 1\"/></pattern>\
</defs></svg>";

/// The class of the colour.
pub fn colour(number: usize) -> String {
    format!("c{}", number % COLOURS)
}

/// The classes of a line: its colour, and its pattern, which changes before the colours come again.
pub fn stroke(number: usize, shape: Shape) -> String {
    let dash = match shape {
        Shape::Reference => "reference".to_owned(),
        _ => format!("d{}", (number / (COLOURS / 2)) % DASHES),
    };
    format!("line {} {dash}", colour(number))
}

/// The classes of a filled area, and of the hatch over it.
pub fn fill(number: usize) -> (String, Option<String>) {
    let hatch = number % DASHES;
    (format!("fill {}", colour(number)), (hatch > 0).then(|| format!("h{hatch}")))
}

/// A marker around a place, as the data of a path: each of eight has its own shape.
pub fn marker(number: usize, (x, y): (f64, f64)) -> String {
    let corners: &[(f64, f64)] = match number % COLOURS {
        0 => return format!("M{} {}a4 4 0 1 0 8 0a4 4 0 1 0 -8 0z", coordinate(x - 4.0), coordinate(y)),
        1 => &[(-3.6, -3.6), (3.6, -3.6), (3.6, 3.6), (-3.6, 3.6)],
        2 => &[(0.0, -4.8), (4.6, 3.4), (-4.6, 3.4)],
        3 => &[(0.0, -5.2), (5.2, 0.0), (0.0, 5.2), (-5.2, 0.0)],
        4 => &[(0.0, 4.8), (4.6, -3.4), (-4.6, -3.4)],
        5 => &[
            (-1.5, -5.0),
            (1.5, -5.0),
            (1.5, -1.5),
            (5.0, -1.5),
            (5.0, 1.5),
            (1.5, 1.5),
            (1.5, 5.0),
            (-1.5, 5.0),
            (-1.5, 1.5),
            (-5.0, 1.5),
            (-5.0, -1.5),
            (-1.5, -1.5),
        ],
        6 => &[
            (-4.6, -2.5),
            (-2.5, -4.6),
            (0.0, -2.1),
            (2.5, -4.6),
            (4.6, -2.5),
            (2.1, 0.0),
            (4.6, 2.5),
            (2.5, 4.6),
            (0.0, 2.1),
            (-2.5, 4.6),
            (-4.6, 2.5),
            (-2.1, 0.0),
        ],
        _ => &[(-4.8, 0.0), (-2.4, -4.2), (2.4, -4.2), (4.8, 0.0), (2.4, 4.2), (-2.4, 4.2)],
    };
    let mut data = String::new();
    for (place, (dx, dy)) in corners.iter().enumerate() {
        let letter = if place == 0 { 'M' } else { 'L' };
        data += &format!("{letter}{} {}", coordinate(x + dx), coordinate(y + dy));
    }
    data + "z"
}

/// How a line looks, for a legend.
pub fn line_swatch(number: usize, shape: Shape) -> String {
    let mut inner = String::new();
    if shape != Shape::Points {
        inner += &format!("<path class=\"{}\" d=\"M1 7L31 7\"/>", stroke(number, shape));
    }
    if shape != Shape::Reference {
        inner +=
            &format!("<path class=\"marker {}\" d=\"{}\"/>", colour(number), marker(number, (16.0, 7.0)));
    }
    format!(
        "<svg class=\"swatch\" viewBox=\"0 0 32 14\" aria-hidden=\"true\" focusable=\"false\">{inner}</svg>"
    )
}

/// How a part of bars looks, for a legend.
pub fn part_swatch(number: usize) -> String {
    let (fill, hatch) = fill(number);
    let area = |class: &str| format!("<path class=\"{class}\" d=\"M2 1H18V13H2z\"/>");
    let hatch = hatch.map_or(String::new(), |class| area(&class));
    format!(
        "<svg class=\"swatch part\" viewBox=\"0 0 20 14\" aria-hidden=\"true\" focusable=\"false\">{}{hatch}</svg>",
        area(&fill)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixteen_lines_look_different_though_there_are_eight_colours() {
        let looks: std::collections::BTreeSet<_> =
            (0..16).map(|number| (stroke(number, Shape::Line), marker(number, (0.0, 0.0)))).collect();
        assert_eq!(looks.len(), 16);
    }
}
