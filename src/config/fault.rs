use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Workload;
use super::semantics::Report;
use crate::engine::{Action, Fault, Victim, When};
use crate::model::Time;
use crate::servers::Address;

/// Something that is done to a server or to a service instance: `at`, `every` or `after`, and one of `kill`, `restart`, `pause`, `flush`, `slow` and `scale_out`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct FaultSetting {
    /// When, from the start of the measured phase; at its length, after the last operation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Time>,
    /// Once in every period of this length, at a moment that follows from data.seed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub every: Option<Time>,
    /// Not during the measurement but after it: the load goes on for so long, uncounted, and ends with the fault. So the
    /// latencies are undisturbed, and what is lost is told all the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Time>,
    /// Ends its process at once: "cache", "database", { node = 0 } or { instance = 0 }.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kill: Option<Victim>,
    /// Ends its process at once and starts it again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restart: Option<Victim>,
    /// Stops its execution (SIGSTOP); connections stay open and silent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pause: Option<Victim>,
    /// Empties the cache; on a server that is not ours, of our own keys only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flush: Option<Victim>,
    /// Stops its execution for a share of every 20 ms, as a noisy neighbour does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slow: Option<Victim>,
    /// A node joins the cache that takes over a share of the names, and begins empty: their entries are gone at once; on
    /// a server that is not ours, those of our own keys only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scale_out: Option<Victim>,
    /// How long: what is killed is then started again, what is paused or slow then goes on. A server that is killed
    /// without it stays down; an instance starts again at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lasts: Option<Time>,
    /// The share of the time for which what is slow stands still; or of the names that a new node takes over, which must
    /// be given: with n nodes before, 1/(n+1) by consistent hashing, and n/(n+1) by a hash modulo their number.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.01, max = 0.99))]
    pub share: Option<f64>,
}

/// The share of the time for which a slow server stands still, where none is given.
const SHARE: f64 = 0.8;

/// What a fault may be, by name.
const ACTIONS: &str = "kill, restart, pause, flush, slow or scale_out";

impl FaultSetting {
    /// The actions that are given, by name.
    fn actions(&self) -> impl Iterator<Item = (&'static str, Victim)> {
        let all = [
            ("kill", self.kill),
            ("restart", self.restart),
            ("pause", self.pause),
            ("flush", self.flush),
            ("slow", self.slow),
            ("scale_out", self.scale_out),
        ];
        all.into_iter().filter_map(|(name, victim)| Some((name, victim?)))
    }

    /// The fault, if the setting is complete and it happens during the measurement.
    pub fn during(&self) -> Option<Fault> {
        match (self.at, self.every) {
            (Some(at), None) => self.fault(When::At(at.0)),
            (None, Some(every)) => self.fault(When::Every(every.0)),
            _ => None,
        }
    }

    /// The fault, if the setting is complete and it happens after the measurement; its time is from there.
    pub fn afterwards(&self) -> Option<Fault> {
        self.fault(When::At(self.after?.0))
    }

    fn fault(&self, when: When) -> Option<Fault> {
        let (name, victim) = self.actions().next()?;
        let lasts = self.lasts.map(|lasts| lasts.0);
        let action = match name {
            "kill" => Action::Kill { lasts },
            "restart" => Action::Restart,
            "pause" => Action::Pause { lasts: lasts? },
            "flush" => Action::Flush,
            "scale_out" => Action::ScaleOut { share: self.share? },
            _ => Action::Slow { lasts: lasts?, share: self.share.unwrap_or(SHARE) },
        };
        Some(Fault { when, action, victim })
    }

    fn check(&self, index: usize, workload: &Workload, wrong: &mut Report) {
        let path = format!("fault.{index}");
        let mut actions = self.actions();
        let Some((action, victim)) = actions.next() else {
            let help = "say what is done to whom: kill = \"cache\", pause = \"database\" …";
            return wrong(&path, format!("a fault needs one of {ACTIONS}"), help);
        };
        if let Some((second, _)) = actions.next() {
            let title = format!("a fault does one thing, not `{action}` and `{second}`");
            wrong(&format!("{path}.{second}"), title, "write a [[fault]] for each");
        }
        self.check_when(&path, workload, wrong);
        self.check_options(&path, action, wrong);
        check_victim(&format!("{path}.{action}"), action, victim, workload, wrong);
    }

    fn check_when(&self, path: &str, workload: &Workload, wrong: &mut Report) {
        let at = |name: &str| format!("{path}.{name}");
        match (self.at, self.every) {
            _ if self.after.is_some() => self.check_after(&at, wrong),
            (None, None) => {
                wrong(
                    path,
                    "a fault needs `at`, `every` or `after`".into(),
                    "say when: at = \"10s\", every = \"1m\", or after = \"2s\"",
                );
            }
            (Some(_), Some(_)) => {
                wrong(&at("every"), "a fault has `at` or `every`, not both".into(), "leave out one of them");
            }
            (Some(time), None) => {
                let duration = workload.traffic.duration;
                if let Some(duration) = duration.filter(|duration| time > *duration) {
                    let title = format!("at {time} the measurement of {duration} is over");
                    wrong(&at("at"), title, "let it happen earlier, or raise traffic.duration");
                }
            }
            (None, Some(every)) if every.0 < LEAST_PERIOD => {
                wrong(&at("every"), "a fault happens every 100ms at most".into(), "raise `every`");
            }
            (None, Some(every)) => {
                if let Some(lasts) = self.lasts.filter(|lasts| *lasts >= every) {
                    let title = format!("a fault of {lasts} is not over before the next, {every} later");
                    wrong(&at("lasts"), title, "let it last less than `every`");
                }
            }
        }
    }

    fn check_after(&self, at: &dyn Fn(&str) -> String, wrong: &mut Report) {
        let help = "leave out one of them";
        for (name, _) in [("at", self.at), ("every", self.every)].iter().filter(|(_, time)| time.is_some()) {
            wrong(&at(name), format!("a fault happens after the measurement or `{name}`, not both"), help);
        }
        if self.after.is_some_and(|after| after.0.is_zero()) {
            wrong(&at("after"), "there must be load before the fault".into(), "write after = \"2s\"");
        }
    }

    fn check_options(&self, path: &str, action: &str, wrong: &mut Report) {
        let at = |name: &str| format!("{path}.{name}");
        match (action, self.lasts) {
            ("pause" | "slow", None) => {
                let help = "say for how long: lasts = \"2s\"";
                wrong(&at(action), format!("`{action}` needs `lasts`"), help);
            }
            ("restart" | "flush" | "scale_out", Some(_)) => {
                let help =
                    if action == "restart" { "use `kill` for one that stays down for a while" } else { "" };
                wrong(&at("lasts"), format!("`{action}` takes no `lasts`"), help);
            }
            (_, Some(lasts)) if lasts.0.is_zero() => {
                wrong(&at("lasts"), "a fault must last".into(), "");
            }
            _ => {}
        }
        let has_share = ["slow", "scale_out"].contains(&action);
        if !has_share && self.share.is_some() {
            wrong(&at("share"), format!("`{action}` has no `share`"), "only `slow` and `scale_out` have one");
        }
        if action == "scale_out" && self.share.is_none() {
            let help = "say how many of the names the new node takes over: share = 0.25";
            wrong(&at(action), "`scale_out` needs `share`".into(), help);
        }
    }
}

/// Faults that come closer together than this are one.
const LEAST_PERIOD: Duration = Duration::from_millis(100);

fn check_victim(path: &str, action: &str, victim: Victim, workload: &Workload, wrong: &mut Report) {
    match victim {
        Victim::Instance(instance) => {
            if !["kill", "restart"].contains(&action) {
                let title =
                    format!("an instance is killed or restarted; it has no process of its own to {action}");
                wrong(path, title, "use kill = { instance = N }");
            }
            let instances = workload.app.instances;
            if instance >= instances {
                let title = format!(
                    "there is no instance {instance}: they are numbered from 0, and there are {instances}"
                );
                wrong(path, title, "raise app.instances, or name another");
            }
        }
        Victim::Node(node) if node > 0 => {
            wrong(path, format!("there is no cache node {node}: there is one, number 0"), "");
        }
        Victim::Database if action == "flush" => {
            wrong(path, "the database is not flushed: it holds the rows".into(), "flush = \"cache\"");
        }
        Victim::Database if action == "scale_out" => {
            wrong(path, "only the cache is scaled out".into(), "scale_out = \"cache\"");
        }
        Victim::Cache | Victim::Node(_) if ["flush", "scale_out"].contains(&action) => {}
        Victim::Cache | Victim::Node(_) => refuse_external(path, action, &workload.cache.url, "cache", wrong),
        Victim::Database => refuse_external(path, action, &workload.database.url, "database", wrong),
    }
}

fn refuse_external(path: &str, action: &str, url: &Address, of: &str, wrong: &mut Report) {
    if matches!(url, Address::External(_)) {
        let done = match action {
            "kill" => "killed",
            "restart" => "restarted",
            "pause" => "paused",
            _ => "slowed down",
        };
        let help = format!("use {of}.url = \"managed\", or leave the fault out");
        wrong(path, format!("a server that is not ours is not {done}"), &help);
    }
}

/// Reports what makes no sense about the faults of a workload.
pub(super) fn check(workload: &Workload, wrong: &mut Report) {
    for (index, fault) in workload.fault.iter().enumerate() {
        fault.check(index, workload, wrong);
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::load;

    const HEAD: &str = "name = \"test\"\n[data]\nrows = 100\n[traffic]\nload = { closed = { clients = 2 } }\n\
        duration = \"10s\"\n[app]\ninstances = 2\n[[fault]]\n";

    fn loaded(fault: &str, overrides: &[&str]) -> Result<Vec<Fault>, String> {
        let overrides: Vec<String> = overrides.iter().map(ToString::to_string).collect();
        let loaded = load(Path::new("w.toml"), format!("{HEAD}{fault}\n"), &overrides);
        loaded.map(|loaded| loaded.workload.faults()).map_err(|problems| problems.render(false))
    }

    #[test]
    fn every_form_is_read() {
        let (s, ms) = (Duration::from_secs, Duration::from_millis);
        for (text, when, action, victim) in [
            (
                "at = \"10s\"\nkill = \"cache\"\nlasts = \"500ms\"",
                When::At(s(10)),
                Action::Kill { lasts: Some(ms(500)) },
                Victim::Cache,
            ),
            (
                "at = \"0s\"\nkill = { node = 0 }",
                When::At(s(0)),
                Action::Kill { lasts: None },
                Victim::Node(0),
            ),
            (
                "every = \"2s\"\nrestart = { instance = 1 }",
                When::Every(s(2)),
                Action::Restart,
                Victim::Instance(1),
            ),
            (
                "every = \"2s\"\npause = \"database\"\nlasts = \"1s\"",
                When::Every(s(2)),
                Action::Pause { lasts: s(1) },
                Victim::Database,
            ),
            ("at = \"1s\"\nflush = \"cache\"", When::At(s(1)), Action::Flush, Victim::Cache),
            (
                "at = \"1s\"\nslow = \"cache\"\nlasts = \"1s\"",
                When::At(s(1)),
                Action::Slow { lasts: s(1), share: 0.8 },
                Victim::Cache,
            ),
            (
                "at = \"1s\"\nslow = \"cache\"\nlasts = \"1s\"\nshare = 0.5",
                When::At(s(1)),
                Action::Slow { lasts: s(1), share: 0.5 },
                Victim::Cache,
            ),
            (
                "at = \"1s\"\nscale_out = \"cache\"\nshare = 0.25",
                When::At(s(1)),
                Action::ScaleOut { share: 0.25 },
                Victim::Cache,
            ),
        ] {
            assert_eq!(loaded(text, &[]), Ok(vec![Fault { when, action, victim }]), "{text}");
        }
        assert_eq!(loaded("at = \"1s\"\nflush = \"cache\"", &["fault=[]"]), Ok(Vec::new()));
    }

    #[test]
    fn what_happens_after_the_measurement_is_kept_out_of_it() {
        let text = format!("{HEAD}after = \"2s\"\nkill = \"cache\"\n");
        let workload = load(Path::new("w.toml"), text, &[]).unwrap().workload;
        let (when, action) = (When::At(Duration::from_secs(2)), Action::Kill { lasts: None });
        assert_eq!(workload.faults(), []);
        assert_eq!(workload.aftermath(), [Fault { when, action, victim: Victim::Cache }]);
    }

    #[test]
    fn a_fault_on_a_server_that_is_not_ours_is_refused_unless_it_does_no_harm() {
        let external = ["cache.url=redis://h", "database.url=postgres://h"];
        for (fault, expected) in [
            ("kill = \"cache\"", "a server that is not ours is not killed"),
            ("restart = { node = 0 }", "a server that is not ours is not restarted"),
            ("pause = \"database\"\nlasts = \"1s\"", "a server that is not ours is not paused"),
            ("slow = \"cache\"\nlasts = \"1s\"", "a server that is not ours is not slowed down"),
        ] {
            let text = loaded(&format!("at = \"1s\"\n{fault}"), &external).unwrap_err();
            assert!(text.contains(expected) && text.contains("url = \"managed\""), "{text}");
            assert!(text.contains("w.toml:11:"), "{text}");
        }
        assert!(loaded("at = \"1s\"\nflush = \"cache\"", &external).is_ok());
        assert!(loaded("at = \"1s\"\nscale_out = \"cache\"\nshare = 0.5", &external).is_ok());
        assert!(loaded("at = \"1s\"\nkill = { instance = 0 }", &external).is_ok());
    }

    #[test]
    fn what_makes_no_sense_is_told_with_its_place() {
        for (fault, line, expected) in [
            ("at = \"1s\"", 9, "needs one of kill, restart, pause, flush, slow or scale_out"),
            ("at = \"1s\"\nscale_out = \"cache\"", 11, "`scale_out` needs `share`"),
            ("at = \"1s\"\nscale_out = \"database\"\nshare = 0.5", 11, "only the cache is scaled out"),
            ("at = \"1s\"\nscale_out = { instance = 0 }\nshare = 0.5", 11, "an instance is killed or"),
            ("kill = \"cache\"", 9, "needs `at`, `every` or `after`"),
            ("at = \"1s\"\nafter = \"2s\"\nkill = \"cache\"", 10, "after the measurement or `at`, not both"),
            ("after = \"0s\"\nkill = \"cache\"", 10, "there must be load before the fault"),
            ("at = \"1s\"\nevery = \"2s\"\nkill = \"cache\"", 11, "`at` or `every`, not both"),
            ("at = \"1s\"\nkill = \"cache\"\nflush = \"cache\"", 12, "not `kill` and `flush`"),
            ("at = \"11s\"\nkill = \"cache\"", 10, "at 11s the measurement of 10s is over"),
            ("every = \"1ms\"\nkill = \"cache\"", 10, "every 100ms at most"),
            ("every = \"2s\"\nkill = \"cache\"\nlasts = \"2s\"", 12, "is not over before the next"),
            ("at = \"1s\"\npause = \"cache\"", 11, "`pause` needs `lasts`"),
            ("at = \"1s\"\nrestart = \"cache\"\nlasts = \"2s\"", 12, "`restart` takes no `lasts`"),
            ("at = \"1s\"\npause = \"cache\"\nlasts = \"0s\"", 12, "a fault must last"),
            ("at = \"1s\"\nkill = \"cache\"\nshare = 0.5", 12, "`kill` has no `share`"),
            ("at = \"1s\"\nslow = \"cache\"\nlasts = \"1s\"\nshare = 1.5", 13, "expected 0.01 to 0.99"),
            ("at = \"1s\"\nflush = \"database\"", 11, "the database is not flushed"),
            ("at = \"1s\"\nkill = { node = 1 }", 11, "there is no cache node 1"),
            ("at = \"1s\"\nkill = { instance = 2 }", 11, "there is no instance 2"),
            ("at = \"1s\"\nflush = { instance = 0 }", 11, "an instance is killed or restarted"),
            ("at = \"1s\"\nkil = \"cache\"", 11, "did you mean `kill`"),
            ("at = \"1s\"\nkill = \"cahce\"", 11, "did you mean `cache`"),
            ("at = \"1s\"\nkill = { instnce = 0 }", 11, "did you mean `instance`"),
            ("at = \"soon\"\nkill = \"cache\"", 10, "soon"),
        ] {
            let text = loaded(fault, &[]).unwrap_err();
            assert!(text.contains(expected), "{fault}: {text}");
            assert!(
                text.contains(&format!("w.toml:{line}:")),
                "{fault} is not shown at line {line}:\n{text}"
            );
        }
    }
}
