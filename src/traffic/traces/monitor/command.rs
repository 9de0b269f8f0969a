//! What commands do to entries.
//!
//! Skipped are: commands without a key; those that only look at or change what an entry has beside its content (TTL,
//! TYPE, OBJECT, EXPIRE, PERSIST …); those whose keys do not stand first (EVAL, XREAD, BITOP, OBJECT …); those that
//! give an entry another name (RENAME, COPY, MOVE); and what is not known.

use std::collections::VecDeque;
use std::time::Duration;

use super::line::{Line, Word};
use crate::model::Kind;
use crate::traffic::traces::{Request, TraceKey};

/// Which arguments of a command are keys.
#[derive(Clone, Copy)]
enum Keys {
    First,
    All,
    /// Each followed by its value.
    Pairs,
}

/// What a command does, and to which keys.
fn meaning(command: &[u8]) -> Option<(Kind, Keys)> {
    Some(match command {
        b"MGET" | b"EXISTS" | b"TOUCH" | b"SINTER" | b"SUNION" | b"SDIFF" | b"PFCOUNT" => {
            (Kind::Read, Keys::All)
        }
        b"GET"
        | b"GETEX"
        | b"GETRANGE"
        | b"SUBSTR"
        | b"STRLEN"
        | b"GETBIT"
        | b"BITCOUNT"
        | b"BITPOS"
        | b"BITFIELD_RO"
        | b"HGET"
        | b"HMGET"
        | b"HGETALL"
        | b"HEXISTS"
        | b"HKEYS"
        | b"HVALS"
        | b"HLEN"
        | b"HSTRLEN"
        | b"HRANDFIELD"
        | b"HSCAN"
        | b"LRANGE"
        | b"LINDEX"
        | b"LLEN"
        | b"LPOS"
        | b"SMEMBERS"
        | b"SISMEMBER"
        | b"SMISMEMBER"
        | b"SCARD"
        | b"SRANDMEMBER"
        | b"SSCAN"
        | b"ZRANGE"
        | b"ZRANGEBYSCORE"
        | b"ZRANGEBYLEX"
        | b"ZREVRANGE"
        | b"ZREVRANGEBYSCORE"
        | b"ZREVRANGEBYLEX"
        | b"ZSCORE"
        | b"ZMSCORE"
        | b"ZRANK"
        | b"ZREVRANK"
        | b"ZCARD"
        | b"ZCOUNT"
        | b"ZLEXCOUNT"
        | b"ZRANDMEMBER"
        | b"ZSCAN"
        | b"XRANGE"
        | b"XREVRANGE"
        | b"XLEN"
        | b"GEOPOS"
        | b"GEODIST"
        | b"GEOHASH"
        | b"GEOSEARCH"
        | b"GEORADIUS_RO"
        | b"GEORADIUSBYMEMBER_RO"
        | b"SORT_RO"
        | b"JSON.GET" => (Kind::Read, Keys::First),
        b"MSET" | b"MSETNX" => (Kind::Write, Keys::Pairs),
        b"SET" | b"SETEX" | b"PSETEX" | b"SETNX" | b"GETSET" | b"APPEND" | b"SETRANGE" | b"INCR"
        | b"INCRBY" | b"INCRBYFLOAT" | b"DECR" | b"DECRBY" | b"SETBIT" | b"BITFIELD" | b"HSET" | b"HMSET"
        | b"HSETNX" | b"HINCRBY" | b"HINCRBYFLOAT" | b"HDEL" | b"LPUSH" | b"LPUSHX" | b"RPUSH"
        | b"RPUSHX" | b"LPOP" | b"RPOP" | b"LSET" | b"LREM" | b"LTRIM" | b"LINSERT" | b"SADD" | b"SREM"
        | b"SPOP" | b"ZADD" | b"ZREM" | b"ZINCRBY" | b"ZPOPMIN" | b"ZPOPMAX" | b"ZREMRANGEBYRANK"
        | b"ZREMRANGEBYSCORE" | b"ZREMRANGEBYLEX" | b"PFADD" | b"XADD" | b"XDEL" | b"XTRIM" | b"GEOADD"
        | b"JSON.SET" => (Kind::Write, Keys::First),
        b"DEL" | b"UNLINK" => (Kind::Delete, Keys::All),
        b"GETDEL" => (Kind::Delete, Keys::First),
        _ => return None,
    })
}

/// Appends the requests that a command makes.
pub(super) fn requests(line: &Line, into: &mut VecDeque<Request>) {
    let Some((name, arguments)) = line.words.split_first() else { return };
    let name = name.upper();
    let Some((kind, keys)) = meaning(&name) else { return };
    let request = |key: &Word, size: Option<Word>, ttl| Request {
        at_us: Some(line.time_us),
        key: TraceKey::of(&key.bytes()),
        op: Some(kind),
        size: size.map(|value| u32::try_from(value.len()).unwrap_or(u32::MAX)),
        ttl,
    };
    match keys {
        Keys::All => into.extend(arguments.iter().map(|key| request(key, None, None))),
        Keys::Pairs => {
            let (pairs, _) = arguments.as_chunks();
            into.extend(pairs.iter().map(|[key, value]| request(key, Some(*value), None)));
        }
        Keys::First => {
            let Some((key, rest)) = arguments.split_first() else { return };
            into.push_back(request(key, value(&name, rest), ttl(&name, rest, line.time_us)));
        }
    }
}

/// The whole value that a command leaves, where it names one; `rest` is what follows its key.
fn value<'a>(name: &[u8], rest: &[Word<'a>]) -> Option<Word<'a>> {
    match name {
        b"SET" | b"SETNX" | b"GETSET" => rest.first().copied(),
        b"SETEX" | b"PSETEX" => rest.get(1).copied(),
        _ => None,
    }
}

/// How long the entry lives that a command leaves, where it says so.
fn ttl(name: &[u8], rest: &[Word], now_us: u64) -> Option<Duration> {
    let length = match name {
        b"SETEX" => rest.first()?.number().map(Duration::from_secs),
        b"PSETEX" => rest.first()?.number().map(Duration::from_millis),
        b"SET" => option(rest.get(1..)?, now_us),
        b"GETEX" => option(rest, now_us),
        _ => None,
    };
    length.filter(|length| !length.is_zero())
}

/// The time to live among the options of a command, if need be from now to the time that they name.
fn option(options: &[Word], now_us: u64) -> Option<Duration> {
    options.windows(2).find_map(|pair| {
        let number = pair[1].number();
        let until = |at: Duration| at.checked_sub(Duration::from_micros(now_us));
        match pair[0] {
            word if word.is("EX") => number.map(Duration::from_secs),
            word if word.is("PX") => number.map(Duration::from_millis),
            word if word.is("EXAT") => number.map(Duration::from_secs).and_then(until),
            word if word.is("PXAT") => number.map(Duration::from_millis).and_then(until),
            _ => None,
        }
    })
}
