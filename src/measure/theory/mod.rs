//! Theory: what follows in closed form, to hold the measurement against.
//!
//! Each key is read by a Poisson process of rate λr and written by one of rate λw; entries live for T.

mod course;
mod entry_life;

pub use entry_life::{EntryLife, Errors, Expected, KeyClass, LEAST_EXPIRIES, OnWrite, Stretch};

/// The hit rate of one key whose entry lives for `ttl` after a load and is never invalidated:
/// λr T / (1 + λr T). A cycle is one miss and the reads of the following T.
pub fn hit_rate_with_ttl(reads_per_s: f64, ttl_s: f64) -> f64 {
    let x = reads_per_s * ttl_s;
    x / (1.0 + x)
}

/// The hit rate of one key whose entry lives for `ttl` and is deleted by each write: a / (1 + a) with
/// a = λr (1 − e^(−λw T)) / λw, the reads in an entry's mean life.
pub fn hit_rate_with_ttl_and_deletes(reads_per_s: f64, writes_per_s: f64, ttl_s: f64) -> f64 {
    if writes_per_s == 0.0 {
        return hit_rate_with_ttl(reads_per_s, ttl_s);
    }
    let a = reads_per_s * -(-writes_per_s * ttl_s).exp_m1() / writes_per_s;
    a / (1.0 + a)
}

/// The share of misses of one key whose fill is stale under plain cache-aside: 1 − e^(−λw w), the chance of a write in the
/// `gap` w between the moment at which the loaded row was current and the fill. Writes that come at random do not know
/// of the miss, so it holds for every TTL and every rate of reads.
pub fn stale_sets_per_miss(writes_per_s: f64, gap_s: f64) -> f64 {
    -(-writes_per_s * gap_s).exp_m1()
}

/// Loads of one key after a hard expiry without a guard: 1 + λr δ, the load of the first reader and those of all who come
/// while it is under way. In a closed loop no more than there are clients.
pub fn loads_per_expiry(reads_per_s: f64, load_s: f64) -> f64 {
    1.0 + reads_per_s * load_s
}

/// Loads after a hard expiry where each of P `instances` loads once: 1 + (P − 1)(1 − e^(−λr δ / P)), the first reader's
/// instance and every other that is asked while its load is under way.
pub fn loads_per_expiry_single_flight(reads_per_s: f64, load_s: f64, instances: usize) -> f64 {
    let instances = instances as f64;
    1.0 + (instances - 1.0) * -(-reads_per_s * load_s / instances).exp_m1()
}

/// Loads after a hard expiry under a lock that ends by itself after L: ⌈δ / L⌉, one holder after the other.
pub fn loads_per_expiry_lock(load_s: f64, lock_ttl_s: f64) -> f64 {
    (load_s / lock_ttl_s).ceil()
}

/// Loads in an early refresh under XFetch: e^(1/β), the mean of a geometric distribution (Vattani and others, 2015).
/// Holds while the first volunteers earlier than δ before the expiry.
pub fn loads_per_expiry_xfetch(beta: f64) -> f64 {
    (1.0 / beta).exp()
}

/// The chance that an early refresh under XFetch has more than `loads` loads: (1 − e^(−1/β))^k.
pub fn xfetch_more_loads_than(loads: u32, beta: f64) -> f64 {
    (-(-1.0 / beta).exp_m1()).powf(f64::from(loads))
}

/// How long before the expiry the first reader volunteers under XFetch, in seconds: βδ (ln(λr βδ) + γ).
pub fn xfetch_lead(reads_per_s: f64, load_s: f64, beta: f64) -> f64 {
    let gap = beta * load_s;
    gap * ((reads_per_s * gap).ln() + EULER_GAMMA)
}

/// The chance that nobody volunteers before the expiry under XFetch: e^(−λr βδ). Keys that are seldom read get no help.
pub fn xfetch_hard_miss(reads_per_s: f64, load_s: f64, beta: f64) -> f64 {
    (-reads_per_s * beta * load_s).exp()
}

/// The chance that the first reader volunteers less than a load before the expiry under XFetch, or not at all:
/// e^(−λr βδ e^(−1/β)). The law of [`loads_per_expiry_xfetch`] holds where it is small.
pub fn xfetch_late(reads_per_s: f64, load_s: f64, beta: f64) -> f64 {
    (-reads_per_s * beta * load_s * (-1.0 / beta).exp()).exp()
}

/// The Euler–Mascheroni constant, to ten digits.
const EULER_GAMMA: f64 = 0.577_215_664_9;

/// The standard error of a share measured over `n` independent trials.
pub fn standard_error(share: f64, n: f64) -> f64 {
    (share * (1.0 - share) / n).sqrt()
}

/// The share of the keys that moves when `from` nodes become `to` and only those move that must: |m − n| / max(n, m).
pub fn least_move(from: usize, to: usize) -> f64 {
    from.abs_diff(to) as f64 / from.max(to) as f64
}

/// The share of the keys that moves when their hash is taken modulo another number of nodes: 1 − gcd(n, m) / max(n, m).
pub fn modulo_move(from: usize, to: usize) -> f64 {
    let (mut divisor, mut rest) = (from, to);
    while rest != 0 {
        (divisor, rest) = (rest, divisor % rest);
    }
    1.0 - divisor as f64 / from.max(to) as f64
}

/// The share of the keys that moves under jump when of n nodes the one at place r goes and those behind it move up:
/// 1 − r/n − 1/(n(n − 1)). Those in front of it keep their keys, and of those of the last bucket one in n − 1 falls
/// to the bucket that its node now has; if it is the last that goes, 1/n.
pub fn jump_removal(nodes: usize, gone: usize) -> f64 {
    let n = nodes as f64;
    if gone + 1 == nodes { 1.0 / n } else { 1.0 - gone as f64 / n - 1.0 / (n * (n - 1.0)) }
}

/// The standard deviation over the mean of the nodes' counts where each of K keys falls to any of n nodes by chance:
/// √((n − 1) / K).
pub fn chance_imbalance(nodes: usize, keys: f64) -> f64 {
    ((nodes as f64 - 1.0) / keys).sqrt()
}

/// The standard deviation over the mean of the nodes' shares of a ring with V points each: √((n − 1) / (nV + 1)), that of
/// V of nV spacings on a circle.
pub fn ring_imbalance(nodes: usize, virtual_nodes: u32) -> f64 {
    let points = nodes as f64 * f64::from(virtual_nodes);
    ((nodes as f64 - 1.0) / (points + 1.0)).sqrt()
}

#[cfg(test)]
mod tests;
