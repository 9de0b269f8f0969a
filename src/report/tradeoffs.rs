use super::claim::{
    Claim, LOSS_TOLERANT, LOSS_WINDOW, NO_RISK, READ_HEAVY, STRONG, WRITE_HEAVY, agrees, claim,
    consistency_word, hit_rate_word, keeps, write_latency_word,
};
use super::quantity::{amount, duration_us, share};
use crate::measure::{CellResult, FaultRecord, RepeatResult, Summary};

/// The article's trade-off table, filled from measurement: a header and a row for each cell.
pub fn tradeoffs(summary: &Summary) -> Vec<Vec<String>> {
    let header = [
        "Strategy",
        "Write latency\n(p50)",
        "Read hit rate",
        "Consistency",
        "Durability\nrisk",
        "DB queries\nper op",
        "Best for",
    ];
    let mut rows = vec![header.map(String::from).to_vec()];
    rows.extend(summary.cells.iter().map(|cell| row(cell, summary)));
    rows
}

/// A metric of the cell that runs `strategy` and is otherwise set like `cell`.
fn beside(cell: &CellResult, summary: &Summary, strategy: &str, metric: &str) -> Option<f64> {
    let alike = |other: &&CellResult| other.strategy == strategy && other.is_like(cell, "strategy");
    summary.cells.iter().find(alike)?.median(metric)
}

fn row(cell: &CellResult, summary: &Summary) -> Vec<String> {
    let reference = ["direct", "write-around"]
        .into_iter()
        .find_map(|strategy| beside(cell, summary, strategy, "write.response.p50"));
    let claim = claim(&cell.strategy);
    let write = cell.median("write.response.p50");
    let write_word = write.zip(reference).map(|(write, reference)| write_latency_word(write / reference));
    let hit_rate = cell.median("hit_rate");
    let hit_word = hit_rate.map(hit_rate_word);
    let queries = cell.median("db.queries_per_op");
    let consistency = consistency(cell);
    let durability = durability(cell);
    let uses = Uses {
        write_word,
        hit_word,
        consistency: consistency.word,
        durability: durability.word,
        spares: queries
            .zip(beside(cell, summary, "direct", "db.queries_per_op"))
            .is_some_and(|(queries, direct)| queries <= direct / 2.0),
    };
    vec![
        cell.label(),
        told(write.map(duration_us), write_word, claim.map(|claim| claim.write_latency)),
        told(hit_rate.map(share), hit_word, claim.map(|claim| claim.read_hit_rate)),
        consistency.told(claim.map(|claim| claim.consistency)),
        durability.told(claim.map(|claim| claim.durability_risk)),
        queries.map_or("–".into(), amount),
        best_for(cell, &uses, claim),
    ]
}

/// What was found of a promise: in numbers, and the word that follows.
struct Evidence {
    number: Option<String>,
    word: Option<&'static str>,
}

impl Evidence {
    fn told(self, claimed: Option<&str>) -> String {
        let Evidence { number: Some(number), word } = self else { return "not measured".into() };
        let Some(word) = word else { return number };
        match claimed {
            None => format!("{number}: {word}"),
            Some(claimed) if claimed == word => format!("{number}: {word}\narticle agrees"),
            Some(claimed) if keeps(claimed, word) => format!("{number}: {word}\narticle: {claimed}, kept"),
            Some(claimed) => format!("{number}: {word}\narticle disagrees: {claimed}"),
        }
    }
}

/// Stale reads, how old they were, and entries that differed after the last look.
fn consistency(cell: &CellResult) -> Evidence {
    // One stale read in one repeat is a stale read.
    let most = |metric: &str| {
        cell.measured().iter().filter_map(|repeat| repeat.metrics.get(metric)).reduce(f64::max)
    };
    let Some(stale) = most("stale_reads") else { return Evidence { number: None, word: None } };
    let age = ["p99", "p95", "p90", "max"]
        .iter()
        .find_map(|name| Some((name, cell.median(&format!("stale_age.{name}"))?)));
    let mut told = match (stale > 0.0, most("stale_rate"), age) {
        (true, Some(rate), Some((name, age))) => {
            vec![format!("{} stale, age {name} {}", share(rate), duration_us(age))]
        }
        _ => vec!["no stale read".to_owned()],
    };
    let divergent = most("divergent_keys").unwrap_or(0.0);
    if divergent > 0.0 {
        told.push(format!("{} off {}", plural(divergent as usize, "key"), looked_last(cell)));
    }
    let looked = |repeat: &&RepeatResult| repeat.audit.as_ref().is_some_and(|audit| audit.cache.is_some());
    if !cell.measured().iter().all(looked) {
        told.push("entries not looked at".into());
        return Evidence { number: Some(told.join(", ")), word: None };
    }
    let all_expire = cell.measured().iter().all(|repeat| {
        let cache = repeat.audit.as_ref().and_then(|audit| audit.cache.as_ref());
        cache.is_none_or(|cache| cache.at_end.divergent() == 0 || cache.longest_ttl_ms.is_some())
    });
    let non_monotonic = most("non_monotonic_reads").unwrap_or(0.0);
    let word = consistency_word(stale, non_monotonic, divergent, all_expire);
    Evidence { number: Some(told.join(", ")), word: Some(word) }
}

/// When entries that differed were last looked at.
fn looked_last(cell: &CellResult) -> String {
    let last = cell.measured().iter().find_map(|repeat| {
        let cache = repeat.audit.as_ref()?.cache.as_ref()?;
        cache.rechecks.last().map(|recheck| recheck.after_s)
    });
    last.map_or("at the end".into(), |after| format!("after {}", duration_us(after * 1e6)))
}

/// Acknowledged writes lost for each kill, and for how long they had been waiting.
fn durability(cell: &CellResult) -> Evidence {
    let measured = cell.measured();
    let audits: Vec<_> = measured.iter().filter_map(|repeat| repeat.audit.as_ref()).collect();
    // A kill of which nobody knows what it took is none that took nothing.
    if audits.is_empty() || audits.len() < measured.len() {
        return Evidence { number: None, word: None };
    }
    let unsold = measured.iter().filter_map(|repeat| repeat.metrics.get("stock.lost_updates")).sum::<f64>();
    let lost: u64 =
        audits.iter().map(|audit| audit.writes.lost_updates.max(audit.writes.lost_writes)).sum::<u64>()
            + unsold as u64;
    let killed = |fault: &&FaultRecord| {
        fault.began_s.is_some()
            && ["kill", "restart", "flush", "scale-out"].iter().any(|verb| fault.what.starts_with(verb))
    };
    let kills: Vec<&FaultRecord> = measured
        .iter()
        .flat_map(|repeat| repeat.faults.iter().chain(&repeat.aftermath).filter(killed))
        .collect();
    let window = kills.iter().filter_map(|kill| kill.unflushed).map(|unflushed| unflushed.oldest_ns).max();
    let (number, word) = match (kills.len(), lost) {
        (0, 0) => ("no write lost, nothing killed".to_owned(), None),
        (0, lost) => (format!("{lost} writes lost, nothing killed"), Some(LOSS_WINDOW)),
        (kills, 0) => (format!("0 lost in {}", plural(kills, "kill")), Some(NO_RISK)),
        (kills, lost) => {
            let window =
                window.map_or(String::new(), |ns| format!(", window {}", duration_us(ns as f64 / 1e3)));
            (format!("{:.1} lost per kill{window}", lost as f64 / kills as f64), Some(LOSS_WINDOW))
        }
    };
    Evidence { number: Some(number), word }
}

fn plural(count: usize, of: &str) -> String {
    format!("{count} {of}{}", if count == 1 { "" } else { "s" })
}

/// What the uses of a strategy follow from.
struct Uses {
    write_word: Option<&'static str>,
    hit_word: Option<&'static str>,
    consistency: Option<&'static str>,
    durability: Option<&'static str>,
    spares: bool,
}

fn best_for(cell: &CellResult, uses: &Uses, claim: Option<Claim>) -> String {
    if cell.strategy == "direct" {
        return "the control".into();
    }
    let reads_own = cell.median("hit_rate_after_write").is_some_and(|rate| rate >= 0.9);
    let rules = [
        (uses.write_word == Some("lowest"), WRITE_HEAVY),
        (uses.durability == Some(LOSS_WINDOW), LOSS_TOLERANT),
        (uses.hit_word == Some("high"), READ_HEAVY),
        (uses.consistency == Some(STRONG), "fresh reads"),
        (reads_own, "reading own writes"),
        (uses.spares, "sparing the database"),
    ];
    let best: Vec<&str> = rules.iter().filter(|(holds, _)| *holds).map(|(_, word)| *word).collect();
    let told = if best.is_empty() { "–".to_owned() } else { best.join(", ") };
    match claim {
        None => told,
        Some(claim) if claim.uses.is_empty() => format!("{told}\narticle: {}", claim.best_for),
        Some(claim) if claim.uses.iter().all(|word| best.contains(word)) => format!("{told}\narticle agrees"),
        Some(claim) => format!("{told}\narticle disagrees: {}", claim.best_for),
    }
}

/// A number, the word that follows from it, and on a second line what the article says.
fn told(number: Option<String>, word: Option<&str>, claimed: Option<&str>) -> String {
    let Some(number) = number else { return "–".into() };
    let Some(word) = word else { return number };
    match claimed.map(|claimed| (claimed, agrees(claimed, word))) {
        None => format!("{number}, {word}"),
        Some((claimed, None)) => format!("{number}, {word}\narticle: {claimed}"),
        Some((_, Some(true))) => format!("{number}, {word}\narticle agrees"),
        Some((claimed, Some(false))) => format!("{number}, {word}\narticle disagrees: {claimed}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::{Audit, CacheAudit, Compared, Unflushed, Unit, WriteAudit};

    fn cell(stale: f64, audit: Audit, faults: Vec<FaultRecord>) -> CellResult {
        let mut repeat = RepeatResult { audit: Some(audit), faults, ..RepeatResult::default() };
        repeat.metrics.put("stale_reads", stale, Unit::Count);
        repeat.metrics.put("stale_rate", stale / 1_000.0, Unit::Ratio);
        repeat.metrics.put("stale_age.max", 20_000.0, Unit::Us);
        CellResult {
            settings: Vec::new(),
            strategy: "write-behind".into(),
            repeats: vec![repeat],
            capacity: None,
            model: None,
        }
    }

    #[test]
    fn consistency_is_told_by_stale_reads_and_by_what_differs_in_the_end() {
        let told = |stale, audit| consistency(&cell(stale, audit, Vec::new())).told(Some("eventual"));
        let looked = || Audit { cache: Some(CacheAudit::default()), ..Audit::default() };
        assert_eq!(told(0.0, Audit::default()), "no stale read, entries not looked at");
        assert_eq!(told(0.0, looked()), "no stale read: strong\narticle: eventual, kept");
        assert_eq!(told(5.0, looked()), "0.5 % stale, age max 20.0 ms: eventual\narticle agrees");
        let at_end = Compared { behind: 1, ..Compared::default() };
        let off = Audit { cache: Some(CacheAudit { at_end, ..CacheAudit::default() }), ..Audit::default() };
        let mut cell = cell(0.0, off, Vec::new());
        cell.repeats[0].metrics.put("divergent_keys", 1.0, Unit::Count);
        let told = consistency(&cell).told(Some("strong"));
        assert_eq!(told, "no stale read, 1 key off at the end: divergent\narticle disagrees: strong");
    }

    #[test]
    fn durability_is_told_for_each_kill() {
        let kill = FaultRecord {
            what: "kill cache".into(),
            began_s: Some(1.0),
            unflushed: Some(Unflushed { writes: 6, rows: 6, oldest_ns: 48_000_000 }),
            ..FaultRecord::default()
        };
        let told = |lost, faults| {
            let writes = WriteAudit { lost_updates: lost, ..WriteAudit::default() };
            durability(&cell(0.0, Audit { writes, ..Audit::default() }, faults)).told(Some(LOSS_WINDOW))
        };
        assert_eq!(told(0, vec![]), "no write lost, nothing killed");
        assert_eq!(
            told(0, vec![kill.clone()]),
            "0 lost in 1 kill: none\narticle disagrees: data loss window"
        );
        let lost = told(12, vec![kill.clone(), kill]);
        assert_eq!(lost, "6.0 lost per kill, window 48.0 ms: data loss window\narticle agrees");
    }

    #[test]
    fn a_number_stands_beside_the_article_s_word() {
        let told = |word, claimed| told(Some("1 us".into()), word, claimed);
        assert_eq!(told(Some("low"), Some("low")), "1 us, low\narticle agrees");
        assert_eq!(told(Some("low"), Some("high")), "1 us, low\narticle disagrees: high");
        assert_eq!(told(Some("low"), Some("variable")), "1 us, low\narticle: variable");
        assert_eq!(told(Some("low"), None), "1 us, low");
        assert_eq!(told(None, Some("low")), "1 us", "without a reference there is no word");
    }
}
