use crate::measure::Summary;
use crate::report::html::chapter::Part;
use crate::report::html::figure::{Figure, Scale};
use crate::report::html::sketch::{axis, cells, number, seconds};
use crate::report::quantity::{duration_us, share};

pub const PART: Part = Part {
    id: "events",
    title: "Events of invalidation",
    sections: &["Events", "Near and behind", "Who heard of writes"],
    lead: "Who caches rows that others write has to hear of the writes. What takes long, or never comes, leaves an old \
           copy behind until its TTL ends.",
    figures,
};

fn figures(summary: &Summary) -> Vec<Figure> {
    let lag = cells(
        summary,
        "How long events take",
        axis("time from the commit until the old copy is out", Scale::Log, duration_us),
        &[("p50", "events.lag.p50"), ("p99", "events.lag.p99"), ("max", "events.lag.max")],
    );
    let longest = cells(
        summary,
        "Longest time out of sync",
        axis("time", Scale::Log, seconds),
        &[("", "events.longest_out_of_sync")],
    );
    let cost = cells(
        summary,
        "What events cost",
        axis("for each write", Scale::Linear, number),
        &[
            ("commands of the cache", "events.cache_commands_per_write"),
            ("queries of the database", "events.db_queries_per_write"),
        ],
    );
    // Without a near cache, the hit rate is told among the results.
    let has_near = summary.cells.iter().any(|cell| cell.median("near.hit_rate").is_some());
    let levels = [("near", "near.hit_rate"), ("near and the cache", "hit_rate")];
    let levels = has_near
        .then(|| cells(summary, "Hits by level", axis("share of reads", Scale::Linear, share), &levels));
    [lag, longest, cost, levels.flatten()].into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::{CellResult, RepeatResult, Unit};

    #[test]
    fn lags_are_drawn_and_hits_by_level_only_where_there_are_two() {
        let cell = |near: Option<f64>| {
            let mut repeat = RepeatResult::default();
            repeat.metrics.put("hit_rate", 0.9, Unit::Ratio);
            repeat.metrics.put("events.lag.p50", 400.0, Unit::Us);
            repeat.metrics.put("events.longest_out_of_sync", 0.5, Unit::S);
            near.into_iter().for_each(|near| repeat.metrics.put("near.hit_rate", near, Unit::Ratio));
            CellResult { strategy: "s".into(), repeats: vec![repeat], ..CellResult::default() }
        };
        let titles = |near| -> Vec<String> {
            let summary = Summary { cells: vec![cell(near)], ..Summary::default() };
            figures(&summary).into_iter().map(|figure| figure.title).collect()
        };
        assert_eq!(titles(None), ["How long events take", "Longest time out of sync"]);
        assert_eq!(titles(Some(0.5))[2..], ["Hits by level"]);
        assert!(figures(&Summary::default()).is_empty());
    }
}
