use super::key_hash::{key_hash, mixed};
use super::{Nodes, Placement};
use crate::measure::theory;
use crate::registry::{self, Entry, NoOptions, OptionsError};

pub const ENTRY: Entry<dyn Placement, Nodes> = Entry {
    name: "jump",
    summary: "jump consistent hash: no memory, even shares; nodes come and go at the end only",
    options: registry::schema_of::<NoOptions>,
    build: |options, nodes| {
        registry::options::<NoOptions>(options)?;
        Ok(Box::new(Jump { nodes: nodes.alike("jump")? }))
    },
};

/// Lamping and Veach 2014. Nodes are known by their place: without any but the last, all behind it move up.
struct Jump {
    nodes: usize,
}

/// The bucket of a hash among so many. Its divisions are those of IEEE 754, and so the same on every machine.
fn bucket(hash: u64, buckets: usize) -> usize {
    let (mut state, mut last, mut next) = (hash, 0, 0);
    while next < buckets as u64 {
        last = next;
        state = state.wrapping_mul(2_862_933_555_777_941_757).wrapping_add(1);
        let step = (1u64 << 31) as f64 / ((state >> 33) + 1) as f64;
        next = ((last + 1) as f64 * step) as u64;
    }
    last as usize
}

impl Placement for Jump {
    fn node(&self, key: &[u8]) -> usize {
        bucket(key_hash(key), self.nodes)
    }

    /// Where a bucket is closed, the key is hashed again; after as many tries as there are nodes, the next open one.
    fn open_node(&self, key: &[u8], is_open: &dyn Fn(usize) -> bool) -> Option<usize> {
        let mut hash = key_hash(key);
        for _ in 0..self.nodes {
            let node = bucket(hash, self.nodes);
            if is_open(node) {
                return Some(node);
            }
            hash = mixed(hash);
        }
        (0..self.nodes).find(|&node| is_open(node))
    }

    fn over(&self, nodes: &Nodes) -> Result<Box<dyn Placement>, OptionsError> {
        Ok(Box::new(Jump { nodes: nodes.alike("jump")? }))
    }

    fn knows_names(&self) -> bool {
        false
    }

    fn expected_removal(&self, nodes: usize, gone: usize) -> Option<f64> {
        Some(theory::jump_removal(nodes, gone))
    }
}

#[cfg(test)]
mod tests {
    use super::bucket;

    /// What the authors' code gives, as other implementations state it.
    #[test]
    fn buckets_are_those_of_the_paper() {
        assert_eq!([1, 1_000].map(|buckets| bucket(0, buckets)), [0, 0]);
        assert_eq!(bucket(10_863_919_174_838_991, 11), 6);
        assert_eq!(bucket(2_016_238_256_797_177_309, 11), 3);
        assert_eq!(bucket(1_673_758_223_894_951_030, 11), 5);
    }

    #[test]
    fn a_key_moves_to_the_new_bucket_or_not_at_all() {
        for hash in (0..2_000u64).map(super::mixed) {
            for buckets in 1..40 {
                let (before, after) = (bucket(hash, buckets), bucket(hash, buckets + 1));
                assert!(after == before || after == buckets, "{hash}: {before} to {after} of {buckets}");
            }
        }
    }
}
