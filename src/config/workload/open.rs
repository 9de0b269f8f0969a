use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Report;
use crate::engine::Pacing;
use crate::model::Rate;
use crate::traffic::{Arrival, Burst, Pattern, Stage, Steps};

/// An open load: a rate, stages, steps, or a pattern.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Open {
    /// Operations per second, over all instances together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<Rate>,
    /// Short times of more arrivals, beside a rate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub burst: Option<Burst>,
    /// Stretches of time over which the rate changes linearly, instead of one rate.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stages: Vec<Stage>,
    /// A staircase of rates, instead of one rate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steps: Option<Steps>,
    /// The recorded rates of another system, instead of one rate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pattern: Option<Pattern>,
    /// How arrivals are spread.
    #[serde(default)]
    pub arrival: Arrival,
    /// Most operations in flight at once; beyond that they queue and keep their times.
    #[serde(default = "default_in_flight")]
    #[schemars(range(min = 1, max = 100_000))]
    pub in_flight: usize,
    /// How the harness waits for the next start.
    #[serde(default)]
    pub pacing: Pacing,
}

pub(super) fn default_in_flight() -> usize {
    256
}

impl Open {
    /// Whether the load ends of itself.
    pub(super) fn has_end(&self) -> bool {
        !self.stages.is_empty() || self.steps.is_some() || self.pattern.is_some()
    }

    /// Reports what makes no sense about it.
    pub(super) fn check(&self, report: &mut Report) {
        self.check_shape(report);
        if let Some(rate) = self.rate
            && !(is_rate(rate) && rate.0 > 0.0)
        {
            report.wrong("traffic.load.open.rate", "the rate must be above 0");
        }
        if let Some(burst) = &self.burst {
            self.check_burst(burst, report);
        }
        self.check_stages(report);
        if let Some(steps) = &self.steps {
            check_steps(steps, report);
        }
    }

    /// Exactly one thing gives the rate.
    fn check_shape(&self, report: &mut Report) {
        let given = [
            (self.rate.is_some(), "rate", "a rate"),
            (!self.stages.is_empty(), "stages", "stages"),
            (self.steps.is_some(), "steps", "steps"),
            (self.pattern.is_some(), "pattern", "a pattern"),
        ];
        let mut given = given.iter().filter(|(is_given, ..)| *is_given);
        let Some((_, _, first)) = given.next() else {
            let help = "write { open = { rate = 4_000 } }, operations per second";
            let title = "an open load needs a rate, stages, steps or a pattern";
            return report.refuse("traffic.load.open", title, help);
        };
        for (_, name, other) in given {
            let title = format!("an open load has {first} or {other}, not both");
            report.refuse(&format!("traffic.load.open.{name}"), title, "leave out one of them");
        }
    }

    fn check_burst(&self, burst: &Burst, report: &mut Report) {
        let at = |name: &str| format!("traffic.load.open.burst.{name}");
        if self.rate.is_none() {
            report.wrong("traffic.load.open.burst", "a burst multiplies a rate, and there is none");
        }
        if burst.lasts.0.is_zero() {
            report.wrong(&at("lasts"), "a burst must last");
        } else if burst.lasts >= burst.every {
            let title =
                format!("a burst of {} does not end before the next, {} later", burst.lasts, burst.every);
            report.refuse(&at("lasts"), title, "let it last less than `every`");
        }
    }

    fn check_stages(&self, report: &mut Report) {
        for (index, stage) in self.stages.iter().enumerate() {
            let path = format!("traffic.load.open.stages.{index}");
            if !is_rate(stage.to) || stage.from.is_some_and(|from| !is_rate(from)) {
                report.wrong(&path, "a stage's rates must not be below 0");
            }
            if stage.duration.0.is_zero() {
                report.wrong(&format!("{path}.duration"), "a stage must last");
            }
        }
        if !self.stages.is_empty() && self.stages.iter().all(|stage| stage.to.0 <= 0.0) {
            report.wrong("traffic.load.open.stages", "no stage has a rate above 0");
        }
    }
}

fn check_steps(steps: &Steps, report: &mut Report) {
    for (index, rate) in steps.rates.iter().enumerate() {
        if !is_rate(*rate) {
            let path = format!("traffic.load.open.steps.rates.{index}");
            report.wrong(&path, "the rate of a step must not be below 0");
        }
    }
    if steps.rates.iter().all(|rate| rate.0 <= 0.0) {
        report.wrong("traffic.load.open.steps.rates", "no step has a rate above 0");
    }
    if steps.each.0.is_zero() {
        report.wrong("traffic.load.open.steps.each", "a step must last");
    }
}

/// Whether it is a number of operations per second, 0 included.
fn is_rate(rate: Rate) -> bool {
    rate.0.is_finite() && rate.0 >= 0.0
}

#[cfg(test)]
mod tests {
    use super::super::tests::{problems, told};

    /// What is wrong with a workload of this open load, as it is shown.
    fn problems_of(open: &str) -> String {
        problems(&format!(
            "name = \"test\"\n[data]\nrows = 100\n[traffic]\nduration = \"1s\"\n[traffic.load.open]\n{open}\n"
        ))
    }

    #[test]
    fn every_shape_is_accepted() {
        for open in [
            "rate = 10",
            "rate = 10\nburst = { every = \"10s\", lasts = \"1s\", times = 5 }",
            "stages = [{ duration = \"1s\", to = 10 }]",
            "steps = { rates = [10, 0, 30], each = \"1s\", order = \"shuffled\" }",
            "pattern = { file = \"day.csv\", scale = 0.5, speed = 60 }",
        ] {
            assert_eq!(problems_of(open), "", "{open}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_told_with_its_place() {
        const STEPS: &str = "steps = { rates = [10], each = \"1s\" }";
        let with_rate = |more: &str| format!("rate = 10\n{more}");
        for (open, line, expected) in [
            ("arrival = \"constant\"".into(), 6, "needs a rate, stages, steps or a pattern"),
            (with_rate(STEPS), 8, "has a rate or steps, not both"),
            (with_rate("pattern = { file = \"day.csv\" }"), 8, "has a rate or a pattern, not both"),
            (with_rate("stages = [{ duration = \"1s\", to = 1 }]"), 8, "has a rate or stages, not both"),
            (
                with_rate("burst = { every = \"1s\", lasts = \"1s\", times = 5 }"),
                8,
                "a burst of 1s does not end",
            ),
            (with_rate("burst = { every = \"1s\", lasts = \"0s\", times = 5 }"), 8, "a burst must last"),
            (with_rate("burst = { every = \"2s\", lasts = \"1s\", times = -1 }"), 8, "expected at least 0"),
            (with_rate("burst = { every = \"2s\", lasts = \"1s\", times = inf }"), 8, "cannot use `inf`"),
            (
                format!("burst = {{ every = \"2s\", lasts = \"1s\", times = 5 }}\n{STEPS}"),
                7,
                "a burst multiplies a rate, and there is none",
            ),
            ("steps = { rates = [], each = \"1s\" }".into(), 7, "expected at least 1, found 0"),
            ("steps = { rates = [0], each = \"1s\" }".into(), 7, "no step has a rate above 0"),
            ("steps = { rates = [5,\n -1], each = \"1s\" }".into(), 8, "must not be below 0"),
            ("steps = { rates = [5], each = \"0s\" }".into(), 7, "a step must last"),
            ("steps = { rates = [5], each = \"1s\", order = \"random\" }".into(), 7, "shuffled"),
            ("pattern = { file = \"day.csv\", speed = 0 }".into(), 7, "expected 0.000001"),
            ("pattern = { file = \"day.csv\", scale = nan }".into(), 7, "cannot use `nan`"),
            ("pattern = {}".into(), 7, "missing setting `traffic.load.open.pattern.file`"),
        ] {
            told(&problems_of(&open), line, expected);
        }
    }

    #[test]
    fn steps_stages_and_patterns_end_of_themselves_and_a_rate_does_not() {
        for (open, ends) in [
            ("{ rate = 5 }", false),
            ("{ rate = 5, burst = { every = \"2s\", lasts = \"1s\", times = 2 } }", false),
            ("{ steps = { rates = [5], each = \"1s\" } }", true),
            ("{ pattern = { file = \"day.csv\" } }", true),
        ] {
            let text =
                format!("name = \"test\"\n[data]\nrows = 100\n[traffic]\nload = {{ open = {open} }}\n");
            assert_eq!(problems(&text).is_empty(), ends, "{open}");
        }
    }
}
