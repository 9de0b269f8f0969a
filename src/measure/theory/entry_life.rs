use super::course;

/// What becomes of an entry whose row is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnWrite {
    /// It stays as it was, until its TTL.
    Stays,
    /// It is deleted.
    Goes,
}

/// How the entries of a cache live. A row that is read and not there is loaded; its entry lives until its TTL.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EntryLife {
    /// Seconds from the fill to the expiry, on average.
    pub ttl_s: f64,
    /// How far from that an entry's TTL may be, as a share of it: evenly from 1 − spread to 1 + spread times.
    pub spread: f64,
    pub on_write: OnWrite,
    /// Seconds from the look-up that missed until the entry is there; who reads meanwhile misses, too.
    pub load_s: f64,
}

/// Keys that are read and written alike, each at random times.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KeyClass {
    /// How many.
    pub keys: f64,
    /// Of one key.
    pub reads_per_s: f64,
    pub writes_per_s: f64,
}

/// When a cache was measured, and what it began with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stretch {
    /// Seconds of load before the measurement.
    pub warm_up_s: f64,
    /// Seconds that were measured.
    pub measured_s: f64,
    /// Whether every row had an entry when the load began; else none had.
    pub began_full: bool,
}

/// What a measurement should have found, as shares of all reads.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Expected {
    pub hit_rate: f64,
    pub stale_rate: f64,
    /// Standard errors of what is measured at the rates that were measured, where entries live for so short that they
    /// can be told.
    pub errors: Option<Errors>,
}

/// How far chance takes a measurement from what is expected, in standard errors.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Errors {
    pub hit_rate: f64,
    pub stale_rate: f64,
}

/// Under a spread TTL, it is one of so many at the same distance.
const SPREAD_OVER: usize = 8;
/// The measurement is at least so many TTLs long for an error to be told: chance is then that of many expiries.
pub const LEAST_EXPIRIES: f64 = 3.0;
/// After so many expiries it no longer matters with what a cache began.
const STEADY_AFTER: f64 = 200.0;

impl EntryLife {
    /// What keys of these classes should show in the long run, without chance.
    pub fn in_the_long_run(&self, classes: &[KeyClass]) -> Expected {
        let reads: f64 = classes.iter().map(|class| class.keys * class.reads_per_s).sum();
        let sum = |of: fn(&Cycle) -> f64| -> f64 {
            classes
                .iter()
                .map(|class| class.keys * of(&self.cycle(class.reads_per_s, class.writes_per_s)))
                .sum()
        };
        let hit_rate = 1.0 - sum(Cycle::misses_per_s) / reads;
        Expected { hit_rate, stale_rate: sum(Cycle::stale_per_s) / reads, errors: None }
    }

    /// What a measurement of this length should have found, what the cache began with included.
    pub fn expected(&self, classes: &[KeyClass], stretch: &Stretch) -> Expected {
        let Stretch { warm_up_s, measured_s, .. } = *stretch;
        // A clock that rounds makes no difference.
        let is_long = measured_s >= 0.99 * LEAST_EXPIRIES * self.ttl_s;
        let errors = is_long.then(|| self.errors(classes, measured_s));
        let expected = if (warm_up_s + measured_s) / self.ttl_s > STEADY_AFTER {
            self.in_the_long_run(classes)
        } else {
            course::expected(self, classes, stretch)
        };
        Expected { errors, ..expected }
    }

    /// The lifetimes that an entry has by its TTL, each as likely.
    pub(super) fn lifetimes(&self) -> Vec<f64> {
        if self.spread == 0.0 {
            return vec![self.ttl_s];
        }
        let place = |index: usize| 2.0 * (index as f64 + 0.5) / SPREAD_OVER as f64 - 1.0;
        (0..SPREAD_OVER).map(|index| self.ttl_s * (1.0 + self.spread * place(index))).collect()
    }

    /// Chance after many expiries, given how many reads and writes there were.
    ///
    /// Misses and stale reads of a key are rewards of a renewal process, the variance of whose sum grows by
    /// Var(B − yC)/E(C) a second, B and C being the reward and the length of a cycle and y = E(B)/E(C); to that comes what
    /// its two cut ends leave open. What follows from the numbers of reads and writes themselves, λ ∂E/∂λ of Poisson
    /// processes, is taken off, since the expectation is that at the measured rates.
    fn errors(&self, classes: &[KeyClass], measured_s: f64) -> Errors {
        let (mut misses, mut stale) = (Chance::default(), Chance::default());
        let (mut reads, mut writes) = (0.0, 0.0);
        for class in classes {
            let KeyClass { keys, reads_per_s, writes_per_s } = *class;
            let at = |more_reads: f64, more_writes: f64| {
                self.cycle(reads_per_s * (1.0 + more_reads), writes_per_s * (1.0 + more_writes))
            };
            let cycle = at(0.0, 0.0);
            (reads, writes) = (reads + keys * reads_per_s, writes + keys * writes_per_s);
            let slopes = |of: fn(&Cycle) -> f64| {
                [
                    (of(&at(STEP, 0.0)) - of(&at(-STEP, 0.0))) / (2.0 * STEP),
                    (of(&at(0.0, STEP)) - of(&at(0.0, -STEP))) / (2.0 * STEP),
                ]
            };
            let cut = cycle.cut_ends();
            let of_misses = measured_s * cycle.misses_variance_per_s() + cut * cycle.misses.powi(2);
            let of_stale = measured_s * cycle.stale_variance_per_s() + cut * cycle.stale.powi(2);
            misses.add(keys, of_misses, slopes(Cycle::misses_per_s));
            stale.add(keys, of_stale, slopes(Cycle::stale_per_s));
        }
        let all = reads * measured_s;
        let error = |chance: &Chance| chance.given(reads, writes, measured_s).sqrt() / all;
        Errors { hit_rate: error(&misses), stale_rate: error(&stale) }
    }

    fn cycle(&self, reads_per_s: f64, writes_per_s: f64) -> Cycle {
        let lifetimes = self.lifetimes();
        let mean = |of: &dyn Fn(f64) -> f64| {
            lifetimes.iter().map(|ttl| of(*ttl)).sum::<f64>() / lifetimes.len() as f64
        };
        // Who misses during the load fills again, and the last of them sets the TTL.
        let during = reads_per_s * self.load_s;
        let again_s = if during > 0.0 { self.load_s + (-during).exp_m1() / reads_per_s } else { 0.0 };
        let (life, square, stale, stale_square, product) = match self.on_write {
            OnWrite::Stays => (
                mean(&|ttl| ttl),
                mean(&|ttl| ttl * ttl),
                mean(&|ttl| stale_s(writes_per_s, ttl)),
                mean(&|ttl| stale_square(writes_per_s, ttl)),
                mean(&|ttl| ttl * stale_s(writes_per_s, ttl)),
            ),
            OnWrite::Goes => (
                mean(&|ttl| fresh_s(writes_per_s, ttl)),
                mean(&|ttl| fresh_square(writes_per_s, ttl)),
                0.0,
                0.0,
                0.0,
            ),
        };
        Cycle {
            reads_per_s,
            during,
            misses: 1.0 + during,
            seconds: 1.0 / reads_per_s + self.load_s + life + again_s,
            life_variance: (square - life * life).max(0.0),
            stale: reads_per_s * stale,
            stale_variance: (stale_square - stale * stale).max(0.0),
            covariance: product - life * stale,
        }
    }
}

/// By what share rates are changed to see what follows.
const STEP: f64 = 1e-3;

/// Seconds for which an entry is fresh on average: until its TTL or the first write, (1 − e^(−μT)) / μ.
fn fresh_s(writes_per_s: f64, ttl_s: f64) -> f64 {
    let x = writes_per_s * ttl_s;
    if x < SMALL { ttl_s * (1.0 - x / 2.0) } else { -(-x).exp_m1() / writes_per_s }
}

/// The mean square of that: 2 (1 − e^(−μT) (1 + μT)) / μ².
fn fresh_square(writes_per_s: f64, ttl_s: f64) -> f64 {
    let x = writes_per_s * ttl_s;
    match x < SMALL {
        true => ttl_s * ttl_s * (1.0 - 2.0 * x / 3.0),
        false => 2.0 * (1.0 - (-x).exp() * (1.0 + x)) / writes_per_s.powi(2),
    }
}

/// Seconds for which an entry that writes leave alone is stale on average: T − (1 − e^(−μT)) / μ.
fn stale_s(writes_per_s: f64, ttl_s: f64) -> f64 {
    let x = writes_per_s * ttl_s;
    if x < SMALL { ttl_s * x / 2.0 } else { ttl_s - fresh_s(writes_per_s, ttl_s) }
}

/// The mean square of that: T² − 2 (T − (1 − e^(−μT)) / μ) / μ.
fn stale_square(writes_per_s: f64, ttl_s: f64) -> f64 {
    let x = writes_per_s * ttl_s;
    match x < SMALL {
        true => ttl_s * ttl_s * x / 3.0,
        false => ttl_s * ttl_s - 2.0 * stale_s(writes_per_s, ttl_s) / writes_per_s,
    }
}

/// Below this the difference of two almost equal numbers would be all rounding.
const SMALL: f64 = 1e-4;

/// What happens to a key from one load that begins to the next.
struct Cycle {
    reads_per_s: f64,
    /// Reads during the load, after the first.
    during: f64,
    /// Reads that miss.
    misses: f64,
    /// Its length.
    seconds: f64,
    life_variance: f64,
    /// Reads that are stale.
    stale: f64,
    /// The variance of the seconds for which the entry is stale, and their covariance with its life.
    stale_variance: f64,
    covariance: f64,
}

impl Cycle {
    fn misses_per_s(&self) -> f64 {
        self.misses / self.seconds
    }

    fn stale_per_s(&self) -> f64 {
        self.stale / self.seconds
    }

    fn seconds_variance(&self) -> f64 {
        self.reads_per_s.powi(-2) + self.life_variance
    }

    fn misses_variance_per_s(&self) -> f64 {
        (self.during + self.misses_per_s().powi(2) * self.seconds_variance()) / self.seconds
    }

    fn stale_variance_per_s(&self) -> f64 {
        let Cycle { reads_per_s, .. } = self;
        let y = self.stale_per_s();
        let of_reads = self.stale + reads_per_s.powi(2) * self.stale_variance;
        let of_length = y * y * self.seconds_variance() - 2.0 * y * reads_per_s * self.covariance;
        (of_reads + of_length).max(0.0) / self.seconds
    }

    /// The variance of the number of cycles that the two ends add to what grows with time, of a process that has long
    /// been running: 1/6 + σ⁴/2μ⁴ − κ/3μ³ (Cox 1962), the lives taken as constant.
    fn cut_ends(&self) -> f64 {
        let wait = 1.0 / (self.reads_per_s * self.seconds);
        1.0 / 6.0 + wait.powi(4) / 2.0 - 2.0 * wait.powi(3) / 3.0
    }
}

/// The variance of a count over all keys, and how the count follows the numbers of reads and writes.
#[derive(Default)]
struct Chance {
    variance: f64,
    slopes: [f64; 2],
}

impl Chance {
    fn add(&mut self, keys: f64, variance: f64, slopes: [f64; 2]) {
        self.variance += keys * variance;
        (0..2).for_each(|place| self.slopes[place] += keys * slopes[place]);
    }

    /// The variance that is left once reads and writes have been counted.
    fn given(&self, reads_per_s: f64, writes_per_s: f64, seconds: f64) -> f64 {
        let taken = |slope: f64, rate: f64| if rate > 0.0 { slope * slope * seconds / rate } else { 0.0 };
        let known = taken(self.slopes[0], reads_per_s) + taken(self.slopes[1], writes_per_s);
        (self.variance - known).max(0.0)
    }
}
