use std::process::Command;

use cachebench::measure::host;

use super::Options;
use super::contenders::Reached;
use super::groups::{GROUPS, Group, Row, What};
use super::stage::{BYTES, ROWS, installed};

fn said_by(program: &str, argument: &str) -> String {
    let output = Command::new(program).arg(argument).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    text.ok().and_then(|text| text.lines().next().map(String::from)).unwrap_or_else(|| "?".into())
}

/// What was measured, on what, and how.
pub fn head(options: &Options) -> String {
    let host = host();
    let fact = |name: &str| host.get(name).map_or("?", String::as_str).to_owned();
    let mut text = format!(
        "# The generator against its peers\n\n\
         `make bench` wrote this: one Redis and one Postgres, both with their defaults, {} rounds of {} s each, the \
         contenders of a group interleaved, each begun on an idle machine. Medians; in brackets the least and the \
         most. {ROWS} keys, uniform, bodies of {BYTES} B, every read a hit.\n\n\
         - {} cores, {}, {}, {} {}\n- {}; {}; cachebench {}\n\
         - Client CPU is user and system time of the client process; cachebench's includes its recorder, its \
         checksums and both drivers.\n\
         - redis-benchmark's latencies are left out: its clock starts late, and they contradict its own throughput.\n",
        options.rounds,
        options.seconds,
        fact("cores"),
        fact("processor"),
        fact("memory"),
        fact("os"),
        fact("kernel"),
        said_by("redis-benchmark", "--version"),
        said_by("pgbench", "--version"),
        env!("CARGO_PKG_VERSION"),
    );
    if !installed("memtier_benchmark") {
        text += "- memtier_benchmark is not installed here: its rows are missing.\n";
    }
    text += "\nThe peers' commands, without addresses:\n\n```\n";
    for contender in GROUPS.iter().flat_map(|group| group.contenders) {
        if let What::Peer(peer) = &contender.what {
            let line = format!("{} {}\n", peer.program(), peer.arguments(options.seconds).join(" "));
            if !text.contains(&line) {
                text += &line;
            }
        }
    }
    text + "```\n"
}

/// The table of a group.
pub fn section(group: &Group, rows: &[Row]) -> String {
    let first = rows.iter().find(|row| matches!(row.contender.what, What::Peer(_)) && !row.rounds.is_empty());
    let to = |get: Get| first.and_then(|row| median(row, get));
    let rate: Get = |reached| Some(reached.rate);
    let cpu: Get = |reached| Some(reached.cpu_us);
    let p50: Get = |reached| reached.p50_us;
    let p99: Get = |reached| reached.p99_us;
    let mut text = format!("\n## {}\n\n", group.title);
    text += "| contender | ops/s | × | client CPU, us/op | × | p50, us | × | p99, us | × | lag p50, us | lag p99, us | rate off, % |\n";
    text += "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n";
    for row in rows {
        if row.rounds.is_empty() {
            text += &format!("| {} | not installed | | | | | | | | | | |\n", row.contender.name);
            continue;
        }
        let off = |reached: &Reached| Some((reached.rate / reached.offered? - 1.0).abs() * 100.0);
        text += &format!(
            "| {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} |\n",
            row.contender.name,
            figure(row, rate, 0),
            ratio(median(row, rate), to(rate)),
            figure(row, cpu, 2),
            ratio(median(row, cpu), to(cpu)),
            figure(row, p50, 0),
            ratio(median(row, p50), to(p50)),
            figure(row, p99, 0),
            ratio(median(row, p99), to(p99)),
            figure(row, |reached| reached.lag_p50_us, 0),
            figure(row, |reached| reached.lag_p99_us, 0),
            figure(row, off, 3),
        );
    }
    let misses = rows.iter().flat_map(|row| &row.rounds).filter_map(|round| round.hit_rate);
    if let Some(least) = misses.reduce(f64::min) {
        text += &format!("\nLeast hit rate of cachebench's runs: {:.3} %.\n", least * 100.0);
    }
    text
}

type Get = fn(&Reached) -> Option<f64>;

fn values(row: &Row, get: Get) -> Vec<f64> {
    let mut values: Vec<f64> = row.rounds.iter().filter_map(get).collect();
    values.sort_by(f64::total_cmp);
    values
}

fn median(row: &Row, get: Get) -> Option<f64> {
    let values = values(row, get);
    values.get(values.len() / 2).copied()
}

fn figure(row: &Row, get: Get, digits: usize) -> String {
    let all = values(row, get);
    match (median(row, get), all.first(), all.last()) {
        (Some(median), Some(least), Some(most)) => {
            format!("{median:.digits$} ({least:.digits$}–{most:.digits$})")
        }
        _ => String::new(),
    }
}

fn ratio(value: Option<f64>, to: Option<f64>) -> String {
    value.zip(to).map_or(String::new(), |(value, to)| format!("{:.2}", value / to))
}
