use super::bars::bar;
use super::quantity::{duration_us, share};
use super::ramps::{cold_starts, ramp_of};
use crate::measure::{CellResult, RAMP_BIN, Ramp, Summary};

/// Characters of a plot, and most cells in it.
const WIDTH: usize = 50;
const CELLS: usize = 6;
/// Of the time until the slowest cell was there, so much is drawn.
const DRAWN: f64 = 1.5;
/// Seconds that are drawn at least.
const LEAST_S: f64 = 2.0;

/// The hit rate over time as a plot: a header and a row for each of up to six cells, all on one scale, from nothing to all
/// hits; nothing where there was no cold start.
pub fn climb(summary: &Summary) -> Vec<Vec<String>> {
    if cold_starts(summary).is_empty() {
        return Vec::new();
    }
    let with = |cell| Some((cell, ramp_of(cell)?));
    let cells: Vec<(&CellResult, &Ramp)> = summary.cells.iter().filter_map(with).take(CELLS).collect();
    let drawn = drawn_s(&cells.iter().map(|(_, ramp)| *ramp).collect::<Vec<_>>());
    let over = format!("hit rate,\n0 to {} after the start", duration_us(drawn * 1e6));
    let mut rows = vec![vec!["cell".to_owned(), over, "first".into(), "last".into()]];
    rows.extend(cells.iter().map(|(cell, ramp)| {
        let rates = rates(ramp, drawn);
        let told = |rate: Option<&Option<f64>>| rate.copied().flatten().map_or("–".into(), share);
        vec![cell.label(), line(&rates), told(rates.first()), told(rates.last())]
    }));
    rows
}

/// Seconds of ramps that are worth drawing.
pub(super) fn drawn_s(ramps: &[&Ramp]) -> f64 {
    let seconds = ramps.iter().map(|ramp| span(ramp)).fold(0.0, f64::max);
    ramps.iter().map(|ramp| interesting(ramp)).fold(LEAST_S, f64::max).min(seconds)
}

/// Seconds of a ramp that were measured.
fn span(ramp: &Ramp) -> f64 {
    let length = ramp.bins.get(1).map_or(RAMP_BIN.as_secs_f64(), |second| second.at_s);
    ramp.bins.last().map_or(0.0, |last| last.at_s + length)
}

/// Seconds of a ramp in which something happens.
fn interesting(ramp: &Ramp) -> f64 {
    ramp.to_99.map_or(f64::INFINITY, |reached| reached.seconds * DRAWN)
}

/// The hit rate in each character's time; nothing where nothing was read.
fn rates(ramp: &Ramp, seconds: f64) -> Vec<Option<f64>> {
    let mut sums = vec![(0, 0); WIDTH];
    for bin in &ramp.bins {
        let place = (bin.at_s / seconds * WIDTH as f64 + 1e-9) as usize;
        if let Some((reads, hits)) = sums.get_mut(place) {
            (*reads, *hits) = (*reads + bin.reads, *hits + bin.hits);
        }
    }
    // Where bins are longer than characters, a character shows that of the one before.
    let mut last = None;
    let rates = sums.into_iter().map(|(reads, hits)| {
        last = if reads > 0 { Some(hits as f64 / reads as f64) } else { last };
        last
    });
    rates.collect()
}

/// Rates as bars.
fn line(rates: &[Option<f64>]) -> String {
    rates.iter().map(|rate| rate.map_or(' ', |rate| bar(rate, rate))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::RampBin;

    fn ramp(hits: &[u64], length: f64) -> Ramp {
        let bin = |(place, &hits)| RampBin {
            at_s: place as f64 * length,
            reads_before: 0,
            reads: 100,
            hits,
            loads: 0,
        };
        Ramp { bins: hits.iter().enumerate().map(bin).collect(), ..Ramp::default() }
    }

    #[test]
    fn the_hit_rate_climbs_from_left_to_right() {
        let hits: Vec<u64> = (0..100).collect();
        let plot = line(&rates(&ramp(&hits, 0.1), 10.0));
        assert_eq!(plot.chars().count(), WIDTH);
        assert!(plot.starts_with('▁') && plot.ends_with('█'), "{plot}");
        assert!(plot.chars().is_sorted(), "{plot}");
    }

    #[test]
    fn long_bins_fill_their_characters_and_short_ramps_the_rest() {
        let plot = line(&rates(&ramp(&[0, 50, 100], 1.0), 5.0));
        let expected = " ".repeat(10) + &"▄".repeat(10) + &"█".repeat(30);
        assert_eq!(plot, expected);
        assert_eq!(span(&ramp(&[0, 50, 100], 1.0)), 3.0);
        assert_eq!((interesting(&ramp(&[0], 1.0)), span(&Ramp::default())), (f64::INFINITY, 0.0));
    }
}
