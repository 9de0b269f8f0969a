use std::process::{Command, Output};
use std::time::Duration;

use super::machine::children_cpu;
use super::stage::{BYTES, ROWS, Stage, installed};

/// What a contender reached in one round.
#[derive(Clone, Copy, Debug, Default)]
pub struct Reached {
    /// Operations per second.
    pub rate: f64,
    /// Processor time of the client, in microseconds per operation.
    pub cpu_us: f64,
    /// Latencies in microseconds, where the contender's are response times.
    pub p50_us: Option<f64>,
    pub p99_us: Option<f64>,
    /// Of the schedule, in an open loop: its rate, and the lag.
    pub offered: Option<f64>,
    pub lag_p50_us: Option<f64>,
    pub lag_p99_us: Option<f64>,
    pub hit_rate: Option<f64>,
}

/// A peer with its arguments.
#[derive(Clone, Copy)]
pub enum Peer {
    /// GET of random keys; connections, and requests in flight on each.
    RedisBenchmark { connections: u32, pipeline: u32 },
    /// GET of random keys; requests per second and connection, where limited.
    Memtier { connections: u32, pipeline: u32, limit: Option<u32> },
    /// A statement by key on eight connections, two threads, prepared.
    Pgbench { statement: &'static str },
}

impl Peer {
    pub fn program(self) -> &'static str {
        match self {
            Peer::RedisBenchmark { .. } => "redis-benchmark",
            Peer::Memtier { .. } => "memtier_benchmark",
            Peer::Pgbench { .. } => "pgbench",
        }
    }

    /// The command line without addresses, as it is reported.
    pub fn arguments(self, seconds: u64) -> Vec<String> {
        let text = match self {
            Peer::RedisBenchmark { connections, pipeline } => {
                // It takes a number of requests and no time: what a quick one does in it.
                let count = seconds * if pipeline > 1 { 450_000 } else { 100_000 };
                format!("-t get -d {BYTES} -r {ROWS} -c {connections} -P {pipeline} -n {count} --csv")
            }
            Peer::Memtier { connections, pipeline, limit } => {
                let limit = limit.map_or(String::new(), |limit| format!(" --rate-limiting={limit}"));
                format!(
                    "--ratio=0:1 -d {BYTES} --key-minimum=1 --key-maximum={ROWS} --key-pattern=R:R -t 1 \
                     -c {connections} --pipeline={pipeline} --test-time={seconds} --distinct-client-seed \
                     --hide-histogram --print-percentiles=50,99{limit}"
                )
            }
            Peer::Pgbench { .. } => {
                format!("-M prepared -n -c 8 -j 2 -T {seconds} -l --sampling-rate=0.05 -f statement.sql")
            }
        };
        text.split(' ').map(String::from).collect()
    }

    /// Runs it once; nothing if it is not installed.
    pub fn run(self, stage: &Stage, seconds: u64) -> Option<Reached> {
        if !installed(self.program()) {
            return None;
        }
        let mut command = Command::new(self.program());
        command.args(self.arguments(seconds)).current_dir(stage.folder.path());
        match self {
            Peer::RedisBenchmark { .. } => command.args(["-h", "127.0.0.1", "-p", &stage.redis_port()]),
            Peer::Memtier { .. } => command.args(["-s", "127.0.0.1", "-p", &stage.redis_port()]),
            Peer::Pgbench { statement } => {
                // A new body as large as ours, which the statement sends.
                let statement = statement.replace("BODY", &format!("'\\x{}'", "a7".repeat(BYTES as usize)));
                let script = format!("\\set id random(0, {})\n{statement}\n", ROWS - 1);
                stage.file("statement.sql", &script);
                let (user, database) = stage.postgres_names();
                let port = stage.postgres_port();
                command.args(["-h", "127.0.0.1", "-p", &port, "-U", &user, &database])
            }
        };
        let before = children_cpu();
        let output = command.output().expect("an installed program runs");
        let cpu = children_cpu().saturating_sub(before);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{}: {}", self.program(), errors(&output));
        Some(match self {
            Peer::RedisBenchmark { .. } => redis_benchmark(&said, cpu, seconds, self),
            Peer::Memtier { .. } => memtier(&said, cpu, seconds),
            Peer::Pgbench { .. } => pgbench(&said, cpu, seconds, stage),
        })
    }
}

fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Its latencies are left out: its clock starts late, and they break Little's law by half.
fn redis_benchmark(said: &str, cpu: Duration, seconds: u64, peer: Peer) -> Reached {
    let line = said.lines().find(|line| line.starts_with("\"GET\"")).expect("a line for GET");
    let rate: f64 = line.split(',').nth(1).map(|field| field.trim_matches('"')).unwrap().parse().unwrap();
    let arguments = peer.arguments(seconds);
    let count = arguments.iter().skip_while(|argument| *argument != "-n").nth(1).unwrap();
    let count: f64 = count.parse().unwrap();
    Reached { rate, cpu_us: cpu.as_secs_f64() * 1e6 / count, ..Reached::default() }
}

fn memtier(said: &str, cpu: Duration, seconds: u64) -> Reached {
    let line = said.lines().find(|line| line.starts_with("Totals")).expect("a line of totals");
    let fields: Vec<f64> = line.split_whitespace().skip(1).filter_map(|field| field.parse().ok()).collect();
    // Ops/sec, hits/sec, misses/sec, average, p50, p99, KB/sec.
    let (rate, p50, p99) = (fields[0], fields[fields.len() - 3], fields[fields.len() - 2]);
    Reached {
        rate,
        cpu_us: cpu.as_secs_f64() * 1e6 / (rate * seconds as f64),
        p50_us: Some(p50 * 1_000.0),
        p99_us: Some(p99 * 1_000.0),
        ..Reached::default()
    }
}

fn pgbench(said: &str, cpu: Duration, seconds: u64, stage: &Stage) -> Reached {
    let number = |before: &str| -> f64 {
        let line = said.lines().find(|line| line.starts_with(before)).expect("pgbench tells its figures");
        line[before.len()..].split_whitespace().next().unwrap().parse().unwrap()
    };
    let rate = number("tps = ");
    let mut latencies = Vec::new();
    for entry in std::fs::read_dir(stage.folder.path()).unwrap().flatten() {
        if entry.file_name().to_string_lossy().starts_with("pgbench_log.") {
            let log = std::fs::read_to_string(entry.path()).unwrap_or_default();
            let third = |line: &str| line.split(' ').nth(2)?.parse::<f64>().ok();
            latencies.extend(log.lines().filter_map(third));
            std::fs::remove_file(entry.path()).unwrap();
        }
    }
    latencies.sort_by(f64::total_cmp);
    let quantile = |q: f64| latencies.get((latencies.len() as f64 * q) as usize).copied();
    Reached {
        rate,
        cpu_us: cpu.as_secs_f64() * 1e6 / (rate * seconds as f64),
        p50_us: quantile(0.5),
        p99_us: quantile(0.99),
        ..Reached::default()
    }
}
