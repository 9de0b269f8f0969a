use super::{Mapping, Nodes, PLACEMENTS, Placement};
use crate::measure::Evenness;
use crate::measure::theory;
use crate::registry::{Choice, Entry};

const KEYS: u64 = 1_000_000;

fn nodes(count: usize) -> Nodes {
    Nodes::numbered(count).unwrap()
}

fn placed(name: &str, options: &str, count: usize) -> Box<dyn Placement> {
    let options = serde_json::from_str(options).unwrap();
    Choice { name: name.into(), options }.build(PLACEMENTS, nodes(count)).unwrap()
}

/// The share of the keys that moves when so many nodes become so many, and of those between two that stay.
fn moved(placement: &dyn Placement, from: usize, to: usize) -> (f64, f64) {
    let after = placement.over(&nodes(to)).unwrap();
    let [before, after] =
        [(placement, from), (&*after, to)].map(|(one, count)| Mapping::new(one, &nodes(count), "t:", KEYS));
    let moved = before.moved(&after, |_| 1.0);
    assert!((moved.keys - moved.requests).abs() < 1e-9, "requests are as even as keys");
    (moved.keys, moved.needless)
}

/// Four standard errors of a share of all keys.
fn four_errors(share: f64) -> f64 {
    4.0 * theory::standard_error(share, KEYS as f64)
}

fn even(entry: &Entry<dyn Placement, Nodes>, count: usize) -> Evenness {
    let placement = placed(entry.name, "null", count);
    Mapping::new(&*placement, &nodes(count), "t:", KEYS).spread(|_| 1.0)
}

#[test]
fn modulo_moves_nearly_all() {
    for (from, to, known) in [(3, 4, 0.75), (4, 5, 0.8), (4, 8, 0.5), (10, 11, 0.909)] {
        let (share, _) = moved(&*placed("modulo", "null", from), from, to);
        let expected = theory::modulo_move(from, to);
        assert!((expected - known).abs() < 0.001, "{expected} for {known}");
        assert!(
            (share - expected).abs() <= four_errors(expected),
            "{from} to {to}: {share}, expected {expected}"
        );
    }
}

#[test]
fn a_ring_moves_the_share_of_the_new_node_which_deviates_as_the_ring_does() {
    for virtual_nodes in [1, 10, 100, 160, 256] {
        let options = format!("{{\"virtual_nodes\": {virtual_nodes}}}");
        for (from, to) in [(3, 4), (10, 11), (10, 9)] {
            let (share, needless) = moved(&*placed("ring", &options, from), from, to);
            let expected = theory::least_move(from, to);
            let own = expected * theory::ring_imbalance(from.max(to), virtual_nodes);
            assert!(
                (share - expected).abs() <= four_errors(expected) + 4.0 * own,
                "V = {virtual_nodes}, {from} to {to}: {share}, expected {expected} ± {own}"
            );
            assert_eq!(needless, 0.0);
        }
    }
}

#[test]
fn rendezvous_jump_and_slots_move_no_more_than_they_must() {
    for name in ["rendezvous", "jump", "slots"] {
        for (from, to) in [(3, 4), (4, 8), (10, 11), (10, 9)] {
            let (share, needless) = moved(&*placed(name, "null", from), from, to);
            let expected = theory::least_move(from, to);
            // Slots are whole, and keys fall into them by chance.
            let slack = if name == "slots" { 4.0 * theory::standard_error(expected, 16_384.0) } else { 0.0 };
            assert!(
                (share - expected).abs() <= four_errors(expected) + slack,
                "{name}, {from} to {to}: {share}, expected {expected}"
            );
            assert_eq!(needless, 0.0, "{name}, {from} to {to}: between nodes that stay");
        }
    }
    // A scheme that cannot tell which node left moves more.
    let without = |name: &str| {
        let gone =
            Nodes::new((0..10).filter(|one| *one != 3).map(|one| (format!("node-{one}"), 1)).collect())
                .unwrap();
        let placement = placed(name, "null", 10);
        let after = placement.over(&gone).unwrap();
        Mapping::new(&*placement, &nodes(10), "t:", KEYS)
            .moved(&Mapping::new(&*after, &gone, "t:", KEYS), |_| 1.0)
    };
    for name in ["ring", "rendezvous", "slots"] {
        assert_eq!(without(name).needless, 0.0, "{name}");
    }
    assert!(without("jump").needless > 0.3 && without("modulo").needless > 0.7);
}

#[test]
fn maglev_moves_a_little_more_by_the_size_of_its_table() {
    for (table, known) in [(65_537, 0.0937), (1_009, 0.116)] {
        let options = format!("{{\"table\": {table}}}");
        let (share, needless) = moved(&*placed("maglev", &options, 10), 10, 11);
        // The table is another by other names of the nodes: a place of it in a hundred of those that move.
        assert!(
            (share - known).abs() <= 0.02 * known + 0.09 / f64::from(table).sqrt(),
            "M = {table}: {share}, known {known}"
        );
        assert!(needless > 0.0 && share > theory::least_move(10, 11));
    }
}

#[test]
fn keys_are_spread_as_each_scheme_promises() {
    let chance = ((10.0 - 1.0) / KEYS as f64).sqrt();
    for entry in PLACEMENTS {
        let (spread, own) = (even(entry, 10), placed(entry.name, "null", 10).imbalance());
        match entry.name {
            // No node above its bound.
            "bounded" => {
                assert!(spread.max_over_mean <= 1.25 + 1e-6 && spread.variation > 0.03, "{spread:?}")
            }
            // One ring of ten nodes is off its expectation by a quarter.
            "ring" => assert!((spread.variation / own.unwrap() - 1.0).abs() < 0.75, "{spread:?}, {own:?}"),
            // A slot has 61 keys, and a node 1638 slots.
            "slots" => assert!(spread.variation < 3.0 * chance + 0.002, "{spread:?}"),
            _ => assert!(spread.variation < 2.5 * chance, "{}: {spread:?}, {chance} by chance", entry.name),
        }
    }
}

#[test]
fn a_closed_node_gives_its_keys_to_those_that_are_open() {
    for entry in PLACEMENTS {
        let placement = placed(entry.name, "null", 5);
        let mut taken = [0u32; 5];
        for key in 0..5_000u64 {
            let name = format!("t:{key}");
            let node = placement.node(name.as_bytes());
            assert_eq!(placement.open_node(name.as_bytes(), &|_| true), Some(node), "{}", entry.name);
            assert_eq!(placement.open_node(name.as_bytes(), &|_| false), None, "{}", entry.name);
            let other = placement.open_node(name.as_bytes(), &|one| one != 2);
            match (node, entry.name) {
                (2, "slots") => assert_eq!(other, None),
                (2, _) => taken[other.unwrap()] += 1,
                _ => assert_eq!(other, Some(node), "{}: those of open nodes stay", entry.name),
            }
        }
        assert_eq!(taken[2], 0);
        let helps = taken.iter().filter(|&&count| count > 0).count();
        let expected = match entry.name {
            "slots" => 0,
            "modulo" => 1,
            _ => 4,
        };
        assert_eq!(helps, expected, "{}: {taken:?}", entry.name);
    }
}

/// Weights are honoured or refused.
#[test]
fn a_node_that_weighs_twice_as_much_gets_twice_as_many_keys() {
    let nodes =
        Nodes::new([("a", 1), ("b", 2), ("c", 1)].map(|(name, weight)| (name.to_owned(), weight)).into())
            .unwrap();
    for entry in PLACEMENTS {
        let built = Choice::named(entry.name).build(PLACEMENTS, nodes.clone());
        if matches!(entry.name, "modulo" | "jump") {
            assert!(built.err().unwrap().0.ends_with("has no weights: give all nodes the same"));
            continue;
        }
        let spread = Mapping::new(&*built.unwrap(), &nodes, "t:", 100_000).spread(|_| 1.0);
        assert!(spread.variation < 0.25, "{}: {spread:?}", entry.name);
    }
}

/// The same on every machine, and in every version: entries in caches of others depend on it.
#[test]
fn nothing_moves_from_one_build_to_another() {
    let found: Vec<(&str, String)> = PLACEMENTS
        .iter()
        .map(|entry| {
            let placement = placed(entry.name, "null", 10);
            let nodes = (0..16).map(|key| placement.node(format!("product:{key}").as_bytes()));
            (entry.name, nodes.map(|node| char::from(b'0' + node as u8)).collect())
        })
        .collect();
    let known = [
        ("modulo", "6500333457774990"),
        ("ring", "4151153844845216"),
        ("rendezvous", "0412927906680400"),
        ("jump", "5400020187827588"),
        ("maglev", "0157705534187160"),
        ("bounded", "4151153844845216"),
        ("slots", "2075207520792479"),
    ];
    assert_eq!(found, known.map(|(name, nodes)| (name, nodes.to_owned())));
}
