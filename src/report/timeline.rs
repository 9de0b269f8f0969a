use super::bars::bar;
use super::quantity::{amount, duration_us};
use crate::measure::{BIN, CellResult, Stampede, StampedeBin, Summary, TIMELINE};

/// Bins of the measurement in one character of the plot.
const MERGED: usize = 2;

/// The second from an expiry as a plot: a header and a row for each cell; nothing without expiries.
///
/// Loads under way are drawn to the highest of all cells. Response times are drawn by their logarithm, from the lowest of
/// all cells to the highest.
pub fn timeline(summary: &Summary) -> Vec<Vec<String>> {
    let cells: Vec<(&CellResult, Plots)> =
        summary.cells.iter().filter_map(|cell| Some((cell, Plots::of(stampede(cell)?)))).collect();
    if cells.is_empty() {
        return Vec::new();
    }
    let highest = |values: fn(&Plots) -> &Vec<f64>| {
        cells.iter().flat_map(|(_, plots)| values(plots)).copied().fold(0.0, f64::max)
    };
    let (most, slowest) = (highest(|plots| &plots.in_flight), highest(|plots| &plots.response_us));
    let measured = cells.iter().flat_map(|(_, plots)| &plots.response_us).filter(|&&us| us > 0.0);
    let fastest = measured.copied().fold(f64::INFINITY, f64::min);
    let by_logarithm = |us: f64| (us / fastest).ln() / (slowest / fastest).ln();
    let header = [
        "cell",
        "loads of a row under way,\n0 to 1 s after its expiry",
        "most",
        "p99 of its reads",
        "slowest",
    ];
    let mut rows = vec![header.map(str::to_owned).to_vec()];
    rows.extend(cells.iter().map(|(cell, plots)| {
        let own_most = plots.in_flight.iter().copied().fold(0.0, f64::max);
        let own_slowest = plots.response_us.iter().copied().fold(0.0, f64::max);
        vec![
            cell.label(),
            line(&plots.in_flight, |loads| loads / most),
            amount(own_most),
            line(&plots.response_us, by_logarithm),
            duration_us(own_slowest),
        ]
    }));
    rows
}

fn stampede(cell: &CellResult) -> Option<&Stampede> {
    cell.repeats.iter().find_map(|repeat| repeat.stampede.as_ref())
}

/// What is plotted of a cell, one number for each character.
struct Plots {
    in_flight: Vec<f64>,
    response_us: Vec<f64>,
}

impl Plots {
    fn of(stampede: &Stampede) -> Plots {
        let empty = vec![0.0; TIMELINE.div_ceil(MERGED)];
        let mut plots = Plots { in_flight: empty.clone(), response_us: empty };
        for bin in &stampede.timeline {
            let StampedeBin { at_ms, in_flight, response_p99_us, .. } = *bin;
            let at = (at_ms as usize / BIN.as_millis() as usize / MERGED).min(plots.in_flight.len() - 1);
            plots.in_flight[at] = plots.in_flight[at].max(in_flight);
            plots.response_us[at] = plots.response_us[at].max(response_p99_us.unwrap_or(0.0));
        }
        plots
    }
}

/// Values as bars, by their place between 0 and 1.
fn line(values: &[f64], place: impl Fn(f64) -> f64) -> String {
    values.iter().map(|&value| bar(value, place(value))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_drawn_to_the_highest_and_little_is_not_nothing() {
        assert_eq!(line(&[0.0, 0.001, 2.0, 4.0], |value| value / 4.0), " ▁▄█");
        // One value alone has no lowest and no highest.
        assert_eq!(line(&[0.0, 3.0], |_| f64::NAN), " ▁");
    }

    #[test]
    fn bins_go_where_their_time_is_though_some_are_left_out() {
        let bin = |at_ms, in_flight| StampedeBin {
            at_ms,
            loads_begun: 1,
            in_flight,
            reads: 0,
            response_p50_us: None,
            response_p99_us: None,
        };
        let stampede = Stampede {
            loads_per_expiry: Vec::new(),
            timeline: vec![bin(0, 1.0), bin(20, 3.0), bin(980, 2.0)],
        };
        let Plots { in_flight, .. } = Plots::of(&stampede);
        assert_eq!((in_flight[0], in_flight[1], in_flight[24]), (3.0, 0.0, 2.0));
    }
}
