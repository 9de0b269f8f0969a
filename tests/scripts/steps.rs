use std::time::Duration;

use bytes::Bytes;
use cachebench::model::{Intent, Key, StockLevel, StoreError, Value};
use cachebench::store::scripts::{
    Advance, Claimed, Decrement, Decremented, HeldClaim, Lease, LeaseFill, Leased, NewClaim, Surveyed, Token,
    advance, announce, claim, compare_and_set, decrement, dirty, fill_claimed, free, invalidate, lease_get,
    lease_invalidate, lease_set, pending, release, settle, survey, trim,
};
use cachebench::traffic::Random;
use rand::Rng;

use super::Side;

/// Rows that a history is about.
pub const ROWS: u64 = 5;
/// Longer than any test; whether entries expire has a test of its own.
const TTL: Duration = Duration::from_secs(3_600);
/// Where numbers are apt to go wrong: around 2^32, and close to what a double holds exactly.
const EDGES: [u64; 8] = [0, 1, 5, (1 << 32) - 2, (1 << 32) - 1, 1 << 32, (1 << 52) - 1, 1 << 52];

/// One request to a cache.
#[derive(Debug)]
pub enum Step {
    Get(u64),
    GetMany(Vec<u64>),
    Set(u64, Bytes, bool),
    Add(u64, Bytes, bool),
    Delete(u64),
    Advance { id: u64, value: Value, base: Option<u64>, ttl: bool, dirty_since: Option<u64> },
    Settle { flushed: Vec<(u64, u64)>, began: u64, ttl: bool },
    Dirty(usize),
    Survey(Vec<u64>),
    Claim { id: u64, token: u64, or_entry: bool },
    FillClaimed { id: u64, token: u64, raw: Bytes, ttl: bool },
    Release { id: u64, token: u64, entry: bool },
    Announce { id: u64, token: u64 },
    Invalidate(u64),
    Free(u64),
    LeaseGet { id: u64, token: u64, or_entry: bool },
    LeaseSet { id: u64, token: u64, raw: Bytes, ttl: bool, unthrottle: bool },
    LeaseInvalidate { id: u64, keep_stale: bool, unthrottle: bool },
    CompareAndSet { id: u64, raw: Bytes, ttl: bool, renew: bool },
    PutStock(u64, Bytes),
    GetStock(u64),
    Decrement { id: u64, units: u32, noted_at: Option<u64> },
    Pending(usize),
    Trim(u64),
}

/// The claims of a history, all of one kind.
const KIND: &str = "claim";

/// What came back.
#[derive(Debug, PartialEq)]
pub enum Seen {
    Done,
    Entry(Option<Bytes>),
    Entries(Vec<Option<Bytes>>),
    Flag(bool),
    Version(Option<u64>),
    Count(u64),
    /// Rows and since when they wait.
    Waiting(Vec<(u64, u64)>),
    /// Version and checksum of each entry, and whether it expires.
    Heads(Vec<Option<(u64, u64, bool)>>),
    Claimed(Claimed),
    Leased(Leased),
    Decremented(Decremented),
    Intents(Vec<Intent>),
}

impl Step {
    /// A step that any history may take next.
    pub fn random(random: &mut Random) -> Step {
        let id = random.below(ROWS);
        let ttl = random.below(2) == 0;
        match random.below(49) {
            0 => Step::Get(id),
            1 => Step::GetMany((0..1 + random.below(4)).map(|_| random.below(ROWS + 1)).collect()),
            2 | 3 => Step::Set(id, entry(random), ttl),
            4 => Step::Add(id, entry(random), ttl),
            5 | 6 => Step::Delete(id),
            7..12 => Step::Advance {
                id,
                value: value(random),
                base: (random.below(2) == 0).then(|| edge(random)),
                ttl,
                dirty_since: (random.below(3) > 0).then(|| time(random)),
            },
            12 | 13 => Step::Settle {
                flushed: (0..random.below(4)).map(|_| (random.below(ROWS + 1), flushed(random))).collect(),
                began: time(random),
                ttl,
            },
            14 | 15 => Step::Dirty(random.below(ROWS + 2) as usize),
            16..19 => Step::Claim { id, token: random.below(3), or_entry: random.below(2) == 0 },
            19 | 20 => Step::FillClaimed { id, token: random.below(3), raw: entry(random), ttl },
            21 => Step::Release { id, token: random.below(3), entry: random.below(2) == 0 },
            22 => Step::Invalidate(id),
            23..26 => Step::CompareAndSet { id, raw: versioned(random), ttl, renew: random.below(3) == 0 },
            26 => Step::Survey((0..1 + random.below(4)).map(|_| random.below(ROWS + 1)).collect()),
            27 | 28 => Step::PutStock(id, stock(random)),
            29 => Step::GetStock(id),
            30..35 => Step::Decrement {
                id,
                units: 1 + random.below(6) as u32,
                noted_at: (random.below(3) > 0).then(|| time(random)),
            },
            35 | 36 => Step::Announce { id, token: random.below(3) },
            37 => Step::Pending(random.below(9) as usize),
            38 => Step::Free(id),
            39..44 => Step::LeaseGet { id, token: random.below(3), or_entry: random.below(4) > 0 },
            44 | 45 => Step::LeaseSet {
                id,
                token: random.below(3),
                raw: entry(random),
                ttl,
                unthrottle: random.below(2) == 0,
            },
            46 | 47 => Step::LeaseInvalidate {
                id,
                keep_stale: random.below(2) == 0,
                unthrottle: random.below(2) == 0,
            },
            _ => Step::Trim(time(random) + random.below(9)),
        }
    }

    pub async fn take(&self, side: &Side) -> Result<Seen, StoreError> {
        let cache = &*side.cache;
        let lifetime = |ttl: bool| ttl.then_some(TTL);
        let keys = |ids: &[u64]| -> Vec<Key> { ids.iter().map(|&id| side.key(id)).collect() };
        Ok(match self {
            Step::Get(id) => Seen::Entry(cache.get(&side.key(*id)).await?),
            Step::GetMany(ids) => Seen::Entries(cache.get_many(&keys(ids)).await?),
            Step::Set(id, raw, ttl) => {
                cache.set(&side.key(*id), raw.clone(), lifetime(*ttl)).await?;
                Seen::Done
            }
            Step::Add(id, raw, ttl) => {
                Seen::Flag(cache.add(&side.key(*id), raw.clone(), lifetime(*ttl)).await?)
            }
            Step::Delete(id) => Seen::Flag(cache.delete(&side.key(*id)).await?),
            Step::Advance { id, value, base, ttl, dirty_since } => {
                let dirty = dirty_since.map(|since| (&side.dirty, since));
                let key = side.key(*id);
                let step = Advance { key: &key, value, base: *base, ttl: lifetime(*ttl), dirty };
                Seen::Version(advance(cache, step).await?)
            }
            Step::Settle { flushed, began, ttl } => {
                let flushed: Vec<_> = flushed.iter().map(|&(id, version)| (side.key(id), version)).collect();
                Seen::Count(settle(cache, &side.dirty, &flushed, *began, lifetime(*ttl)).await?)
            }
            Step::Survey(ids) => {
                let head = |it: Surveyed| (it.version, it.checksum, it.ttl_ms.is_some());
                let found = survey(cache, &keys(ids)).await?;
                Seen::Heads(found.into_iter().map(|found| found.map(head)).collect())
            }
            &Step::Claim { id, token, or_entry } => {
                let (key, token) = (side.key(id), Token(token));
                let step = NewClaim { key: &key, kind: KIND, token, ttl: TTL, or_entry };
                Seen::Claimed(claim(cache, step).await?)
            }
            Step::FillClaimed { id, token, raw, ttl } => {
                let (key, raw) = (side.key(*id), raw.clone());
                Seen::Flag(fill_claimed(cache, held(&key, *token), raw, lifetime(*ttl)).await?)
            }
            &Step::Release { id, token, entry } => {
                Seen::Flag(release(cache, held(&side.key(id), token), entry).await?)
            }
            &Step::Announce { id, token } => {
                Seen::Flag(announce(cache, held(&side.key(id), token), &side.channel()).await?)
            }
            Step::Free(id) => Seen::Flag(free(cache, &side.key(*id), KIND).await?),
            &Step::LeaseGet { id, token, or_entry } => {
                let (key, token) = (side.key(id), Token(token));
                let lease = Lease { key: &key, token, ttl: TTL, throttle: TTL, or_entry };
                Seen::Leased(match lease_get(cache, lease).await? {
                    // How long is a matter of the clock.
                    Leased::Wait(_, stale) => Leased::Wait(TTL, stale),
                    leased => leased,
                })
            }
            Step::LeaseSet { id, token, raw, ttl, unthrottle } => {
                let (key, token, value) = (side.key(*id), Token(*token), raw.clone());
                let fill =
                    LeaseFill { key: &key, token, value, ttl: lifetime(*ttl), unthrottle: *unthrottle };
                Seen::Flag(lease_set(cache, fill).await?)
            }
            &Step::LeaseInvalidate { id, keep_stale, unthrottle } => {
                let keep_stale = lifetime(keep_stale).unwrap_or_default();
                Seen::Flag(lease_invalidate(cache, &side.key(id), keep_stale, unthrottle).await?)
            }
            Step::Invalidate(id) => Seen::Count(invalidate(cache, &side.key(*id), KIND).await?),
            Step::CompareAndSet { id, raw, ttl, renew } => {
                let (key, raw, ttl) = (side.key(*id), raw.clone(), lifetime(*ttl));
                Seen::Flag(compare_and_set(cache, &key, raw, ttl, *renew).await?)
            }
            Step::Dirty(limit) => Seen::Waiting(dirty(cache, &side.dirty, *limit).await?),
            Step::PutStock(id, raw) => {
                cache.set(&side.key(*id).stock(), raw.clone(), None).await?;
                Seen::Done
            }
            Step::GetStock(id) => Seen::Entry(cache.get(&side.key(*id).stock()).await?),
            Step::Decrement { id, units, noted_at } => {
                let outbox = noted_at.map(|now_us| (&side.outbox, now_us));
                let key = side.key(*id);
                let step = Decrement { key: &key, units: *units, outbox };
                Seen::Decremented(decrement(cache, step).await?)
            }
            Step::Pending(limit) => Seen::Intents(pending(cache, &side.outbox, *limit).await?),
            Step::Trim(seq) => Seen::Count(trim(cache, &side.outbox, *seq).await?),
        })
    }
}

fn held(key: &Key, token: u64) -> HeldClaim<'_> {
    HeldClaim { key, kind: KIND, token: Token(token) }
}

fn edge(random: &mut Random) -> u64 {
    EDGES[random.below(EDGES.len() as u64) as usize]
}

fn flushed(random: &mut Random) -> u64 {
    // The largest number stands for an entry that cannot be read, and 0 for one that was gone.
    if random.below(6) == 0 { u64::MAX } else { edge(random) + random.below(3) }
}

/// A few different times, so that rows wait equally long now and then.
fn time(random: &mut Random) -> u64 {
    1_790_000_000_000_000 + random.below(3)
}

fn value(random: &mut Random) -> Value {
    Value {
        version: edge(random),
        checksum: random.next_u64(),
        tombstone: random.below(4) == 0,
        load_cost_us: random.next_u64() as u32,
        expires_at_us: random.below(2) * time(random),
        body: body(random),
    }
}

/// An entry of a stock, or one that is none.
fn stock(random: &mut Random) -> Bytes {
    let units = if random.below(9) == 0 { 1 << 52 } else { random.below(14) as i64 };
    match random.below(12) {
        0 => Bytes::new(),
        1 => Bytes::from_static(b"12"),
        2 => Bytes::from_static(b"-3 5"),
        3 => Bytes::from_static(b"+3 5"),
        4 => Bytes::from_static(b"3 5 8"),
        5 => Bytes::from_static(b"3 5\n"),
        _ => StockLevel { units, version: edge(random) }.encode(),
    }
}

fn body(random: &mut Random) -> Bytes {
    let size = match random.below(8) {
        0 => 0,
        1 => 70_000,
        2 => return Bytes::from_static(b"a text"),
        _ => random.below(60) as usize,
    };
    let mut body = vec![0; size];
    random.fill_bytes(&mut body);
    body.into()
}

/// A row, or the tombstone of one.
fn versioned(random: &mut Random) -> Bytes {
    if random.below(3) > 0 {
        value(random).encode()
    } else {
        Bytes::copy_from_slice(&edge(random).to_be_bytes())
    }
}

/// An entry as a strategy would put it, or one that is too short to be a value.
fn entry(random: &mut Random) -> Bytes {
    match random.below(6) {
        0 => Bytes::new(),
        1 => Bytes::from_static(b"1234567"),
        2 => Bytes::from_static(b"\xff\r\n"),
        _ => value(random).encode(),
    }
}
