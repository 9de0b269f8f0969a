use serde::Serialize;

use super::Recording;
use crate::model::Kind;

/// What is done, by kind.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Operations {
    pub reads: u64,
    pub writes: u64,
    pub inserts: u64,
    pub deletes: u64,
    /// Writes and inserts whose key was read by the request for it before. They may be the fills of that read's miss:
    /// who replays them behind a cache that fills itself would write twice.
    pub writes_after_read: u64,
    /// Their share of the writes and inserts; none without any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub writes_after_read_share: Option<f64>,
}

impl Operations {
    pub(crate) fn of(recording: &Recording) -> Option<Operations> {
        let [reads, writes, inserts, deletes] =
            [Kind::Read, Kind::Write, Kind::Insert, Kind::Delete].map(|kind| recording.count(kind));
        let changes = writes + inserts;
        if reads + changes + deletes == 0 {
            return None;
        }
        let mut was_read = vec![false; recording.unique_keys() as usize];
        let mut after_read = 0;
        for index in 0..recording.len() {
            let request = recording.request(index);
            let before = &mut was_read[request.key as usize];
            after_read += u64::from(*before && matches!(request.op, Some(Kind::Write | Kind::Insert)));
            *before = request.op == Some(Kind::Read);
        }
        Some(Operations {
            reads,
            writes,
            inserts,
            deletes,
            writes_after_read: after_read,
            writes_after_read_share: (changes > 0).then(|| after_read as f64 / changes as f64),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::traffic::traces::{Request, TraceKey};

    fn operations(requests: &[(u64, Option<Kind>)]) -> Option<Operations> {
        let request =
            |(key, op): &(u64, Option<Kind>)| Request { op: *op, ..Request::of(TraceKey::Number(*key)) };
        Operations::of(&Recording::of(requests.iter().map(request)).unwrap())
    }

    #[test]
    fn a_write_right_after_a_read_of_its_key_is_told_from_others() {
        let (read, write, delete) = (Some(Kind::Read), Some(Kind::Write), Some(Kind::Delete));
        let requests = [(1, read), (2, write), (1, write), (1, write), (2, read), (2, delete), (2, write)];
        let found = operations(&requests).unwrap();
        assert_eq!((found.reads, found.writes, found.inserts, found.deletes), (2, 4, 0, 1));
        assert_eq!((found.writes_after_read, found.writes_after_read_share), (1, Some(0.25)));
        assert_eq!(operations(&[(1, read)]).unwrap().writes_after_read_share, None);
        assert_eq!(operations(&[(1, None)]), None);
    }
}
