use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Rates;
use super::rates::Line;
use crate::model::{Rate, Time};

/// A stretch of time over which the rate runs linearly from `from` to `to`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Stage {
    /// How long it lasts.
    pub duration: Time,
    /// Operations per second at its start; the previous stage's end where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Rate>,
    /// Operations per second at its end.
    pub to: Rate,
}

impl Rates {
    /// The stages one after the other, then the rate of the last one's end.
    pub fn staged(stages: &[Stage]) -> Rates {
        let mut last = None;
        Rates::through(stages.iter().map(|stage| {
            let from = stage.from.or(last).unwrap_or(stage.to);
            last = Some(stage.to);
            Line { seconds: stage.duration.0.as_secs_f64(), from: from.0, to: stage.to.0 }
        }))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::traffic::{Arrival, Schedule};

    fn stage(seconds: u64, from: f64, to: f64) -> Stage {
        Stage { duration: Time(Duration::from_secs(seconds)), from: Some(Rate(from)), to: Rate(to) }
    }

    #[test]
    fn a_ramp_offers_the_area_under_it() {
        let stages = [stage(10, 0.0, 1_000.0), stage(5, 1_000.0, 1_000.0), stage(1, 1_000.0, 0.0)];
        let rates = Rates::staged(&stages);
        assert_eq!(rates.length(), Some(Duration::from_secs(16)));
        assert_eq!(rates.expected(Duration::from_secs(16)).round(), 10_500.0);
        let times: Vec<_> = Schedule::new(rates, Arrival::Constant, 1).collect();
        assert_eq!(times.len(), 10_500);
        let first_half = times.iter().filter(|time| time.as_secs_f64() <= 5.0).count();
        assert_eq!(first_half, 1_250);
        assert!(times.is_sorted());
    }

    #[test]
    fn a_stage_starts_where_the_last_one_ended() {
        let follow = Stage { duration: Time(Duration::from_secs(10)), from: None, to: Rate(300.0) };
        let rates = Rates::staged(&[stage(1, 100.0, 100.0), follow]);
        assert_eq!(rates.expected(Duration::from_secs(11)).round(), 2_100.0);
    }
}
