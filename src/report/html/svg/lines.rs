use super::canvas::{Canvas, coordinate};
use super::frame::Frame;
use super::palette::{colour, marker, stroke};
use super::sample::sampled;
use crate::report::html::figure::{Series, Shape};

/// About as many markers as a line has.
const MARKERS: usize = 7;

/// Draws a line of a chart, gaps left out. What stands alone between two gaps is marked, since no line leads there.
pub fn draw(canvas: &mut Canvas, frame: &Frame, series: &Series) {
    let place = |(x, y): (f64, f64)| {
        if y.is_nan() { None } else { frame.x(x).zip(frame.y(y)) }
    };
    let places: Vec<Option<(f64, f64)>> = sampled(&series.points).into_iter().map(place).collect();
    let stretches: Vec<Vec<(f64, f64)>> = places
        .split(Option::is_none)
        .map(|stretch| stretch.iter().flatten().copied().collect::<Vec<_>>())
        .filter(|stretch| !stretch.is_empty())
        .collect();
    if series.shape != Shape::Points {
        let data: String = stretches
            .iter()
            .filter(|stretch| stretch.len() > 1)
            .map(|stretch| path(stretch, series.shape))
            .collect();
        if !data.is_empty() {
            canvas.path(&stroke(series.colour, series.shape), &data);
        }
    }
    let lone = stretches.iter().filter(|stretch| stretch.len() == 1).flatten().copied();
    let marked: Vec<(f64, f64)> = match series.shape {
        Shape::Points => stretches.iter().flatten().copied().collect(),
        Shape::Reference => lone.collect(),
        _ => spread(&stretches.concat(), series.colour).into_iter().chain(lone).collect(),
    };
    let data: String = marked.into_iter().map(|at| marker(series.colour, at)).collect();
    if !data.is_empty() {
        canvas.path(&format!("marker {}", colour(series.colour)), &data);
    }
}

fn path(stretch: &[(f64, f64)], shape: Shape) -> String {
    let mut data = String::new();
    for (number, &(x, y)) in stretch.iter().enumerate() {
        let (x, y) = (coordinate(x), coordinate(y));
        data += &match (number, shape) {
            (0, _) => format!("M{x} {y}"),
            (_, Shape::Step) => format!("H{x}V{y}"),
            _ => format!("L{x} {y}"),
        };
    }
    data
}

/// Some points of a line, evenly over its width; each line's begin elsewhere, so that they do not cover each other.
fn spread(points: &[(f64, f64)], number: usize) -> Vec<(f64, f64)> {
    let (Some(first), Some(last)) = (points.first(), points.last()) else { return Vec::new() };
    if points.len() <= MARKERS + 1 {
        return points.to_vec();
    }
    let step = (last.0 - first.0) / MARKERS as f64;
    let mut next = first.0 + step * (number % 8) as f64 / 8.0;
    let mut marked = Vec::new();
    for &point in points {
        if point.0 >= next {
            marked.push(point);
            next = point.0 + step;
        }
    }
    marked
}
