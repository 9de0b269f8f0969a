use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use super::numbering::Quick;
use super::{TraceError, TraceFormat, TraceKey};

/// Reads a trace to its end or `limit`, and gives its keys by how often they are requested, the hottest first.
///
/// Of two that are as hot, the one that comes first in the trace is first. `watch` is told again and again how many
/// requests were read.
///
/// # Errors
/// When the trace cannot be read.
pub fn hottest(
    trace: &mut dyn TraceFormat,
    limit: u64,
    watch: &mut dyn FnMut(u64),
) -> Result<Vec<(TraceKey, u64)>, TraceError> {
    let mut counts: HashMap<TraceKey, (u64, u64), BuildHasherDefault<Quick>> = HashMap::default();
    let (mut batch, mut done) = (Vec::new(), 0);
    loop {
        trace.read(&mut batch, (limit - done).min(1_024) as usize)?;
        if batch.is_empty() {
            break;
        }
        for request in batch.drain(..) {
            counts.entry(request.key).or_insert((0, done)).0 += 1;
            done += 1;
        }
        watch(done);
    }
    let mut keys: Vec<_> = counts.into_iter().collect();
    keys.sort_unstable_by_key(|(_, (count, first))| (std::cmp::Reverse(*count), *first));
    Ok(keys.into_iter().map(|(key, (count, _))| (key, count)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::Choice;
    use crate::traffic::traces::{FORMATS, Source};

    #[test]
    fn keys_come_by_their_requests_and_then_by_their_place() {
        let text = "c\n7\nb\nb\n7\na\nb\nz\n";
        let found = |limit| {
            let mut trace = Choice::named("plain").build(FORMATS, Source::of(text)).unwrap();
            let found = hottest(&mut *trace, limit, &mut |_| {}).unwrap();
            let told = |(key, count): (TraceKey, u64)| format!("{} {count}", key.token().escape_ascii());
            found.into_iter().map(told).collect::<Vec<_>>()
        };
        assert_eq!(found(u64::MAX), ["b 3", "7 2", "c 1", "a 1", "z 1"]);
        assert_eq!(found(3), ["c 1", "7 1", "b 1"]);
    }
}
