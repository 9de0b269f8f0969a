use cachebench::measure::Summary;
use cachebench::measure::theory::{
    hit_rate_with_ttl, hit_rate_with_ttl_and_deletes, stale_sets_per_miss, standard_error,
};

use super::run::{self, holds};
use crate::ensure;

const ROWS: f64 = 100.0;

/// A strategy under Poisson load over uniform keys, at so many reads and writes of a key per second, for these times of
/// warm-up and measurement, and with more settings.
fn run(
    strategy: &str,
    (reads, writes): (f64, f64),
    [warmup, duration]: [&str; 2],
    more: &str,
    seed: u64,
) -> Summary {
    run::run(format!(
        "name = \"theory\"\nstrategy = \"{strategy}\"\n[data]\nrows = {ROWS}\nseed = {seed}\n[traffic]\nkeys = \"uniform\"\n\
         mix = {{ read = {reads}, write = {writes} }}\nload = {{ open = {{ rate = {} }} }}\nwarmup = \"{warmup}\"\n\
         duration = \"{duration}\"\n[cache]\nttl = \"1s\"\n{more}\n",
        ROWS * (reads + writes)
    ))
}

/// Holds the hit rate of a strategy at these rates of a key against a closed form, and against a wrong one.
///
/// The form leaves out that a load takes time δ, in which others miss too: of h / (1 − h) hits for each miss it makes as
/// many for each 1 + λδ. δ is measured, since a busy machine stretches it. The standard error is that of independent
/// reads. Misses come in more regular intervals than that, so the true one is smaller.
fn hit_rate_is(strategy: &str, rates: (f64, f64), form: f64, wrong: f64) {
    holds(|seed| hit_rate_held(&run(strategy, rates, ["3s", "8s"], "", seed), rates.0, form, wrong));
}

fn hit_rate_held(summary: &Summary, reads_per_s: f64, form: f64, wrong: f64) -> Result<(), String> {
    let of = |metric: &str| summary.cells[0].median(metric).unwrap();
    let (measured, reads) = (of("hit_rate"), of("read.count"));
    let during_a_load = reads_per_s * of("stampede.window.mean") / 1e6;
    let [expected, wrong] = [form, wrong].map(|rate| rate / (1.0 + (1.0 - rate) * during_a_load));
    let error = standard_error(expected, reads);
    println!(
        "measured {measured:.4}, expected {expected:.4} ± {error:.4} ({form:.4} and {during_a_load:.3} reads during a \
         load), {reads} reads"
    );
    ensure!((measured - expected).abs() <= 3.0 * error, "{measured:.4}, expected {expected:.4} ± {error:.4}");
    ensure!((wrong - expected).abs() > 6.0 * error, "the run is too short to tell {wrong} from {expected}");
    Ok(())
}

#[test]
fn the_hit_rate_under_a_ttl_follows_its_closed_form() {
    for reads in [10.0, 5.0] {
        let form = |ttl| hit_rate_with_ttl(reads, ttl);
        hit_rate_is("write-around", (reads, 0.0), form(1.0), form(0.7));
    }
}

#[test]
fn the_hit_rate_under_a_ttl_and_deletes_follows_its_closed_form() {
    for writes in [1.0, 5.0] {
        let expected = hit_rate_with_ttl_and_deletes(10.0, writes, 1.0);
        hit_rate_is("cache-aside", (10.0, writes), expected, hit_rate_with_ttl(10.0, 1.0));
    }
}

#[test]
fn writes_that_leave_entries_alone_cost_no_hits() {
    let expected = hit_rate_with_ttl(10.0, 1.0);
    hit_rate_is("write-around", (10.0, 5.0), expected, hit_rate_with_ttl_and_deletes(10.0, 5.0, 1.0));
}

/// The injected pause between the load and the fill of a miss, in seconds.
const FILL_DELAY: f64 = 0.02;

/// Stale fills by fills, and what the closed form allows at so many writes of a key per second: it is evaluated at both
/// ends of what the gap can be, three standard errors further out.
///
/// A write counts if it was committed after the row was read and acknowledged before the fill was sent. From the read
/// to the fill passes the delay, rounded up by the timer, and a part of the miss's remaining service time. From the
/// commit to the acknowledgement passes a part of the write's service time. So the gap lies between the delay less the
/// one and the delay plus the other.
fn stale_fills(summary: &Summary, writes_per_s: f64) -> (f64, [f64; 2]) {
    let of = |metric: &str| summary.cells[0].median(metric).unwrap();
    let seconds = |metric: &str| of(metric) / 1e6;
    let fills = of("cache.fills");
    let least = FILL_DELAY - seconds("write.service.mean");
    let most = FILL_DELAY.max(seconds("read.miss.service.mean"));
    let [least, most] = [least, most].map(|gap| stale_sets_per_miss(writes_per_s, gap));
    let bounds = [least - 3.0 * standard_error(least, fills), most + 3.0 * standard_error(most, fills)];
    let measured = of("stale_sets") / fills;
    println!(
        "λw {writes_per_s}: measured {measured:.4}, {least:.4} to {most:.4}, within {bounds:.4?}, {fills} fills"
    );
    assert!(fills >= 800.0, "too few fills to tell: {fills}");
    (measured, bounds)
}

#[test]
fn stale_fills_under_plain_deletes_follow_their_closed_form() {
    let rates = [(5.0, 5.0), (5.0, 2.0)];
    let more = "fill_delay = \"20ms\"\n[freshness]\nrecheck = [\"2s\"]";
    holds(|seed| {
        let summaries = rates.map(|rates| run("cache-aside", rates, ["1s", "6s"], more, seed));
        let found = [0, 1].map(|index| stale_fills(&summaries[index], rates[index].1));
        for (measured, [least, most]) in found {
            ensure!(
                least <= measured && measured <= most,
                "{measured:.4} is not within {least:.4} to {most:.4}"
            );
        }
        // What was measured at one rate of writes is not what the form says of the other.
        let [(_, [least, _]), (fewer, _)] = found;
        ensure!(fewer < least, "{fewer:.4} cannot be told from {least:.4}");
        // Whoever reads a stale entry is told, and some are still there in the end.
        let sum = |metric: &str| summaries.iter().map(|it| it.cells[0].median(metric).unwrap()).sum::<f64>();
        println!("{} stale reads, {} entries off at the end", sum("stale_reads"), sum("audit.divergent"));
        ensure!(sum("stale_reads") > 0.0 && sum("audit.divergent") > 0.0, "nothing stale was seen");
        // A TTL of a second bounds how long that lasts.
        ensure!(sum("divergent_keys") == 0.0, "{} keys were off after their TTL", sum("divergent_keys"));
        Ok(())
    });
}
