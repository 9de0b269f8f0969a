use std::sync::Arc;

use crate::model::Lifetimes;
use crate::traffic::ValueSize;
use crate::traffic::traces::Recording;

/// Stands for a row whose size is not known.
const UNKNOWN: u32 = u32::MAX;

/// The sizes of rows: each that of the first request of its key with a size above 0.
pub struct Sizes {
    /// Bytes by row, before the cut.
    rows: Box<[u32]>,
}

impl Sizes {
    pub fn of(recording: &Recording) -> Sizes {
        let mut rows = vec![UNKNOWN; recording.unique_keys() as usize].into_boxed_slice();
        for (index, &key) in (0..).zip(recording.keys()) {
            let row = &mut rows[key as usize];
            if *row == UNKNOWN
                && let Some(size) = known(recording, index)
            {
                *row = size;
            }
        }
        Sizes { rows }
    }

    /// The size of a row's body in bytes.
    pub fn row(&self, id: u64) -> Option<u64> {
        let size = *self.rows.get(usize::try_from(id).ok()?)?;
        (size != UNKNOWN).then(|| cut(size))
    }
}

/// The size of the request at `index`; a size of 0 is that of a miss, and not known.
fn known(recording: &Recording, index: u64) -> Option<u32> {
    recording.size(index).filter(|size| *size > 0)
}

/// The bytes that the request at `index` writes.
pub fn written(recording: &Recording, index: u64) -> Option<u64> {
    known(recording, index).map(cut)
}

fn cut(size: u32) -> u64 {
    u64::from(size).min(ValueSize::MAX)
}

/// The share of requests whose size is above that at which bodies are cut.
pub fn share_cut(recording: &Recording, indices: impl Iterator<Item = u64>) -> f64 {
    let (mut all, mut above) = (0u64, 0u64);
    for index in indices {
        all += 1;
        above += u64::from(known(recording, index).is_some_and(|size| u64::from(size) > ValueSize::MAX));
    }
    above as f64 / all.max(1) as f64
}

/// The times to live of rows, in milliseconds: each that of the first request of its key with one.
pub fn lifetimes(recording: &Recording) -> Arc<[u32]> {
    let mut rows = vec![Lifetimes::NONE; recording.unique_keys() as usize];
    for (index, &key) in (0..).zip(recording.keys()) {
        let row = &mut rows[key as usize];
        if *row == Lifetimes::NONE
            && let Some(ttl) = recording.ttl(index)
        {
            *row = u32::try_from(ttl.as_millis()).unwrap_or(Lifetimes::NONE);
        }
    }
    rows.into()
}
