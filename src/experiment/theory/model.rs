use super::popularity::popularity;
use crate::config::{LoadSetting, Workload};
use crate::measure::Metrics;
use crate::measure::theory::{EntryLife, OnWrite};
use crate::model::Kind;
use crate::registry::Choice;
use crate::servers::Address;
use crate::strategy::Leaves;

/// Redis counts in whole milliseconds, and an entry ends with the one in which its time is over: it lives for half of one
/// longer, on average.
const CLOCK_S: f64 = 0.000_5;

/// What closed forms have to know of a workload.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    pub ttl_s: f64,
    spread: f64,
    on_write: OnWrite,
    /// How many rows have which share of the requests each.
    pub popularity: Vec<(f64, f64)>,
}

impl Model {
    /// How entries live where a load takes so many seconds.
    pub fn life(&self, load_s: f64) -> EntryLife {
        self.life_under(self.ttl_s, load_s)
    }

    /// The same under another TTL.
    pub fn life_under(&self, ttl_s: f64, load_s: f64) -> EntryLife {
        EntryLife { ttl_s: ttl_s + CLOCK_S, spread: self.spread, on_write: self.on_write, load_s }
    }
}

/// Seconds that a load took on average, in which others missed, too.
pub fn load_s(metrics: &Metrics) -> f64 {
    metrics.get("stampede.window.mean").unwrap_or(0.0) / 1e6
}

/// The model of a workload.
///
/// # Errors
/// Why no closed form holds for it.
pub fn model(workload: &Workload, rows: u64) -> Result<Model, String> {
    let Workload { traffic, cache, .. } = workload;
    let on_write = on_write(workload)?;
    let spread = spread(workload)?;
    let ttl = cache.ttl.ok_or("entries live without a TTL")?;
    let is_steady = match &traffic.load {
        LoadSetting::Open(open) => open.rate.is_some() && open.burst.is_none(),
        LoadSetting::Closed { .. } => true,
        LoadSetting::Recorded { .. } => false,
    };
    let has_others = Kind::ALL
        .into_iter()
        .any(|kind| !matches!(kind, Kind::Read | Kind::Write) && traffic.mix.of(kind) > 0.0);
    let may_evict = cache.maxmemory.is_some()
        || cache.settings.contains_key("maxmemory")
        || !matches!(cache.url, Address::Managed);
    let has_copies = cache.hot_keys.is_some_and(|hot| hot.copies > 1);
    let races = cache.fill_delay.is_some() && on_write == OnWrite::Goes && traffic.mix.write > 0.0;
    for (holds_not, reason) in [
        (!is_steady, "the rate of the load changes"),
        (has_others, "the mix has more than reads and writes"),
        (traffic.shift.is_some(), "what is popular changes"),
        (traffic.scan.is_some() || traffic.absent.is_some(), "some reads do not follow the keys"),
        (may_evict, "the cache may evict entries"),
        (has_copies, "hot rows have several entries"),
        (
            !workload.has_one_entry_a_row() || workload.is_divided(),
            "a row has several entries, or another writes it",
        ),
        (workload.app.near.is_some(), "near caches stand in front"),
        (!cache.prewarm.is_none(), "rows were loaded ahead"),
        (!workload.fault.is_empty(), "there are faults"),
        (races, "delayed fills lose races against writes"),
    ] {
        if holds_not {
            return Err(reason.into());
        }
    }
    let popularity = popularity(&traffic.keys, rows).ok_or_else(|| {
        format!("how popular each row is does not follow from `{}` keys", traffic.keys.name)
    })?;
    Ok(Model { ttl_s: ttl.0.as_secs_f64(), spread, on_write, popularity })
}

/// What a write does to the entry, under strategies that do no more than that.
fn on_write(workload: &Workload) -> Result<OnWrite, String> {
    let conduct = workload.conduct();
    if !conduct.caches {
        return Err("there is no cache".into());
    }
    let coherence = workload.strategy.options.get("coherence").cloned();
    let coherence: Option<Choice> = coherence.and_then(|it| serde_json::from_value(it).ok());
    let is_plain = coherence.is_none_or(|it| ["delete", "keep"].contains(&it.name.as_str()));
    match conduct.leaves {
        _ if conduct.cache_first || !is_plain => Err(format!(
            "{} does more on a write than to delete or to keep an entry",
            workload.strategy.label()
        )),
        Leaves::Nothing => Ok(OnWrite::Goes),
        Leaves::OldEntry => Ok(OnWrite::Stays),
        Leaves::Row => Err("writes put rows into the cache".into()),
    }
}

/// How far guards spread the TTL.
fn spread(workload: &Workload) -> Result<f64, String> {
    const JITTER: &str = "jitter";
    let guards = &workload.mitigation;
    if guards.is_none() {
        return Ok(0.0);
    }
    let refused = || format!("{} changes who loads, and when", guards.label());
    let only: Choice = serde_json::to_value(guards)
        .ok()
        .and_then(|guards| serde_json::from_value(guards).ok())
        .ok_or_else(refused)?;
    if only.name != JITTER {
        return Err(refused());
    }
    // As the guard has it where nothing is said.
    Ok(only.options.get("spread").and_then(serde_json::Value::as_f64).unwrap_or(0.1))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::load;

    fn workload(head: &str, tail: &str) -> Workload {
        let text = format!(
            "name = \"w\"\n{head}\n[data]\nrows = 50\n[traffic]\nmix = {{ read = 9, write = 1 }}\n\
             load = {{ open = {{ rate = 100 }} }}\nduration = \"1s\"\n{tail}"
        );
        let loaded = load(Path::new("w.toml"), text, &[]);
        loaded.unwrap_or_else(|problems| panic!("{}", problems.render(false))).workload
    }

    const TTL: &str = "[cache]\nttl = \"2s\"\n";

    #[test]
    fn what_a_write_leaves_and_how_far_ttls_are_spread_makes_the_model() {
        let of = |head: &str| model(&workload(head, TTL), 50).unwrap();
        let plain = of("");
        assert_eq!((plain.ttl_s, plain.spread, plain.on_write), (2.0, 0.0, OnWrite::Goes));
        assert_eq!(of("strategy = \"write-around\"").on_write, OnWrite::Stays);
        let keeps = "strategy = { cache-aside = { coherence = \"keep\" } }";
        assert_eq!(of(keeps).on_write, OnWrite::Stays);
        assert_eq!(of("mitigation = \"jitter\"").spread, 0.1);
        assert_eq!(of("mitigation = { jitter = { spread = 0.4 } }").spread, 0.4);
        assert!((plain.life(0.01).ttl_s - 2.000_5).abs() < 1e-12);
    }

    #[test]
    fn where_no_closed_form_holds_the_reason_is_told() {
        for (head, tail, reason) in [
            ("", "", "without a TTL"),
            ("strategy = \"direct\"", "", "no cache"),
            ("strategy = \"write-through\"", TTL, "rows into the cache"),
            ("strategy = \"write-behind\"", TTL, "more on a write"),
            ("strategy = { cache-aside = { coherence = \"double-delete\" } }", TTL, "more on a write"),
            ("mitigation = \"single-flight\"", TTL, "who loads"),
            ("mitigation = [\"jitter\", \"single-flight\"]", TTL, "who loads"),
            ("", "keys = \"latest\"\n[cache]\nttl = \"2s\"\n", "`latest`"),
            ("", "shift = { every = 100 }\n[cache]\nttl = \"2s\"\n", "popular changes"),
            ("", "absent = { share = 0.1 }\n[cache]\nttl = \"2s\"\n", "do not follow the keys"),
            ("", "[cache]\nttl = \"2s\"\nmaxmemory = \"5MB\"\n", "evict"),
            ("", "[app]\nservices = 1\n[cache]\nttl = \"2s\"\n", "another writes"),
            ("", "[app]\nnear = {}\n[cache]\nttl = \"2s\"\n", "near caches"),
            ("", "[cache]\nttl = \"2s\"\nurl = \"redis://host\"\n", "evict"),
            ("", "[cache]\nttl = \"2s\"\nfill_delay = \"1ms\"\n", "races"),
            ("", "[cache]\nttl = \"2s\"\n[[fault]]\nat = \"1ms\"\nflush = \"cache\"\n", "faults"),
        ] {
            let found = model(&workload(head, tail), 50).unwrap_err();
            assert!(found.contains(reason), "{head} {tail}: {found}");
        }
    }
}
