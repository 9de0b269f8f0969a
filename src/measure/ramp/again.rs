use super::bins::{Bin, RAMP_BIN};
use super::steady::Steady;
use super::{Beginning, Ramp, SECOND};
use crate::measure::{Effect, FaultRecord};

/// How much of the time before a fault says what was usual.
const BEFORE: usize = 5 * SECOND;
/// With less than this after a fault, there is no ramp to tell of.
const LEAST: usize = SECOND;

/// Adds to each fault that took entries from the cache how the hit rate came back to what it was before, up to the next
/// fault.
pub fn ramp_again(bins: &[Bin], faults: &mut [FaultRecord]) {
    let bin = |seconds: f64| (seconds / RAMP_BIN.as_secs_f64()).round() as usize;
    let spans: Vec<Option<(usize, usize)>> = faults
        .iter()
        .map(|fault| {
            let began_s = fault.began_s?;
            // What is still disturbed right after a fault is not usual.
            Some((bin(began_s), bin(fault.ended_s.unwrap_or(began_s)) + SECOND))
        })
        .collect();
    for (place, fault) in faults.iter_mut().enumerate() {
        let Some((began, _)) = spans[place].filter(|_| fault.effect != Effect::None) else { continue };
        let others = || (0..spans.len()).filter(|other| *other != place).filter_map(|other| spans[other]);
        let next = others().map(|(other, _)| other).filter(|other| *other > began).min();
        let end = next.unwrap_or(bins.len()).min(bins.len());
        let since = others().filter(|(other, _)| *other <= began).map(|(_, until)| until).max().unwrap_or(0);
        let usual = bins.get(since.max(began.saturating_sub(BEFORE))..began.min(bins.len()));
        let steady = usual.and_then(Steady::of);
        if let (Some(steady), Some(recovery)) = (steady, &mut fault.recovery)
            && end >= began + LEAST
        {
            let bins = &bins[began..end];
            recovery.ramp = Some(Ramp::towards(bins, steady, Beginning::Emptied, bins.len()));
        }
    }
}
