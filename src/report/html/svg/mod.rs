//! SVG: plots as drawings that scale with their column and take their colours from the page.

mod bars;
mod canvas;
mod chart;
mod extent;
mod frame;
mod intervals;
mod lines;
mod marks;
mod palette;
mod sample;
mod span;
mod text;
mod ticks;

pub use self::bars::is_dotted;
use self::canvas::Names;
use self::extent::Extent;
pub use self::palette::{HATCHES, line_swatch, part_swatch};
use super::figure::{Axis, Figure, Plot};

/// The width of every drawing, in its own units. As wide as half a page, it still can be read on a telephone.
const WIDTH: f64 = 520.0;

/// The ranges of both axes of a plot.
type Extents = (Option<Extent>, Option<Extent>);

/// Every panel of a figure as an `svg` element; `id` begins the names of its parts.
///
/// Panels whose axes say the same have the same ranges, so that they can be compared.
pub fn draw(figure: &Figure, id: &str) -> Vec<String> {
    let own: Vec<Extents> = figure.panels.iter().map(|panel| extents(&panel.plot)).collect();
    let joined = |axis: &Axis, which: fn(&Extents) -> Option<Extent>| {
        let alike =
            figure.panels.iter().zip(&own).filter(|(panel, _)| {
                axes(&panel.plot).into_iter().flatten().any(|other| is_alike(other, axis))
            });
        alike.filter_map(|(_, extents)| which(extents)).reduce(Extent::join)
    };
    let mut drawn = Vec::new();
    for (number, panel) in (1..).zip(&figure.panels) {
        let title = match panel.title.as_str() {
            "" => figure.title.clone(),
            own => format!("{}: {own}", figure.title),
        };
        let names = Names { id: format!("{id}-{number}"), title, description: figure.description.clone() };
        drawn.push(match &panel.plot {
            Plot::Chart(chart) => {
                let extents = (joined(&chart.x, |extents| extents.0), joined(&chart.y, |extents| extents.1));
                chart::draw(chart, extents, &names)
            }
            Plot::Bars(bars) => bars::draw(bars, joined(&bars.x, |extents| extents.0), &names),
            Plot::Intervals(intervals) => {
                intervals::draw(intervals, joined(&intervals.x, |extents| extents.0), &names)
            }
        });
    }
    drawn
}

fn is_alike(one: &Axis, other: &Axis) -> bool {
    one.title == other.title && one.scale == other.scale
}

fn axes(plot: &Plot) -> [Option<&Axis>; 2] {
    match plot {
        Plot::Chart(chart) => [Some(&chart.x), Some(&chart.y)],
        Plot::Bars(bars) => [Some(&bars.x), None],
        Plot::Intervals(intervals) => [Some(&intervals.x), None],
    }
}

fn extents(plot: &Plot) -> Extents {
    match plot {
        Plot::Chart(chart) => {
            let points = || chart.series.iter().flat_map(|series| &series.points);
            let drawn = points().filter(|(x, y)| x.is_finite() && y.is_finite());
            let marks = chart.marks.iter().flat_map(|mark| [Some(mark.from), mark.until]).flatten();
            let x = Extent::of(&chart.x, drawn.map(|point| point.0).chain(marks));
            (x, Extent::of(&chart.y, points().map(|point| point.1)))
        }
        Plot::Bars(bars) => (Extent::of(&bars.x, bars::values(bars).into_iter()), None),
        Plot::Intervals(intervals) => {
            let ends = intervals.rows.iter().flat_map(|row| [row.low, row.middle, row.high]);
            let limits = intervals.limits.into_iter().flat_map(|(low, high)| [low, high]);
            (Extent::of(&intervals.x, ends.chain(limits).chain([intervals.zero])), None)
        }
    }
}

#[cfg(test)]
mod tests;
