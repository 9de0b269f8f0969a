use super::words::{figure, percent, range};
use super::{Comparison, CountJudged, ExactChange, Judged, Outcome};

/// Of each tier a sentence names so many; the tables have all.
const NAMED: usize = 4;

/// The first few of a list, and how many there are beside.
fn few(list: &[String]) -> String {
    let shown = list[..list.len().min(NAMED)].join(", ");
    match list.len().saturating_sub(NAMED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// Bytes and allocations change with whatever is sent, and say less of why.
fn follows_from_others(count: &str) -> bool {
    count.contains("bytes") || count == "allocations"
}

impl Comparison {
    /// What becomes of the whole.
    ///
    /// What got worse by exact counts or by counts over seeds did so whatever the machine does. What got worse by time did so
    /// only if runs were interleaved, and if base did not differ from itself.
    pub fn overall(&self) -> Outcome {
        let changes = self.exact.iter().flat_map(|exact| &exact.changes).map(|change| change.outcome);
        let counts = self.counts.iter().map(|count| count.outcome);
        let certain: Vec<Outcome> = changes.chain(counts).collect();
        let times: Vec<Outcome> = self.times.iter().map(|time| self.stands(time)).collect();
        let has = |outcome: Outcome| certain.contains(&outcome) || times.contains(&outcome);
        if self.is_empty() {
            return Outcome::Inconclusive;
        }
        [Outcome::Regressed, Outcome::TooNoisy, Outcome::Inconclusive, Outcome::Improved]
            .into_iter()
            .find(|&outcome| has(outcome))
            .unwrap_or(Outcome::Unchanged)
    }

    /// Fills in the outcome, and the sentence that says what it rests on.
    pub fn conclude(&mut self) {
        self.outcome = self.overall();
        self.conclusion = self.sentence();
    }

    /// What was asked for and could not be judged keeps it from being a pass.
    pub fn leave_open(&mut self, untold: &[String]) {
        if untold.is_empty() {
            return;
        }
        let list = untold.join(", ");
        self.warnings.push(format!("not told by every run, and not judged: {list}"));
        if matches!(self.outcome, Outcome::Unchanged | Outcome::Improved) {
            self.outcome = Outcome::Inconclusive;
            self.conclusion = format!("{}: not every run tells {list}", self.outcome.name());
        }
    }

    /// What a time is worth in this comparison.
    fn stands(&self, time: &Judged) -> Outcome {
        match time.outcome {
            Outcome::Regressed | Outcome::Improved if !self.interleaved => Outcome::Inconclusive,
            outcome => outcome,
        }
    }

    fn is_empty(&self) -> bool {
        let exact = self.exact.as_ref().map_or(0, |exact| exact.counts + exact.changes.len() as u64);
        exact == 0 && self.counts.is_empty() && self.times.is_empty()
    }

    fn sentence(&self) -> String {
        let name = self.outcome.name();
        if self.is_empty() {
            return format!("{name}: nothing was compared");
        }
        match self.outcome {
            Outcome::Unchanged => format!("{name}: {}", self.compared().join(", ")),
            Outcome::TooNoisy => {
                let noisy = self.times.iter().filter(|time| time.outcome == Outcome::TooNoisy).map(|time| {
                    let change = time.canary.map_or(0.0, |canary| canary.change);
                    format!("{} of {} by {}", time.metric, time.cell, percent(change))
                });
                let noisy: Vec<String> = noisy.collect();
                format!("{name}: base differs from itself, in {}", noisy.join(", "))
            }
            outcome => format!("{name}: {}", self.named(outcome).join("; ")),
        }
    }

    /// What has this outcome, each with its numbers and its tier.
    fn named(&self, outcome: Outcome) -> Vec<String> {
        let mut named = Vec::new();
        let changes = self.exact.iter().flat_map(|exact| &exact.changes);
        let mut changes: Vec<&ExactChange> = changes.filter(|one| one.outcome == outcome).collect();
        changes.sort_by_key(|one| follows_from_others(&one.count));
        let changes: Vec<String> = changes.into_iter().map(exactly).collect();
        if !changes.is_empty() {
            named.push(format!("{}, by exact counts", few(&changes)));
        }
        let counts: Vec<&CountJudged> = self.counts.iter().filter(|one| one.outcome == outcome).collect();
        if let Some(first) = counts.first() {
            let seeds = first.base.seeds.min(first.head.seeds);
            let counts: Vec<String> = counts.iter().map(|one| counted(one)).collect();
            named.push(format!("{}, by counts over {seeds} seeds", few(&counts)));
        }
        let times = self.times.iter().filter(|one| self.stands(one) == outcome);
        let times: Vec<String> = times.map(timed).collect();
        if !times.is_empty() {
            let tier = if self.interleaved { "by time" } else { "by time of runs that were not interleaved" };
            named.push(format!("{}, {tier}", few(&times)));
        }
        named
    }

    /// What was compared and is not worse.
    fn compared(&self) -> Vec<String> {
        let mut compared = Vec::new();
        if let Some(exact) = self.exact.as_ref().filter(|exact| exact.counts > 0) {
            let alike = exact.counts.saturating_sub(exact.changes.len() as u64);
            compared.push(format!("{} alike", numbered(alike as usize, "exact count")));
        }
        if !self.counts.is_empty() {
            compared
                .push(format!("{} not shown to be worse", numbered(self.counts.len(), "count over seeds")));
        }
        if !self.times.is_empty() {
            compared.push(format!("{} not worse by more than its limit", numbered(self.times.len(), "time")));
        }
        compared
    }
}

/// `1 time`, `2 times`, `3 counts over seeds`.
fn numbered(count: usize, what: &str) -> String {
    match (count, what.split_once(' ')) {
        (1, _) => format!("1 {what}"),
        (_, Some(("count", rest))) => format!("{count} counts {rest}"),
        _ => format!("{count} {what}s"),
    }
}

/// `db.load of cache-aside 610 instead of 305 per 5000 operations`.
fn exactly(change: &ExactChange) -> String {
    let told = |count: Option<u64>| count.map_or("untold".to_owned(), |count| count.to_string());
    let (base, head) = (told(change.base), told(change.head));
    format!(
        "{} of {} {head} instead of {base} per {} operations",
        change.count, change.cell, change.operations
    )
}

/// `stale_rate of cache-aside 0.400 % instead of 0.100 %`.
fn counted(count: &CountJudged) -> String {
    let (base, head) = (figure(count.law, count.base.value), figure(count.law, count.head.value));
    format!("{} of {} {head} instead of {base}", count.metric, count.cell)
}

/// `read.response.p50 of cache-aside +14.8 % (+12.1 to +17.9 %)`.
fn timed(time: &Judged) -> String {
    let interval = time.low.zip(time.high).map(|(low, high)| format!(" ({})", range(low, high)));
    let interval = interval.unwrap_or_default();
    format!("{} of {} {}{interval}", time.metric, time.cell, percent(time.change))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Unit;
    use crate::measure::comparison::{Better, Canary, Exact, Series, judge};

    fn time(change: f64, again: f64) -> Judged {
        let base: Vec<f64> = (0..8).map(|block| 100.0 + f64::from(block) / 10.0).collect();
        let by = |change: f64| {
            base.iter().zip(1..).map(|(it, i)| it * (1.0 + change + f64::from(i) / 1e4)).collect()
        };
        let (head, again) = (by(change), by(again - 4.5e-4));
        let (cell, metric) = ("cache-aside".into(), "read.miss.response.p50".into());
        judge(&[Series { cell, metric, unit: Unit::Us, better: Better::Less, base, head, again }])
            .unwrap()
            .remove(0)
    }

    fn change(outcome: Outcome) -> Exact {
        let change = ExactChange {
            cell: "cache-aside".into(),
            count: "db.load".into(),
            base: Some(305),
            head: Some(610),
            operations: 5_000,
            outcome,
        };
        Exact { left_out: None, counts: 12, changes: vec![change] }
    }

    fn concluded(exact: Option<Exact>, times: Vec<Judged>, interleaved: bool) -> (Outcome, String) {
        let mut comparison = Comparison { exact, times, interleaved, ..Comparison::default() };
        comparison.conclude();
        (comparison.outcome, comparison.conclusion)
    }

    #[test]
    fn what_regressed_is_named_with_its_numbers_and_its_tier() {
        let (outcome, text) = concluded(Some(change(Outcome::Regressed)), vec![time(0.148, 0.0)], true);
        assert_eq!(outcome, Outcome::Regressed);
        assert_eq!(
            text,
            "regressed: db.load of cache-aside 610 instead of 305 per 5000 operations, by exact counts; \
             read.miss.response.p50 of cache-aside +14.8 % (+14.8 to +14.9 %), by time"
        );
    }

    #[test]
    fn a_noisy_machine_hides_times_and_no_counts() {
        let noisy = time(0.2, 0.1);
        assert!(!noisy.canary.unwrap().ok);
        let (outcome, text) = concluded(None, vec![noisy.clone()], true);
        assert_eq!(outcome, Outcome::TooNoisy);
        assert_eq!(
            text,
            "too noisy: base differs from itself, in read.miss.response.p50 of cache-aside by +10.0 %"
        );
        let (outcome, text) = concluded(Some(change(Outcome::Regressed)), vec![noisy], true);
        assert_eq!(outcome, Outcome::Regressed);
        assert!(!text.contains("miss"), "{text}");
    }

    #[test]
    fn runs_that_were_not_interleaved_show_no_times() {
        let (outcome, text) = concluded(None, vec![time(0.2, 0.0)], false);
        assert_eq!(outcome, Outcome::Inconclusive);
        assert!(text.ends_with("by time of runs that were not interleaved"), "{text}");
    }

    #[test]
    fn what_is_unchanged_or_was_not_compared_is_told_so() {
        let (outcome, text) =
            concluded(Some(Exact { counts: 12, ..Exact::default() }), vec![time(0.0, 0.0)], true);
        assert_eq!(outcome, Outcome::Unchanged);
        assert_eq!(text, "unchanged: 12 exact counts alike, 1 time not worse by more than its limit");
        assert_eq!(
            concluded(None, vec![], true),
            (Outcome::Inconclusive, "inconclusive: nothing was compared".into())
        );
        let (outcome, text) = concluded(Some(change(Outcome::Improved)), vec![time(-0.2, 0.0)], true);
        assert_eq!(outcome, Outcome::Improved);
        assert!(text.starts_with("improved: db.load of") && text.contains("-20.0 %"), "{text}");
    }

    #[test]
    fn a_comparison_is_read_back_as_it_was_written() {
        let times = vec![time(0.0, 0.0), Judged { low: None, canary: None::<Canary>, ..time(0.1, 0.1) }];
        let mut comparison =
            Comparison { times, exact: Some(change(Outcome::Inconclusive)), ..Comparison::default() };
        comparison.conclude();
        let text = serde_json::to_string(&comparison).unwrap();
        let read: Comparison = serde_json::from_str(&text).unwrap();
        // The last digit of a number may be another one.
        assert_eq!(
            (read.exact, read.outcome, read.conclusion),
            (comparison.exact, comparison.outcome, comparison.conclusion)
        );
        assert_eq!(read.times.len(), 2);
        assert!(text.contains("\"outcome\":\"too-noisy\"") && text.contains("\"better\":\"less\""), "{text}");
    }
}
