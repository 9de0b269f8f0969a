use crate::traffic::ValueSize;
use crate::traffic::traces::Recording;

/// The size of a row's body in bytes.
pub fn size(recording: &Recording, id: u64) -> Option<u64> {
    recording.key_size(id).map(cut)
}

/// The bytes that the request at `index` writes.
pub fn written(recording: &Recording, index: u64) -> Option<u64> {
    recording.known_size(index).map(cut)
}

fn cut(size: u32) -> u64 {
    u64::from(size).min(ValueSize::MAX)
}

/// The share of requests whose size is above that at which bodies are cut.
pub fn share_cut(recording: &Recording, indices: impl Iterator<Item = u64>) -> f64 {
    let (mut all, mut above) = (0u64, 0u64);
    for index in indices {
        all += 1;
        above += u64::from(recording.known_size(index).is_some_and(|size| u64::from(size) > ValueSize::MAX));
    }
    above as f64 / all.max(1) as f64
}
