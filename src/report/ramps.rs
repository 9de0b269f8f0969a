use super::faults::by_measurement;
use super::quantity::{bytes, count, duration_us, per_second, share};
use crate::measure::{Beginning, CellResult, CellSetting, FaultRecord, Ramp, Reached, Summary};

/// How the numbers of a ramp come about.
pub const RULE: &str = "Steady: the mean over the last third of the measurement (after a fault: over up to 5 s before it). \
    To 50, 90 and 99 %: seconds and rows read from which on the hit rate was that share of it. Excess: database loads \
    until 99 % beyond what as many reads cost in the steady state. Peak: in any second of that time.";

/// How each cell came to its steady hit rate: a header and a row for each; nothing where no cache began less than full.
pub fn cold_starts(summary: &Summary) -> Vec<Vec<String>> {
    let is_told = |ramp: &Ramp| ramp.began != Beginning::Preloaded;
    let ramps = summary.cells.iter().filter_map(ramp_of);
    if !ramps.into_iter().any(is_told) {
        return Vec::new();
    }
    let mut rows = vec![header("cold start", "steady\nhit rate")];
    let is_prewarmed = |cell: &CellResult| cell.median("prewarm.keys").is_some();
    let some_prewarmed = summary.cells.iter().any(is_prewarmed);
    if some_prewarmed {
        rows[0].extend(["loaded ahead", "saved"].map(str::to_owned));
    }
    for cell in summary.cells.iter().filter(|cell| ramp_of(cell).is_some()) {
        let median = |name: &str| cell.median(&format!("ramp.{name}"));
        let reached = |share: &str| {
            let reached = median(&format!("seconds_to_{share}")).zip(median(&format!("reads_to_{share}")));
            reached_in(reached)
        };
        let wavers = cell.measured().iter().filter_map(|repeat| repeat.ramp.as_ref()).any(|it| !it.is_steady);
        let steady = median("steady_hit_rate").map_or("–".into(), share);
        let mut row = vec![
            cell.label(),
            if wavers { format!("{steady} and changing") } else { steady },
            reached("50"),
            reached("90"),
            reached("99"),
            median("excess_loads").map_or("–".into(), count),
            versus(median("peak_loads_per_s"), median("steady_loads_per_s")),
        ];
        if some_prewarmed {
            row.push(cost(cell).unwrap_or("–".into()));
            row.push(saved(cell, summary).unwrap_or("–".into()));
        }
        rows.push(row);
    }
    rows
}

/// How the hit rate came back after each fault that took entries from a cache: a header and a row for each; nothing where
/// there was none.
pub fn refills(summary: &Summary) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    for (whose, repeat) in by_measurement(summary, |repeat| !repeat.faults.is_empty()) {
        rows.extend(repeat.faults.iter().filter_map(|fault| refill(&whose, fault)));
    }
    if !rows.is_empty() {
        let mut header = header("cold again after", "hit rate\nbefore");
        header.push("entries\ngone".into());
        rows.insert(0, header);
    }
    rows
}

fn refill(whose: &str, fault: &FaultRecord) -> Option<Vec<String>> {
    let ramp = fault.recovery.as_ref()?.ramp.as_ref()?;
    let reached = |reached: Option<Reached>| reached_in(reached.map(|it| (it.seconds, it.reads)));
    Some(vec![
        format!("{whose}{} at {:.1} s", fault.what, fault.began_s.unwrap_or(fault.at_s)),
        share(ramp.steady_hit_rate),
        reached(ramp.to_50),
        reached(ramp.to_90),
        reached(ramp.to_99),
        count(ramp.excess_loads),
        versus(ramp.peak_loads_per_s, Some(ramp.steady_loads_per_s)),
        fault.moved.map_or("–".into(), |moved| format!("{} of {}", moved.moved, moved.of)),
    ])
}

fn header(first: &str, steady: &str) -> Vec<String> {
    let rest = ["to 50 %", "to 90 %", "to 99 %", "excess\nloads", "peak loads,\nand steady"];
    [first, steady].into_iter().chain(rest).map(str::to_owned).collect()
}

/// The ramp of the first measurement that has one.
pub(super) fn ramp_of(cell: &CellResult) -> Option<&Ramp> {
    cell.measured().into_iter().find_map(|repeat| repeat.ramp.as_ref())
}

/// When a share was reached: `1.20 s, 2400 reads`.
fn reached_in(reached: Option<(f64, f64)>) -> String {
    match reached {
        None => "not".into(),
        Some((_, reads)) if reads < 0.5 => "at once".into(),
        Some((seconds, reads)) => format!("{}, {} reads", duration_us(seconds * 1e6), count(reads)),
    }
}

fn versus(peak: Option<f64>, steady: Option<f64>) -> String {
    let told = |rate: Option<f64>| rate.map_or("–".into(), per_second);
    format!("{}, {}", told(peak), told(steady))
}

/// What loading ahead took: `1000 rows, 2.0 MB in 500 ms`.
fn cost(cell: &CellResult) -> Option<String> {
    let of = |name: &str| cell.median(&format!("prewarm.{name}"));
    let (size, time) = (bytes(of("bytes")?), duration_us(of("seconds")? * 1e6));
    Some(format!("{} rows, {size} in {time}", count(of("keys")?)))
}

/// What it saved against the cell that is set alike but loads nothing ahead.
fn saved(cell: &CellResult, summary: &Summary) -> Option<String> {
    let is_bare = |other: &&CellResult| {
        let is_none = |setting: &CellSetting| setting.path == PREWARM && setting.value == "none";
        other.settings.iter().any(is_none) && other.is_like(cell, PREWARM)
    };
    cell.median("prewarm.keys")?;
    let bare = summary.cells.iter().find(is_bare)?;
    let less = |name: &str| {
        let of = |cell: &CellResult| cell.median(&format!("ramp.{name}"));
        Some(of(bare)? - of(cell)?)
    };
    let seconds = less("seconds_to_90").map(|seconds| match seconds < 0.0 {
        true => format!("{} later at 90 %", duration_us(-seconds * 1e6)),
        false => format!("{} to 90 %", duration_us(seconds * 1e6)),
    });
    let told = [
        less("excess_loads").map(|loads| format!("{} loads", count(loads))),
        less("peak_loads_per_s").map(|rate| format!("{rate:.0}/s at the peak")),
        seconds,
    ];
    let told: Vec<String> = told.into_iter().flatten().collect();
    (!told.is_empty()).then(|| told.join(", "))
}

const PREWARM: &str = "cache.prewarm";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::{MovedEntries, Recovery, RepeatResult};

    fn cell(prewarm: &str, excess: f64, seconds: f64) -> CellResult {
        let reached = Some(Reached { seconds, reads: seconds * 2_000.0 });
        let ramp = Ramp {
            began: if prewarm == "none" { Beginning::Empty } else { Beginning::Prewarmed },
            steady_hit_rate: 0.9,
            is_steady: true,
            steady_loads_per_s: 200.0,
            to_50: reached,
            to_90: reached,
            excess_loads: excess,
            peak_loads_per_s: Some(excess / 2.0),
            ..Ramp::default()
        };
        let mut repeat = RepeatResult { repeat: 1, ..RepeatResult::default() };
        ramp.tell(&mut repeat.metrics);
        if prewarm != "none" {
            for (name, value) in [("keys", 500.0), ("seconds", 0.25), ("bytes", 64_000.0)] {
                repeat.metrics.put(format!("prewarm.{name}"), value, crate::measure::Unit::Count);
            }
        }
        repeat.ramp = Some(ramp);
        let setting = CellSetting { path: PREWARM.into(), value: prewarm.into(), label: prewarm.into() };
        CellResult {
            settings: vec![setting],
            strategy: "s".into(),
            repeats: vec![repeat],
            ..CellResult::default()
        }
    }

    fn summary(cells: Vec<CellResult>) -> Summary {
        Summary { cells, ..Summary::default() }
    }

    #[test]
    fn a_cold_start_is_told_with_what_loading_ahead_cost_and_saved() {
        let rows = cold_starts(&summary(vec![cell("none", 4_000.0, 2.0), cell("top", 1_000.0, 0.5)]));
        assert_eq!(rows[1][..4], ["none", "90.0 %", "2.00 s, 4000 reads", "2.00 s, 4000 reads"]);
        assert_eq!(rows[1][4..], ["not", "4000", "2.00 K/s, 200/s", "–", "–"]);
        assert_eq!(rows[2][7], "500 rows, 64.0 KB in 250 ms");
        assert_eq!(rows[2][8], "3000 loads, 1500/s at the peak, 1.50 s to 90 %");
        assert!(rows.iter().all(|row| row.len() == rows[0].len()));
    }

    #[test]
    fn full_caches_alone_are_no_cold_start() {
        let mut full = cell("none", 0.0, 0.0);
        full.repeats[0].ramp.as_mut().unwrap().began = Beginning::Preloaded;
        assert!(cold_starts(&summary(vec![full.clone()])).is_empty());
        let rows = cold_starts(&summary(vec![full, cell("none", 9.0, 1.0)]));
        assert_eq!((rows.len(), rows[1][2].as_str(), rows[0].len()), (3, "at once", 7));
    }

    #[test]
    fn the_way_back_after_a_fault_has_a_row() {
        let ramp = cell("none", 300.0, 1.5).repeats[0].ramp.clone();
        let fault = FaultRecord {
            what: "scale-out cache".into(),
            began_s: Some(5.02),
            moved: Some(MovedEntries { moved: 25, of: 100 }),
            recovery: Some(Recovery { ramp, ..Recovery::default() }),
            ..FaultRecord::default()
        };
        let mut flooded = cell("none", 1.0, 1.0);
        flooded.repeats[0].faults = vec![fault, FaultRecord::default()];
        let rows = refills(&summary(vec![flooded]));
        assert_eq!((rows.len(), rows[1][0].as_str()), (2, "scale-out cache at 5.0 s"));
        assert_eq!(rows[1][7], "25 of 100");
        assert_eq!(rows[0].len(), rows[1].len());
        assert!(refills(&summary(vec![cell("none", 1.0, 1.0)])).is_empty());
    }
}
