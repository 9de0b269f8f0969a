use std::ops::Range;

use hdrhistogram::Histogram;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::latencies::{add, histogram};
use super::{IntervalLog, Metrics, Unit, Window};

/// What the cache held and gave up while it was measured, by the moments at which it was asked: one column a number.
///
/// A server that does not answer for a while leaves a gap.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Pressure {
    /// Seconds from the start of the measured phase.
    pub at_s: Vec<f64>,
    /// Keys held.
    pub entries: Vec<u64>,
    /// Keys evicted since the first reading.
    pub evicted: Vec<u64>,
    /// Keys expired since the first reading.
    pub expired: Vec<u64>,
    /// Bytes in use, as the limit counts them.
    pub used_memory: Vec<u64>,
    /// Bytes that the system has given to the process.
    pub rss: Vec<u64>,
    /// The one by the other.
    pub fragmentation: Vec<f64>,
    /// Whether keys had been evicted before the first reading.
    pub had_evicted: bool,
}

/// One reading. Evicted and expired keys are counted from the start of the server.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Reading {
    pub at_s: f64,
    pub entries: u64,
    pub evicted: u64,
    pub expired: u64,
    pub used_memory: u64,
    pub rss: u64,
    pub fragmentation: f64,
}

impl Pressure {
    /// Readings that are kept at most.
    pub const MOST: usize = 400;

    /// Adds a reading; `before` is the one before it, whose counts it goes on from.
    pub fn push(&mut self, reading: Reading, before: Option<&Reading>) {
        // A server that was started again has counted from 0 since.
        let grown = |now: u64, before: u64| if now >= before { now - before } else { now };
        let (evicted, expired) = before.map_or((0, 0), |before| {
            (grown(reading.evicted, before.evicted), grown(reading.expired, before.expired))
        });
        self.had_evicted |= before.is_none() && reading.evicted > 0;
        self.at_s.push((reading.at_s * 1e3).round() / 1e3);
        self.entries.push(reading.entries);
        self.evicted.push(self.evicted.last().unwrap_or(&0) + evicted);
        self.expired.push(self.expired.last().unwrap_or(&0) + expired);
        self.used_memory.push(reading.used_memory);
        self.rss.push(reading.rss);
        self.fragmentation.push(reading.fragmentation);
    }

    pub fn len(&self) -> usize {
        self.at_s.len()
    }

    pub fn is_empty(&self) -> bool {
        self.at_s.is_empty()
    }

    /// Forgets every second reading.
    pub fn thin(&mut self) {
        fn every_second<T: Copy>(column: &mut Vec<T>) {
            *column = column.iter().copied().step_by(2).collect();
        }
        every_second(&mut self.at_s);
        every_second(&mut self.fragmentation);
        let counts = [&mut self.entries, &mut self.evicted, &mut self.expired];
        let bytes = [&mut self.used_memory, &mut self.rss];
        counts.into_iter().chain(bytes).for_each(every_second);
    }

    /// Adds what the readings of a measurement of so many seconds come to.
    pub fn tell(&self, metrics: &mut Metrics, elapsed_s: f64, windows: &[Window], log: &IntervalLog) {
        // A cache that is still filling holds less than it can.
        let full = self.half(elapsed_s).filter(|&at| self.evicted[at] > 0 || self.had_evicted);
        let full: Vec<u64> = full.map(|at| self.entries[at]).collect();
        let late: Vec<u64> = match full.is_empty() {
            true => self.half(elapsed_s).map(|at| self.entries[at]).collect(),
            false => full,
        };
        metrics.put("cache.entries", late.iter().sum::<u64>() as f64 / late.len() as f64, Unit::Count);
        if let Some(last) = self.fragmentation.last() {
            metrics.put("cache.fragmentation", *last, Unit::Ratio);
        }
        let (Some(first), Some(last)) = (self.at_s.first(), self.at_s.last()) else { return };
        let evicted = *self.evicted.last().unwrap_or(&0);
        metrics.put("cache.evictions_per_s", evicted as f64 / (last - first), Unit::PerS);
        metrics.put("cache.evictions_per_s.max", self.peak(), Unit::PerS);
        if evicted > 0 {
            if let Some(at_s) = self.first_eviction_s() {
                metrics.put("cache.first_eviction", at_s * 1e6, Unit::Us);
            }
            self.tell_latencies(metrics, windows, log);
        }
    }

    /// The readings of the second half.
    fn half(&self, elapsed_s: f64) -> Range<usize> {
        self.at_s.partition_point(|&at| at < elapsed_s / 2.0)..self.len()
    }

    /// The most evictions a second between two readings.
    fn peak(&self) -> f64 {
        let rate = |at: usize| {
            let seconds = self.at_s[at] - self.at_s[at - 1];
            // Two readings at once say nothing of a rate.
            if seconds < 0.01 { 0.0 } else { (self.evicted[at] - self.evicted[at - 1]) as f64 / seconds }
        };
        (1..self.len()).map(rate).fold(0.0, f64::max)
    }

    /// When a reading first saw keys evicted; nothing if they had been before.
    fn first_eviction_s(&self) -> Option<f64> {
        let first = self.evicted.iter().position(|&evicted| evicted > 0)?;
        (!self.had_evicted).then(|| self.at_s[first])
    }

    /// Keys evicted within a stretch of time, by the readings around it.
    fn evicted_in(&self, seconds: Range<f64>) -> u64 {
        let before = self.at_s.partition_point(|&at| at <= seconds.start).saturating_sub(1);
        let after = self.at_s.partition_point(|&at| at < seconds.end).min(self.len().saturating_sub(1));
        self.evicted.get(after).unwrap_or(&0) - self.evicted.get(before).unwrap_or(&0)
    }

    /// Response times of reads, apart for the windows in which keys were evicted and those in which none was.
    fn tell_latencies(&self, metrics: &mut Metrics, windows: &[Window], log: &IntervalLog) {
        let (mut evicting, mut calm) = (histogram(), histogram());
        for (index, window) in windows.iter().enumerate() {
            let Some(reads) = log.reads(index) else { continue };
            let is_calm = self.evicted_in(window.at_s..window.at_s + window.length_s) == 0;
            add(if is_calm { &mut calm } else { &mut evicting }, &reads);
        }
        let mut put = |name: &str, times: &Histogram<u64>| {
            if !times.is_empty() {
                metrics.put_latency(&format!("{name}.read.response"), times);
            }
        };
        put("evicting", &evicting);
        put("calm", &calm);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::measure::recorder::took;
    use crate::measure::{Observation, Recorder, TallyCounts};
    use crate::model::{Kind, Served};

    fn pressure(readings: &[(f64, u64, u64)]) -> Pressure {
        let mut pressure = Pressure::default();
        let mut before = None;
        for &(at_s, entries, evicted) in readings {
            let reading = Reading { at_s, entries, evicted, fragmentation: 1.5, ..Reading::default() };
            pressure.push(reading, before.as_ref());
            before = Some(reading);
        }
        pressure
    }

    /// Windows of a second, each with reads of its own length in milliseconds.
    fn windows(lengths_ms: &[u64]) -> (Vec<Window>, IntervalLog) {
        let (mut windows, mut log) = (Vec::new(), IntervalLog::default());
        let second = Duration::from_secs(1);
        for (index, &ms) in lengths_ms.iter().enumerate() {
            let mut recorder = Recorder::default();
            let (seen, timing) =
                (Observation::of(Kind::Read, Ok(Some(Served::Hit))), took(Duration::from_millis(ms)));
            (0..20_000).for_each(|_| recorder.record(seen, timing));
            windows.push(Window::of(second * index as u32, second, &recorder, &TallyCounts::default()));
            log.append(second * index as u32, second, &recorder);
        }
        (windows, log)
    }

    #[test]
    fn evictions_are_counted_from_the_first_reading_and_over_a_restart() {
        let seen = pressure(&[(0.0, 10, 100), (0.25, 12, 100), (0.5, 14, 150), (0.75, 1, 5), (1.0, 2, 5)]);
        assert_eq!(seen.evicted, [0, 0, 50, 55, 55]);
        let mut metrics = Metrics::default();
        seen.tell(&mut metrics, 1.0, &[], &IntervalLog::default());
        let get = |name: &str| metrics.get(name).unwrap();
        assert_eq!((get("cache.evictions_per_s"), get("cache.evictions_per_s.max")), (55.0, 200.0));
        assert!((get("cache.entries") - 17.0 / 3.0).abs() < 1e-9, "the second half alone");
        assert_eq!((get("cache.fragmentation"), metrics.get("cache.first_eviction")), (1.5, None));
    }

    #[test]
    fn without_evictions_there_is_neither_a_first_one_nor_a_latency_of_them() {
        let (windows, log) = windows(&[1, 1]);
        let mut metrics = Metrics::default();
        pressure(&[(0.0, 5, 0), (1.0, 7, 0), (2.0, 7, 0)]).tell(&mut metrics, 2.0, &windows, &log);
        assert_eq!(
            (metrics.get("cache.entries"), metrics.get("cache.evictions_per_s")),
            (Some(7.0), Some(0.0))
        );
        assert_eq!(
            metrics.iter().filter(|(name, _)| name.contains("evicti") && !name.contains("per_s")).count(),
            0
        );
        let mut metrics = Metrics::default();
        Pressure::default().tell(&mut metrics, 2.0, &windows, &log);
        assert_eq!(metrics.iter().count(), 0);
    }

    #[test]
    fn reads_are_told_apart_by_whether_their_window_saw_an_eviction() {
        let (windows, log) = windows(&[1, 2, 40, 2]);
        let readings =
            [(0.01, 9, 0), (1.0, 9, 0), (2.0, 9, 0), (2.4, 9, 0), (2.6, 9, 8), (3.0, 9, 8), (4.0, 9, 8)];
        let mut metrics = Metrics::default();
        pressure(&readings).tell(&mut metrics, 4.0, &windows, &log);
        let ms = |name: &str| (metrics.get(name).unwrap() / 1_000.0).round();
        assert_eq!((ms("evicting.read.response.p50"), ms("evicting.read.response.max")), (40.0, 40.0));
        assert_eq!((ms("calm.read.response.p50"), ms("calm.read.response.p99")), (2.0, 2.0));
        assert_eq!(metrics.get("cache.first_eviction"), Some(2.6e6));
        let known = crate::measure::names();
        for (name, metric) in metrics.iter() {
            assert!(known.contains(&(name.to_owned(), metric.unit)), "{name}");
        }
    }

    #[test]
    fn thinning_keeps_the_columns_alike() {
        let mut seen = pressure(&[(0.0, 1, 0), (1.0, 2, 3), (2.0, 3, 6), (3.0, 4, 9), (4.0, 5, 12)]);
        seen.thin();
        assert_eq!(
            (&seen.at_s[..], &seen.entries[..], &seen.evicted[..]),
            (&[0.0, 2.0, 4.0][..], &[1, 3, 5][..], &[0, 6, 12][..])
        );
        assert!(
            [seen.expired.len(), seen.used_memory.len(), seen.rss.len(), seen.fragmentation.len()] == [3; 4]
        );
    }
}
