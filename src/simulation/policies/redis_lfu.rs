use schemars::JsonSchema;
use serde::Deserialize;

use super::members::Members;
use super::pool::{Pool, samples};
use super::{Access, Policy, PolicyParts};
use crate::registry::{self, Entry};
use crate::traffic::{Random, Stream};

pub const ENTRY: Entry<dyn Policy, PolicyParts> = Entry {
    name: "redis-lfu",
    summary: "Redis' allkeys-lfu: the least of samples and a pool of 16 goes, by counters that grow by chance and decay",
    options: registry::schema_of::<Options>,
    build: |options, parts| {
        let options: Options = registry::options(options)?;
        samples(options.samples)?;
        Ok(Box::new(RedisLfu {
            counters: vec![Counter::default(); parts.keys()],
            members: Members::new(parts.keys()),
            pool: Pool::default(),
            random: Random::new(parts.seed, Stream::Eviction, 0),
            options,
        }))
    },
};

#[derive(Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Options {
    /// Keys that are sampled for each eviction, as maxmemory-samples.
    #[schemars(range(min = 1, max = 64))]
    samples: u32,
    /// How much rarer a counter grows with each step that it has grown.
    lfu_log_factor: u32,
    /// Minutes after which a counter loses one; 0 for never.
    lfu_decay_time: u32,
}

impl Default for Options {
    fn default() -> Options {
        Options { samples: 5, lfu_log_factor: 10, lfu_decay_time: 1 }
    }
}

/// What a counter begins with, as LFU_INIT_VAL in Redis.
const FIRST: u8 = 5;

#[derive(Clone, Copy, Default)]
struct Counter {
    value: u8,
    /// When it was written, in minutes.
    minute: u32,
}

struct RedisLfu {
    options: Options,
    /// By key.
    counters: Vec<Counter>,
    members: Members,
    pool: Pool,
    random: Random,
}

/// The time in minutes: counters decay by full minutes of the clock.
fn minute(access: Access) -> u32 {
    (access.now_ms / 60_000) as u32
}

impl Counter {
    /// What is left of it by now.
    fn decayed(self, minute: u32, decay_time: u32) -> u8 {
        let periods = (minute - self.minute).checked_div(decay_time).unwrap_or(0);
        self.value.saturating_sub(u8::try_from(periods).unwrap_or(u8::MAX))
    }
}

impl Policy for RedisLfu {
    fn entered(&mut self, access: Access) {
        self.members.insert(access.key);
        self.counters[access.key as usize] = Counter { value: FIRST, minute: minute(access) };
    }

    fn used(&mut self, access: Access) {
        let now = minute(access);
        let counter = &mut self.counters[access.key as usize];
        let value = counter.decayed(now, self.options.lfu_decay_time);
        let above = u64::from(value.saturating_sub(FIRST));
        let grows = self.random.below(above * u64::from(self.options.lfu_log_factor) + 1) == 0;
        *counter = Counter { value: value.saturating_add(u8::from(grows)), minute: now };
    }

    fn left(&mut self, key: u32) {
        self.members.remove(key);
    }

    fn evict(&mut self, access: Access) -> Option<u32> {
        let (now, decay_time, counters) = (minute(access), self.options.lfu_decay_time, &self.counters);
        let rarity = |key| u64::from(u8::MAX - counters[key as usize].decayed(now, decay_time));
        self.pool.take(&mut self.members, self.options.samples, &mut self.random, rarity)
    }

    fn has_clock(&self) -> bool {
        true
    }
}
