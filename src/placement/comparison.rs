use std::hint::black_box;
use std::time::Instant;

use super::{Mapping, Moved, Nodes, PLACEMENTS, Placement, Popularity};
use crate::measure::Evenness;
use crate::measure::theory;
use crate::model::Key;
use crate::registry::{Choice, OptionsError};
use crate::traffic::Bijection;

/// Schemes over the same keys and the same change of nodes: all but the time of a look-up is exact.
pub struct Comparison {
    pub before: Nodes,
    pub after: Nodes,
    /// How many keys.
    pub keys: u64,
    /// What stands before the number of a key in its name.
    pub prefix: String,
    pub popularity: Popularity,
}

/// What a scheme does with the keys of a [`Comparison`].
pub struct Compared {
    /// The scheme and its options.
    pub scheme: String,
    pub moved: Moved,
    /// The share of the keys that theory expects to move; `None` where there is no closed form.
    pub expected_move: Option<f64>,
    /// The keys over the nodes before the change.
    pub keys: Evenness,
    /// The variation that theory expects of the keys, chance included; `None` where there is no closed form.
    pub expected_variation: Option<f64>,
    /// The requests over the nodes before the change.
    pub requests: Evenness,
    /// Nanoseconds that one look-up took.
    pub lookup_ns: f64,
    /// The share that would move if the last node had gone, where it was another and this moves more by theory: others are
    /// renumbered.
    pub of_the_last: Option<f64>,
}

impl Comparison {
    /// Places all keys on the nodes before and after the change.
    ///
    /// # Errors
    /// When there is no such scheme, or it cannot be had over these nodes.
    pub fn of(&self, scheme: &Choice) -> Result<Compared, OptionsError> {
        let placement = scheme.build(PLACEMENTS, self.before.clone())?;
        let changed = placement.over(&self.after)?;
        let before = Mapping::new(&*placement, &self.before, &self.prefix, self.keys);
        let after = Mapping::new(&*changed, &self.after, &self.prefix, self.keys);
        let weight = |id| self.popularity.weight(id);
        let gone = self.gone();
        Ok(Compared {
            scheme: scheme.label(),
            moved: before.moved(&after, weight),
            expected_move: self.expected_move(&*placement, gone),
            keys: before.spread(|_| 1.0),
            expected_variation: self.expected_variation(&*placement),
            requests: before.spread(weight),
            lookup_ns: self.lookup_ns(&*placement),
            of_the_last: gone.and_then(|gone| self.of_the_last(&*placement, gone)),
        })
    }

    /// The share of the keys that any scheme which shares them by weight has to move.
    pub fn least_move(&self) -> f64 {
        let shares = |nodes: &Nodes| -> Vec<(String, f64)> {
            let all = f64::from(nodes.weights().sum::<u32>());
            nodes
                .names()
                .zip(nodes.weights())
                .map(|(name, one)| (name.into(), f64::from(one) / all))
                .collect()
        };
        let after = shares(&self.after);
        let left =
            |name: &str| after.iter().find(|(other, _)| other == name).map_or(0.0, |(_, share)| *share);
        shares(&self.before).iter().map(|(name, share)| (share - left(name)).max(0.0)).sum()
    }

    /// The place of the node that went, if it is one and not the last.
    fn gone(&self) -> Option<usize> {
        let (before, after) = (self.before.len(), self.after.len());
        let gone = self.before.names().position(|name| self.after.place(name).is_none())?;
        (before == after + 1 && gone < after).then_some(gone)
    }

    fn expected_move(&self, placement: &dyn Placement, gone: Option<usize>) -> Option<f64> {
        let alike = self.before.are_alike() && self.after.are_alike();
        match gone {
            Some(gone) if alike => placement.expected_removal(self.before.len(), gone),
            None if alike => placement.expected_move(self.before.len(), self.after.len()),
            // What moves no more than it must where all are alike does so by weight.
            _ => placement.expected_move(2, 1).filter(|_| placement.knows_names()).map(|_| self.least_move()),
        }
    }

    fn of_the_last(&self, placement: &dyn Placement, gone: usize) -> Option<f64> {
        let (nodes, left) = (self.before.len(), self.after.len());
        let (of_this, of_the_last) =
            (placement.expected_removal(nodes, gone)?, placement.expected_move(nodes, left)?);
        (of_this > of_the_last).then_some(of_the_last)
    }

    /// What is uneven in the scheme itself, and what chance adds to it.
    fn expected_variation(&self, placement: &dyn Placement) -> Option<f64> {
        let own = placement.imbalance().filter(|_| self.before.are_alike())?;
        Some(own.hypot(theory::chance_imbalance(self.before.len(), self.keys as f64)))
    }

    /// The median of some rounds over names that are drawn ahead, after one that warms up.
    fn lookup_ns(&self, placement: &dyn Placement) -> f64 {
        const NAMES: u64 = 16_384;
        const ROUNDS: usize = 5;
        let (template, ids) = (Key::template(&self.prefix), Bijection::new(self.keys, 0));
        let names: Vec<Key> =
            (0..NAMES.min(self.keys)).map(|draw| template.with_id(ids.apply(draw))).collect();
        let round = || {
            let started = Instant::now();
            for key in &names {
                black_box(placement.node(black_box(key.name())));
            }
            started.elapsed().as_nanos() as f64 / names.len() as f64
        };
        round();
        let mut rounds: Vec<f64> = (0..ROUNDS).map(|_| round()).collect();
        rounds.sort_by(f64::total_cmp);
        rounds[ROUNDS / 2]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nodes(weights: &[u32]) -> Nodes {
        Nodes::new(weights.iter().enumerate().map(|(node, one)| (format!("node-{node}"), *one)).collect())
            .unwrap()
    }

    fn comparison(before: Nodes, after: Nodes) -> Comparison {
        let keys = 200_000;
        Comparison { before, after, keys, prefix: "t:".into(), popularity: Popularity::new(keys, 0.99, 7) }
    }

    /// Ten nodes without the one at this place.
    fn without(gone: usize) -> Comparison {
        let rest = (0..10).filter(|node| *node != gone).map(|node| (format!("node-{node}"), 1)).collect();
        comparison(nodes(&[1; 10]), Nodes::new(rest).unwrap())
    }

    #[test]
    fn what_must_move_is_the_share_of_those_who_come_or_go() {
        let least = |before: &[u32], after: &[u32]| comparison(nodes(before), nodes(after)).least_move();
        for (found, known) in [
            (least(&[1; 3], &[1; 4]), 0.25),
            (least(&[1; 10], &[1; 9]), 0.1),
            (least(&[1, 1, 2], &[1, 1]), 0.5),
            (least(&[2, 1], &[2, 1, 1]), 0.25),
        ] {
            assert!((found - known).abs() < 1e-12, "{found}, known {known}");
        }
        assert!((without(3).least_move() - 0.1).abs() < 1e-12);
    }

    #[test]
    fn a_node_from_the_middle_moves_what_theory_expects() {
        for gone in [0, 3, 8, 9] {
            let comparison = without(gone);
            for name in ["modulo", "rendezvous", "jump"] {
                let found = comparison.of(&Choice::named(name)).unwrap();
                let expected = found.expected_move.unwrap();
                let error = 4.0 * theory::standard_error(expected, comparison.keys as f64);
                assert!(
                    (found.moved.keys - expected).abs() <= error,
                    "{name} without {gone}: {} against {expected} ± {error}",
                    found.moved.keys
                );
                assert_eq!(found.of_the_last.is_some(), gone < 9 && name == "jump", "{name} without {gone}");
            }
        }
    }

    #[test]
    fn by_weight_no_more_moves_than_must() {
        let comparison = comparison(nodes(&[1, 1, 2]), nodes(&[1, 1, 2, 1]));
        let found = comparison.of(&Choice::named("rendezvous")).unwrap();
        assert!((found.expected_move.unwrap() - 0.2).abs() < 1e-12 && found.expected_variation.is_none());
        assert!(
            (found.moved.keys - 0.2).abs() < 4.0 * theory::standard_error(0.2, 200_000.0),
            "{:?}",
            found.moved
        );
        let refused = comparison.of(&Choice::named("jump")).err().unwrap();
        assert_eq!(refused.0, "jump has no weights: give all nodes the same");
    }

    #[test]
    fn chance_alone_is_what_theory_expects_of_even_schemes() {
        let found = without(9).of(&Choice::named("modulo")).unwrap();
        let expected = found.expected_variation.unwrap();
        assert!((expected - (9.0f64 / 200_000.0).sqrt()).abs() < 1e-12);
        assert!(found.keys.variation < 2.5 * expected && found.requests.variation > found.keys.variation);
    }
}
