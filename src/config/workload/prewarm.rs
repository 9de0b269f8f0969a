use std::path::PathBuf;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};

use super::{Report, Workload};
use crate::registry::{Choice, choice_schema};
use crate::traffic::traces;

/// Which rows are loaded into the cache before the first operation: "none", or the guess of a warm-up job. They are read
/// from the database as a miss would, and put into the cache with the strategy's own TTL.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Prewarm {
    /// None: the cache starts empty.
    #[default]
    None,
    /// The most requested ones of the time before: of further requests that are drawn alike, or of those that a trace
    /// leaves out at its start.
    Top {
        /// How many.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schemars(range(min = 1, max = 100_000_000))]
        keys: Option<u64>,
        /// Which share of all rows, instead of `keys`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schemars(range(min = 0, max = 1))]
        share: Option<f64>,
        /// How many requests the time before has.
        #[serde(default = "default_period")]
        #[schemars(range(min = 1, max = 100_000_000))]
        period: u64,
        /// Rows a second, at most.
        #[serde(default = "default_rate")]
        #[schemars(range(min = 1, max = 1_000_000))]
        rate: f64,
    },
    /// Those of a file, hottest first.
    Dump {
        /// The file, in any format of a trace: row ids, or the keys of the trace where the traffic is one. A relative path
        /// is looked for as that of a trace.
        file: PathBuf,
        /// How many, from its start; all without it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schemars(range(min = 1, max = 100_000_000))]
        keys: Option<u64>,
        /// The format of the file: one key a line.
        #[serde(default = "plain")]
        #[schemars(schema_with = "formats")]
        format: Choice,
        /// Rows a second, at most.
        #[serde(default = "default_rate")]
        #[schemars(range(min = 1, max = 1_000_000))]
        rate: f64,
    },
    /// Those that the first requests of the traffic will ask for: perfect foresight.
    Prefix {
        /// How many requests.
        #[schemars(range(min = 1, max = 100_000_000))]
        requests: u64,
        /// Rows a second, at most.
        #[serde(default = "default_rate")]
        #[schemars(range(min = 1, max = 1_000_000))]
        rate: f64,
    },
}

fn default_period() -> u64 {
    100_000
}

fn default_rate() -> f64 {
    2_000.0
}

fn plain() -> Choice {
    Choice::named("plain")
}

fn formats(generator: &mut SchemaGenerator) -> Schema {
    choice_schema(traces::FORMATS, generator)
}

impl Prewarm {
    pub fn is_none(&self) -> bool {
        *self == Prewarm::None
    }

    /// Rows a second, at most; nothing where none are loaded.
    pub fn rate(&self) -> Option<f64> {
        match self {
            Prewarm::None => None,
            Prewarm::Top { rate, .. } | Prewarm::Dump { rate, .. } | Prewarm::Prefix { rate, .. } => {
                Some(*rate)
            }
        }
    }

    /// Rows that are loaded at most, where that is said.
    fn most(&self, rows: Option<u64>) -> Option<f64> {
        match *self {
            Prewarm::None => None,
            Prewarm::Top { keys, share, .. } => {
                keys.map(|keys| keys as f64).or_else(|| Some(share? * rows? as f64))
            }
            Prewarm::Dump { keys, .. } => keys.map(|keys| keys as f64),
            Prewarm::Prefix { requests, .. } => Some(requests as f64),
        }
    }
}

/// Reports what makes no sense about what is loaded ahead.
pub(super) fn check(workload: &Workload, report: &mut Report) {
    let prewarm = &workload.cache.prewarm;
    if prewarm.is_none() {
        return;
    }
    if workload.cache.preload {
        let help = "leave out cache.preload, or write prewarm = \"none\"";
        report.refuse("cache.prewarm", "a preloaded cache has every row already", help);
    }
    if let Prewarm::Top { keys, share, .. } = prewarm {
        let help = "write top = { keys = 1_000 }, or top = { share = 0.1 }";
        match (keys, share) {
            (None, None) => report.refuse("cache.prewarm.top", "how many rows?", help),
            (Some(_), Some(_)) => {
                report.refuse("cache.prewarm.top.share", "`keys` or `share`, not both", help);
            }
            _ => {}
        }
        let traffic = &workload.traffic;
        if traffic.is_trace() && traffic.key_number("skip").unwrap_or(0) == 0 {
            let title = "the time before a trace is what it leaves out at its start, which is nothing";
            let help = "leave some out: keys = { trace = { skip = 100_000, file = \"…\" } }";
            report.refuse("cache.prewarm.top", title, help);
        }
    }
}

/// What is allowed but probably not meant.
pub(super) fn warning(workload: &Workload) -> Option<String> {
    let (prewarm, ttl) = (&workload.cache.prewarm, workload.cache.ttl?);
    let seconds = prewarm.most(workload.data.rows)? / prewarm.rate()?;
    (workload.conduct().caches && seconds > ttl.0.as_secs_f64()).then(|| {
        format!(
            "loading rows ahead may take {seconds:.0} s, and they live for {ttl}: the first are gone before the \
             measurement begins; raise cache.prewarm's rate or cache.ttl"
        )
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::{Loaded, load};

    fn loaded(prewarm: &str, keys: &str, rest: &str) -> Result<Loaded, String> {
        let text = format!(
            "name = \"test\"\n[data]\nrows = 1_000\n[traffic]\nkeys = {keys}\nload = {{ open = {{ rate = 10 }} }}\n\
             duration = \"1s\"\n[cache]\nttl = \"5s\"\nprewarm = {prewarm}\n{rest}\n"
        );
        load(Path::new("w.toml"), text, &[]).map_err(|problems| problems.render(false))
    }

    fn read(prewarm: &str) -> Prewarm {
        loaded(prewarm, "\"zipfian\"", "").unwrap().workload.cache.prewarm
    }

    #[test]
    fn every_form_is_read() {
        assert!(read("\"none\"").is_none());
        let top = Prewarm::Top { keys: Some(10), share: None, period: 100_000, rate: 2_000.0 };
        assert_eq!(read("{ top = { keys = 10 } }"), top);
        assert!(matches!(read("{ top = { share = 0.1 } }"), Prewarm::Top { share: Some(0.1), .. }));
        let Prewarm::Dump { file, keys, format, rate } =
            read("{ dump = { file = \"hot\", keys = 7, rate = 5 } }")
        else {
            panic!("no dump")
        };
        assert_eq!((file, keys, format.name, rate), ("hot".into(), Some(7), "plain".into(), 5.0));
        assert!(matches!(read("{ prefix = { requests = 9 } }"), Prewarm::Prefix { requests: 9, .. }));
    }

    #[test]
    fn it_can_be_compared_and_its_cells_are_named() {
        let compared = "[compare]\n\"cache.prewarm\" = [\"none\", { top = { keys = 10 } }]";
        let loaded = loaded("\"none\"", "\"zipfian\"", compared).unwrap();
        let labels: Vec<_> = loaded.cells.iter().map(|cell| cell.settings[0].label.as_str()).collect();
        assert_eq!(labels, ["none", "top (keys=10)"]);
        assert_eq!(loaded.cells[1].workload.cache.prewarm.rate(), Some(2_000.0));
    }

    #[test]
    fn what_makes_no_sense_is_told() {
        let (drawn, trace) = ("\"zipfian\"", "{ trace = { file = \"t\" } }");
        for (prewarm, keys, rest, expected) in [
            ("{ top = {} }", drawn, "", "how many rows?"),
            ("{ top = { keys = 1, share = 0.5 } }", drawn, "", "`keys` or `share`, not both"),
            ("{ top = { keys = 1 } }", trace, "", "leaves out at its start, which is nothing"),
            ("{ top = { keys = 1 } }", drawn, "preload = true", "has every row already"),
            ("{ top = { keys = 0 } }", drawn, "", "expected"),
            ("{ top = { keys = 1, rate = 0 } }", drawn, "", "expected"),
            ("{ prefix = {} }", drawn, "", "requests"),
            ("{ dump = { file = \"f\", format = \"plane\" } }", drawn, "", "plain"),
            ("\"tops\"", drawn, "", "top"),
            ("{ top = { keys = 1 } }", drawn, "[compare]\nstrategy = [\"direct\"]", "no strategy here"),
        ] {
            let text = loaded(prewarm, keys, rest).expect_err(prewarm);
            assert!(text.contains(expected), "{prewarm}: {text}");
        }
        assert!(loaded("{ prefix = { requests = 5 } }", trace, "").is_ok());
    }

    #[test]
    fn loading_that_takes_longer_than_its_entries_live_is_warned_of() {
        let warnings = |prewarm: &str| loaded(prewarm, "\"zipfian\"", "").unwrap().warnings;
        let told = warnings("{ top = { keys = 600, rate = 100 } }");
        assert!(told.iter().any(|told| told.contains("may take 6 s, and they live for 5s")), "{told:?}");
        assert_eq!(warnings("{ top = { keys = 400, rate = 100 } }"), [""; 0]);
    }
}
