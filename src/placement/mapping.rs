use super::{Nodes, Placement};
use crate::measure::Evenness;
use crate::model::Key;

/// Which node each of many keys is on: the whole of a placement, without a server.
pub struct Mapping {
    nodes: Nodes,
    places: Vec<u16>,
}

/// What a change of nodes moves.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Moved {
    /// The share of the keys that are on another node.
    pub keys: f64,
    /// The share of the requests for these keys.
    pub requests: f64,
    /// The share of the keys that moved though both their nodes are there before and after.
    pub needless: f64,
}

impl Mapping {
    /// Where so many keys are put, one after the other; the names are those that a workload of this prefix has.
    ///
    /// Under a scheme with bounded loads, a node is closed once it has its bound of all the keys.
    pub fn new(placement: &dyn Placement, nodes: &Nodes, prefix: &str, keys: u64) -> Mapping {
        let template = Key::template(prefix);
        let names = (0..keys).map(|id| template.with_id(id));
        let places = match placement.bound() {
            None => names.map(|key| placement.node(key.name()) as u16).collect(),
            Some(bound) => {
                let all: u32 = nodes.weights().sum();
                let share = |weight: u32| f64::from(weight) / f64::from(all);
                let most: Vec<u64> = nodes
                    .weights()
                    .map(|weight| (bound * keys as f64 * share(weight)).ceil() as u64)
                    .collect();
                let mut held = vec![0; nodes.len()];
                let put = |key: Key| {
                    let is_open = |node: usize| held[node] < most[node];
                    let name = key.name();
                    let node = placement.open_node(name, &is_open);
                    // Bounds are above the mean, so that somebody is open.
                    let node = node.unwrap_or_else(|| placement.node(name));
                    held[node] += 1;
                    node as u16
                };
                names.map(put).collect()
            }
        };
        Mapping { nodes: nodes.clone(), places }
    }

    /// What moves from here to there, where a key is asked for as often as it weighs.
    pub fn moved(&self, after: &Mapping, weight: impl Fn(usize) -> f64) -> Moved {
        // The place of each node among those of the other mapping.
        let same: Vec<Option<u16>> =
            self.nodes.names().map(|name| after.nodes.place(name).map(|place| place as u16)).collect();
        let was_there: Vec<bool> = after.nodes.names().map(|name| self.nodes.place(name).is_some()).collect();
        let (mut keys, mut requests, mut needless, mut all) = (0, 0.0, 0, 0.0);
        for (key, (before, after)) in self.places.iter().zip(&after.places).enumerate() {
            let weight = weight(key);
            all += weight;
            let stays_up = same[usize::from(*before)];
            if stays_up != Some(*after) {
                keys += 1;
                requests += weight;
                needless += u64::from(stays_up.is_some() && was_there[usize::from(*after)]);
            }
        }
        let count = self.places.len().max(1) as f64;
        Moved {
            keys: f64::from(keys) / count,
            requests: requests / all.max(f64::MIN_POSITIVE),
            needless: needless as f64 / count,
        }
    }

    /// How evenly the keys are spread, or the requests for them, where a key is asked for as often as it weighs.
    pub fn spread(&self, weight: impl Fn(usize) -> f64) -> Evenness {
        let mut loads = vec![0.0; self.nodes.len()];
        for (key, place) in self.places.iter().enumerate() {
            loads[usize::from(*place)] += weight(key);
        }
        let loads = loads.into_iter().zip(self.nodes.weights());
        // Nothing is spread where nobody asks for anything.
        Evenness::of(loads).unwrap_or(Evenness { max_over_mean: 0.0, variation: 0.0 })
    }
}
