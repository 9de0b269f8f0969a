use super::model::{Model, load_s, model};
use super::{Rates, put};
use crate::config::Loaded;
use crate::measure::{CellResult, Expectation, Metrics, Sweep, TheoryChoice, median};

/// The one setting over which closed forms go.
const TTL: &str = "cache.ttl";
/// Values of a range that are tried.
const GRID: usize = 240;
/// How often the distance of two of them is halved.
const HALVINGS: usize = 30;

/// Puts to a sweep what closed forms alone would choose at the rates that were measured, and why cells have none.
pub fn choose(sweep: &mut Sweep, loaded: &Loaded, cells: &[CellResult]) {
    for row in sweep.rows(cells) {
        let known: Vec<_> =
            row.cells.iter().filter_map(|&index| Some((&cells[index], of(&cells[index], loaded)?))).collect();
        let mut models = Vec::new();
        for (_, model) in &known {
            match model {
                Ok(model) => models.push(model),
                Err(reason) if !sweep.without_theory.contains(reason) => {
                    sweep.without_theory.push(reason.clone());
                }
                Err(_) => {}
            }
        }
        // Along another setting it is not the TTL that is looked for.
        if sweep.path() != TTL || models.len() < 2 {
            continue;
        }
        let ends = |of: fn(f64, f64) -> f64| models.iter().map(|model| model.ttl_s).reduce(of).unwrap_or(0.0);
        let (cells, range) = (row.cells.iter().map(|&index| &cells[index]), (ends(f64::min), ends(f64::max)));
        let ran = Ran::of(&cells.collect::<Vec<_>>());
        if let Some((best_s, is_at_end)) = ran.and_then(|ran| ran.best(models[0], range, sweep)) {
            let settings = row.settings.iter().map(|&setting| setting.clone()).collect();
            sweep.by_theory.push(TheoryChoice { settings, best_s, is_at_end });
        }
    }
}

/// The model of a cell.
fn of(cell: &CellResult, loaded: &Loaded) -> Option<Result<Model, String>> {
    let workload = &loaded.cells.iter().find(|one| one.settings == cell.settings)?.workload;
    Some(model(workload, workload.data.rows?))
}

/// At which rates cells ran, and how long their loads took.
struct Ran {
    rates: Rates,
    load_s: f64,
}

impl Ran {
    fn of(cells: &[&CellResult]) -> Option<Ran> {
        let each = |of: &dyn Fn(&Metrics, f64) -> Option<f64>| {
            let repeats = cells.iter().flat_map(|cell| cell.measured());
            median(repeats.filter_map(|repeat| of(&repeat.metrics, repeat.seconds)).collect())
        };
        let rate = |kind: &'static str| {
            each(&move |metrics, seconds| Some(metrics.get(kind)? / seconds)).filter(|rate| rate.is_finite())
        };
        let writes_per_s = rate("write.count").unwrap_or(0.0);
        let rates = Rates { reads_per_s: rate("read.count")?, writes_per_s };
        Some(Ran { rates, load_s: each(&|metrics, _| Some(load_s(metrics))).unwrap_or(0.0) })
    }

    /// What closed forms say of a TTL.
    fn metrics(&self, model: &Model, ttl_s: f64) -> Metrics {
        let life = model.life_under(ttl_s, self.load_s);
        let mut metrics = Metrics::default();
        put(&mut metrics, &life.in_the_long_run(&self.rates.over(&model.popularity)));
        metrics
    }

    /// The best TTL of a range, if any satisfies, and whether a better one may lie beyond the range; nothing where closed
    /// forms do not tell what is asked for.
    fn best(&self, model: &Model, (from, to): (f64, f64), sweep: &Sweep) -> Option<(Option<f64>, bool)> {
        let at = |place: usize| from * (to / from).powf(place as f64 / (GRID - 1) as f64);
        let cost = |ttl_s: f64| value(&self.metrics(model, ttl_s), &sweep.minimise);
        let holds = |ttl_s: f64| all_hold(&self.metrics(model, ttl_s), &sweep.tolerate);
        cost(from)?;
        holds(from)?;
        let costs: Vec<f64> = (0..GRID).filter_map(|place| cost(at(place))).collect();
        let held: Vec<bool> = (0..GRID).filter_map(|place| holds(at(place))).collect();
        let those = (0..GRID).filter(|&place| held[place]);
        let Some(best) = those.min_by(|&one, &other| costs[one].total_cmp(&costs[other])) else {
            return Some((None, false));
        };
        let beside = [best.checked_sub(1), Some(best + 1).filter(|place| *place < GRID)];
        let limit = beside.into_iter().flatten().find(|&place| !held[place] && costs[place] < costs[best]);
        let Some(limit) = limit else { return Some((Some(at(best)), best == 0 || best + 1 == GRID)) };
        let (mut good, mut bad) = (at(best), at(limit));
        for _ in 0..HALVINGS {
            let middle = (good * bad).sqrt();
            if holds(middle) == Some(true) { good = middle } else { bad = middle }
        }
        Some((Some(good), false))
    }
}

/// The value that theory has of a metric.
fn value(metrics: &Metrics, name: &str) -> Option<f64> {
    metrics.get(&format!("{name}.theory"))
}

/// Whether theory shows all that is expected; nothing where it does not tell.
fn all_hold(metrics: &Metrics, expectations: &[Expectation]) -> Option<bool> {
    let each = expectations.iter().map(|one| Some(one.is_met_by(value(metrics, &one.metric)?)));
    each.collect::<Option<Vec<bool>>>().map(|all| all.into_iter().all(|holds| holds))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::load;
    use crate::measure::{RepeatResult, Unit};

    const HEAD: &str = "name = \"w\"\nstrategy = \"write-around\"\n[data]\nrows = 100\n[traffic]\nkeys = \"uniform\"\n\
        mix = { read = 9, write = 1 }\nload = { open = { rate = 1_000 } }\nduration = \"1s\"\n[compare]\n";

    /// What closed forms choose where 9 reads and 1 write of each key come in a second.
    fn chosen(compare: &str, tolerate: &[&str], minimise: &str) -> Sweep {
        let loaded = load(Path::new("w.toml"), format!("{HEAD}{compare}"), &[]).unwrap();
        let cell = |settings: &Vec<_>| {
            let mut metrics = Metrics::default();
            metrics.put("read.count", 9_000.0, Unit::Count);
            metrics.put("write.count", 1_000.0, Unit::Count);
            let repeat = RepeatResult { metrics, seconds: 10.0, ..RepeatResult::default() };
            CellResult { settings: settings.clone(), repeats: vec![repeat], ..CellResult::default() }
        };
        let cells: Vec<CellResult> = loaded.cells.iter().map(|one| cell(&one.settings)).collect();
        let tolerate = tolerate.iter().map(|text| text.parse().unwrap()).collect();
        let mut sweep =
            Sweep { axes: vec![TTL.into()], tolerate, minimise: minimise.into(), ..Sweep::default() };
        choose(&mut sweep, &loaded, &cells);
        sweep
    }

    const RANGE: &str = "\"cache.ttl\" = [\"100ms\", \"1s\", \"10s\"]\n";

    #[test]
    fn the_longest_ttl_that_is_tolerated_is_found_between_the_steps() {
        let found = chosen(RANGE, &["stale_rate < 10%"], "db.queries_per_read").by_theory;
        let best = found[0].best_s.unwrap();
        let stale = |ttl: f64| {
            let x = 0.1 * (ttl + 0.000_5) * 10.0;
            0.9 * 10.0 * (ttl + 0.000_5) / (1.0 + 9.0 * (ttl + 0.000_5)) * (1.0 - (1.0 - (-x).exp()) / x)
        };
        assert!((stale(best) - 0.1).abs() < 1e-6 && !found[0].is_at_end, "{best}: {}", stale(best));
    }

    #[test]
    fn without_a_limit_the_range_ends_it_and_an_impossible_one_leaves_none() {
        let free = chosen(RANGE, &[], "db.queries_per_read").by_theory;
        assert!((free[0].best_s.unwrap() - 10.0).abs() < 1e-9 && free[0].is_at_end);
        let none = chosen(RANGE, &["hit_rate > 99.9%"], "db.queries_per_read").by_theory;
        assert_eq!(none[0].best_s, None);
        // Of latencies there is no closed form.
        assert!(chosen(RANGE, &["read.response.p99 < 5ms"], "db.queries_per_read").by_theory.is_empty());
        assert!(chosen(RANGE, &[], "read.response.p99").by_theory.is_empty());
    }

    #[test]
    fn each_row_has_its_own_and_what_has_no_model_says_why() {
        let compare = format!("strategy = [\"cache-aside\", \"write-through\", \"write-around\"]\n{RANGE}");
        let sweep = chosen(&compare, &["stale_rate < 10%"], "db.queries_per_read");
        let labels: Vec<_> = sweep.by_theory.iter().map(|one| one.settings[0].label.as_str()).collect();
        assert_eq!(labels, ["cache-aside", "write-around"]);
        assert!(sweep.by_theory[0].is_at_end, "deletes leave nothing stale");
        assert_eq!(sweep.without_theory, ["writes put rows into the cache"]);
    }
}
