use serde::Serialize;

use super::{Recording, percentile};

/// How large the objects are, in bytes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Sizes {
    /// Requests that say a size; those below are of them.
    pub requests: u64,
    pub min_bytes: u32,
    pub p50_bytes: u32,
    pub p99_bytes: u32,
    pub max_bytes: u32,
    /// All keys together, each by the last size that was said of it.
    pub unique_bytes: u64,
}

impl Sizes {
    pub(super) fn of(recording: &Recording) -> Option<Sizes> {
        let mut last = vec![0u32; recording.unique_keys() as usize];
        let mut sizes = Vec::new();
        for (key, index) in recording.keys().iter().zip(0..) {
            if let Some(size) = recording.size(index) {
                last[*key as usize] = size;
                sizes.push(size);
            }
        }
        sizes.sort_unstable();
        Some(Sizes {
            requests: sizes.len() as u64,
            min_bytes: *sizes.first()?,
            p50_bytes: percentile(&sizes, 0.5)?,
            p99_bytes: percentile(&sizes, 0.99)?,
            max_bytes: *sizes.last()?,
            unique_bytes: last.into_iter().map(u64::from).sum(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::traffic::traces::{Request, TraceKey};

    #[test]
    fn a_key_counts_once_by_its_last_size() {
        let requests = [(1, Some(10)), (2, Some(0)), (1, Some(30)), (2, None), (3, None)];
        let request = |(key, size)| Request { size, ..Request::of(TraceKey::Number(key)) };
        let sizes = Sizes::of(&Recording::of(requests.map(request)).unwrap()).unwrap();
        assert_eq!((sizes.requests, sizes.min_bytes, sizes.p50_bytes), (3, 0, 10));
        assert_eq!((sizes.p99_bytes, sizes.max_bytes, sizes.unique_bytes), (30, 30, 30));
        assert_eq!(Sizes::of(&Recording::of([Request::of(TraceKey::Number(1))]).unwrap()), None);
    }
}
