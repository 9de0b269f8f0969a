use schemars::JsonSchema;
use serde::Deserialize;

use super::members::Members;
use super::pool::{Pool, samples};
use super::{Access, Policy, PolicyParts};
use crate::model::Time;
use crate::registry::{self, Entry, OptionsError};
use crate::traffic::{Random, Stream};

pub const ENTRY: Entry<dyn Policy, PolicyParts> = Entry {
    name: "redis-lru",
    summary: "Redis' allkeys-lru: the longest idle of samples and a pool of 16 goes, by a clock of a second",
    options: registry::schema_of::<Options>,
    build: |options, parts| {
        let options: Options = registry::options(options)?;
        let tick_ms = options.clock.0.as_millis() as u64;
        if tick_ms == 0 {
            return Err(OptionsError("clock has to be 1ms or more".into()));
        }
        Ok(Box::new(RedisLru {
            samples: samples(options.samples)?,
            tick_ms,
            members: Members::new(parts.keys()),
            last_use: vec![0; parts.keys()],
            pool: Pool::default(),
            random: Random::new(parts.seed, Stream::Eviction, 0),
        }))
    },
};

#[derive(Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Options {
    /// Keys that are sampled for each eviction, as maxmemory-samples.
    #[schemars(range(min = 1, max = 64))]
    samples: u32,
    /// The resolution of the clock by which uses are dated.
    clock: Time,
}

impl Default for Options {
    fn default() -> Options {
        Options { samples: 5, clock: Time(std::time::Duration::from_secs(1)) }
    }
}

/// Uses within one tick of the clock are of the same age: of a cache that turns over within it, any entry goes.
struct RedisLru {
    samples: u32,
    tick_ms: u64,
    members: Members,
    /// By key, in ticks.
    last_use: Vec<u32>,
    pool: Pool,
    random: Random,
}

impl RedisLru {
    fn tick(&self, access: Access) -> u32 {
        (access.now_ms / self.tick_ms) as u32
    }
}

impl Policy for RedisLru {
    fn entered(&mut self, access: Access) {
        self.members.insert(access.key);
        self.used(access);
    }

    fn used(&mut self, access: Access) {
        self.last_use[access.key as usize] = self.tick(access);
    }

    fn left(&mut self, key: u32) {
        self.members.remove(key);
    }

    fn evict(&mut self, access: Access) -> Option<u32> {
        let (now, last_use) = (self.tick(access), &self.last_use);
        let idle = |key| u64::from(now.wrapping_sub(last_use[key as usize]));
        self.pool.take(&mut self.members, self.samples, &mut self.random, idle)
    }

    fn has_clock(&self) -> bool {
        true
    }
}
