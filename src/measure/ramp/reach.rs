use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::bins::{Bin, RAMP_BIN};
use super::steady::Steady;

/// A hit rate is told of at least so many reads, and so many bins.
const LEAST_READS: f64 = 200.0;
const LEAST_BINS: usize = 3;
/// What lies so many standard errors of chance below the goal is no chance any more.
const ERRORS: f64 = 3.0;
/// Of no more than this share of all reads, however much chance there is in fewer.
const MOST: f64 = 0.1;

/// When a share of the steady hit rate was reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Reached {
    /// Seconds from the beginning of the ramp.
    pub seconds: f64,
    /// Rows read until then.
    pub reads: f64,
}

/// A stretch of bins, and their hit rate.
#[derive(Clone, Copy)]
struct Stretch {
    first: usize,
    end: usize,
    reads: f64,
    rate: f64,
}

/// From when on the hit rate was `share` of the steady one; nothing where it never was.
///
/// It is looked for in two steps. A stretch of so many reads that chance moves their hit rate by half of what is
/// missing to the steady one, at least 200 and at most a tenth of all, keeps a lucky moment from passing for the goal; it
/// is the first that is there after the last that lacks more than three standard errors, so that who falls back was not
/// there yet. The first short stretch in it, of 200 reads and 300 ms, says when. The time is that of its middle, between
/// it and the one before in proportion. Where the first stretch is there already, it was so from the beginning.
pub fn reach(bins: &[Bin], steady: &Steady, share: f64) -> Option<Reached> {
    let goal = share * steady.hit_rate;
    let missing = steady.hit_rate - goal;
    let enough = steady.hit_rate * (1.0 - steady.hit_rate) / (missing / 2.0).powi(2);
    let most = Bin::sum(bins).reads as f64 * MOST;
    let long = || stretches(bins, enough.min(most).max(LEAST_READS));
    let lacks = |stretch: &Stretch| {
        let chance = (goal * (1.0 - goal) / stretch.reads).sqrt();
        stretch.rate < goal - ERRORS * chance
    };
    let after = long().filter(lacks).last().map_or(0, |last| last.first);
    let long = long().skip(after).find(|stretch| stretch.rate >= goal)?;
    if long.first == 0 {
        return Some(Reached::default());
    }
    let (mut before, mut found) = (None, None);
    for short in stretches(bins, LEAST_READS).skip(long.first - 1).take_while(|short| short.first < long.end)
    {
        if short.first >= long.first && short.rate >= goal {
            found = Some(short);
            break;
        }
        before = Some(short);
    }
    let found = found.unwrap_or(long);
    let middle = match before.filter(|before| before.rate < goal && found.rate > before.rate) {
        Some(before) => {
            let part = (goal - before.rate) / (found.rate - before.rate);
            before.middle() + part * (found.middle() - before.middle())
        }
        None => found.middle(),
    };
    let (whole, part) = (middle as usize, middle.fract());
    let next = bins.get(whole).map_or(0.0, |bin| bin.reads as f64);
    Some(Reached {
        seconds: middle * RAMP_BIN.as_secs_f64(),
        reads: Bin::sum(&bins[..whole.min(bins.len())]).reads as f64 + part * next,
    })
}

impl Stretch {
    /// In bins from the beginning.
    fn middle(self) -> f64 {
        (self.first + self.end) as f64 / 2.0
    }
}

/// From each bin on, the shortest stretch of at least so many reads and the least number of bins.
fn stretches(bins: &[Bin], reads: f64) -> impl Iterator<Item = Stretch> {
    let (mut end, mut sum) = (0, Bin::default());
    (0..bins.len()).map_while(move |first| {
        while end < first + LEAST_BINS || (sum.reads as f64) < reads {
            let bin = bins.get(end)?;
            sum = Bin { reads: sum.reads + bin.reads, hits: sum.hits + bin.hits, ..sum };
            end += 1;
        }
        let (rate, reads) = (sum.hit_rate().unwrap_or(0.0), sum.reads as f64);
        let gone = bins[first];
        sum = Bin { reads: sum.reads - gone.reads, hits: sum.hits - gone.hits, ..sum };
        Some(Stretch { first, end, reads, rate })
    })
}
