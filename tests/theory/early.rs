use std::f64::consts::PI;

use cachebench::measure::theory;

use super::run::{Measured, Run, holds};
use crate::ensure;

/// What XFetch makes of loads of 100 ms, against the law of its β, and that of a β that is another by far.
fn xfetch(beta: f64, other: f64) {
    holds(|seed| {
        let (reads_per_s, load_ms) = (150.0, 100);
        let lead_s = theory::xfetch_lead(reads_per_s, load_ms as f64 / 1e3, beta);
        // An entry is read for a while before anybody should load it: earlier, one in a hundred would.
        let ttl_ms = (1e3 * lead_s + 4.0 * beta * load_ms as f64) as u64;
        let guard = format!("{{ xfetch = {{ beta = {beta} }} }}");
        let guards = &[guard.as_str()][..];
        let run = Run { rows: 24, reads_per_s, load_ms, ttl_ms, seconds: 8, seed, guards, ..Run::default() };
        let cell = &run.measure()[0];
        let (loads, load_s) = (cell.loads(), cell.median_window_s());
        let p = |beta: f64| (-1.0 / beta).exp();
        let expected = theory::loads_per_expiry_xfetch(beta);
        loads.mean_is(&format!("xfetch {beta}"), expected, (1.0 - p(beta)) / p(beta).powi(2))?;
        for law in [beta, other] {
            let (distance, bound) = loads.geometric(p(law));
            println!("  χ² to the law of {law}: {distance:.1}, bound {bound:.1}");
            ensure!((distance <= bound) == (law == beta), "{distance} of {bound} to the law of {law}");
        }
        let (hard, n) = (cell.metric("stampede.hard_misses"), loads.n());
        let (lead, expected) =
            (cell.metric("stampede.early_lead.mean") / 1e6, theory::xfetch_lead(reads_per_s, load_s, beta));
        let error = beta * load_s * PI / 6f64.sqrt() / n.sqrt();
        println!(
            "  lead {lead:.4} s, expected {expected:.4} ± {error:.4}; hard misses {hard}; load {load_s:.4} s"
        );
        ensure!((lead - expected).abs() <= 3.0 * error, "a lead of {lead}, expected {expected} ± {error}");
        ensure!(hard == 0.0, "{hard} hard misses");
        Ok(())
    });
}

#[test]
fn xfetch_with_a_beta_of_1_follows_its_law() {
    xfetch(1.0, 2.0);
}

#[test]
fn xfetch_with_a_beta_of_1_and_a_half_follows_its_law() {
    xfetch(1.5, 1.0);
}

#[test]
fn xfetch_with_a_beta_of_2_follows_its_law() {
    xfetch(2.0, 1.0);
}
