use std::time::Duration;

use serde::Serialize;

use super::Recording;

/// When the requests come.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Times {
    /// Seconds from the first request to the last.
    pub span_s: f64,
    /// Requests a second over the span; none where all come at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mean_per_s: Option<f64>,
    /// Requests in the busiest second, counted from the first request.
    pub peak_per_s: u64,
    /// Requests whose time is before that of an earlier one; they count at the time of that one.
    pub late_records: u64,
}

impl Times {
    pub(super) fn of(recording: &Recording) -> Option<Times> {
        let span = recording.span()?;
        let (mut second, mut count, mut peak) = (0, 0u64, 0);
        for index in 0..recording.len() {
            let at = recording.request(index).at.map_or(0, |at: Duration| at.as_secs());
            if at != second {
                (second, count) = (at, 0);
            }
            count += 1;
            peak = peak.max(count);
        }
        let span_s = span.as_secs_f64();
        Some(Times {
            span_s,
            mean_per_s: (!span.is_zero()).then(|| recording.len() as f64 / span_s),
            peak_per_s: peak,
            late_records: recording.late_records(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::traffic::traces::{Request, TraceKey};

    fn times(at_ms: &[Option<u64>]) -> Option<Times> {
        let request = |at_us| Request { at_us, ..Request::of(TraceKey::Number(1)) };
        Times::of(&Recording::of(at_ms.iter().map(|at| request(at.map(|ms| ms * 1_000)))).unwrap())
    }

    #[test]
    fn the_busiest_second_is_found() {
        let found = times(&[500, 600, 1_600, 1_700, 1_400, 2_499, 4_500].map(Some)).unwrap();
        let expected = Times { span_s: 4.0, mean_per_s: Some(1.75), peak_per_s: 4, late_records: 1 };
        assert_eq!(found, expected);
        assert_eq!(times(&[Some(3), Some(3)]).unwrap().mean_per_s, None);
        assert_eq!(times(&[None, None]), None);
    }
}
