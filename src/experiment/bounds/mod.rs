mod cell_replays;

use serde_json::json;

use self::cell_replays::{CellReplays, requests_per_s, writes};
use super::observer::{Event, Observer, Phase};
use crate::config::{Cell, Loaded, Warmup, Workload};
use crate::engine::Stop;
use crate::measure::{Bounds, CellResult, CellSetting, RepeatResult, Status, clock_guard, median};
use crate::registry::Choice;
use crate::servers::Address;
use crate::simulation::{Basis, Capacity, POLICIES, Scenario, curve, simulate};

/// Settings that decide what is evicted: cells that differ in nothing else are bounded by the same ideal caches.
const OF_EVICTION: &[&str] = &[
    "cache.eviction",
    "cache.settings.maxmemory-policy",
    "cache.settings.maxmemory-samples",
    "cache.settings.maxmemory-eviction-tenacity",
    "cache.settings.lfu-log-factor",
    "cache.settings.lfu-decay-time",
];

/// Cells that are bounded by the same ideal caches.
struct Group<'a> {
    /// What they have in common.
    settings: Vec<CellSetting>,
    /// The place of each among all, and its workload; at least one.
    members: Vec<(usize, &'a Workload)>,
}

/// Simulates ideal caches beside the cells that evicted, and to each cell the model of its own policy.
///
/// A cell that no simulation is like says why in its notes; an interrupted run has none.
pub fn tell(loaded: &Loaded, cells: &mut [CellResult], observer: &dyn Observer, stop: &Stop) -> Vec<Bounds> {
    let mut groups: Vec<Group> = Vec::new();
    for (index, cell) in cells.iter_mut().enumerate() {
        let Some(workload) = workload_of(loaded, cell).filter(|_| evicted(cell)) else { continue };
        if let Some(reason) = unlike(workload) {
            tell_unbounded(cell, reason);
            continue;
        }
        let alike: Vec<_> =
            cell.settings.iter().filter(|setting| !is_of_eviction(setting)).cloned().collect();
        match groups.iter_mut().find(|group| group.settings == alike) {
            Some(group) => group.members.push((index, workload)),
            None => groups.push(Group { settings: alike, members: vec![(index, workload)] }),
        }
    }
    if !groups.is_empty() {
        observer.event(&Event::Phase(Phase::Simulating));
    }
    let mut all = Vec::new();
    for group in groups {
        if stop.is_requested() {
            break;
        }
        match bound(loaded, cells, &group) {
            Ok(bounds) => all.push(bounds),
            Err(reason) => {
                group.members.iter().for_each(|&(index, _)| tell_unbounded(&mut cells[index], &reason));
            }
        }
    }
    all
}

fn evicted(cell: &CellResult) -> bool {
    cell.median("cache.evicted_keys").is_some_and(|evicted| evicted >= 1.0)
}

fn is_of_eviction(setting: &CellSetting) -> bool {
    OF_EVICTION.contains(&setting.path.as_str())
}

fn workload_of<'a>(loaded: &'a Loaded, cell: &CellResult) -> Option<&'a Workload> {
    let of_it = |one: &&Cell| one.settings == cell.settings;
    loaded.cells.iter().find(of_it).map(|cell| &cell.workload)
}

/// Why no simulated cache is like that of a workload.
fn unlike(workload: &Workload) -> Option<&'static str> {
    let Workload { cache, traffic, .. } = workload;
    let is_warm = match traffic.warmup {
        Warmup::Time(time) => !time.0.is_zero(),
        Warmup::Operations(count) => count > 0,
        Warmup::StableHitRate => true,
    };
    let reasons = [
        (is_warm || cache.preload || !cache.prewarm.is_none(), "the cache did not start empty"),
        (traffic.mix.multi_read > 0.0 || traffic.mix.decrement > 0.0, "not every operation is of one row"),
        (traffic.mix.delete > 0.0 || traffic.absent.is_some(), "rows that are absent are not cached"),
        (!workload.mitigation.is_none() || cache.fill_delay.is_some(), "fills are guarded or delayed"),
        (!workload.fault.is_empty(), "there were faults"),
        (cache.server_count() > 1 || cache.is_cluster(), "the cache has several nodes"),
        (!matches!(cache.url, Address::Managed), "the cache is not ours alone"),
        (writes(workload).is_none(), "there is no model of what its strategy does to the cache"),
    ];
    reasons.into_iter().find_map(|(is_so, reason)| is_so.then_some(reason))
}

/// Notes that a cell has no ideal caches beside it, and whether a policy by recency can tell anything in it.
fn tell_unbounded(cell: &mut CellResult, reason: &str) {
    for repeat in with_numbers(cell) {
        let policy = repeat.cache.get("maxmemory-policy").map_or("", String::as_str);
        let metric = |name: &str| repeat.metrics.get(name).unwrap_or(0.0);
        // How long an entry lives, which is no less than its age since the last use.
        let life_s = metric("cache.entries") / metric("cache.evictions_per_s");
        let guard = clock_guard(policy, life_s, metric("operations") / repeat.seconds);
        repeat.verdict.notes.push(format!("no ideal caches are simulated beside it: {reason}"));
        repeat.verdict.notes.extend(guard);
    }
}

/// Its measurements that have numbers, valid or not.
fn with_numbers(cell: &mut CellResult) -> impl Iterator<Item = &mut RepeatResult> {
    cell.repeats.iter_mut().filter(|repeat| repeat.status != Status::Failed)
}

fn bound(loaded: &Loaded, cells: &mut [CellResult], group: &Group) -> Result<Bounds, String> {
    let members: Vec<usize> = group.members.iter().map(|&(index, _)| index).collect();
    let held: Vec<f64> = members.iter().filter_map(|&index| cells[index].median("cache.entries")).collect();
    let entries = median(held).ok_or("the entries held are unknown")?.round() as u64;
    let mut replays = CellReplays::new(&loaded.path);
    let (first, workload) = group.members[0];
    let seed = workload.data.seed;
    let replay = replays.of(&cells[first], workload)?;
    let requests_per_s = requests_per_s(&cells[first]).unwrap_or(f64::NAN);
    let ideal = POLICIES.iter().filter(|entry| !entry.name.starts_with("redis-"));
    let points: Vec<_> = ideal.map(|entry| (Choice::named(entry.name), Capacity::Entries(entries))).collect();
    let simulated =
        curve(&Basis::Whole(&replay), &points, seed, &|_| ()).map_err(|error| error.to_string())?;
    let eviction_age = simulated.iter().find(|one| one.policy == "lru").and_then(|lru| lru.eviction_age);
    let settings = group.settings.clone();
    let bounds = Bounds { settings, cells: members, entries, requests_per_s, simulated, eviction_age };
    for &(index, workload) in &group.members {
        let replay = replays.of(&cells[index], workload)?;
        tell_cell(&mut cells[index], seed, &replay, &bounds);
    }
    Ok(bounds)
}

/// Adds to a cell the model of its own policy at the entries it held, and whether its policy can tell anything here.
fn tell_cell(cell: &mut CellResult, seed: u64, replay: &Scenario, bounds: &Bounds) {
    // What the server itself told, since the workload may leave it to the server.
    let told = cell.measured().first().and_then(|repeat| repeat.cache.get("maxmemory-policy").cloned());
    let Some(policy) = told else { return };
    if let (Some(held), Some(model)) = (cell.median("cache.entries"), model(cell, &policy, replay)) {
        // What cannot be simulated leaves a gap in the table, not in the measurement.
        cell.model = simulate(replay, &model, Capacity::Entries(held.round() as u64), seed).ok();
    }
    let (Some(age), Some(rate)) = (bounds.eviction_age, requests_per_s(cell)) else { return };
    if let Some(note) = clock_guard(&policy, age / rate, rate) {
        with_numbers(cell).for_each(|repeat| repeat.verdict.notes.push(note.clone()));
    }
}

/// The model of a policy with the settings that the server itself told.
fn model(cell: &CellResult, policy: &str, replay: &Scenario) -> Option<Choice> {
    let told = &cell.measured().first()?.cache;
    let number =
        |name: &str, default: u64| told.get(name).and_then(|text| text.parse().ok()).unwrap_or(default);
    let samples = number("maxmemory-samples", 5);
    let (keys, by) = policy.rsplit_once('-')?;
    // It chooses among the entries with a TTL: that is all of them, or there is no model.
    let all_expire = || (0..replay.recording.len()).all(|index| replay.recording.ttl(index).is_some());
    if keys == "volatile" && !all_expire() {
        return None;
    }
    let (name, options) = match by {
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

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::load;

    pub fn workload(tail: &str) -> Workload {
        let text = format!(
            "name = \"w\"\n[data]\nrows = 50\n[traffic]\nload = {{ closed = {{ clients = 1 }} }}\noperations = 500\n{tail}"
        );
        let loaded = load(Path::new("w.toml"), text, &[]);
        loaded.unwrap_or_else(|problems| panic!("{}", problems.render(false))).workload
    }

    #[test]
    fn what_starts_full_or_is_guarded_has_no_ideal_beside_it() {
        for (tail, reason) in [
            ("", None),
            ("[cache]\nttl = \"1s\"\n", None),
            ("warmup = \"1s\"\n", Some("start empty")),
            ("[cache]\npreload = true\n", Some("start empty")),
            ("[cache]\nprewarm = { prefix = { requests = 10 } }\n", Some("start empty")),
            ("absent = { share = 0.5, keys = 10 }\n", Some("absent")),
            ("mix = { read = 1, delete = 1 }\n", Some("absent")),
            ("mix = { read = 1, multi-read = 1 }\n", Some("one row")),
            ("[cache]\nfill_delay = \"1ms\"\n", Some("delayed")),
            ("[[fault]]\nat = \"1ms\"\nflush = \"cache\"\n", Some("faults")),
            ("[cache]\nurl = \"redis://host\"\n", Some("ours")),
        ] {
            let found = unlike(&workload(tail));
            assert_eq!(found.is_some(), reason.is_some(), "{tail}: {found:?}");
            assert!(
                reason.is_none_or(|reason| found.unwrap_or_default().contains(reason)),
                "{tail}: {found:?}"
            );
        }
    }
}
