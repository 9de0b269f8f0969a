use std::collections::BTreeMap;
use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, text};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

use crate::measure::{Metrics, PERCENTILES, Window};
use crate::model::Kind;

/// What OpenMetrics text is called where its type is asked for.
pub const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// What a run has told of itself so far.
#[derive(Clone, Debug, Default)]
pub struct Running {
    version: String,
    workload: String,
    /// The cell under way, as tables call it.
    cell: String,
    /// The measurement under way, from 1, and how many there are.
    order: usize,
    total: usize,
    pub phase: &'static str,
    /// Measurements that have ended, by their status.
    pub measured: BTreeMap<&'static str, u64>,
    /// Faults that have begun, by what was done.
    pub faults: BTreeMap<String, u64>,
    /// What the newest window saw.
    window: Metrics,
    /// By cell, the sums of what windows counted, by their metrics.
    sums: BTreeMap<String, BTreeMap<&'static str, u64>>,
}

/// Counts that are added up over the windows: the name, the metric, and what it is.
const COUNTS: &[[&str; 3]] = &[
    ["cachebench_operations", "operations", "Operations, warm-up included"],
    ["cachebench_failures", "failures", "Operations that failed"],
    ["cachebench_stale_reads", "stale_reads", "Reads that returned an older version than the newest"],
    ["cachebench_database_queries", "db.queries", "Statements that were sent to the database"],
    ["cachebench_database_reads", "db.reads", "Reads of rows that were sent to the database"],
    ["cachebench_cache_commands", "cache.commands", "Commands that were sent to the cache"],
];

/// Shares of the newest window.
const SHARES: &[[&str; 3]] = &[
    ["cachebench_hit_rate", "hit_rate", "Reads that a cache answered"],
    ["cachebench_failure_rate", "failure_rate", "Operations that failed"],
    ["cachebench_stale_rate", "stale_rate", "Reads that returned an older version than the newest"],
];

impl Running {
    /// Of a run that has shown nothing yet.
    pub fn new(version: &str, workload: &str) -> Running {
        Running { version: version.into(), workload: workload.into(), ..Running::default() }
    }

    /// A measurement begins: nothing of it was seen.
    pub fn begin(&mut self, cell: String, order: usize, total: usize) {
        (self.cell, self.order, self.total) = (cell, order, total);
        (self.phase, self.window) = ("", Metrics::default());
    }

    /// Adds what a window saw.
    pub fn see(&mut self, window: &Window) {
        self.window = window.metrics.clone();
        let sums = self.sums.entry(self.cell.clone()).or_default();
        for &[_, metric, _] in COUNTS {
            // What was not measured has no sum.
            if let Some(value) = window.metrics.get(metric) {
                *sums.entry(metric).or_default() += value as u64;
            }
        }
    }
}

/// All of it as OpenMetrics text.
pub fn openmetrics(running: &Running) -> String {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(running.clone()));
    let mut text = String::new();
    // Writing to memory does not fail.
    let _ = text::encode(&mut text, &registry);
    text
}

type Labels<'a> = Vec<(&'static str, &'a str)>;

impl Collector for Running {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), fmt::Error> {
        let about: Vec<(&str, String)> =
            vec![("version", self.version.clone()), ("workload", self.workload.clone())];
        let what = "The program and the workload that it runs";
        Info::new(about).encode(encoder.encode_descriptor("cachebench", what, None, MetricType::Info)?)?;
        let is_begun = self.total > 0;
        let order = is_begun.then(|| (vec![("cell", &*self.cell)], self.order as f64));
        gauge(
            &mut encoder,
            "cachebench_measurement",
            "The number of the measurement under way",
            None,
            order,
        )?;
        let total = is_begun.then(|| (vec![("workload", &*self.workload)], self.total as f64));
        gauge(&mut encoder, "cachebench_measurements_planned", "Measurements of the run", None, total)?;
        if !self.phase.is_empty() {
            let phase = [(vec![("phase", self.phase), ("cell", &*self.cell)], 1.0)];
            gauge(&mut encoder, "cachebench_phase", "What the measurement does", None, phase)?;
        }
        let measured = self.measured.iter().map(|(&status, &count)| (vec![("status", status)], count));
        counter(&mut encoder, "cachebench_measurements", "Measurements that have ended", measured)?;
        let faults = self.faults.iter().map(|(what, &count)| (vec![("what", what.as_str())], count));
        counter(&mut encoder, "cachebench_faults", "Faults that have begun", faults)?;
        for &[name, metric, help] in COUNTS {
            let sums = self
                .sums
                .iter()
                .filter_map(|(cell, sums)| Some((vec![("cell", cell.as_str())], *sums.get(metric)?)));
            counter(&mut encoder, name, help, sums)?;
        }
        self.encode_window(&mut encoder)
    }
}

impl Running {
    /// What the newest window saw of rates and latencies.
    fn encode_window(&self, encoder: &mut DescriptorEncoder) -> Result<(), fmt::Error> {
        let cell = || vec![("cell", self.cell.as_str())];
        let told = |metric: &str| self.window.get(metric).map(|value| (cell(), value));
        let rate = told("throughput.achieved");
        gauge(
            encoder,
            "cachebench_throughput_operations_per_second",
            "Operations of the newest window",
            None,
            rate,
        )?;
        for &[name, metric, help] in SHARES {
            gauge(encoder, name, help, Some(Unit::Other("ratio".into())), told(metric))?;
        }
        for kind in Kind::ALL {
            let name = format!("cachebench_{}_response", kind.name().replace('-', "_"));
            let quantiles: Vec<(String, f64)> = PERCENTILES
                .iter()
                .filter_map(|(percentile, quantile)| {
                    let us = self.window.get(&format!("{}.response.{percentile}", kind.name()))?;
                    Some((quantile.to_string(), us / 1e6))
                })
                .collect();
            let values = quantiles.iter().map(|(quantile, seconds)| {
                (vec![("quantile", quantile.as_str()), ("cell", self.cell.as_str())], *seconds)
            });
            gauge(encoder, &name, "Response times of the newest window", Some(Unit::Seconds), values)?;
        }
        Ok(())
    }
}

/// A family of numbers that go up and down; nothing of a family without any.
fn gauge<'a>(
    encoder: &mut DescriptorEncoder,
    name: &str,
    help: &str,
    unit: Option<Unit>,
    values: impl IntoIterator<Item = (Labels<'a>, f64)>,
) -> Result<(), fmt::Error> {
    let mut values = values.into_iter().peekable();
    if values.peek().is_none() {
        return Ok(());
    }
    let mut family = encoder.encode_descriptor(name, help, unit.as_ref(), MetricType::Gauge)?;
    values.try_for_each(|(labels, value)| ConstGauge::new(value).encode(family.encode_family(&labels)?))
}

/// A family of sums, likewise.
fn counter<'a>(
    encoder: &mut DescriptorEncoder,
    name: &str,
    help: &str,
    values: impl IntoIterator<Item = (Labels<'a>, u64)>,
) -> Result<(), fmt::Error> {
    let mut values = values.into_iter().peekable();
    if values.peek().is_none() {
        return Ok(());
    }
    let mut family = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
    values.try_for_each(|(labels, value)| ConstCounter::new(value).encode(family.encode_family(&labels)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Unit;

    fn running() -> Running {
        let mut running = Running::new("0.1.0", "quickstart");
        running.begin("ttl \"5 s\"".into(), 2, 6);
        running.phase = "measuring";
        running.measured.insert("valid", 1);
        let mut metrics = Metrics::default();
        metrics.put("operations", 2_000.0, Unit::Count);
        metrics.put("throughput.achieved", 2_000.0, Unit::PerS);
        metrics.put("hit_rate", 0.5, Unit::Ratio);
        metrics.put("multi-read.response.p99", 1_500.0, Unit::Us);
        let window = Window { at_s: 0.0, length_s: 1.0, metrics };
        running.see(&window);
        running.see(&window);
        running
    }

    /// What is wrong with a text: a rule of the format that a line breaks.
    fn broken(text: &str) -> Option<String> {
        let (mut family, mut known) = (String::new(), Vec::new());
        let body = text.strip_suffix("# EOF\n")?;
        for line in body.lines() {
            if let Some(rest) = line.strip_prefix("# TYPE ") {
                family = rest.split(' ').next()?.to_owned();
                if known.contains(&family) {
                    return Some(format!("twice: {line}"));
                }
                known.push(family.clone());
            } else if !line.starts_with("# ") {
                let name = line.split(['{', ' ']).next()?;
                let (rest, value) = line.rsplit_once(' ')?;
                let is_of_family = ["", "_total", "_info"].iter().any(|end| name == format!("{family}{end}"));
                let is_closed = rest == name || rest.ends_with("\"}");
                if !is_of_family || !is_closed || value.parse::<f64>().is_err() {
                    return Some(format!("no sample of {family}: {line}"));
                }
            }
        }
        None
    }

    #[test]
    fn a_run_is_told_in_families_with_units_and_labels() {
        let text = openmetrics(&running());
        assert!(text.ends_with("# EOF\n"), "{text}");
        assert_eq!(broken(&text), None, "{text}");
        for line in [
            "cachebench_info{version=\"0.1.0\",workload=\"quickstart\"} 1",
            "# TYPE cachebench_operations counter",
            "cachebench_operations_total{cell=\"ttl \\\"5 s\\\"\"} 4000",
            "# UNIT cachebench_hit_rate_ratio ratio",
            "cachebench_hit_rate_ratio{cell=\"ttl \\\"5 s\\\"\"} 0.5",
            "cachebench_multi_read_response_seconds{quantile=\"0.99\",cell=\"ttl \\\"5 s\\\"\"} 0.0015",
            "cachebench_measurements_total{status=\"valid\"} 1",
            "cachebench_measurement{cell=\"ttl \\\"5 s\\\"\"} 2.0",
        ] {
            assert!(text.lines().any(|told| told == line), "{line} is not in:\n{text}");
        }
    }

    #[test]
    fn what_was_not_measured_is_left_out() {
        let text = openmetrics(&Running::default());
        assert_eq!(broken(&text), None, "{text}");
        assert!(!text.contains("hit_rate") && !text.contains("response"), "{text}");
        let mut running = running();
        running.begin("next".into(), 3, 6);
        let text = openmetrics(&running);
        assert!(text.contains("operations_total{cell=\"ttl") && !text.contains("hit_rate"), "{text}");
    }
}
