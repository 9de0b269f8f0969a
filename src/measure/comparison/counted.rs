use super::{Better, Tallied};
use crate::measure::RepeatResult;
use crate::measure::inference::Law;

/// The counts that a measurement tells and that differ from run to run, by the name of the metric that they make: what is
/// counted, and what of.
pub fn counted(repeat: &RepeatResult, seed: u64) -> Vec<(&'static str, Law, Better, Tallied)> {
    let told = |name: &str| repeat.metrics.get(name);
    let sum = |names: &[&str]| names.iter().filter_map(|name| told(name)).sum::<f64>();
    let reads = sum(&["read.count", "multi-read.keys"]);
    let near = ["read.near.count", "multi-read.near.keys"];
    let hits = sum(&["read.hit.count", "multi-read.hit.keys"]) + sum(&near);
    let epochs = sum(&["stampede.epochs"]);
    let wanted = sum(&["guard.joins", "db.reads"]);
    let writes = sum(&["acknowledged_writes"]);
    use Better::{Less, More};
    use Law::{Rate, Share};
    let all = [
        ("hit_rate", Share, More, told("hit_rate").map(|_| hits), reads),
        ("stale_rate", Share, Less, told("stale_reads"), reads),
        ("non_monotonic_reads", Share, Less, told("non_monotonic_reads"), reads),
        ("read_your_writes_violations", Share, Less, told("read_your_writes_violations"), reads),
        ("db.queries_per_read", Rate, Less, told("db.reads"), reads),
        ("stampede.duplicate_loads", Rate, Less, told("stampede.duplicate_loads"), epochs),
        ("guard.coalescing", Share, More, told("guard.joins"), wanted),
        ("lost_updates", Share, Less, told("lost_updates"), writes),
        ("lost_writes", Share, Less, told("lost_writes"), writes),
        ("failure_rate", Share, Less, told("failures"), sum(&["operations"])),
    ];
    let counted = all.into_iter().filter_map(|(metric, law, better, count, of)| {
        let count = count.filter(|_| of > 0.0)?;
        Some((metric, law, better, Tallied { seed, count, of }))
    });
    counted.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::{Unit, names};

    fn repeat(metrics: &[(&str, f64)]) -> RepeatResult {
        let mut repeat = RepeatResult::default();
        metrics.iter().for_each(|(name, value)| repeat.metrics.put(*name, *value, Unit::Count));
        repeat
    }

    #[test]
    fn counts_are_told_with_what_they_are_counted_of() {
        let repeat = repeat(&[
            ("operations", 1_100.0),
            ("failures", 2.0),
            ("hit_rate", 0.9),
            ("read.count", 600.0),
            ("read.hit.count", 500.0),
            ("read.near.count", 50.0),
            ("multi-read.keys", 400.0),
            ("multi-read.hit.keys", 350.0),
            ("stale_reads", 7.0),
            ("db.reads", 100.0),
            ("stampede.epochs", 20.0),
            ("stampede.duplicate_loads", 60.0),
            ("guard.joins", 300.0),
        ]);
        let found: Vec<_> =
            counted(&repeat, 9).into_iter().map(|(name, _, _, it)| (name, it.count, it.of)).collect();
        let expected = [
            ("hit_rate", 900.0, 1_000.0),
            ("stale_rate", 7.0, 1_000.0),
            ("db.queries_per_read", 100.0, 1_000.0),
            ("stampede.duplicate_loads", 60.0, 20.0),
            ("guard.coalescing", 300.0, 400.0),
            ("failure_rate", 2.0, 1_100.0),
        ];
        assert_eq!(found, expected);
        assert!(counted(&repeat, 9).iter().all(|one| one.3.seed == 9));
    }

    #[test]
    fn what_was_not_measured_is_not_counted_and_every_name_is_that_of_a_metric() {
        assert_eq!(counted(&RepeatResult::default(), 1), []);
        let all: Vec<(String, Unit)> = names();
        let told: Vec<(&str, f64)> = all.iter().map(|(name, _)| (name.as_str(), 1.0)).collect();
        let found = counted(&repeat(&told), 1);
        assert_eq!(found.len(), 10);
        for (name, ..) in found {
            assert!(all.iter().any(|(known, _)| known == name), "{name}");
        }
    }
}
