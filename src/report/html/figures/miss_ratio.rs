use crate::measure::{Bounds, Summary};
use crate::report::eviction::{Measured, measured, place};
use crate::report::html::chapter::Part;
use crate::report::html::figure::{Figure, Group, Scale};
use crate::report::html::label::told_name;
use crate::report::html::sketch::{axis, bars, cells};
use crate::report::quantity::{duration_us, per_second, share};
use crate::simulation::Simulated;

pub const PART: Part = Part {
    id: "eviction",
    title: "Eviction",
    // A ranking's title goes on with where and how.
    sections: &["Eviction", "Memory pressure"],
    lead: "A cache that is full has to take out one entry for each that it takes in. Which one, its policy says; the miss \
           ratio, the share of reads that find nothing, is how well it guesses. `opt` knows the future and cannot be beaten; \
           what is simulated runs in process with the same requests.",
    figures,
};

fn figures(summary: &Summary) -> Vec<Figure> {
    let mut figures: Vec<Figure> =
        summary.bounds.iter().filter_map(|bounds| by_policy(summary, bounds)).collect();
    if !crate::report::pressure::pressure(summary).is_empty() {
        let rates = [("mean", "cache.evictions_per_s"), ("peak", "cache.evictions_per_s.max")];
        figures.extend(cells(
            summary,
            "Evictions",
            axis("evictions a second", Scale::Linear, per_second),
            &rates,
        ));
        let reads = [
            ("in calm seconds", "calm.read.response.p99"),
            ("in seconds with evictions", "evicting.read.response.p99"),
        ];
        let x = axis("response of reads, p99", Scale::Log, duration_us);
        figures.extend(cells(summary, "Reads while entries are evicted", x, &reads));
    }
    figures
}

/// Measured policies beside the models of them, and those that were simulated alone; the fewest misses first.
fn by_policy(summary: &Summary, bounds: &Bounds) -> Option<Figure> {
    let miss = |rate: f64| Some(1.0 - rate);
    let own = |one: &Measured| {
        let model = one.cell.model.as_ref().and_then(Simulated::hit_rate);
        let values = vec![miss(one.hit_rate), model.and_then(miss), None];
        (one.hit_rate, Group { label: told_name(one.label.clone(), one.cell), values })
    };
    let simulated = |one: &Simulated| {
        let rate = one.hit_rate()?;
        Some((rate, Group { label: one.policy.clone(), values: vec![None, None, miss(rate)] }))
    };
    let mut all: Vec<(f64, Group)> = measured(summary, bounds).iter().map(own).collect();
    all.extend(bounds.simulated.iter().filter_map(simulated));
    all.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    let title = match place(bounds) {
        none if none.is_empty() => format!("Miss ratio by policy, {} entries", bounds.entries),
        place => format!("Miss ratio by policy, {place}, {} entries", bounds.entries),
    };
    let groups = all.into_iter().map(|(_, group)| group).collect();
    let parts = ["measured", "model of the same policy", "simulated"];
    bars(&title, "policy", axis("share of reads that miss", Scale::Linear, share), &parts, groups)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::{CellResult, CellSetting, RepeatResult, Unit};
    use crate::report::html::figure::Plot;
    use crate::simulation::Capacity;

    fn simulated(policy: &str, hits: u64) -> Simulated {
        Simulated {
            policy: policy.into(),
            capacity: Capacity::Entries(10),
            requests: 100,
            hits,
            bytes: 0,
            hit_bytes: 0,
            evictions: 3,
            entries: 10,
            eviction_age: None,
        }
    }

    #[test]
    fn policies_stand_beside_their_models_and_below_what_knows_the_future() {
        let mut repeat = RepeatResult::default();
        repeat.metrics.put("hit_rate", 0.5, Unit::Ratio);
        let policy = "allkeys-lru";
        let setting =
            CellSetting { path: "cache.eviction".into(), value: policy.into(), label: policy.into() };
        let cell = CellResult {
            settings: vec![setting],
            repeats: vec![repeat],
            model: Some(simulated("redis-lru", 48)),
            ..CellResult::default()
        };
        let simulated = vec![simulated("lru", 40), simulated("opt", 70)];
        let bounds = Bounds { cells: vec![0], entries: 10, simulated, ..Bounds::default() };
        let summary = Summary { cells: vec![cell], bounds: vec![bounds], ..Summary::default() };
        let figures = figures(&summary);
        assert_eq!((figures.len(), figures[0].title.as_str()), (1, "Miss ratio by policy, 10 entries"));
        let Plot::Bars(bars) = &figures[0].panels[0].plot else { panic!("no bars") };
        let told: Vec<_> =
            bars.groups.iter().map(|group| (group.label.as_str(), group.values.clone())).collect();
        assert_eq!(told[1], (policy, vec![Some(0.5), Some(0.52), None]));
        assert_eq!((told[0].0, told[2].0, told.len()), ("opt", "lru", 3));
    }
}
