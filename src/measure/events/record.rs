use std::time::Duration;

use hdrhistogram::Histogram;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::PoisonError;
use std::sync::atomic::Ordering::Relaxed;

use super::{Consumer, Events, Followed};
use crate::measure::latencies::{add, histogram};
use crate::measure::{Metrics, TallyCounts, Unit};
use crate::model::Moment;

/// Which copies of rows a consumer has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Those of a service in the cache that its instances share.
    #[default]
    Cache,
    /// Those in the near cache of one instance.
    Near,
}

impl Level {
    pub fn name(self) -> &'static str {
        match self {
            Level::Cache => "cache",
            Level::Near => "near",
        }
    }
}

/// What an event is to be held against.
#[derive(Clone, Copy, Debug, Default)]
pub struct Coverage {
    /// Whether each consumer is to hear of each write; else of those rows only that it has.
    pub is_whole: bool,
    /// How long a copy lives that no event takes out, by level; nothing for ever.
    pub cache_ttl: Option<Duration>,
    pub near_ttl: Option<Duration>,
}

/// How one consumer learned of the writes of others.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ConsumerRecord {
    pub level: Level,
    /// Of the service, or of the instance, from 0.
    pub number: usize,
    /// Writes that it was to hear of.
    pub events: u64,
    /// Events that came, those that came again included: twice to one instance, or to another of the same service.
    pub heard: u64,
    pub again: u64,
    /// Events that a fault kept from it.
    pub dropped: u64,
    /// Writes that it never heard of; nothing where it is told of rows only that it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missed: Option<u64>,
    /// Entries that it took out.
    pub keys: u64,
    /// Connections that broke and were replaced.
    pub reconnects: u64,
    /// Times that it threw away everything, since it may have missed events.
    pub flushes: u64,
    /// Seconds in which at least one event was on its way or lost, and what it makes old not beyond its TTL: it may have
    /// served old rows. Nothing where it is not told of every write.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub out_of_sync_s: Option<f64>,
    /// The longest such time for one event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub longest_out_of_sync_s: Option<f64>,
    /// From the commit until it was applied, in microseconds: the median, the 99th percentile, the longest.
    pub lag_p50_us: f64,
    pub lag_p99_us: f64,
    pub lag_max_us: f64,
    /// Seconds from the start of the measured phase to the commit of the first and of the last write that it missed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missed_from_s: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missed_to_s: Option<f64>,
    /// Between these two, writes that it did hear of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heard_between: Option<u64>,
}

/// How the writes of a measurement were told.
pub struct EventsSummary {
    pub consumers: Vec<ConsumerRecord>,
    published: u64,
    unpublished: u64,
    committed: u64,
    lags: Histogram<u64>,
}

impl Events {
    /// What became of the events since the last restart, which was the start of the measured phase.
    pub fn summary(&self, coverage: Coverage) -> EventsSummary {
        self.summary_from(coverage, Moment::now(), Moment::now())
    }

    /// As [`Events::summary`], for a phase that began at `start` and was over, the drain included, at `end`.
    pub fn summary_from(&self, coverage: Coverage, start: Moment, end: Moment) -> EventsSummary {
        let stripes: Vec<_> =
            self.stripes.iter().map(|it| it.lock().unwrap_or_else(PoisonError::into_inner)).collect();
        let all = || stripes.iter().flat_map(|rows| rows.values().flatten());
        let mut committed: Vec<(Moment, &Followed)> =
            all().filter_map(|followed| Some((followed.committed?, followed))).collect();
        committed.sort_by_key(|(at, _)| *at);
        let mut lags = histogram();
        let consumers = self.consumers.iter().enumerate().map(|(place, consumer)| {
            let following = Following { place, consumer, coverage, start, end };
            let (record, of_it) = following.record(&committed);
            add(&mut lags, &of_it);
            record
        });
        let consumers = consumers.collect();
        let (published, unpublished) = (self.published.load(Relaxed), self.unpublished.load(Relaxed));
        EventsSummary { consumers, published, unpublished, committed: committed.len() as u64, lags }
    }
}

/// One consumer, as it is summed up.
struct Following<'a> {
    place: usize,
    consumer: &'a Consumer,
    coverage: Coverage,
    start: Moment,
    end: Moment,
}

impl Following<'_> {
    /// Its record, and the lags of what it applied, in nanoseconds.
    fn record(&self, committed: &[(Moment, &Followed)]) -> (ConsumerRecord, Histogram<u64>) {
        let consumer = self.consumer;
        let flushes = consumer.flushes.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut lags, mut missed) = (histogram(), Vec::new());
        let (mut out_of_sync, mut longest, mut until) = (0, 0, self.start);
        for &(at, followed) in committed {
            let applied = followed.applied[self.place];
            if let Some(applied) = applied {
                lags.saturating_record(applied.since(at));
            }
            if applied.is_none() && !self.coverage.is_whole {
                continue;
            }
            let flushed = flushes.iter().copied().find(|flush| *flush >= at);
            let expired = self.ttl().map(|ttl| at + ttl);
            let closed =
                [applied, flushed, expired, Some(self.end)].into_iter().flatten().min().unwrap_or(at);
            longest = longest.max(closed.since(at));
            // In the order of their commits: what overlaps with what was before counts once.
            out_of_sync += closed.since(at.max(until));
            until = until.max(closed);
            if applied.is_none() {
                missed.push(at);
            }
        }
        let is_whole = self.coverage.is_whole;
        let seconds = |ns: u64| is_whole.then_some(ns as f64 / 1e9);
        let since_start = |at: Option<&Moment>| at.map(|at| at.since(self.start) as f64 / 1e9);
        let span = missed.first().zip(missed.last()).map(|(first, last)| {
            let within = committed.iter().filter(|(at, _)| at >= first && at <= last).count();
            (within - missed.len()) as u64
        });
        let us = |quantile| lags.value_at_quantile(quantile) as f64 / 1e3;
        let record = ConsumerRecord {
            level: consumer.level,
            number: consumer.number,
            events: committed.len() as u64,
            heard: consumer.heard.load(Relaxed),
            again: consumer.again.load(Relaxed),
            dropped: consumer.dropped.load(Relaxed),
            missed: is_whole.then_some(missed.len() as u64),
            keys: consumer.keys.load(Relaxed),
            reconnects: consumer.reconnects.load(Relaxed),
            flushes: flushes.len() as u64,
            out_of_sync_s: seconds(out_of_sync),
            longest_out_of_sync_s: seconds(longest),
            lag_p50_us: us(0.5),
            lag_p99_us: us(0.99),
            lag_max_us: lags.max() as f64 / 1e3,
            missed_from_s: since_start(missed.first()),
            missed_to_s: since_start(missed.last()),
            heard_between: span,
        };
        (record, lags)
    }

    /// How long an old copy may live: one in a near cache may have come there from an old entry behind it.
    fn ttl(&self) -> Option<Duration> {
        let Coverage { cache_ttl, near_ttl, .. } = self.coverage;
        match self.consumer.level {
            Level::Cache => cache_ttl,
            Level::Near => Some(near_ttl? + cache_ttl?),
        }
    }
}

impl EventsSummary {
    /// Tells what was measured, if anybody was to hear anything; what was sent carried the events.
    pub fn tell(&self, metrics: &mut Metrics, sent: &TallyCounts) {
        if self.consumers.is_empty() {
            return;
        }
        let sum = |of: fn(&ConsumerRecord) -> u64| self.consumers.iter().map(of).sum::<u64>() as f64;
        let most =
            |of: fn(&ConsumerRecord) -> Option<f64>| self.consumers.iter().filter_map(of).reduce(f64::max);
        let per_write = |count: f64| count / self.committed as f64;
        let heard = sum(|record| record.heard);
        metrics.put("events.published", self.published as f64, Unit::Count);
        metrics.put("events.unpublished", self.unpublished as f64, Unit::Count);
        metrics.put("events.heard", heard, Unit::Count);
        metrics.put("events.again", sum(|record| record.again), Unit::Count);
        metrics.put("events.dropped", sum(|record| record.dropped), Unit::Count);
        if self.consumers.iter().any(|record| record.missed.is_some()) {
            metrics.put("events.missed", sum(|record| record.missed.unwrap_or(0)), Unit::Count);
        }
        metrics.put("events.reconnects", sum(|record| record.reconnects), Unit::Count);
        metrics.put("events.carriers_replaced", sent.event_reconnects as f64, Unit::Count);
        metrics.put("events.flushes", sum(|record| record.flushes), Unit::Count);
        metrics.put("events.per_write", per_write(heard), Unit::Ratio);
        metrics.put("events.keys_per_event", sum(|record| record.keys) / heard, Unit::Ratio);
        metrics.put("events.cache_commands_per_write", per_write(sent.event_commands as f64), Unit::Ratio);
        metrics.put("events.db_queries_per_write", per_write(sent.event_queries as f64), Unit::Ratio);
        if let Some(seconds) = most(|record| record.out_of_sync_s) {
            metrics.put("events.out_of_sync", seconds, Unit::S);
        }
        if let Some(seconds) = most(|record| record.longest_out_of_sync_s) {
            metrics.put("events.longest_out_of_sync", seconds, Unit::S);
        }
        if !self.lags.is_empty() {
            metrics.put_latency("events.lag", &self.lags);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Tally;
    use crate::model::Event;

    #[test]
    fn what_is_never_heard_is_missed_and_out_of_sync_until_its_ttl_or_a_flush() {
        let events = Events::new(1, 1);
        let start = Moment::now();
        for version in 2..=11 {
            events.committed(version % 3, version);
        }
        for version in [2, 3, 4, 10, 11] {
            events.applied(0, Event::new(version % 3, version), 1);
        }
        events.flushed(1);
        let end = Moment::now() + Duration::from_secs(60);
        let ttl = Some(Duration::from_secs(10));
        let coverage = Coverage { is_whole: true, cache_ttl: ttl, near_ttl: ttl };
        let told = events.summary_from(coverage, start, end);
        let (cache, near) = (&told.consumers[0], &told.consumers[1]);
        assert_eq!((cache.missed, cache.events, cache.heard_between), (Some(5), 10, Some(0)));
        assert_eq!((near.missed, near.flushes), (Some(10), 1));
        assert!(cache.longest_out_of_sync_s.unwrap() == 10.0 && cache.out_of_sync_s.unwrap() < 10.5);
        assert!(near.longest_out_of_sync_s.unwrap() < 10.0, "the flush came first");
        let partly = events.summary_from(Coverage { is_whole: false, ..coverage }, start, end);
        assert_eq!((partly.consumers[0].missed, partly.consumers[0].out_of_sync_s), (None, None));
        let mut metrics = Metrics::default();
        let tally = Tally::default();
        (0..20).for_each(|_| tally.event_command());
        told.tell(&mut metrics, &tally.counts());
        let of = |name: &str| metrics.get(name).unwrap();
        assert_eq!(
            [of("events.missed"), of("events.heard"), of("events.cache_commands_per_write")],
            [15.0, 5.0, 2.0]
        );
    }
}
