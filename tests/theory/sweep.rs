use std::path::Path;

use cachebench::config;
use cachebench::engine::Stop;
use cachebench::experiment::{self, Permissions};
use cachebench::measure::{CellResult, Status, Summary, Sweep};

use super::machine;
use super::run::{Unobserved, holds};
use crate::ensure;

const TTLS: [f64; 8] = [0.05, 0.085, 0.144, 0.244, 0.413, 0.7, 1.18, 2.0];
const STRATEGIES: [&str; 2] = ["write-around", "cache-aside"];

/// Both strategies over every TTL, eight at once, with what the sweep of them says.
fn run(keys: &str, rows: u32, limit: &str, seed: u64) -> Summary {
    let ttls: Vec<String> = TTLS.iter().map(|ttl| format!("\"{:.0}ms\"", ttl * 1e3)).collect();
    let text = format!(
        "name = \"sweep\"\n[data]\nrows = {rows}\nseed = {seed}\nvalue = {{ fixed = \"64B\" }}\n[traffic]\nkeys = \"{keys}\"\n\
         mix = {{ read = 9, write = 1 }}\nload = {{ open = {{ rate = 500 }} }}\nwarmup = \"1s\"\nduration = \"6200ms\"\n\
         [freshness]\naudit = false\n[compare]\nat_once = 8\nstrategy = [\"{}\", \"{}\"]\n\"cache.ttl\" = [{}]\n",
        STRATEGIES[0],
        STRATEGIES[1],
        ttls.join(", ")
    );
    let loaded = config::load(Path::new("theory.toml"), text, &[]).unwrap();
    let seats = machine::alone();
    let summary = experiment::run(&loaded, Permissions::default(), &Unobserved, &Stop::default()).unwrap();
    drop(seats);
    let mut sweep = Sweep {
        axes: vec!["cache.ttl".into()],
        tolerate: vec![limit.parse().unwrap()],
        minimise: "db.queries_per_read".into(),
        ..Sweep::default()
    };
    experiment::choose_by_theory(&mut sweep, &loaded, &summary.cells);
    Summary { sweep: Some(sweep), ..summary }
}

fn of(cell: &CellResult, metric: &str) -> f64 {
    cell.median(metric).unwrap_or_else(|| panic!("{}: no {metric}", cell.label()))
}

/// How far a metric is off its theory, in standard errors.
fn off(cell: &CellResult, metric: &str) -> f64 {
    let [measured, theory, error] =
        ["", ".theory", ".theory_error"].map(|name| of(cell, &format!("{metric}{name}")));
    println!("{}: {metric} {measured:.4}, expected {theory:.4} ± {error:.5}", cell.label());
    (measured - theory) / error
}

/// Of fewer stale reads that are expected, standard errors say little.
const LEAST_STALE: f64 = 10.0;
/// Deletes leave stale only what a load puts back that was under way meanwhile.
const RACES: f64 = 0.01;

fn held(summary: &Summary) -> Result<(), String> {
    let mut misses = Vec::new();
    for cell in &summary.cells {
        ensure!(cell.status() == Status::Valid, "{}: {:?}", cell.label(), cell.repeats[0].verdict.reasons);
        let mut check = |what: &str, off: f64| {
            if off.abs() > 3.0 {
                misses.push(format!("{} {what} is off by {off:.1} standard errors", cell.label()));
            }
        };
        check("hit_rate", off(cell, "hit_rate"));
        if cell.strategy == STRATEGIES[0] {
            let off = off(cell, "stale_rate");
            if of(cell, "stale_rate.theory") * of(cell, "read.count") >= LEAST_STALE {
                check("stale_rate", off);
            }
        } else {
            assert_eq!(of(cell, "stale_rate.theory"), 0.0);
            let stale = of(cell, "stale_rate");
            ensure!(stale < RACES, "{}: {stale} of reads were stale", cell.label());
        }
    }
    ensure!(misses.is_empty(), "{}", misses.join(", "));
    // What holds of the one strategy does not hold of the other.
    let [stays, goes] = STRATEGIES.map(|strategy| {
        summary.cells.iter().rfind(|cell| cell.strategy == strategy).expect("both were measured")
    });
    for metric in ["hit_rate", "stale_rate"] {
        let name = |part: &str| format!("{metric}.{part}");
        let apart = of(stays, &name("theory")) - of(goes, &name("theory"));
        ensure!(
            apart > 6.0 * of(stays, &name("theory_error")),
            "{metric}: only {apart} lies between the strategies"
        );
    }
    Ok(())
}

/// Holds the step that was chosen for each strategy against the TTL that theory alone chooses.
fn is_chosen_within_a_step(summary: &Summary) -> Result<(), String> {
    let sweep = summary.sweep.as_ref().unwrap();
    assert_eq!((sweep.by_theory.len(), sweep.without_theory.len()), (2, 0));
    for (row, theory) in sweep.rows(&summary.cells).iter().zip(&sweep.by_theory) {
        let picked = sweep.demands().pick(&summary.cells, &row.cells);
        let best = *picked.met.first().ok_or("no step was chosen")?;
        let step = row.cells.iter().position(|cell| *cell == best).unwrap();
        let best_s = theory.best_s.ok_or("theory chose none")?;
        println!("{}: step {}, theory {best_s:.3} s", sweep.label(row), sweep.step(&summary.cells[best]));
        let least = TTLS[step.saturating_sub(1)];
        let most = TTLS[(step + 1).min(TTLS.len() - 1)];
        ensure!(
            (least - 1e-9..=most + 1e-9).contains(&best_s),
            "{}: {best_s} is more than a step from {}",
            sweep.label(row),
            TTLS[step]
        );
        // Where writes leave entries alone there is a limit within the range, and where they delete them none.
        let is_limited = sweep.label(row) == STRATEGIES[0];
        ensure!(theory.is_at_end != is_limited, "{}: {theory:?}", sweep.label(row));
    }
    Ok(())
}

fn follows(keys: &str, rows: u32, limit: &str) {
    holds(|seed| {
        let summary = run(keys, rows, limit, seed);
        held(&summary)?;
        is_chosen_within_a_step(&summary)
    });
}

#[test]
fn uniform_keys_hit_and_go_stale_as_theory_says_at_every_ttl() {
    follows("uniform", 200, "stale_rate < 5%");
}

#[test]
fn zipfian_keys_hit_and_go_stale_as_theory_says_at_every_ttl() {
    follows("zipfian", 1_000, "stale_rate < 12%");
}
