use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use serde_json::json;

use super::parts;
use crate::config::{Cell, LoadSetting, Loaded, Warmup, Workload};
use crate::measure::{Bounds, CellResult, CellSetting, Status, note_of_coarse_ages};
use crate::model::{Kind, Lifetimes};
use crate::registry::Choice;
use crate::simulation::{Capacity, POLICIES, Pace, Replay, Simulated, Writes, simulate};
use crate::traffic::Traffic;
use crate::traffic::traces::{Recording, Request, TraceKey};

/// More requests than this are not simulated: it would take longer than a user waits at the end of a run.
const MOST_REQUESTS: u64 = 5_000_000;

/// Settings that decide what is evicted: cells that differ in nothing else are bounded by the same ideal caches.
const OF_EVICTION: &[&str] = &[
    "cache.eviction",
    "cache.settings.maxmemory-policy",
    "cache.settings.maxmemory-samples",
    "cache.settings.maxmemory-eviction-tenacity",
    "cache.settings.lfu-log-factor",
    "cache.settings.lfu-decay-time",
];

/// Simulates ideal caches beside the cells that evicted, and to each cell the model of its own policy.
///
/// Where there is no model of what a cell does, nothing is told of it: with guards, faults, a warm-up or multi-reads.
pub fn tell(loaded: &Loaded, cells: &mut [CellResult]) -> Vec<Bounds> {
    let mut groups: Vec<(Vec<CellSetting>, Vec<usize>)> = Vec::new();
    for (index, cell) in cells.iter().enumerate() {
        let Some(workload) = workload_of(loaded, cell).filter(|workload| is_modelled(workload)) else {
            continue;
        };
        let evicted = cell.median("cache.evicted_keys").unwrap_or(0.0);
        if evicted < 1.0 || workload.cache.eviction.as_deref() == Some("noeviction") {
            continue;
        }
        let alike: Vec<_> =
            cell.settings.iter().filter(|setting| !is_of_eviction(setting)).cloned().collect();
        match groups.iter_mut().find(|(settings, _)| *settings == alike) {
            Some((_, members)) => members.push(index),
            None => groups.push((alike, vec![index])),
        }
    }
    let bounds: Vec<Bounds> = groups
        .into_iter()
        .filter_map(|(settings, members)| bound(loaded, cells, settings, members))
        .collect();
    let is_bounded = |index: &usize| bounds.iter().any(|bounds| bounds.cells.contains(index));
    let others = cells.iter_mut().enumerate().filter(|(index, _)| !is_bounded(index));
    others.for_each(|(_, cell)| tell_coarse_ages(cell));
    bounds
}

/// Says of a cell that no simulation stands beside whether a policy by recency can tell anything in it.
fn tell_coarse_ages(cell: &mut CellResult) {
    for repeat in &mut cell.repeats {
        let policy = repeat.cache.get("maxmemory-policy").map_or("", String::as_str);
        let metric = |name: &str| repeat.metrics.get(name).unwrap_or(0.0);
        let coarse = note_of_coarse_ages(policy, metric("cache.entries"), metric("cache.evictions_per_s"));
        repeat.verdict.notes.extend(coarse);
    }
}

fn is_of_eviction(setting: &CellSetting) -> bool {
    OF_EVICTION.contains(&setting.path.as_str())
}

fn workload_of<'a>(loaded: &'a Loaded, cell: &CellResult) -> Option<&'a Workload> {
    let of_it = |one: &&Cell| one.settings == cell.settings;
    loaded.cells.iter().find(of_it).map(|cell| &cell.workload)
}

fn is_modelled(workload: &Workload) -> bool {
    let warm = match workload.traffic.warmup {
        Warmup::Time(time) => !time.0.is_zero(),
        Warmup::Operations(count) => count > 0,
        Warmup::StableHitRate => true,
    };
    let mix = &workload.traffic.mix;
    let one_row = mix.multi_read <= 0.0 && mix.decrement <= 0.0;
    let plain = workload.mitigation.is_none() && workload.fault.is_empty() && !workload.cache.preload;
    !warm && one_row && plain && writes(workload).is_some()
}

/// What a write does to the cache under a strategy that has a model.
fn writes(workload: &Workload) -> Option<Writes> {
    match workload.strategy.name.as_str() {
        "cache-aside" | "read-through" if workload.strategy.options.is_null() => Some(Writes::Invalidate),
        "write-through" => Some(Writes::Put),
        _ => None,
    }
}

fn bound(
    loaded: &Loaded,
    cells: &mut [CellResult],
    settings: Vec<CellSetting>,
    members: Vec<usize>,
) -> Option<Bounds> {
    let first = &cells[members[0]];
    let workload = workload_of(loaded, first)?;
    let held: Vec<f64> = members.iter().filter_map(|&member| cells[member].median("cache.entries")).collect();
    let entries = median(held)?.round() as u64;
    let operations = first.median("operations")? as u64;
    let reads_per_s = first.median("read.count")? / first.measured().first()?.seconds;
    let replay = replay(workload, &loaded.path, operations, reads_per_s)?;
    let simulated: Vec<Simulated> = POLICIES
        .iter()
        .filter(|entry| !entry.name.starts_with("redis-"))
        .filter_map(|entry| run(&replay, &Choice::named(entry.name), entries, workload.data.seed))
        .collect();
    let lru = simulated.iter().find(|one| one.policy == "lru");
    let eviction_age = lru.and_then(|lru| lru.eviction_age);
    let bounds = Bounds { settings, cells: members.clone(), entries, reads_per_s, simulated, eviction_age };
    for member in members {
        let Some(workload) = workload_of(loaded, &cells[member]) else { continue };
        tell_cell(&mut cells[member], workload, &replay, &bounds);
    }
    Some(bounds)
}

/// Adds to a cell the model of its own policy at the entries it held, and whether its policy can tell anything here.
fn tell_cell(cell: &mut CellResult, workload: &Workload, replay: &Replay, bounds: &Bounds) {
    // What the server itself told, since the workload may leave it to the server.
    let told = cell.measured().first().and_then(|repeat| repeat.cache.get("maxmemory-policy").cloned());
    let Some(policy) = told else { return };
    if let (Some(held), Some(model)) = (cell.median("cache.entries"), model(cell, &policy)) {
        cell.model = run(replay, &model, held.round() as u64, workload.data.seed);
    }
    if let Some(note) = bounds.clock_guard(&policy) {
        let measured = cell.repeats.iter_mut().filter(|repeat| repeat.status != Status::Failed);
        measured.for_each(|repeat| repeat.verdict.notes.push(note.clone()));
    }
}

fn run(replay: &Replay, policy: &Choice, entries: u64, seed: u64) -> Option<Simulated> {
    // What cannot be simulated leaves a gap in the table, not in the measurement.
    simulate(replay, policy, Capacity::Entries(entries), seed).ok()
}

/// The model of a policy with the settings that the server itself told.
fn model(cell: &CellResult, policy: &str) -> Option<Choice> {
    let told = &cell.measured().first()?.cache;
    let number =
        |name: &str, default: u64| told.get(name).and_then(|text| text.parse().ok()).unwrap_or(default);
    let samples = number("maxmemory-samples", 5);
    let (name, options) = match policy.rsplit_once('-')?.1 {
        "lru" => ("redis-lru", json!({ "samples": samples })),
        "lfu" => (
            "redis-lfu",
            json!({
                "samples": samples,
                "lfu_log_factor": number("lfu-log-factor", 10),
                "lfu_decay_time": number("lfu-decay-time", 1),
            }),
        ),
        "random" => ("random", serde_json::Value::Null),
        _ => return None,
    };
    Some(Choice { name: name.into(), options })
}

/// The requests that a cell made, as a recording.
fn replay(workload: &Workload, file: &Path, operations: u64, reads_per_s: f64) -> Option<Replay> {
    if operations > MOST_REQUESTS {
        return None;
    }
    let traffic = parts::traffic(workload, file).ok()?;
    let lifetimes = parts::lifetimes(workload, &traffic);
    let mut sizes = HashMap::new();
    let requests = (0..operations).map(|ticket| request(&traffic, &lifetimes, ticket, &mut sizes));
    let recording = Recording::of(requests)?;
    // Where the recording's own SETs are the fills, misses are none.
    let fills = traffic.replay().is_some_and(|replay| replay.fills());
    let pace = match workload.traffic.load {
        LoadSetting::Recorded { speed, .. } => Pace::Recorded { speed },
        _ => Pace::PerSecond(reads_per_s),
    };
    Some(Replay {
        writes: if fills { Writes::Put } else { writes(workload)? },
        fill_on_miss: !fills,
        pace,
        ..Replay::of(Arc::new(recording))
    })
}

fn request(traffic: &Traffic, lifetimes: &Lifetimes, ticket: u64, sizes: &mut HashMap<u64, u32>) -> Request {
    let operation = traffic.operation(ticket);
    let id = operation.key.id();
    let size = match operation.kind {
        Kind::Write | Kind::Insert => operation.payload.body.len() as u32,
        _ => *sizes.entry(id).or_insert_with(|| traffic.row(id).body.len() as u32),
    };
    let op = match operation.kind {
        Kind::Fill => Kind::Write,
        Kind::Invalidate => Kind::Delete,
        kind => kind,
    };
    let at_us = traffic.recorded_at(ticket).map(|at| at.as_micros() as u64);
    let (op, size, ttl) = (Some(op), Some(size), lifetimes.of(&operation.key));
    Request { at_us, op, size, ttl, ..Request::of(TraceKey::Number(id)) }
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    let upper = *values.get(middle)?;
    Some(if values.len() % 2 == 1 { upper } else { (values[middle - 1] + upper) / 2.0 })
}
