use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Metrics, Unit};

/// What one node of the cache took during a measurement, and what it has at its end.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NodeLoad {
    /// How it is known: `node-0`, or `host:port`.
    pub name: String,
    /// What it takes of the keys, in proportion.
    pub weight: u32,
    /// Whether it was part of the cache from the beginning to the end.
    pub stayed: bool,
    /// Requests sent to it: as the clients counted them where they place the keys, else as the server did; none where
    /// neither tells.
    pub requests: Option<u64>,
    /// Those of them that failed.
    pub errors: u64,
    /// Times that a client's circuit to it opened.
    pub opened: u64,
    /// Requests that an open circuit kept from it: failed at once, or sent to another node.
    pub refused: u64,
    pub rerouted: u64,
    /// Keys that it holds at the end; none where it does not tell.
    pub keys: Option<u64>,
    /// Bytes in use at the end.
    pub used_memory: Option<u64>,
    /// Processor time of the server process.
    pub cpu_seconds: Option<f64>,
    /// Clients that it sent to another node for good (MOVED) and for once (ASK).
    pub moved: Option<u64>,
    pub asked: Option<u64>,
}

/// How evenly something is spread over nodes, by what each takes for its weight.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Evenness {
    pub max_over_mean: f64,
    /// The standard deviation over the mean.
    pub variation: f64,
}

impl Evenness {
    /// That of values with weights; nothing where there is nothing to spread.
    pub fn of(values: impl Iterator<Item = (f64, u32)>) -> Option<Evenness> {
        let values: Vec<f64> = values.map(|(value, weight)| value / f64::from(weight.max(1))).collect();
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let square = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / values.len() as f64;
        let most = values.iter().copied().fold(0.0, f64::max);
        (mean > 0.0).then(|| Evenness { max_over_mean: most / mean, variation: square.sqrt() / mean })
    }
}

/// Adds to the metrics how the load was spread, where there were several nodes.
pub fn tell_nodes(nodes: &[NodeLoad], metrics: &mut Metrics) {
    if nodes.len() < 2 {
        return;
    }
    metrics.put("nodes.count", nodes.len() as f64, Unit::Count);
    type Read = fn(&NodeLoad) -> Option<f64>;
    let told: [(&str, Read); 4] = [
        ("requests", |node| node.requests.map(|count| count as f64)),
        ("keys", |node| node.keys.map(|count| count as f64)),
        ("memory", |node| node.used_memory.map(|bytes| bytes as f64)),
        ("cpu", |node| node.cpu_seconds),
    ];
    // Of nodes that were not there all the time, less is no unevenness.
    let stayed: Vec<&NodeLoad> = nodes.iter().filter(|node| node.stayed).collect();
    for (name, read) in told {
        let values: Option<Vec<(f64, u32)>> =
            stayed.iter().map(|node| Some((read(node)?, node.weight))).collect();
        let Some(evenness) = values.and_then(|values| Evenness::of(values.into_iter())) else { continue };
        metrics.put(format!("nodes.{name}.max_over_mean"), evenness.max_over_mean, Unit::Ratio);
        metrics.put(format!("nodes.{name}.variation"), evenness.variation, Unit::Ratio);
    }
    let sum = |read: fn(&NodeLoad) -> u64| nodes.iter().map(read).sum::<u64>() as f64;
    for (name, count) in [
        ("breaker.opened", sum(|node| node.opened)),
        ("breaker.refused", sum(|node| node.refused)),
        ("breaker.rerouted", sum(|node| node.rerouted)),
        ("nodes.errors", sum(|node| node.errors)),
        ("nodes.moved", sum(|node| node.moved.unwrap_or(0))),
        ("nodes.asked", sum(|node| node.asked.unwrap_or(0))),
    ] {
        metrics.put(name, count, Unit::Count);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evenness_is_by_weight() {
        let even = Evenness::of([(10.0, 1), (20.0, 2)].into_iter()).unwrap();
        assert_eq!((even.max_over_mean, even.variation), (1.0, 0.0));
        let uneven = Evenness::of([(10.0, 1), (30.0, 1)].into_iter()).unwrap();
        assert_eq!((uneven.max_over_mean, uneven.variation), (1.5, 0.5));
        assert_eq!(Evenness::of([(0.0, 1)].into_iter()), None);
    }

    #[test]
    fn a_node_that_came_later_or_does_not_tell_makes_nothing_uneven() {
        let node = |requests, keys, stayed| NodeLoad {
            weight: 1,
            requests: Some(requests),
            keys,
            stayed,
            errors: 2,
            ..NodeLoad::default()
        };
        let mut metrics = Metrics::default();
        tell_nodes(&[node(100, Some(5), true), node(100, None, true), node(1, Some(1), false)], &mut metrics);
        assert_eq!(metrics.get("nodes.requests.max_over_mean"), Some(1.0));
        assert_eq!(metrics.get("nodes.keys.max_over_mean"), None);
        assert_eq!((metrics.get("nodes.count"), metrics.get("nodes.errors")), (Some(3.0), Some(6.0)));
    }
}
