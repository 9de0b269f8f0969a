use crate::measure::{Beginning, RAMP_BIN, Ramp, RampBin, Summary};
use crate::report::climb::drawn_s;
use crate::report::faults::by_measurement;
use crate::report::html::chapter::Part;
use crate::report::html::figure::{Axis, Figure, Plot, Scale, Series, Shape};
use crate::report::html::label::{told_label, told_status};
use crate::report::html::sketch::{
    Frame, LINES, Line, axis, axis_over, cells, extremes, number, panels, points, seconds,
};
use crate::report::quantity::{count, per_second, share};
use crate::report::ramps::ramp_of;

pub const PART: Part = Part {
    id: "cold-start",
    title: "Cold starts",
    sections: &["Cold start", "The hit rate over time", "Cold again"],
    lead: "An empty cache answers nothing, and the database has to answer everything until the entries are there again. \
           The steady level is what the cache comes to in the end; how long that takes, and how many more loads the \
           database has to bear until then, is drawn here.",
    figures,
};

/// Points that are drawn of a ramp, at most.
const POINTS: usize = 100;

fn figures(summary: &Summary) -> Vec<Figure> {
    let starts = starts(summary);
    let (mut figures, steady) = (courses(&starts, "the start"), "the steady hit rate");
    if !starts.is_empty() {
        let of = ["50", "90", "99"].map(|share| (format!("{share} %"), format!("ramp.seconds_to_{share}")));
        let parts = of.each_ref().map(|(name, metric)| (name.as_str(), metric.as_str()));
        let x = axis("time since the start", Scale::Linear, seconds);
        figures.extend(cells(summary, &format!("Time to a share of {steady}"), x, &parts));
        let x = axis("database loads", Scale::Linear, count);
        figures.extend(cells(
            summary,
            "Loads beyond those of the steady state",
            x,
            &[("", "ramp.excess_loads")],
        ));
    }
    figures.extend(courses(&refills(summary), "the fault"));
    figures
}

/// The ramps at the start, with whose they are; none where no cache began less than full.
fn starts(summary: &Summary) -> Vec<(String, &Ramp)> {
    let with = |cell| ramp_of(cell).map(|ramp| (told_label(cell), ramp));
    let ramps: Vec<(String, &Ramp)> = summary.cells.iter().filter_map(with).collect();
    let is_cold = ramps.iter().any(|(_, ramp)| ramp.began != Beginning::Preloaded);
    if is_cold { ramps } else { Vec::new() }
}

/// The ramps after faults that took entries, with whose they are.
fn refills(summary: &Summary) -> Vec<(String, &Ramp)> {
    let mut ramps = Vec::new();
    for (whose, repeat) in by_measurement(summary, |repeat| !repeat.faults.is_empty()) {
        for fault in &repeat.faults {
            if let Some(ramp) = fault.recovery.as_ref().and_then(|recovery| recovery.ramp.as_ref()) {
                let at = fault.began_s.unwrap_or(fault.at_s);
                let name = format!("{whose}{} at {at:.1} s", fault.what);
                ramps.push((told_status(name, repeat.status), ramp));
            }
        }
    }
    ramps
}

/// The hit rate and the loads over time.
fn courses(ramps: &[(String, &Ramp)], since: &str) -> Vec<Figure> {
    let drawn = drawn_s(&ramps.iter().map(|(_, ramp)| *ramp).collect::<Vec<_>>());
    let stretches: Vec<Vec<Stretch>> = ramps.iter().map(|(_, ramp)| stretches(ramp, drawn)).collect();
    if stretches.iter().all(Vec::is_empty) {
        return Vec::new();
    }
    let x = format!("seconds since {since}");
    let lines = |read: fn(&Stretch) -> f64, steady: fn(&Ramp) -> f64| -> Vec<Line> {
        let line = |((name, ramp), stretches): (&(String, &Ramp), &Vec<Stretch>)| Line {
            name: name.clone(),
            points: stretches.iter().map(|stretch| (stretch.middle_s, read(stretch))).collect(),
            reference: vec![(0.0, steady(ramp)), (drawn, steady(ramp))],
        };
        ramps.iter().zip(&stretches).map(line).collect()
    };
    let rates = lines(|stretch| stretch.hit_rate, |ramp| ramp.steady_hit_rate);
    let loads = lines(|stretch| stretch.loads_per_s, |ramp| ramp.steady_loads_per_s);
    let mut rate = figure(
        format!("Hit rate since {since}"),
        &rates,
        &|| {
            let y = axis_over("hit rate", Scale::Linear, share, (0.0, 1.0));
            [axis_over(x.clone(), Scale::Linear, number, (0.0, 1.0)), y]
        },
        share,
    );
    rate.description = format!("The hit rate of all reads, over time. {}", told(ramps));
    mark_reached(&mut rate, ramps, drawn);
    let mut load = figure(
        format!("Database loads since {since}"),
        &loads,
        &|| {
            let y = axis_over("loads a second", Scale::Linear, per_second, (0.0, 1.0));
            [axis_over(x.clone(), Scale::Linear, number, (0.0, 1.0)), y]
        },
        per_second,
    );
    let peaks: Vec<(&str, f64)> =
        loads.iter().filter_map(|line| Some((line.name.as_str(), line.peak()?.1))).collect();
    load.description =
        format!("Rows that the database loads in each second. Peaks. {}", extremes(&peaks, per_second));
    vec![rate, load]
}

fn figure(title: String, lines: &[Line], axes: &dyn Fn() -> [Axis; 2], write: fn(f64) -> String) -> Figure {
    let frame = Frame { axes, marks: &Vec::new, shape: Shape::Line, reference: "steady" };
    let own: Vec<_> = lines.iter().map(|line| (line.name.clone(), line.points.as_slice())).collect();
    let table = points(("s", number), write, &own);
    Figure { title, description: String::new(), panels: panels(lines, &frame), table }
}

/// The steady levels, and when a share of them was reached.
fn told(ramps: &[(String, &Ramp)]) -> String {
    let steady: Vec<(&str, f64)> =
        ramps.iter().map(|(name, ramp)| (name.as_str(), ramp.steady_hit_rate)).collect();
    let reached: Vec<(&str, f64)> =
        ramps.iter().filter_map(|(name, ramp)| Some((name.as_str(), ramp.to_90?.seconds))).collect();
    let never = ramps.len() - reached.len();
    let late = match never {
        0 => String::new(),
        1 => " One never comes to 90 % of its level.".to_owned(),
        _ => format!(" {never} never come to 90 % of their level."),
    };
    let reached = match extremes(&reached, seconds) {
        none if none.is_empty() => none,
        some => format!(" Time to 90 % of it. {some}"),
    };
    format!("Dashed: the steady level. {}{reached}{late}", extremes(&steady, share))
}

/// Puts a marker where 50, 90 and 99 % of the steady hit rate were reached, where one plot has all lines.
fn mark_reached(figure: &mut Figure, ramps: &[(String, &Ramp)], until: f64) {
    let mut points = Vec::new();
    for (_, ramp) in ramps {
        let all = [(0.5, ramp.to_50), (0.9, ramp.to_90), (0.99, ramp.to_99)];
        let reached = all.into_iter().filter_map(|(share, reached)| Some((share, reached?.seconds)));
        points.extend(reached.map(|(share, seconds)| (seconds, share * ramp.steady_hit_rate)));
    }
    points.retain(|(seconds, _)| *seconds <= until);
    points.sort_by(|one, other| one.0.total_cmp(&other.0));
    if let (true, [panel]) = (ramps.len() <= LINES && !points.is_empty(), figure.panels.as_mut_slice())
        && let Plot::Chart(chart) = &mut panel.plot
    {
        let name = "50, 90 and 99 % of it reached".into();
        chart.series.push(Series { name, shape: Shape::Points, points, colour: ramps.len() });
    }
}

/// Neighbouring bins of a ramp, put together.
struct Stretch {
    middle_s: f64,
    /// No number where nothing was read.
    hit_rate: f64,
    loads_per_s: f64,
}

fn stretches(ramp: &Ramp, until: f64) -> Vec<Stretch> {
    let length = ramp.bins.get(1).map_or(RAMP_BIN.as_secs_f64(), |second| second.at_s);
    let drawn = ramp.bins.iter().take_while(|bin| bin.at_s < until - 1e-9).count();
    let together = drawn.div_ceil(POINTS).max(1);
    let stretch = |bins: &[RampBin]| {
        let sum = |read: fn(&RampBin) -> u64| bins.iter().map(read).sum::<u64>() as f64;
        let seconds = bins.len() as f64 * length;
        Stretch {
            middle_s: bins[0].at_s + seconds / 2.0,
            hit_rate: sum(|bin| bin.hits) / sum(|bin| bin.reads),
            loads_per_s: sum(|bin| bin.loads) / seconds,
        }
    };
    ramp.bins[..drawn].chunks(together).map(stretch).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::{CellResult, FaultRecord, Reached, Recovery, RepeatResult};

    /// From nothing to 90 % in 1 s, and 9 s of that.
    fn ramp(began: Beginning) -> Ramp {
        let bin = |place: u64| {
            let hits = 9 * place.min(10);
            RampBin {
                at_s: place as f64 / 10.0,
                reads_before: 100 * place,
                reads: 100,
                hits,
                loads: 100 - hits,
            }
        };
        Ramp {
            began,
            steady_hit_rate: 0.9,
            steady_loads_per_s: 100.0,
            to_90: Some(Reached { seconds: 0.9, reads: 900.0 }),
            to_99: Some(Reached { seconds: 1.0, reads: 1_000.0 }),
            excess_loads: 450.0,
            bins: (0..100).map(bin).collect(),
            ..Ramp::default()
        }
    }

    fn cell(ramp: Option<Ramp>, faults: Vec<FaultRecord>) -> CellResult {
        let mut repeat = RepeatResult { ramp, faults, ..RepeatResult::default() };
        if let Some(ramp) = repeat.ramp.clone() {
            ramp.tell(&mut repeat.metrics);
        }
        CellResult { strategy: "cache-aside".into(), repeats: vec![repeat], ..CellResult::default() }
    }

    fn titles(cell: CellResult) -> Vec<String> {
        let summary = Summary { cells: vec![cell], ..Summary::default() };
        figures(&summary).into_iter().map(|figure| figure.title).collect()
    }

    #[test]
    fn a_cold_start_is_drawn_until_the_slowest_is_there() {
        let summary =
            Summary { cells: vec![cell(Some(ramp(Beginning::Empty)), vec![])], ..Summary::default() };
        let figures = figures(&summary);
        let Plot::Chart(chart) = &figures[0].panels[0].plot else { panic!("no chart") };
        let [rate, steady, reached] = chart.series.as_slice() else { panic!("{}", chart.series.len()) };
        assert_eq!((rate.points.len(), rate.points[0]), (20, (0.05, 0.0)), "2 s at least");
        assert_eq!((steady.points[1].1, reached.points.len()), (0.9, 2));
        let told = "Time to 90 % of it. cache-aside: 900 ms.";
        assert!(figures[0].description.ends_with(told), "{}", figures[0].description);
        assert_eq!(figures[1].description.split("Peaks. ").nth(1), Some("cache-aside: 1.00 K/s."));
        assert_eq!(figures.len(), 4);
    }

    #[test]
    fn a_cache_that_was_full_has_no_start_and_a_fault_makes_it_cold_again() {
        let recovery = Recovery { ramp: Some(ramp(Beginning::Emptied)), ..Recovery::default() };
        let fault = FaultRecord {
            what: "flush cache".into(),
            at_s: 5.0,
            recovery: Some(recovery),
            ..FaultRecord::default()
        };
        assert_eq!(titles(cell(Some(ramp(Beginning::Preloaded)), vec![])), [""; 0]);
        assert_eq!(
            titles(cell(Some(ramp(Beginning::Preloaded)), vec![fault])),
            ["Hit rate since the fault", "Database loads since the fault"]
        );
        assert_eq!(titles(cell(None, vec![])), [""; 0]);
    }
}
