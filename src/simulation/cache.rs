use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::clock::Clock;
use super::policies::Access;
use super::scenario::Effect;
use super::{Capacity, Policy, Scenario, Simulated};

/// Replays a recording through a cache that starts empty, where `policy`, which is shown as `label`, makes room.
///
/// An entry goes when its time is up, not only when it is asked for: Redis removes most of what has expired by itself.
/// It keeps the size with which it came in. An object that is larger than the cache does not come in.
pub(super) fn run<P: Policy + ?Sized>(
    policy: &mut P,
    scenario: &Scenario,
    label: String,
    capacity: Capacity,
) -> Simulated {
    let (expires, sized) = (scenario.has_ttls(), scenario.recording.has_sizes());
    let plain = !expires && !sized && matches!(capacity, Capacity::Entries(_));
    let mut cache = Cache::new(policy, scenario, Simulated::nothing(label, capacity), plain);
    // Two loops of one body: what a recording does not have costs nothing.
    if plain {
        cache.replay::<true>()
    } else {
        cache.replay::<false>()
    }
    let (found, ages) = (cache.found, cache.eviction_ages);
    let eviction_age = (found.evictions > 0).then(|| ages as f64 / found.evictions as f64);
    Simulated { eviction_age, ..found }
}

struct Cache<'a, P: ?Sized> {
    policy: &'a mut P,
    scenario: &'a Scenario,
    clock: Clock<'a>,
    /// What it has done so far.
    found: Simulated,
    /// Requests between last use and eviction, over all evictions.
    eviction_ages: u64,
    /// By key: the request that used its entry last, or [`ABSENT`].
    last_use: Vec<u32>,
    /// By key: bytes of its entry. Empty where neither sizes nor times to live matter, as is `expiry`.
    sizes: Vec<u32>,
    /// By key: when its entry expires, in milliseconds.
    expiry: Vec<u64>,
    /// Expiries to come, those of entries that are gone included.
    due: BinaryHeap<Reverse<(u64, u32)>>,
    bytes_held: u64,
}

const ABSENT: u32 = u32::MAX;
const NEVER: u64 = u64::MAX;

impl<'a, P: Policy + ?Sized> Cache<'a, P> {
    fn new(policy: &'a mut P, scenario: &'a Scenario, found: Simulated, plain: bool) -> Cache<'a, P> {
        let keys = scenario.recording.unique_keys() as usize;
        let detailed = if plain { 0 } else { keys };
        Cache {
            policy,
            scenario,
            clock: Clock::new(&scenario.recording, scenario.pace),
            found,
            eviction_ages: 0,
            last_use: vec![ABSENT; keys],
            sizes: vec![0; detailed],
            expiry: vec![NEVER; detailed],
            due: BinaryHeap::new(),
            bytes_held: 0,
        }
    }

    fn replay<const PLAIN: bool>(&mut self) {
        let scenario = self.scenario;
        let timed = self.policy.has_clock() || scenario.has_ttls();
        for (index, &key) in scenario.recording.keys().iter().enumerate() {
            let index = index as u32;
            let now_ms = if timed { self.clock.millis(index) } else { 0 };
            let access = Access { key, index, now_ms };
            if !PLAIN {
                self.expire(now_ms);
            }
            match scenario.effect(index) {
                Effect::Read => self.read::<PLAIN>(access),
                Effect::Put => self.put::<PLAIN>(access),
                Effect::Remove => self.remove::<PLAIN>(key),
            }
        }
        if PLAIN {
            // Every object counts as one size.
            let size = u64::from(scenario.size_of_unknown.unwrap_or(1));
            self.found.bytes = self.found.requests * size;
            self.found.hit_bytes = self.found.hits * size;
        }
    }

    #[inline]
    fn read<const PLAIN: bool>(&mut self, access: Access) {
        let hit = self.holds(access.key);
        self.found.requests += 1;
        self.found.hits += u64::from(hit);
        if !PLAIN {
            let size = u64::from(self.scenario.size(access.key));
            self.found.bytes += size;
            self.found.hit_bytes += if hit { size } else { 0 };
        }
        if hit {
            self.last_use[access.key as usize] = access.index;
            self.policy.used(access);
        } else if self.scenario.fill_on_miss {
            let size = if PLAIN { 1 } else { self.scenario.size(access.key) };
            self.enter::<PLAIN>(access, size);
        }
    }

    fn put<const PLAIN: bool>(&mut self, access: Access) {
        let size = if PLAIN { 1 } else { self.scenario.size_put(access.index, access.key) };
        if !self.holds(access.key) {
            return self.enter::<PLAIN>(access, size);
        }
        self.last_use[access.key as usize] = access.index;
        self.policy.used(access);
        if PLAIN {
            return;
        }
        let before = std::mem::replace(&mut self.sizes[access.key as usize], size);
        self.bytes_held = self.bytes_held - u64::from(before) + u64::from(size);
        self.lives_from(access);
        // It has grown: others make room, or in the end itself.
        while self.is_over::<PLAIN>(None) && self.make_room::<PLAIN>(access) {}
    }

    #[inline]
    fn enter<const PLAIN: bool>(&mut self, access: Access, size: u32) {
        let fits = match self.found.capacity {
            Capacity::Entries(entries) => entries > 0,
            Capacity::Bytes(bytes) => u64::from(size) <= bytes,
        };
        if !fits {
            return;
        }
        if self.is_over::<PLAIN>(Some(size)) {
            if !self.policy.admits(access) {
                return;
            }
            while self.is_over::<PLAIN>(Some(size)) {
                if !self.make_room::<PLAIN>(access) {
                    return;
                }
            }
        }
        self.last_use[access.key as usize] = access.index;
        self.found.entries += 1;
        self.policy.entered(access);
        if !PLAIN {
            self.sizes[access.key as usize] = size;
            self.bytes_held += u64::from(size);
            self.lives_from(access);
        }
    }

    /// Whether the cache holds too much, or would with an entry more of the size that is `entering`.
    #[inline]
    fn is_over<const PLAIN: bool>(&self, entering: Option<u32>) -> bool {
        match self.found.capacity {
            Capacity::Bytes(bytes) if !PLAIN => self.bytes_held + u64::from(entering.unwrap_or(0)) > bytes,
            Capacity::Entries(entries) => self.found.entries + u64::from(entering.is_some()) > entries,
            Capacity::Bytes(_) => false,
        }
    }

    /// Evicts an entry; false where there is none.
    #[inline]
    fn make_room<const PLAIN: bool>(&mut self, access: Access) -> bool {
        let Some(victim) = self.policy.evict(access) else { return false };
        self.found.evictions += 1;
        self.eviction_ages += u64::from(access.index - self.last_use[victim as usize]);
        self.forget::<PLAIN>(victim);
        true
    }

    fn remove<const PLAIN: bool>(&mut self, key: u32) {
        if self.holds(key) {
            self.policy.left(key);
            self.forget::<PLAIN>(key);
        }
    }

    #[inline]
    fn forget<const PLAIN: bool>(&mut self, key: u32) {
        self.last_use[key as usize] = ABSENT;
        self.found.entries -= 1;
        if !PLAIN {
            self.bytes_held -= u64::from(self.sizes[key as usize]);
            self.expiry[key as usize] = NEVER;
        }
    }

    #[inline]
    fn holds(&self, key: u32) -> bool {
        self.last_use[key as usize] != ABSENT
    }

    /// The entry that the request has put in begins its life.
    fn lives_from(&mut self, access: Access) {
        let end = self.scenario.life(access.key).map_or(NEVER, |life| access.now_ms.saturating_add(life));
        self.expiry[access.key as usize] = end;
        if end != NEVER {
            self.due.push(Reverse((end, access.key)));
        }
    }

    /// Removes what has expired by now.
    fn expire(&mut self, now_ms: u64) {
        while let Some(&Reverse((end, key))) = self.due.peek()
            && end <= now_ms
        {
            self.due.pop();
            if self.expiry[key as usize] == end {
                self.remove::<false>(key);
            }
        }
    }
}
