use super::{EntryLife, Expected, KeyClass, OnWrite, Stretch};

/// Steps in which a TTL is followed.
const STEPS_PER_TTL: f64 = 32.0;

/// What keys should show over a stretch of time, from what the cache began with on.
///
/// The chance p that a key has an entry follows p' = λ(1 − p) − μp − (what was filled a TTL ago and has survived), μ
/// being 0 where writes leave entries alone; that it has a fresh one, the same with μ. It is followed in steps, over each of
/// which expiries are even, so that no miss is lost or made.
pub fn expected(life: &EntryLife, classes: &[KeyClass], stretch: &Stretch) -> Expected {
    let (mut reads, mut misses, mut stale) = (0.0, 0.0, 0.0);
    for class in classes {
        let [missed, found_stale] = Course::of(life, class, stretch).measured(stretch);
        reads += class.keys * class.reads_per_s * stretch.measured_s;
        misses += class.keys * missed * (1.0 + class.reads_per_s * life.load_s);
        stale += class.keys * class.reads_per_s * found_stale;
    }
    Expected { hit_rate: 1.0 - misses / reads, stale_rate: stale / reads, errors: None }
}

/// What was expected of a key up to each step.
struct Course {
    step_s: f64,
    /// Loads that began.
    loads: Vec<f64>,
    /// Seconds with a stale entry.
    stale_s: Vec<f64>,
}

impl Course {
    fn of(life: &EntryLife, class: &KeyClass, stretch: &Stretch) -> Course {
        let KeyClass { reads_per_s, writes_per_s, .. } = *class;
        let end_s = stretch.warm_up_s + stretch.measured_s;
        let step_s = life.ttl_s.min(end_s) / STEPS_PER_TTL;
        let steps = (end_s / step_s).ceil() as usize;
        let goes = life.on_write == OnWrite::Goes;
        // A key whose load is under way is not loaded anew: as if its entry lived for as much longer.
        let lifetimes: Vec<f64> = life.lifetimes().iter().map(|ttl| ttl + life.load_s).collect();
        let share = 1.0 / lifetimes.len() as f64;
        let kept = |ttl: f64| (-writes_per_s * ttl).exp();
        let first = if stretch.began_full { 1.0 } else { 0.0 };
        let mut course = Course { step_s, loads: vec![0.0], stale_s: vec![0.0] };
        let (mut held, mut fresh) = (first, first);
        for step in 0..steps {
            let (from, to) = (step as f64 * step_s, (step + 1) as f64 * step_s);
            let (mut expired, mut expired_fresh) = (0.0, 0.0);
            for &ttl in &lifetimes {
                let filled = share * (course.fills(to - ttl, first) - course.fills(from - ttl, first));
                expired += filled;
                expired_fresh += filled * kept(ttl);
            }
            let (goes_at, expired) = if goes { (writes_per_s, expired_fresh) } else { (0.0, expired) };
            let (next, seconds) = follow(held, reads_per_s - expired / step_s, reads_per_s + goes_at, step_s);
            let loads = reads_per_s * (step_s - seconds);
            let (next_fresh, fresh_s) = match goes {
                true => (next, seconds),
                false => follow(fresh, (loads - expired_fresh) / step_s, writes_per_s, step_s),
            };
            (held, fresh) = (next, next_fresh);
            course.loads.push(course.loads[step] + loads);
            course.stale_s.push(course.stale_s[step] + seconds - fresh_s);
        }
        course
    }

    /// Entries that were put in up to a time, those of the beginning included.
    fn fills(&self, at_s: f64, first: f64) -> f64 {
        if at_s < 0.0 { 0.0 } else { first + between(&self.loads, at_s / self.step_s) }
    }

    /// Loads that began, and seconds with a stale entry, while it was measured.
    fn measured(&self, stretch: &Stretch) -> [f64; 2] {
        let (from, to) = (stretch.warm_up_s, stretch.warm_up_s + stretch.measured_s);
        [&self.loads, &self.stale_s]
            .map(|course| between(course, to / self.step_s) - between(course, from / self.step_s))
    }
}

/// The value at a place between two steps.
fn between(course: &[f64], place: f64) -> f64 {
    let step = (place as usize).min(course.len() - 1);
    let (before, after) = (course[step], course[(step + 1).min(course.len() - 1)]);
    before + (after - before) * (place - step as f64).clamp(0.0, 1.0)
}

/// Follows x' = gain − rate · x over a step: its value at the end, and its integral.
fn follow(x: f64, gain: f64, rate: f64, step_s: f64) -> (f64, f64) {
    if rate * step_s < 1e-9 {
        return (x + gain * step_s, x * step_s + gain * step_s * step_s / 2.0);
    }
    let limit = gain / rate;
    let left = -(-rate * step_s).exp_m1();
    (limit + (x - limit) * (1.0 - left), limit * step_s + (x - limit) * left / rate)
}
