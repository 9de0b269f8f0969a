/// What the article "Distributed Caching Strategies" says of a strategy, in its trade-off table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    pub write_latency: &'static str,
    pub read_hit_rate: &'static str,
}

/// The claim on the strategy called `name`, if the article has one.
pub fn claim(name: &str) -> Option<Claim> {
    let (write_latency, read_hit_rate) = match name {
        "cache-aside" => ("low", "variable"),
        "write-through" => ("high", "high"),
        "write-behind" => ("lowest", "high"),
        "read-through" => ("low", "high"),
        _ => return None,
    };
    Some(Claim { write_latency, read_hit_rate })
}

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

/// The rules above, as a report states them.
pub const RULES: &str = "Write latency is told by the median write against that of the database alone (direct, else \
write-around): below 0.75 x lowest, up to 1.15 x low, above high. Hit rate: from 90 % high, from 50 % medium, else low. \
Best for: write-heavy if the write is lowest; read-heavy from 90 % hits; reading own writes if 90 % of the first reads \
after a write hit; sparing the database if it sends at most half of direct's statements. \"Variable\" says nothing that a \
number could contradict.";

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
    fn every_claim_is_about_a_strategy_that_exists() {
        let known = crate::strategy::STRATEGIES.iter().filter(|entry| claim(entry.name).is_some()).count();
        assert_eq!(known, 4);
        assert_eq!(agrees("variable", "high"), None);
        assert_eq!(agrees("high", "low"), Some(false));
    }
}
