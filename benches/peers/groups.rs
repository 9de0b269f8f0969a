use super::Options;
use super::contenders::{Peer, Reached};
use super::machine::wait_until_idle;
use super::ours::Ours;
use super::stage::Stage;

/// Contenders at the same work.
pub struct Group {
    pub name: &'static str,
    pub title: &'static str,
    pub contenders: &'static [Contender],
}

/// One row of a group's table.
pub struct Contender {
    pub name: &'static str,
    pub what: What,
}

pub enum What {
    Ours(Ours),
    Peer(Peer),
}

/// What a contender reached in each round; nothing if it is not installed.
pub struct Row {
    pub contender: &'static Contender,
    pub rounds: Vec<Reached>,
}

const CLOSED_50: &str = "load = { closed = { clients = 50 } }";
const REDIS_50: Contender = Contender {
    name: "redis-benchmark, 50 connections",
    what: What::Peer(Peer::RedisBenchmark { connections: 50, pipeline: 1 }),
};
const MEMTIER_50: Contender = Contender {
    name: "memtier_benchmark, 50 connections",
    what: What::Peer(Peer::Memtier { connections: 50, pipeline: 1, limit: None }),
};

const TWO_THREADS: &str = "instances = 2\nthreads = 2";

const fn reads(traffic: &'static str, cache: &'static str) -> What {
    What::Ours(Ours { strategy: "cache-aside", traffic, cache, app: "", kind: "read" })
}

const fn rows(app: &'static str, traffic: &'static str, kind: &'static str) -> What {
    What::Ours(Ours { strategy: "direct", traffic, cache: "", app, kind })
}

macro_rules! rate {
    ($rate:literal, $pacing:literal) => {
        reads(
            concat!(
                "load = { open = { arrival = \"constant\", rate = ",
                stringify!($rate),
                ", pacing = \"",
                $pacing,
                "\" } }"
            ),
            "preload = true\nconnections = 4",
        )
    };
}

/// The first contender that is a peer and installed is what the others are compared with.
pub const GROUPS: &[Group] = &[
    Group {
        name: "connections",
        title: "Cache hits, 50 clients, a connection to each",
        contenders: &[
            MEMTIER_50,
            REDIS_50,
            Contender {
                name: "cachebench, redis driver",
                what: reads(CLOSED_50, "preload = true\nconnections = \"per-client\""),
            },
            Contender {
                name: "cachebench, fred driver",
                what: reads(CLOSED_50, "preload = true\ndriver = \"fred\"\nconnections = \"per-client\""),
            },
        ],
    },
    Group {
        name: "shared",
        title: "Cache hits, 50 clients over 4 shared connections",
        contenders: &[
            MEMTIER_50,
            REDIS_50,
            Contender {
                name: "memtier_benchmark, 4 connections, pipeline of 12",
                what: What::Peer(Peer::Memtier { connections: 4, pipeline: 12, limit: None }),
            },
            Contender {
                name: "redis-benchmark, 4 connections, pipeline of 12",
                what: What::Peer(Peer::RedisBenchmark { connections: 4, pipeline: 12 }),
            },
            Contender {
                name: "cachebench, redis driver",
                what: reads(CLOSED_50, "preload = true\nconnections = 4"),
            },
            Contender {
                name: "cachebench, fred driver",
                what: reads(CLOSED_50, "preload = true\ndriver = \"fred\"\nconnections = 4"),
            },
        ],
    },
    Group {
        name: "rows",
        title: "Rows by key from Postgres, 8 clients, a connection to each",
        contenders: &[
            Contender {
                name: "pgbench -c8 -j2 -M prepared",
                what: What::Peer(Peer::Pgbench {
                    statement: "SELECT version, checksum, body FROM kv WHERE id = :id;",
                }),
            },
            Contender {
                name: "cachebench, direct, 1 thread",
                what: rows("", "load = { closed = { clients = 8 } }", "read"),
            },
            Contender {
                name: "cachebench, direct, 2 threads",
                what: rows(TWO_THREADS, "load = { closed = { clients = 8 } }", "read"),
            },
        ],
    },
    Group {
        name: "updates",
        title: "Updates by key in Postgres, synchronous commit, 8 clients, a connection to each",
        contenders: &[
            Contender {
                name: "pgbench -c8 -j2 -M prepared",
                what: What::Peer(Peer::Pgbench {
                    statement: "UPDATE kv SET version = version + 1, checksum = :id, body = BODY WHERE id = :id \
                                RETURNING version;",
                }),
            },
            Contender {
                name: "cachebench, direct, 1 thread",
                what: rows("", "mix = { write = 1 }\nload = { closed = { clients = 8 } }", "write"),
            },
        ],
    },
    Group {
        name: "open",
        title: "Cache hits at 20,000/s, open loop, from the intended start",
        contenders: &[
            Contender {
                name: "memtier_benchmark, 50 connections, --rate-limiting=400",
                what: What::Peer(Peer::Memtier { connections: 50, pipeline: 1, limit: Some(400) }),
            },
            Contender {
                name: "cachebench, precise",
                what: reads(
                    "load = { open = { rate = 20_000, pacing = \"precise\" } }",
                    "preload = true\nconnections = 4",
                ),
            },
            Contender {
                name: "cachebench, balanced",
                what: reads("load = { open = { rate = 20_000 } }", "preload = true\nconnections = 4"),
            },
            Contender {
                name: "cachebench, cheap",
                what: reads(
                    "load = { open = { rate = 20_000, pacing = \"cheap\" } }",
                    "preload = true\nconnections = 4",
                ),
            },
        ],
    },
    Group {
        name: "rates",
        title: "Rates kept, open loop, constant arrivals",
        contenders: &[
            Contender { name: "1,000/s, precise", what: rate!(1_000, "precise") },
            Contender { name: "1,000/s, balanced", what: rate!(1_000, "balanced") },
            Contender { name: "1,000/s, cheap", what: rate!(1_000, "cheap") },
            Contender { name: "20,000/s, precise", what: rate!(20_000, "precise") },
            Contender { name: "20,000/s, balanced", what: rate!(20_000, "balanced") },
            Contender { name: "20,000/s, cheap", what: rate!(20_000, "cheap") },
            Contender { name: "100,000/s, precise", what: rate!(100_000, "precise") },
            Contender { name: "100,000/s, balanced", what: rate!(100_000, "balanced") },
            Contender { name: "100,000/s, cheap", what: rate!(100_000, "cheap") },
        ],
    },
];

/// Every contender in turn, round by round, each once the machine is idle.
pub fn measure(group: &Group, options: &Options, stage: &Stage) -> Vec<Row> {
    let contenders: &'static [Contender] = group.contenders;
    let mut rows: Vec<Row> =
        contenders.iter().map(|contender| Row { contender, rounds: Vec::new() }).collect();
    for round in 1..=options.rounds {
        for row in &mut rows {
            wait_until_idle();
            let reached = match &row.contender.what {
                What::Ours(ours) => Some(ours.run(stage, options.seconds)),
                What::Peer(peer) => peer.run(stage, options.seconds),
            };
            if let Some(reached) = reached {
                eprintln!(
                    "{} {round}/{}: {}: {:.0}/s, {:.2} us of CPU an operation, p50 {:.0} us, p99 {:.0} us",
                    group.name,
                    options.rounds,
                    row.contender.name,
                    reached.rate,
                    reached.cpu_us,
                    reached.p50_us.unwrap_or(f64::NAN),
                    reached.p99_us.unwrap_or(f64::NAN),
                );
                row.rounds.push(reached);
            }
        }
    }
    rows
}
