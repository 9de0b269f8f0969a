use serde::Serialize;

use super::{Recording, percentile};

/// How long entries may live, in seconds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Ttls {
    /// Requests that say a time to live with an end; those below are of them.
    pub requests: u64,
    pub min_s: f64,
    pub p50_s: f64,
    pub max_s: f64,
}

impl Ttls {
    pub(super) fn of(recording: &Recording) -> Option<Ttls> {
        let mut ttls: Vec<_> = (0..recording.len()).filter_map(|index| recording.ttl(index)).collect();
        ttls.sort_unstable();
        Some(Ttls {
            requests: ttls.len() as u64,
            min_s: ttls.first()?.as_secs_f64(),
            p50_s: percentile(&ttls, 0.5)?.as_secs_f64(),
            max_s: ttls.last()?.as_secs_f64(),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::traffic::traces::{Request, TraceKey};

    #[test]
    fn times_to_live_with_an_end_are_told() {
        let request = |seconds: Option<u64>| Request {
            ttl: seconds.map(Duration::from_secs),
            ..Request::of(TraceKey::Number(1))
        };
        let recording = Recording::of([None, Some(60), Some(5), Some(7)].map(request)).unwrap();
        assert_eq!(Ttls::of(&recording), Some(Ttls { requests: 3, min_s: 5.0, p50_s: 7.0, max_s: 60.0 }));
        assert_eq!(Ttls::of(&Recording::of([request(None)]).unwrap()), None);
    }
}
