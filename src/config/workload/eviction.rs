use super::CacheSettings;
use crate::config::{Cell, Document, Loaded, Origin, Problem, Problems};
use crate::measure::note_of_idle_policy;
use crate::registry::closest;
use crate::servers::{Address, Policies};

/// The policy that the managed cache is given, by either setting, and the path of that setting.
fn given(cache: &CacheSettings) -> Option<(&String, &'static str)> {
    let by_name = || Some((cache.settings.get("maxmemory-policy")?, "cache.settings.maxmemory-policy"));
    cache.eviction.as_ref().map(|name| (name, "cache.eviction")).or_else(by_name)
}

/// The policy that the managed cache is given, in small letters.
fn policy(cache: &CacheSettings) -> Option<String> {
    given(cache).map(|(name, _)| name.to_ascii_lowercase())
}

/// What is allowed, and loses writes or does not do what it says.
pub(super) fn warnings(cells: &[Cell]) -> Vec<String> {
    let mut warnings = Vec::new();
    let evicts_any =
        |cell: &&Cell| policy(&cell.workload.cache).is_some_and(|name| name.starts_with("allkeys"));
    let mut evicting = cells.iter().filter(evicts_any);
    if let Some(cell) = evicting.clone().find(|cell| cell.workload.conduct().defers) {
        warnings.push(format!(
            "{} with an allkeys eviction policy: an entry evicted before its flush is a lost write (counted as \
             lost_dirty); noeviction or a volatile policy avoids it",
            cell.workload.strategy.name
        ));
    }
    if evicting.any(|cell| cell.workload.traffic.mix.decrement > 0.0) {
        warnings.push(
            "decrements with an allkeys eviction policy: the stock of a row that was evicted is sold by the database \
             alone, and an outbox that was evicted is lost; noeviction or a volatile policy avoids it"
                .into(),
        );
    }
    let mut warn = |warning: String| {
        if !warnings.contains(&warning) {
            warnings.push(warning);
        }
    };
    for cell in cells {
        let cache = &cell.workload.cache;
        let Some(policy) = policy(cache) else { continue };
        if cache.maxmemory.is_none() && !cache.settings.contains_key("maxmemory") {
            warn(format!(
                "{policy} evicts nothing here: there is no limit; give one: cache.maxmemory = \"64MB\""
            ));
        }
        // A recording may bring lifetimes of its own; whether it does is seen when it is read.
        let may_expire = cache.ttl.is_some() || cell.workload.traffic.is_trace();
        if let Some(idle) = note_of_idle_policy(&policy, may_expire) {
            warn(idle);
        }
    }
    warnings
}

/// The policies that managed caches are given by name, each with the place where it was first written.
pub fn named<'a>(cells: impl Iterator<Item = (&'a Document, &'a Cell)>) -> Vec<(String, Origin)> {
    let mut all: Vec<(String, Origin)> = Vec::new();
    for (document, cell) in cells {
        let cache = &cell.workload.cache;
        if let (Address::Managed, Some((name, path))) = (&cache.url, given(cache))
            && all.iter().all(|(known, _)| known != name)
        {
            all.push((name.clone(), document.origin_of(path)));
        }
    }
    all
}

impl Loaded {
    /// Holds the named eviction policies against those that the installed server knows.
    ///
    /// # Errors
    /// Each policy that it does not know, at its place, with those that it does.
    pub fn check_policies(&self, known: &Policies) -> Result<(), Problems> {
        let is_known = |name: &str| known.names.iter().any(|known| known.eq_ignore_ascii_case(name));
        let mut problems = Problems::new();
        for (name, origin) in self.policies.iter().filter(|(name, _)| !is_known(name)) {
            let names = known.names.iter().map(String::as_str);
            let meant = closest(name, names).map(|meant| format!("did you mean `{meant}`? "));
            let all = format!("{}it knows {}", meant.unwrap_or_default(), known.names.join(", "));
            let title = format!("{} has no eviction policy `{name}`", known.server);
            problems.push(Problem::new(origin.clone(), title).with_help(all));
        }
        problems.or(())
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::load;

    fn loaded(tail: &str, overrides: &[&str]) -> Loaded {
        let head = "name = \"test\"\n[data]\nrows = 100\n[traffic]\nload = { closed = { clients = 2 } }\n\
            duration = \"1s\"\n";
        let overrides: Vec<String> = overrides.iter().map(|text| text.to_string()).collect();
        load(Path::new("w.toml"), format!("{head}{tail}"), &overrides).unwrap()
    }

    #[test]
    fn an_unknown_policy_is_told_at_its_place_with_those_that_are_known() {
        let names = ["volatile-lru", "allkeys-lru", "noeviction"].map(str::to_owned).to_vec();
        let known = Policies { server: "redis 7.0.15".into(), names };
        let tail = "[compare]\n\"cache.eviction\" = [\"allkeys-lru\", \"allkeys-lur\", \"sieve\"]\n";
        let wrong = loaded(tail, &[]).check_policies(&known).unwrap_err();
        assert_eq!(wrong.sorted().len(), 2);
        let text = wrong.render(false);
        assert!(text.contains("w.toml:8:36") && text.contains("did you mean `allkeys-lru`?"), "{text}");
        assert!(
            text.contains("w.toml:8:51") && text.contains("it knows volatile-lru, allkeys-lru"),
            "{text}"
        );
        let right = loaded("[cache]\neviction = \"AllKeys-LRU\"\n", &[]);
        assert!(right.check_policies(&known).is_ok() && right.policies.len() == 1);
        let elsewhere = "[cache]\nurl = \"redis://h\"\n";
        assert!(loaded(elsewhere, &[]).policies.is_empty(), "a server that is not ours is not asked");
    }

    #[test]
    fn a_policy_that_can_evict_nothing_is_warned_of() {
        let warnings = |tail: &str, set: &[&str]| loaded(tail, set).warnings.join("\n");
        let volatile = "[cache]\nmaxmemory = \"2MB\"\neviction = \"volatile-lru\"\n";
        assert!(warnings(volatile, &[]).contains("volatile-lru evicts nothing here: no entry has a TTL"));
        assert_eq!(warnings(volatile, &["cache.ttl=5s"]), "");
        let by_setting = "[cache]\nmaxmemory = \"2MB\"\nsettings = { maxmemory-policy = \"Volatile-TTL\" }\n";
        assert!(warnings(by_setting, &[]).contains("volatile-ttl evicts nothing here"));
        assert_eq!(warnings(by_setting, &["cache.ttl=5s"]), "");
        let unlimited = "[cache]\neviction = \"allkeys-lru\"\n";
        assert!(warnings(unlimited, &[]).contains("there is no limit"));
        assert_eq!(warnings(unlimited, &["cache.maxmemory=10% of keys"]), "");
    }

    #[test]
    fn settings_of_the_server_with_dashes_in_their_names_can_be_compared_and_set() {
        let tail = "[cache]\nmaxmemory = \"2MB\"\neviction = \"allkeys-lru\"\n\
            [compare]\n\"cache.settings.maxmemory-samples\" = [3, 5, 10]\n\"cache.maxmemory\" = [\"5% of keys\", \"1MB\"]\n";
        let all = loaded(tail, &["cache.settings.lfu-decay-time=0"]);
        let samples = |cell: &Cell| cell.workload.cache.settings["maxmemory-samples"].clone();
        assert_eq!(all.cells.iter().map(samples).collect::<Vec<_>>(), ["3", "3", "5", "5", "10", "10"]);
        assert!(all.cells.iter().all(|cell| cell.workload.cache.settings["lfu-decay-time"] == "0"));
        assert_eq!(all.cells[0].settings[1].label, "5% of keys");
        let one = loaded(tail, &["cache.settings.maxmemory-samples=7"]);
        assert_eq!(one.cells.len(), 2);
        assert_eq!(samples(&one.cells[0]), "7");
    }
}
