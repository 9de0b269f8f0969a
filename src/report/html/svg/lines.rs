use super::canvas::{Canvas, coordinate};
use super::frame::Frame;
use super::palette::{colour, marker, stroke};
use super::sample::sampled;
use crate::report::html::figure::{Axis, Series, Shape};

/// About as many markers as a line has.
const MARKERS: usize = 7;
/// Of more markers than these, none tells its values: a page has to stay small.
const TOLD: usize = 40;

/// A point of a line, and where it lies in the drawing.
#[derive(Clone, Copy)]
struct Point {
    at: (f64, f64),
    value: (f64, f64),
}

/// Draws a line of a chart, gaps left out. What stands alone between two gaps is marked, since no line leads there.
/// Where the pointer rests on it, the line tells its name and a marker its values.
pub fn draw(canvas: &mut Canvas, frame: &Frame, axes: [&Axis; 2], series: &Series) {
    let place = |value: (f64, f64)| {
        let at = if value.1.is_nan() { None } else { frame.x(value.0).zip(frame.y(value.1)) };
        at.map(|at| Point { at, value })
    };
    let places: Vec<Option<Point>> = sampled(&series.points).into_iter().map(place).collect();
    let stretches: Vec<Vec<Point>> = places
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
            canvas.path(&stroke(series.colour, series.shape), &data, &series.name);
        }
    }
    let lone = stretches.iter().filter(|stretch| stretch.len() == 1).flatten().copied();
    let marked: Vec<Point> = match series.shape {
        Shape::Points => stretches.iter().flatten().copied().collect(),
        Shape::Reference => lone.collect(),
        _ => spread(&stretches.concat(), series.colour).into_iter().chain(lone).collect(),
    };
    let class = format!("marker {}", colour(series.colour));
    if marked.len() > TOLD {
        let data: String = marked.into_iter().map(|point| marker(series.colour, point.at)).collect();
        return canvas.path(&class, &data, &series.name);
    }
    for Point { at, value: (x, y) } in marked {
        let told = format!("{}: {}, {}", series.name, (axes[0].write)(x), (axes[1].write)(y));
        canvas.path(&class, &marker(series.colour, at), told.trim_start_matches(": "));
    }
}

fn path(stretch: &[Point], shape: Shape) -> String {
    let mut data = String::new();
    for (number, &Point { at: (x, y), .. }) in stretch.iter().enumerate() {
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
fn spread(points: &[Point], number: usize) -> Vec<Point> {
    let (Some(first), Some(last)) = (points.first(), points.last()) else { return Vec::new() };
    if points.len() <= MARKERS + 1 {
        return points.to_vec();
    }
    let step = (last.at.0 - first.at.0) / MARKERS as f64;
    let mut next = first.at.0 + step * (number % 8) as f64 / 8.0;
    let mut marked = Vec::new();
    for &point in points {
        if point.at.0 >= next {
            marked.push(point);
            next = point.at.0 + step;
        }
    }
    marked
}
