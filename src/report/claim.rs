/// What the article "Distributed Caching Strategies" says of a strategy, in its trade-off table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    pub write_latency: &'static str,
    pub read_hit_rate: &'static str,
    pub consistency: &'static str,
    pub durability_risk: &'static str,
    pub best_for: &'static str,
    /// The uses in our words that its own stand for; none where no number could contradict them.
    pub uses: &'static [&'static str],
}

/// The claim on the strategy called `name`, if the article has one.
pub fn claim(name: &str) -> Option<Claim> {
    Some(match name {
        "cache-aside" => Claim {
            write_latency: "low",
            read_hit_rate: "variable",
            consistency: EVENTUAL,
            durability_risk: NO_RISK,
            best_for: "read-heavy, variable access patterns",
            uses: &[READ_HEAVY],
        },
        "write-through" => Claim {
            write_latency: "high",
            read_hit_rate: "high",
            consistency: STRONG,
            durability_risk: NO_RISK,
            best_for: "read-heavy with predictable writes",
            uses: &[READ_HEAVY],
        },
        "write-behind" => Claim {
            write_latency: "lowest",
            read_hit_rate: "high",
            consistency: EVENTUAL,
            durability_risk: LOSS_WINDOW,
            best_for: "write-heavy, loss-tolerant",
            uses: &[WRITE_HEAVY, LOSS_TOLERANT],
        },
        "read-through" => Claim {
            write_latency: "low",
            read_hit_rate: "high",
            consistency: EVENTUAL,
            durability_risk: NO_RISK,
            best_for: "simplifying application logic",
            uses: &[],
        },
        _ => return None,
    })
}

/// Words for consistency: no read was stale; some were, and what differs goes away; what differs stays.
pub const STRONG: &str = "strong";
pub const EVENTUAL: &str = "eventual";
pub const DIVERGENT: &str = "divergent";

/// Words for the risk of losing acknowledged writes.
pub const NO_RISK: &str = "none";
pub const LOSS_WINDOW: &str = "data loss window";

/// Uses that follow from numbers.
pub const READ_HEAVY: &str = "read-heavy";
pub const WRITE_HEAVY: &str = "write-heavy";
pub const LOSS_TOLERANT: &str = "loss-tolerant";

/// The word for a write latency, by its ratio to that of a write to the database alone.
///
/// Below 0.75 it is lowest, up to 1.15 low, above that high.
pub fn write_latency_word(ratio: f64) -> &'static str {
    match ratio {
        ratio if ratio < 0.75 => "lowest",
        ratio if ratio <= 1.15 => "low",
        _ => "high",
    }
}

/// The word for a hit rate: from 0.9 on high, from 0.5 on medium, else low; none without a single hit.
pub fn hit_rate_word(hit_rate: f64) -> &'static str {
    match hit_rate {
        rate if rate >= 0.9 => "high",
        rate if rate >= 0.5 => "medium",
        rate if rate > 0.0 => "low",
        _ => "none",
    }
}

/// The word for what reads and the end audit found: entries that differ from their rows are `divergent` if one of them
/// does not expire, else they are only late.
pub fn consistency_word(
    stale_reads: f64,
    non_monotonic: f64,
    divergent_keys: f64,
    all_expire: bool,
) -> &'static str {
    match (divergent_keys > 0.0, all_expire) {
        (true, false) => DIVERGENT,
        (false, _) if stale_reads + non_monotonic == 0.0 => STRONG,
        _ => EVENTUAL,
    }
}

/// Whether what was measured keeps what was promised: `eventual` is kept by anything that comes right in the end.
pub fn keeps(promised: &str, measured: &str) -> bool {
    measured == promised || (promised == EVENTUAL && measured == STRONG)
}

/// The rules above, as a report states them.
pub const RULES: &str = "Write latency is told by the median write against that of the database alone (direct, else \
write-around): below 0.75 x lowest, up to 1.15 x low, above high. Hit rate: from 90 % high, from 50 % medium, else low. \
Consistency is strong if no read was stale or non-monotonic and no entry differed from its row after the last look; \
divergent if one differed then and does not expire; else eventual. Stale is a read of a version below one that was \
acknowledged before the read began; its age is a lower bound. A promise of eventual is kept by strong. Durability risk \
counts acknowledged writes that are not in the database in the end, for each kill of a server or an instance: none, or a \
data loss window, which is how long ago the oldest write had been acknowledged that was not in the database at the kill. \
A kill (SIGKILL) ends a process, not the machine: what the kernel has is written all the same, so it does not show what \
a power failure would lose between two fsyncs. Best for: write-heavy if the write is lowest; loss-tolerant if writes \
were lost; read-heavy from 90 % hits; fresh reads if consistency is strong with a cache; reading own writes if 90 % of \
the first reads after a write hit; sparing the database if it sends at most half of direct's statements. \"Variable\" \
and \"simplifying\" say nothing that a number could contradict.";

/// Whether a measured word bears the article out; nothing if the article's word cannot be contradicted.
pub fn agrees(claimed: &str, measured: &str) -> Option<bool> {
    (claimed != "variable").then_some(claimed == measured)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_follow_from_numbers() {
        assert_eq!([0.3, 1.0, 1.15, 1.4].map(write_latency_word), ["lowest", "low", "low", "high"]);
        assert_eq!([0.95, 0.6, 0.1, 0.0].map(hit_rate_word), ["high", "medium", "low", "none"]);
    }

    #[test]
    fn consistency_follows_from_what_was_found() {
        let word = |stale, divergent, all_expire| consistency_word(stale, 0.0, divergent, all_expire);
        assert_eq!(word(0.0, 0.0, true), STRONG);
        assert_eq!(word(3.0, 0.0, true), EVENTUAL);
        assert_eq!(word(0.0, 2.0, true), EVENTUAL, "until they expire");
        assert_eq!(word(0.0, 2.0, false), DIVERGENT);
        assert_eq!(consistency_word(0.0, 1.0, 0.0, true), EVENTUAL);
        assert!(keeps(EVENTUAL, STRONG) && !keeps(STRONG, EVENTUAL) && !keeps(EVENTUAL, DIVERGENT));
    }

    #[test]
    fn every_claim_is_about_a_strategy_that_exists() {
        let known = crate::strategy::STRATEGIES.iter().filter(|entry| claim(entry.name).is_some()).count();
        assert_eq!(known, 4);
        assert_eq!(agrees("variable", "high"), None);
        assert_eq!(agrees("high", "low"), Some(false));
    }
}
