use crate::measure::{BIN, CellResult, Stampede, StampedeBin, Summary, TIMELINE};
use crate::report::html::chapter::Part;
use crate::report::html::figure::{Chart, Figure, Mark, Panel, Plot, Scale, Series, Shape};
use crate::report::html::label::told_label;
use crate::report::html::sketch::{
    Column, Frame, LINES, Line, axis, axis_over, cells, columns, extremes, number, panels, points,
};
use crate::report::quantity::{amount, count, duration_us, share};
use crate::report::stampedes;

pub const PART: Part = Part {
    id: "stampedes",
    title: "Stampedes",
    sections: &["Stampedes", "After an expiry", "Guards"],
    lead: "When an entry expires, everybody who asks for it before it is loaded again may load it as well: a stampede. \
           What it costs shows in the second after the expiry, which is drawn here as the mean over all expiries.",
    figures,
};

/// What is drawn below and above the data, in milliseconds.
const SECOND: (f64, f64) = (0.0, 1_000.0);
const SINCE: &str = "milliseconds since the expiry";

fn figures(summary: &Summary) -> Vec<Figure> {
    // Where the tables have nothing to tell, no expiry was a stampede.
    if stampedes::loads(summary).is_empty() {
        return Vec::new();
    }
    let seen: Vec<(String, &Stampede)> =
        summary.cells.iter().filter_map(|cell| Some((told_label(cell), stampede(cell)?))).collect();
    let loads = cells(
        summary,
        "Loads for each expiry",
        axis("database loads for each expiry", Scale::Linear, number),
        &[("mean", "stampede.loads_per_expiry.mean"), ("theory", "stampede.loads_per_expiry.theory")],
    );
    let loads = loads.map(|figure| figure_of_amounts(summary, figure));
    let waits = cells(
        summary,
        "Waits for the load of another",
        axis("time waited", Scale::Log, duration_us),
        &[("p50", "guard.wait.p50"), ("p99", "guard.wait.p99"), ("max", "guard.wait.max")],
    );
    [under_way(&seen), begun(&seen), response(&seen), loads, distribution(&seen), waits]
        .into_iter()
        .flatten()
        .collect()
}

fn stampede(cell: &CellResult) -> Option<&Stampede> {
    cell.measured().into_iter().find_map(|repeat| repeat.stampede.as_ref())
}

/// The table of loads with the digits of the other tables, and with the most of any expiry.
fn figure_of_amounts(summary: &Summary, mut figure: Figure) -> Figure {
    let told = |cell: &CellResult, name: &str, write: fn(f64) -> String| {
        cell.median(&format!("stampede.loads_per_expiry.{name}")).map_or("–".to_owned(), write)
    };
    figure.table = vec![["cell", "mean", "theory", "p99", "max"].map(str::to_owned).to_vec()];
    figure.table.extend(summary.cells.iter().map(|cell| {
        let [mean, theory] = ["mean", "theory"].map(|name| told(cell, name, amount));
        vec![told_label(cell), mean, theory, told(cell, "p99", count), told(cell, "max", count)]
    }));
    figure
}

fn expiry() -> Vec<Mark> {
    vec![Mark { from: 0.0, until: None, label: "expiry".into() }]
}

/// A number of each bin; bins in which nothing happened are 0.
fn steps(stampede: &Stampede, read: impl Fn(&StampedeBin) -> f64) -> Vec<(f64, f64)> {
    let length = BIN.as_millis() as f64;
    let mut steps: Vec<(f64, f64)> = (0..TIMELINE).map(|place| (place as f64 * length, 0.0)).collect();
    for bin in &stampede.timeline {
        if let Some(step) = steps.get_mut((bin.at_ms as f64 / length) as usize) {
            step.1 = read(bin);
        }
    }
    steps
}

fn lines(seen: &[(String, &Stampede)], read: impl Fn(&Stampede) -> Vec<(f64, f64)>) -> Option<Vec<Line>> {
    let line = |(name, stampede): &(String, &Stampede)| Line {
        name: name.clone(),
        points: read(stampede),
        ..Line::default()
    };
    let lines: Vec<Line> = seen.iter().map(line).collect();
    lines.iter().flat_map(|line| &line.points).any(|point| point.1 > 0.0).then_some(lines)
}

/// The most of each line, and when.
fn peaks(lines: &[Line]) -> String {
    let peaks: Vec<(&str, f64)> =
        lines.iter().filter_map(|line| Some((line.name.as_str(), line.peak()?.1))).collect();
    let most = lines.iter().filter_map(Line::peak).max_by(|one, other| one.1.total_cmp(&other.1));
    let when = most.map_or(String::new(), |(at, _)| format!(" The highest stands at {at:.0} ms."));
    format!("Peaks. {}{when}", extremes(&peaks, amount))
}

fn over_the_second(title: &str, y: &'static str, lines: Vec<Line>, description: String) -> Figure {
    let frame = Frame {
        axes: &|| {
            [axis_over(SINCE, Scale::Linear, number, SECOND), axis_over(y, Scale::Linear, number, (0.0, 1.0))]
        },
        marks: &expiry,
        shape: Shape::Step,
        reference: "",
    };
    Figure {
        title: title.into(),
        description,
        panels: panels(&lines, &frame),
        table: points(("ms", number), amount, &columns(&lines, "")),
    }
}

fn under_way(seen: &[(String, &Stampede)]) -> Option<Figure> {
    let lines = lines(seen, |stampede| steps(stampede, |bin| bin.in_flight))?;
    let description =
        format!("How many loads of the expired row are under way, in steps of 20 ms. {}", peaks(&lines));
    Some(over_the_second("Loads of the row under way", "loads under way", lines, description))
}

fn begun(seen: &[(String, &Stampede)]) -> Option<Figure> {
    let per_expiry = |stampede: &Stampede| {
        let epochs: u64 = stampede.loads_per_expiry.iter().map(|one| one.epochs).sum();
        steps(stampede, |bin| bin.loads_begun as f64 / epochs.max(1) as f64)
    };
    let lines = lines(seen, per_expiry)?;
    let description = format!(
        "How many loads of the expired row begin in each 20 ms, for each expiry: a high first step is a stampede, later \
         ones are retries, refreshes and the next expiry. {}",
        peaks(&lines)
    );
    Some(over_the_second("Loads begun", "loads begun in 20 ms", lines, description))
}

/// What readers of the row feel: a panel for each percentile, or for each cell where there are many.
fn response(seen: &[(String, &Stampede)]) -> Option<Figure> {
    type Read = fn(&StampedeBin) -> Option<f64>;
    /// Its cell, its percentile, and the points.
    type Line<'a> = (String, &'a str, Vec<(f64, f64)>);
    let percentiles: [(&str, Read); 2] =
        [("p50", |bin| bin.response_p50_us), ("p99", |bin| bin.response_p99_us)];
    // A bin without reads is a gap.
    let of = |stampede: &Stampede, read: Read| -> Vec<(f64, f64)> {
        let measured = steps(stampede, |bin| read(bin).unwrap_or(f64::NAN)).into_iter();
        measured.map(|(at, us)| (at, if us > 0.0 { us } else { f64::NAN })).collect()
    };
    let all: Vec<Line> = seen
        .iter()
        .flat_map(|(name, stampede)| {
            percentiles.map(|(percentile, read)| (name.clone(), percentile, of(stampede, read)))
        })
        .filter(|(_, _, points)| points.iter().any(|point| point.1.is_finite()))
        .collect();
    let slowest = |points: &[(f64, f64)]| points.iter().map(|point| point.1).fold(f64::NAN, f64::max);
    let slow: Vec<(&str, f64)> = all
        .iter()
        .filter(|(_, percentile, _)| *percentile == "p99")
        .map(|(name, _, points)| (name.as_str(), slowest(points)))
        .collect();
    if all.is_empty() {
        return None;
    }
    let panel = |title: &str, series: Vec<Series>| {
        let x = axis_over(SINCE, Scale::Linear, number, SECOND);
        let y = axis("response of reads of the row", Scale::Log, duration_us);
        Panel { title: title.to_owned(), plot: Plot::Chart(Chart { x, y, series, marks: expiry() }) }
    };
    let drawn = |name: &str, points: &[(f64, f64)], colour: usize| Series {
        name: name.to_owned(),
        shape: Shape::Line,
        points: points.to_vec(),
        colour,
    };
    let panels = if seen.len() <= LINES {
        let series = |percentile: &str| {
            let own = all.iter().filter(|one| one.1 == percentile);
            own.enumerate().map(|(colour, (name, _, points))| drawn(name, points, colour)).collect()
        };
        percentiles.map(|(percentile, _)| panel(percentile, series(percentile))).into()
    } else {
        let series = |cell: &str| {
            let own = all.iter().filter(|one| one.0 == cell);
            own.enumerate()
                .map(|(colour, (_, percentile, points))| drawn(percentile, points, colour))
                .collect()
        };
        seen.iter().map(|(name, _)| panel(name, series(name))).collect()
    };
    let told: Vec<Column> = all
        .iter()
        .map(|(name, percentile, points)| (format!("{name}, {percentile}"), points.as_slice()))
        .collect();
    Some(Figure {
        title: "Reads of the row".into(),
        description: format!(
            "How long reads of the expired row take that begin so long after its expiry, median and 99th percentile. The \
             slowest p99 of each. {}",
            extremes(&slow, duration_us)
        ),
        panels,
        table: points(("ms", number), duration_us, &told),
    })
}

/// How many expiries led to no more than so many loads.
fn distribution(seen: &[(String, &Stampede)]) -> Option<Figure> {
    let cumulated = |stampede: &Stampede| {
        let all: u64 = stampede.loads_per_expiry.iter().map(|one| one.epochs).sum();
        let mut so_far = 0;
        let shares = stampede.loads_per_expiry.iter().map(|one| {
            so_far += one.epochs;
            (f64::from(one.loads), so_far as f64 / all.max(1) as f64)
        });
        // Loads of expiries are on a logarithmic axis, on which 0 has no place.
        shares.filter(|(loads, _)| *loads > 0.0).collect::<Vec<_>>()
    };
    let mut lines = lines(seen, cumulated)?;
    let most = |line: &Line| line.points.last().map(|point| point.0);
    let most: Vec<(&str, f64)> =
        lines.iter().filter_map(|line| Some((line.name.as_str(), most(line)?))).collect();
    let description = format!(
        "The share of expiries with no more than so many loads. Most loads of one expiry. {}",
        extremes(&most, count)
    );
    // All lines go on to the right, or one of a single point would not be seen.
    let end = most.iter().map(|one| one.1).fold(1.0, f64::max);
    for line in lines.iter_mut().filter(|line| line.points.last().is_some_and(|point| point.0 < end)) {
        line.points.push((end, 1.0));
    }
    let frame = Frame {
        axes: &|| {
            [
                axis_over("loads of one expiry", Scale::Log, number, (1.0, 10.0)),
                axis_over("share of expiries", Scale::Linear, share, (0.0, 1.0)),
            ]
        },
        marks: &Vec::new,
        shape: Shape::Step,
        reference: "",
    };
    Some(Figure {
        title: "Loads of each expiry".into(),
        description,
        panels: panels(&lines, &frame),
        table: points(("loads", count), share, &columns(&lines, "")),
    })
}

#[cfg(test)]
mod tests;
