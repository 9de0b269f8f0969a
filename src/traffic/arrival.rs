use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Random, Stream};
use crate::model::{Rate, Time};

/// How the arrivals of an open loop are spread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Arrival {
    /// Independent arrivals: exponential gaps, as from many users.
    #[default]
    Poisson,
    /// Evenly spaced.
    Constant,
}

/// A stretch of time over which the rate runs linearly from `from` to `to`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Stage {
    /// How long it lasts.
    pub duration: Time,
    /// Operations per second at its start; the previous stage's end where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Rate>,
    /// Operations per second at its end.
    pub to: Rate,
}

/// The intended start of every ticket, in order: absolute offsets from the start of the run.
///
/// Arrivals are the points of a unit-rate process carried through the inverse of the integrated rate,
/// so ramps keep their Poisson character and nothing drifts.
#[derive(Clone)]
pub struct Schedule {
    stages: Vec<Piece>,
    last_rate: f64,
    arrival: Arrival,
    random: Random,
    /// Unit-rate time of the last arrival.
    unit_time: f64,
    piece: usize,
}

/// A stage with where it begins, in seconds and in expected arrivals.
#[derive(Clone)]
struct Piece {
    start: f64,
    seconds: f64,
    from: f64,
    to: f64,
    arrivals_before: f64,
}

impl Piece {
    fn arrivals(&self) -> f64 {
        (self.from + self.to) / 2.0 * self.seconds
    }

    /// The time at which `arrivals` are expected since the piece began: the root of
    /// `from t + (to - from) t² / 2s = arrivals`, in the form that stays exact for a flat piece.
    fn time_of(&self, arrivals: f64) -> f64 {
        let slope = if self.seconds > 0.0 { (self.to - self.from) / self.seconds } else { 0.0 };
        let root = (self.from * self.from + 2.0 * slope * arrivals).max(0.0).sqrt();
        let time = 2.0 * arrivals / (self.from + root);
        if time.is_finite() { self.start + time } else { self.start }
    }
}

impl Schedule {
    /// Arrivals at one rate, without end.
    pub fn steady(rate: Rate, arrival: Arrival, seed: u64) -> Schedule {
        Schedule::new(&[], rate.0, arrival, seed)
    }

    /// Arrivals through the stages, then at the rate of the last one's end.
    pub fn staged(stages: &[Stage], arrival: Arrival, seed: u64) -> Schedule {
        let last = stages.last().map_or(0.0, |stage| stage.to.0);
        Schedule::new(stages, last, arrival, seed)
    }

    fn new(stages: &[Stage], last_rate: f64, arrival: Arrival, seed: u64) -> Schedule {
        let mut pieces = Vec::with_capacity(stages.len() + 1);
        let (mut start, mut before, mut rate) = (0.0, 0.0, None);
        for stage in stages {
            let piece = Piece {
                start,
                seconds: stage.duration.0.as_secs_f64(),
                from: stage.from.map(|rate| rate.0).or(rate).unwrap_or(stage.to.0),
                to: stage.to.0,
                arrivals_before: before,
            };
            start += piece.seconds;
            before += piece.arrivals();
            rate = Some(piece.to);
            pieces.push(piece);
        }
        pieces.push(Piece {
            start,
            seconds: f64::INFINITY,
            from: last_rate,
            to: last_rate,
            arrivals_before: before,
        });
        let random = Random::new(seed, Stream::Arrival, 0);
        Schedule { stages: pieces, last_rate, arrival, random, unit_time: 0.0, piece: 0 }
    }

    /// The length of all stages together; zero for a steady schedule.
    pub fn length(stages: &[Stage]) -> Duration {
        stages.iter().map(|stage| stage.duration.0).sum()
    }

    /// Arrivals expected in the first `window` of the schedule.
    pub fn expected(&self, window: Duration) -> f64 {
        let end = window.as_secs_f64();
        self.stages
            .iter()
            .map(|piece| {
                let inside = (end - piece.start).clamp(0.0, piece.seconds);
                if piece.seconds.is_infinite() {
                    return inside * piece.from;
                }
                let rate_at_end = piece.from + (piece.to - piece.from) * inside / piece.seconds;
                (piece.from + rate_at_end) / 2.0 * inside
            })
            .sum()
    }
}

impl Iterator for Schedule {
    type Item = Duration;

    /// The intended start of the next ticket; ends where the rate stays 0.
    fn next(&mut self) -> Option<Duration> {
        self.unit_time += match self.arrival {
            Arrival::Poisson => -self.random.unit().ln(),
            Arrival::Constant => 1.0,
        };
        while self.piece + 1 < self.stages.len()
            && self.unit_time > self.stages[self.piece + 1].arrivals_before
        {
            self.piece += 1;
        }
        if self.piece + 1 == self.stages.len() && self.last_rate <= 0.0 {
            return None;
        }
        let piece = &self.stages[self.piece];
        Duration::try_from_secs_f64(piece.time_of(self.unit_time - piece.arrivals_before)).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stage(seconds: u64, from: f64, to: f64) -> Stage {
        Stage { duration: Time(Duration::from_secs(seconds)), from: Some(Rate(from)), to: Rate(to) }
    }

    #[test]
    fn constant_arrivals_are_evenly_spaced() {
        let times: Vec<_> = Schedule::steady(Rate(1_000.0), Arrival::Constant, 1).take(3).collect();
        assert_eq!(times, [1, 2, 3].map(Duration::from_millis));
    }

    #[test]
    fn poisson_gaps_are_exponential() {
        let n = 100_000;
        let mut last = 0.0;
        let mut gaps: Vec<f64> = Schedule::steady(Rate(50_000.0), Arrival::Poisson, 1)
            .take(n)
            .map(|time| {
                let gap = time.as_secs_f64() - last;
                last = time.as_secs_f64();
                gap
            })
            .collect();
        gaps.sort_by(f64::total_cmp);
        let distance = gaps
            .iter()
            .enumerate()
            .map(|(i, gap)| (1.0 - (-gap * 50_000.0).exp() - (i as f64 + 0.5) / n as f64).abs())
            .fold(0.0, f64::max);
        assert!(distance < 0.01, "Kolmogorov-Smirnov distance {distance}");
    }

    #[test]
    fn a_ramp_offers_the_area_under_it() {
        let stages = [stage(10, 0.0, 1_000.0), stage(5, 1_000.0, 1_000.0), stage(1, 1_000.0, 0.0)];
        let schedule = Schedule::staged(&stages, Arrival::Constant, 1);
        assert_eq!(schedule.expected(Duration::from_secs(16)).round(), 10_500.0);
        let times: Vec<_> = schedule.collect();
        assert_eq!(times.len(), 10_500);
        let first_half = times.iter().filter(|time| time.as_secs_f64() <= 5.0).count();
        assert_eq!(first_half, 1_250);
        assert!(times.is_sorted());
    }

    #[test]
    fn a_stage_starts_where_the_last_one_ended() {
        let follow = Stage { duration: Time(Duration::from_secs(10)), from: None, to: Rate(300.0) };
        let schedule = Schedule::staged(&[stage(1, 100.0, 100.0), follow], Arrival::Constant, 1);
        assert_eq!(schedule.expected(Duration::from_secs(11)).round(), 2_100.0);
    }
}
