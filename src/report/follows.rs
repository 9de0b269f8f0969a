use super::quantity::{amount, duration_us, share};
use crate::measure::{CellResult, Summary};

/// What must come out because of how the strategies work, and whether it did: a line for each that the summary
/// has the cells for. Where it did not, the line says what stood in the way.
pub fn follows(summary: &Summary) -> Vec<String> {
    // While something is broken, nothing follows; nor from the times of one client.
    if summary.is_exact()
        || summary.cells.iter().flat_map(|cell| &cell.repeats).any(|repeat| !repeat.faults.is_empty())
    {
        return Vec::new();
    }
    let cell = |name: &str| {
        let mut cells = summary.cells.iter().filter(|cell| cell.strategy == name);
        // With several cells of a strategy, other settings differ between them.
        cells.next().filter(|_| cells.next().is_none())
    };
    let mut lines = Vec::new();
    if let Some(direct) = cell("direct") {
        lines.extend(a_load_per_read(direct));
        lines.extend(nothing_stale(direct));
    }
    if let Some(behind) = cell("write-behind") {
        lines.extend(lowest_write(behind, summary));
    }
    if let (Some(through), Some(around)) = (cell("write-through"), cell("write-around")) {
        lines.extend(second_write(through, around));
        lines.extend(fewer_hits(through, around));
    }
    lines
}

fn told(holds: bool, text: String) -> String {
    format!("{} {text}", if holds { "holds:" } else { "DOES NOT HOLD:" })
}

fn a_load_per_read(direct: &CellResult) -> Option<String> {
    let (hits, loads) = (direct.median("hit_rate")?, direct.median("db.queries_per_read")?);
    let has_probes = direct.median("probes").is_some_and(|probes| probes > 0.0);
    // Probes load rows too, and are no reads of the workload.
    let holds = hits == 0.0 && (loads == 1.0 || loads > 1.0 && has_probes);
    let text = format!("direct has no hits and one load per read: {}, {}", share(hits), amount(loads));
    Some(told(holds, text))
}

fn nothing_stale(direct: &CellResult) -> Option<String> {
    let (stale, back, lost) = (
        direct.median("stale_reads")?,
        direct.median("non_monotonic_reads")?,
        direct.median("lost_updates")?,
    );
    let text = format!(
        "direct has no stale read, no non-monotonic one and no lost write: {stale:.0}, {back:.0}, {lost:.0}"
    );
    Some(told(stale + back + lost == 0.0, text))
}

/// Write-behind writes to the cache alone; nothing where no other cell writes.
fn lowest_write(behind: &CellResult, summary: &Summary) -> Option<String> {
    let writes: Vec<(&CellResult, f64)> =
        summary.cells.iter().filter_map(|cell| Some((cell, cell.median("write.response.p50")?))).collect();
    let (fastest, write) = writes.iter().min_by(|a, b| a.1.total_cmp(&b.1)).filter(|_| writes.len() > 1)?;
    let text =
        format!("write-behind has the lowest median write: {} has {}", fastest.label(), duration_us(*write));
    Some(told(std::ptr::eq(*fastest, behind), text))
}

fn fewer_hits(through: &CellResult, around: &CellResult) -> Option<String> {
    let after = |cell: &CellResult| cell.median("hit_rate_after_write");
    let (through, around) = (after(through)?, after(around)?);
    let text = format!(
        "write-around hits less on just-written keys than write-through: {} against {}",
        share(around),
        share(through)
    );
    Some(told(around < through, text))
}

/// Write-through sends one command more than write-around, so its median write takes a cache round trip longer,
/// unless the same cell differs by more than that from repeat to repeat.
fn second_write(through: &CellResult, around: &CellResult) -> Option<String> {
    let write = "write.response.p50";
    let extra = through.median(write)? - around.median(write)?;
    let round_trip = through.median("read.hit.service.p50")?;
    let spread = spread(through, write).max(spread(around, write));
    let text = format!(
        "write-through's median write takes a cache round trip ({}) longer than write-around's: {} {}",
        duration_us(round_trip),
        duration_us(extra.abs()),
        if extra < 0.0 { "shorter" } else { "longer" },
    );
    let missing = round_trip - extra;
    Some(if missing > 0.0 && spread > missing {
        let spread = duration_us(spread);
        format!(
            "not seen: {text}; repeats of one of them differ by {spread}, which hides it (raise repeat or duration)"
        )
    } else {
        told(missing <= 0.0, text)
    })
}

/// How far the measurements of a cell lie apart.
fn spread(cell: &CellResult, metric: &str) -> f64 {
    let values = || cell.measured().into_iter().filter_map(|repeat| repeat.metrics.get(metric));
    let (least, most) = (values().reduce(f64::min), values().reduce(f64::max));
    most.zip(least).map_or(0.0, |(most, least)| most - least)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::{RepeatResult, Unit};

    fn cell(strategy: &str, writes: &[f64], after: f64) -> CellResult {
        let repeat = |&write: &f64| {
            let mut repeat = RepeatResult::default();
            repeat.metrics.put("write.response.p50", write, Unit::Us);
            repeat.metrics.put("read.hit.service.p50", 80.0, Unit::Us);
            repeat.metrics.put("hit_rate", 0.0, Unit::Ratio);
            repeat.metrics.put("hit_rate_after_write", after, Unit::Ratio);
            repeat.metrics.put("db.queries_per_read", 1.0, Unit::Ratio);
            repeat
        };
        CellResult {
            settings: Vec::new(),
            strategy: strategy.into(),
            repeats: writes.iter().map(repeat).collect(),
            capacity: None,
            model: None,
        }
    }

    fn lines(cells: Vec<CellResult>) -> Vec<String> {
        follows(&Summary { cells, ..Summary::default() })
    }

    #[test]
    fn what_holds_is_told_from_what_does_not() {
        let through = || cell("write-through", &[600.0, 610.0], 1.0);
        let told = lines(vec![
            cell("direct", &[500.0], 0.0),
            through(),
            cell("write-around", &[500.0, 505.0], 0.0),
            cell("write-behind", &[200.0], 1.0),
        ]);
        assert!(told.len() == 4 && told.iter().all(|line| line.starts_with("holds:")), "{told:#?}");
        let told = lines(vec![
            through(),
            cell("write-around", &[590.0, 595.0], 1.0),
            cell("write-behind", &[900.0], 1.0),
        ]);
        assert!(told.len() == 3 && told.iter().all(|line| line.starts_with("DOES NOT HOLD:")), "{told:#?}");
    }

    #[test]
    fn a_difference_below_the_spread_is_not_seen() {
        let told =
            lines(vec![cell("write-through", &[500.0, 800.0], 1.0), cell("write-around", &[600.0], 0.0)]);
        assert!(told[0].starts_with("not seen:") && told[0].contains("300 us"), "{told:#?}");
    }
}
