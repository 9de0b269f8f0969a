use std::time::Duration;

use crate::model::Rate;

/// The rate of an open load over time: straight lines one after the other, and what follows the last of them.
#[derive(Clone, Debug)]
pub struct Rates {
    pieces: Vec<Piece>,
    /// The length of all pieces, in seconds.
    seconds: f64,
    /// Arrivals expected in all pieces.
    arrivals: f64,
    after: After,
}

/// What follows the last piece.
#[derive(Clone, Copy, Debug)]
enum After {
    /// One rate, without end.
    Steady(f64),
    /// All pieces again.
    Again,
}

/// A line with where it begins, in seconds and in expected arrivals.
#[derive(Clone, Copy, Debug)]
struct Piece {
    start: f64,
    line: Line,
    arrivals_before: f64,
}

/// A stretch of time over which the rate runs straight.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line {
    pub seconds: f64,
    /// Arrivals per second at its start, and at its end.
    pub from: f64,
    pub to: f64,
}

impl Line {
    /// Arrivals expected in the first `seconds` of it.
    fn arrivals(&self, seconds: f64) -> f64 {
        let inside = seconds.clamp(0.0, self.seconds);
        // A line without length holds nothing, whatever its rates.
        let share = if self.seconds > 0.0 { inside / self.seconds } else { 0.0 };
        (self.from + (self.to - self.from) * share / 2.0) * inside
    }

    /// The time at which `arrivals` are expected since the line began: the root of
    /// `from t + (to - from) t² / 2s = arrivals`, in the form that stays exact for a flat line.
    fn time_of(&self, arrivals: f64) -> f64 {
        let slope = if self.seconds > 0.0 { (self.to - self.from) / self.seconds } else { 0.0 };
        let root = (self.from * self.from + 2.0 * slope * arrivals).max(0.0).sqrt();
        let time = 2.0 * arrivals / (self.from + root);
        if time.is_finite() { time } else { 0.0 }
    }
}

impl Rates {
    /// One rate, without end.
    pub fn steady(rate: Rate) -> Rates {
        Rates { pieces: Vec::new(), seconds: 0.0, arrivals: 0.0, after: After::Steady(rate.0) }
    }

    /// These lines, then the rate at the end of the last.
    pub(super) fn through(lines: impl IntoIterator<Item = Line>) -> Rates {
        let mut rates = Rates::steady(Rate(0.0));
        for line in lines {
            rates.pieces.push(Piece { start: rates.seconds, line, arrivals_before: rates.arrivals });
            rates.seconds += line.seconds;
            rates.arrivals += line.arrivals(line.seconds);
            rates.after = After::Steady(line.to);
        }
        rates
    }

    /// These lines, over and over.
    pub(super) fn again_and_again(lines: impl IntoIterator<Item = Line>) -> Rates {
        let rates = Rates::through(lines);
        let after = if rates.arrivals > 0.0 { After::Again } else { After::Steady(0.0) };
        Rates { after, ..rates }
    }

    /// How long they take; nothing where they have no end of their own.
    pub fn length(&self) -> Option<Duration> {
        let has_end = matches!(self.after, After::Steady(_)) && !self.pieces.is_empty();
        has_end.then(|| Duration::try_from_secs_f64(self.seconds).unwrap_or(Duration::MAX))
    }

    /// Arrivals expected in the first `window`: the integral of the rate.
    pub fn expected(&self, window: Duration) -> f64 {
        let end = window.as_secs_f64();
        match self.after {
            After::Steady(rate) => self.arrivals_by(end) + (end - self.seconds).max(0.0) * rate,
            After::Again => {
                let turns = (end / self.seconds).floor();
                turns * self.arrivals + self.arrivals_by(end - turns * self.seconds)
            }
        }
    }

    /// When so many arrivals are expected, in seconds: the inverse of [`Rates::expected`].
    /// Nothing where the rate stays 0 before.
    pub(super) fn time_of(&self, arrivals: f64) -> Option<f64> {
        match self.after {
            After::Steady(rate) if arrivals > self.arrivals || self.pieces.is_empty() => {
                (rate > 0.0).then(|| self.seconds + (arrivals - self.arrivals) / rate)
            }
            After::Steady(_) => Some(self.time_within(arrivals)),
            After::Again => {
                // What falls on the seam belongs to the turn that ends there.
                let turns = ((arrivals / self.arrivals).ceil() - 1.0).max(0.0);
                Some(turns * self.seconds + self.time_within(arrivals - turns * self.arrivals))
            }
        }
    }

    /// Arrivals expected in the pieces up to a time, in seconds.
    fn arrivals_by(&self, end: f64) -> f64 {
        let begun = self.pieces.partition_point(|piece| piece.start <= end);
        let last = begun.checked_sub(1).map(|last| &self.pieces[last]);
        last.map_or(0.0, |piece| piece.arrivals_before + piece.line.arrivals(end - piece.start))
    }

    /// When so many arrivals are expected, all of which fall into the pieces; there is at least one piece.
    fn time_within(&self, arrivals: f64) -> f64 {
        let begun = self.pieces.partition_point(|piece| piece.arrivals_before < arrivals);
        let piece = &self.pieces[begun.saturating_sub(1)];
        piece.start + piece.line.time_of(arrivals - piece.arrivals_before)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(seconds: f64, from: f64, to: f64) -> Line {
        Line { seconds, from, to }
    }

    #[test]
    fn the_time_of_the_expected_arrivals_is_the_time() {
        let lines =
            [line(4.0, 0.0, 10.0), line(0.0, 10.0, 30.0), line(2.0, 30.0, 30.0), line(3.0, 30.0, 5.0)];
        for rates in [Rates::through(lines), Rates::again_and_again(lines), Rates::steady(Rate(7.0))] {
            for tenth in 1..300 {
                let time = f64::from(tenth) / 10.0;
                let arrivals = rates.expected(Duration::from_secs_f64(time));
                let back = rates.time_of(arrivals).unwrap();
                assert!((back - time).abs() < 1e-6, "{time} s came back as {back} s");
            }
        }
    }

    #[test]
    fn only_what_goes_on_has_no_length() {
        let lines = [line(1.5, 2.0, 2.0)];
        assert_eq!(Rates::through(lines).length(), Some(Duration::from_millis(1_500)));
        assert_eq!(Rates::again_and_again(lines).length(), None);
        assert_eq!(Rates::steady(Rate(1.0)).length(), None);
    }

    #[test]
    fn a_rate_that_stays_0_has_no_further_arrival() {
        let rates = Rates::through([line(2.0, 5.0, 5.0), line(1.0, 0.0, 0.0)]);
        assert_eq!(rates.time_of(10.0), Some(2.0));
        assert_eq!(rates.time_of(10.5), None);
        assert_eq!(Rates::again_and_again([line(1.0, 0.0, 0.0)]).time_of(1.0), None);
    }
}
