use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hash};

use super::numbering::Quick;
use super::{TraceError, TraceFormat, TraceKey};

/// How often each key was requested, and which came first.
pub(crate) struct Requested<K> {
    /// The requests of each, and the number of the first of them.
    counts: HashMap<K, (u64, u64), BuildHasherDefault<Quick>>,
    done: u64,
}

impl<K> Default for Requested<K> {
    fn default() -> Requested<K> {
        Requested { counts: HashMap::default(), done: 0 }
    }
}

impl<K: Eq + Hash> Requested<K> {
    pub fn add(&mut self, key: K) {
        self.counts.entry(key).or_insert((0, self.done)).0 += 1;
        self.done += 1;
    }

    /// The requests of all keys.
    pub fn count(&self) -> u64 {
        self.done
    }

    /// Each key with its requests, the hottest first; of those that are as hot, the one that came first.
    pub fn ranked(self) -> Vec<(K, u64)> {
        let mut keys: Vec<_> = self.counts.into_iter().collect();
        keys.sort_unstable_by_key(|(_, (count, first))| (std::cmp::Reverse(*count), *first));
        keys.into_iter().map(|(key, (count, _))| (key, count)).collect()
    }
}

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
    let (mut batch, mut requested) = (Vec::new(), Requested::default());
    loop {
        trace.read(&mut batch, (limit - requested.count()).min(1_024) as usize)?;
        if batch.is_empty() {
            break;
        }
        batch.drain(..).for_each(|request| requested.add(request.key));
        watch(requested.count());
    }
    Ok(requested.ranked())
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
