use super::quantity::{count, share};
use super::section::Section;
use crate::measure::{Bounds, CellResult, Summary, mean_and_interval};
use crate::simulation::Simulated;

/// What the tables mean, below the last.
const LEGEND: &str = "simulated: in process, with the same requests and as many entries as the measured caches held; opt is Belady's, which knows \
     the future. The interval is that of the mean over the repeats, at 95 %; policies whose intervals overlap share \
     their ranks. The model is that of the policy in Redis at the entries that its cell held.";

/// Every policy that was measured beside those that were simulated, the best first: a table for each size of the cache.
pub fn rankings(summary: &Summary) -> Vec<Section> {
    let mut rankings: Vec<Section> = summary.bounds.iter().map(|bounds| ranking(summary, bounds)).collect();
    if let Some(last) = rankings.last_mut() {
        last.below.push(LEGEND.into());
    }
    rankings
}

fn ranking(summary: &Summary, bounds: &Bounds) -> Section {
    let opt = bounds.simulated.iter().find(|one| one.policy == "opt").and_then(Simulated::hit_rate);
    // Of no hits there is no share.
    let opt = opt.filter(|rate| *rate > 0.0);
    let measured = measured(summary, bounds);
    let mut rows: Vec<(f64, Vec<String>)> = Vec::new();
    for one in &measured {
        rows.push((one.hit_rate, one.row(&measured, opt)));
    }
    rows.extend(
        bounds.simulated.iter().filter_map(|one| Some((one.hit_rate()?, simulated(one, bounds, opt)))),
    );
    rows.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    let turnover = bounds.turnover_s().map(|seconds| format!(", turned over in {seconds:.1} s (lru)"));
    let place = match place(bounds) {
        none if none.is_empty() => none,
        place => format!("{place}: "),
    };
    let (entries, rate) = (bounds.entries, bounds.requests_per_s);
    let title =
        format!("Eviction, {place}{entries} entries at {rate:.0} requests/s{}", turnover.unwrap_or_default());
    let header = [
        "policy",
        "by",
        "rank",
        "hit rate",
        "95 %\ninterval",
        "of\nopt",
        "bytes\nhit",
        "entries\nheld",
        "model",
        "off by\npoints",
    ];
    let header = header.map(str::to_owned).to_vec();
    Section::new(title, std::iter::once(header).chain(rows.into_iter().map(|(_, row)| row)).collect())
}

/// In what these cells are alike; empty where that is nothing.
pub(super) fn place(bounds: &Bounds) -> String {
    bounds.settings.iter().map(|setting| setting.label.as_str()).collect::<Vec<_>>().join(" · ")
}

/// The policies that were measured.
pub(super) fn measured<'a>(summary: &'a Summary, bounds: &Bounds) -> Vec<Measured<'a>> {
    let cells = bounds.cells.iter().filter_map(|&index| summary.cells.get(index));
    cells.filter_map(|cell| Measured::of(cell, bounds)).collect()
}

/// A policy as it was measured.
pub(super) struct Measured<'a> {
    pub cell: &'a CellResult,
    pub label: String,
    pub hit_rate: f64,
    /// Half of the interval's width; nothing of a single measurement.
    pub within: Option<f64>,
}

impl<'a> Measured<'a> {
    fn of(cell: &'a CellResult, bounds: &Bounds) -> Option<Measured<'a>> {
        let repeats = cell.measured();
        let rates: Vec<f64> = repeats.iter().filter_map(|repeat| repeat.metrics.get("hit_rate")).collect();
        let (hit_rate, within) = mean_and_interval(&rates)?;
        let own = cell.settings.iter().filter(|setting| !bounds.settings.contains(setting));
        let own: Vec<&str> = own.map(|setting| setting.label.as_str()).collect();
        let policy = || repeats.first().and_then(|repeat| repeat.cache.get("maxmemory-policy").cloned());
        let label = if own.is_empty() { policy().unwrap_or_default() } else { own.join(" · ") };
        Some(Measured { cell, label, hit_rate, within })
    }

    fn row(&self, all: &[Measured], opt: Option<f64>) -> Vec<String> {
        let metric = |name: &str, write: fn(f64) -> String| self.cell.median(name).map_or("–".into(), write);
        let model = self.cell.model.as_ref().and_then(Simulated::hit_rate);
        let repeats = match self.cell.measured().len() {
            1 => "measured".to_owned(),
            repeats => format!("measured × {repeats}"),
        };
        vec![
            self.label.clone(),
            repeats,
            self.rank(all),
            share(self.hit_rate),
            self.within.map_or("–".into(), |within| format!("± {:.2}", within * 100.0)),
            opt.map_or("–".into(), |opt| share(self.hit_rate / opt)),
            metric("byte_hit_rate", share),
            metric("cache.entries", count),
            model.map_or("–".into(), share),
            model.map_or("–".into(), |model| format!("{:+.2}", (self.hit_rate - model) * 100.0)),
        ]
    }

    /// Its place among the measured ones: the places that it may have within the intervals.
    fn rank(&self, all: &[Measured]) -> String {
        // Nothing is known of how far a single measurement is off.
        if all.iter().any(|one| one.within.is_none()) {
            return "–".into();
        }
        let within = |one: &Measured| one.within.unwrap_or(0.0);
        let above =
            |one: &Measured, other: &Measured| one.hit_rate - within(one) > other.hit_rate + within(other);
        let first = 1 + all.iter().filter(|other| above(other, self)).count();
        let last = all.len() - all.iter().filter(|other| above(self, other)).count();
        if first == last { first.to_string() } else { format!("{first}–{last}") }
    }
}

fn simulated(one: &Simulated, bounds: &Bounds, opt: Option<f64>) -> Vec<String> {
    let rate = one.hit_rate().unwrap_or(0.0);
    let held = if one.policy == "unbounded" { one.entries } else { bounds.entries };
    vec![
        one.policy.clone(),
        "simulated".into(),
        "–".into(),
        share(rate),
        "–".into(),
        opt.map_or("–".into(), |opt| share(rate / opt)),
        one.byte_hit_rate().map_or("–".into(), share),
        held.to_string(),
        "–".into(),
        "–".into(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulation::Capacity;

    #[test]
    fn where_no_hit_was_possible_no_share_of_it_is_told() {
        let simulated = Simulated {
            policy: "opt".into(),
            capacity: Capacity::Entries(1),
            requests: 5,
            hits: 0,
            bytes: 0,
            hit_bytes: 0,
            evictions: 4,
            entries: 1,
            eviction_age: None,
        };
        let bounds = Bounds { entries: 1, simulated: vec![simulated], ..Bounds::default() };
        let rankings = rankings(&Summary { bounds: vec![bounds], ..Summary::default() });
        assert_eq!(rankings[0].rows[1][..6], ["opt", "simulated", "–", "0.0 %", "–", "–"]);
    }
}
