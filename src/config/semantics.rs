use super::{Cell, Document, LoadSetting, Problems, Workload, eviction, fault, prewarm, replay};
use crate::mitigation;
use crate::model::{Key, Kind, Size};
use crate::servers::Address;
use crate::store::postgres::Query;
use crate::strategy;
use crate::traffic::ValueSize;

/// Reports what each setting may be, but not together with the others.
pub fn check(document: &Document, workload: &Workload, problems: &mut Problems) {
    let mut wrong = |path: &str, title: String, help: &str| {
        problems.at(document, path, title, (!help.is_empty()).then_some(help));
    };
    if let Err(refused) = strategy::check(&workload.strategy) {
        wrong("strategy.write-through.coherence", refused.to_string(), "");
    }
    mitigation(workload, &mut wrong);
    data(workload, &mut wrong);
    load(workload, &mut wrong);
    stores(workload, &mut wrong);
    eviction::check(workload, &mut wrong);
    freshness(workload, &mut wrong);
    fault::check(workload, &mut wrong);
    prewarm::check(workload, &mut wrong);
    replay::check(workload, &mut wrong);
}

fn mitigation(workload: &Workload, wrong: &mut Report) {
    let parts = mitigation::Parts::noop(workload.cache.ttl.map(|ttl| ttl.0));
    let checked = workload.mitigation.build(&parts);
    let checked = checked.and_then(|guards| strategy::check_guards(&workload.strategy, guards));
    if let Err(refused) = checked {
        let title = format!("{} with {}: {refused}", workload.strategy.label(), workload.mitigation.label());
        wrong("mitigation", title, "");
    }
}

pub(super) type Report<'a> = dyn FnMut(&str, String, &str) + 'a;

fn data(workload: &Workload, wrong: &mut Report) {
    let traced = workload.traffic.keys.name == "trace";
    let rows = workload.data.rows;
    if rows.is_none() && !traced {
        wrong("data", "`data.rows` is missing".into(), "say how many rows there are: rows = 100_000");
    }
    match &workload.data.value {
        ValueSize::Fixed(size) if size.0 > ValueSize::MAX => {
            wrong("data.value.fixed", format!("bodies are cut at {} bytes", ValueSize::MAX), "");
        }
        ValueSize::Uniform { min, max } if min > max => {
            wrong("data.value.uniform.min", format!("min {min} is above max {max}"), "");
        }
        ValueSize::Uniform { max, .. } if max.0 > ValueSize::MAX => {
            wrong("data.value.uniform.max", format!("bodies are cut at {} bytes", ValueSize::MAX), "");
        }
        ValueSize::Lognormal { median: Size(0), .. } => {
            wrong("data.value.lognormal.median", "the median must be above 0".into(), "");
        }
        _ => {}
    }
    let option = |name: &str| workload.traffic.keys.options.get(name).and_then(|value| value.as_u64());
    if let (Some(hot), Some(rows)) = (option("hot_keys"), rows)
        && hot > rows
    {
        let title = format!("{hot} hot keys are more than the {rows} rows");
        wrong("traffic.keys.hotspot.hot_keys", title, "");
    }
    let keys = &workload.traffic.keys.name;
    if workload.traffic.shift.is_some() && ["latest", "trace"].contains(&keys.as_str()) {
        let reason = if traced { "a recording has its own changes" } else { "it moves with the inserts" };
        let title = format!("the popularity of `{keys}` cannot be shifted: {reason}");
        wrong("traffic.shift", title, "leave `shift` out, or use other keys");
    }
    if workload.traffic.absent.is_some() && traced {
        let title = "a trace asks for the rows that it names".into();
        wrong("traffic.absent", title, "leave `absent` out, or use other keys");
    }
    let mix = &workload.traffic.mix;
    if Kind::ALL.iter().all(|&kind| mix.of(kind) <= 0.0) {
        wrong("traffic.mix", "the mix asks for nothing".into(), "give at least one kind a weight above 0");
    }
    multi_read(workload, wrong);
    decrements(workload, wrong);
}

fn decrements(workload: &Workload, wrong: &mut Report) {
    let (traffic, inventory) = (&workload.traffic, &workload.inventory);
    if traffic.mix.decrement <= 0.0 {
        return;
    }
    let decides = traffic.keys.options.get("operations").and_then(|operations| operations.as_str());
    if traffic.keys.name == "trace" && decides != Some("mix") {
        let help = "let the mix decide: keys = { trace = { operations = \"mix\", file = \"…\" } }";
        wrong("traffic.mix.decrement", "a trace has no decrements".into(), help);
    }
    if u64::from(inventory.quantity) > inventory.stock {
        let title = format!("a decrement takes up to {} units of {}", inventory.quantity, inventory.stock);
        wrong("inventory.quantity", title, "lower inventory.quantity, or raise inventory.stock");
    }
}

fn multi_read(workload: &Workload, wrong: &mut Report) {
    let (min, max) = workload.traffic.multi_read.keys.bounds();
    if min > max {
        wrong("traffic.multi_read.keys.uniform.min", format!("min {min} is above max {max}"), "");
    }
    if workload.traffic.mix.multi_read > 0.0 && workload.traffic.keys.name == "trace" {
        let help = "leave multi-read out of the mix";
        wrong("traffic.mix.multi-read", "a trace asks for one row at a time".into(), help);
    }
    if let Some(rows) = workload.data.rows.filter(|&rows| workload.traffic.mix.multi_read > 0.0 && max > rows)
    {
        let title = format!("a multi-read asks for {max} different rows, and there are {rows}");
        wrong("traffic.multi_read.keys", title, "lower traffic.multi_read.keys, or raise data.rows");
    }
}

fn load(workload: &Workload, wrong: &mut Report) {
    let traffic = &workload.traffic;
    let traced = traffic.keys.name == "trace";
    let mut has_end = traffic.duration.is_some() || traffic.operations.is_some() || traced;
    match &traffic.load {
        LoadSetting::Open(open) => {
            open.check(wrong);
            has_end |= open.has_end();
        }
        LoadSetting::Recorded { speed, .. } => {
            if !traced {
                wrong(
                    "traffic.load.recorded",
                    "only a trace has recorded times".into(),
                    "use keys = { trace = { file = \"…\" } }, or an open load",
                );
            }
            if speed.is_nan() || *speed <= 0.0 {
                wrong("traffic.load.recorded.speed", "the speed must be above 0".into(), "");
            }
        }
        LoadSetting::Closed { think: Some(think), .. } if think.mean().0.is_zero() => {
            wrong(
                "traffic.load.closed.think",
                "who thinks must take time for it".into(),
                "leave `think` out",
            );
        }
        LoadSetting::Closed { .. } => {}
    }
    if traffic.duration.is_some() && traffic.operations.is_some() {
        wrong("traffic.operations", "a run ends after a duration or after operations, not both".into(), "");
    }
    if !has_end {
        wrong(
            "traffic",
            "the run has no end".into(),
            "give it one: duration = \"20s\", or operations = 100_000",
        );
    }
    if traffic.duration.is_some_and(|duration| duration.0.is_zero()) {
        wrong("traffic.duration", "the duration must be above 0".into(), "");
    }
    if Kind::ALL.iter().any(|&kind| traffic.timeout.of(kind).0.is_zero()) {
        wrong("traffic.timeout", "the timeout must be above 0".into(), "");
    }
    let timeout = traffic.timeout.of(Kind::Read);
    if let Query::Sleep(sleep) = workload.database.query
        && sleep >= timeout
    {
        let title = format!("a load sleeps {sleep}, operations time out after {timeout}");
        wrong("database.query.sleep", title, "raise traffic.timeout or shorten the sleep");
    }
    if let Some(delay) = workload.cache.fill_delay.filter(|&delay| delay >= timeout) {
        let title = format!("a fill is delayed by {delay}, operations time out after {timeout}");
        wrong("cache.fill_delay", title, "raise traffic.timeout or shorten the delay");
    }
}

fn freshness(workload: &Workload, wrong: &mut Report) {
    let freshness = &workload.freshness;
    if !freshness.recheck.is_sorted() {
        wrong("freshness.recheck", "the times must rise".into(), "write them in order: [\"1s\", \"5s\"]");
    }
    if freshness.probe.is_some_and(|rate| !(rate.0.is_finite() && rate.0 > 0.0)) {
        wrong("freshness.probe", "the rate must be above 0".into(), "leave it out for no probes");
    }
}

fn stores(workload: &Workload, wrong: &mut Report) {
    let cache = &workload.cache;
    if cache.ttl.is_some_and(|ttl| ttl.0.is_zero()) {
        wrong("cache.ttl", "the TTL must be above 0".into(), "leave it out for entries that do not expire");
    }
    if cache.prefix.is_empty() || cache.prefix.len() > Key::MAX_PREFIX {
        let title = format!("the prefix must have 1 to {} bytes", Key::MAX_PREFIX);
        wrong("cache.prefix", title, "");
    }
    for (name, _) in cache.persistence.settings() {
        if cache.settings.contains_key(name) {
            let title = format!("cache.persistence stands for `{name}`, which is set here too");
            wrong(&format!("cache.settings.{name}"), title, "leave out one of them");
        }
    }
    if let Address::External(url) = &cache.url {
        if !url.starts_with("redis://") && !url.starts_with("rediss://") {
            wrong(
                "cache.url",
                "no address of a Redis".into(),
                "write redis://host:port or rediss://host:port",
            );
        }
        for (path, is_set) in [
            ("cache.maxmemory", cache.maxmemory.is_some()),
            ("cache.eviction", cache.eviction.is_some()),
            ("cache.persistence", !cache.persistence.is_off()),
            ("cache.settings", !cache.settings.is_empty()),
        ] {
            if is_set {
                let help = "set it on the server yourself, or use url = \"managed\"";
                wrong(path, "a server that is not ours is not reconfigured".into(), help);
            }
        }
    }
    if let Address::External(url) = &workload.database.url {
        if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
            wrong(
                "database.url",
                "no address of a Postgres".into(),
                "write postgres://user@host:port/database",
            );
        }
        if !workload.database.settings.is_empty() {
            let help = "set it on the server yourself, or use url = \"managed\"";
            wrong("database.settings", "a server that is not ours is not reconfigured".into(), help);
        }
    }
}

/// Reports what no cell makes use of.
pub fn check_together(document: &Document, cells: &[Cell], problems: &mut Problems) {
    let cached = cells.iter().any(|cell| strategy::caches(&cell.workload.strategy.name));
    for (path, what) in [
        ("cache.ttl", "a TTL"),
        ("cache.preload", "a preloaded cache"),
        ("cache.prewarm", "rows to load ahead"),
        ("cache.fill_delay", "a delay of fills"),
    ] {
        if !cached && document.get(path).is_some() {
            let title = format!("{what}, but no strategy here puts anything into the cache");
            problems.at(document, path, title, Some("leave it out, or compare with a caching strategy"));
        }
    }
    let reads_many = cells.iter().any(|cell| cell.workload.traffic.mix.multi_read > 0.0);
    if !reads_many && document.get("traffic.multi_read").is_some() {
        let title = "multi-reads are described, but the mix has none";
        problems.at(
            document,
            "traffic.multi_read",
            title,
            Some("give them a weight: mix = { multi-read = 1 }"),
        );
    }
    let reads = cells.iter().any(|cell| cell.workload.traffic.mix.read > 0.0);
    if !reads && document.get("traffic.absent").is_some() {
        let title = "reads of absent rows are described, but the mix has no reads";
        problems.at(document, "traffic.absent", title, Some("give them a weight: mix = { read = 1 }"));
    }
    replay::check_together(document, cells, problems);
    let decrements = cells.iter().any(|cell| cell.workload.traffic.mix.decrement > 0.0);
    let compared = ["persist", "stock", "quantity"].map(|name| format!("compare.\"inventory.{name}\""));
    let described = std::iter::once("inventory").chain(compared.iter().map(String::as_str));
    for path in described.filter(|path| !decrements && document.get(path).is_some()) {
        let title = "an inventory is described, but the mix has no decrements";
        problems.at(document, path, title, Some("give them a weight: mix = { decrement = 1 }"));
    }
}

/// What is allowed but probably not meant.
pub fn warnings(cells: &[Cell]) -> Vec<String> {
    let evicting =
        |cell: &Cell| eviction::policy(&cell.workload.cache).is_some_and(|it| it.starts_with("allkeys"));
    let behind = |cell: &Cell| cell.workload.strategy.name == "write-behind";
    let mut warnings = Vec::new();
    warnings.extend(cells.iter().find_map(|cell| prewarm::warning(&cell.workload)));
    if cells.iter().any(|cell| cell.workload.app.threads > cell.workload.app.instances) {
        warnings.push(
            "app.threads is above app.instances: an instance lives on one thread, so some stay idle".into(),
        );
    }
    if cells.iter().any(|cell| evicting(cell) && behind(cell)) {
        warnings.push(
            "write-behind with an allkeys eviction policy: an entry evicted before its flush is a lost write \
             (counted as lost_dirty); noeviction or a volatile policy avoids it"
                .into(),
        );
    }
    if cells.iter().any(|cell| evicting(cell) && cell.workload.traffic.mix.decrement > 0.0) {
        warnings.push(
            "decrements with an allkeys eviction policy: the stock of a row that was evicted is sold by the database \
             alone, and an outbox that was evicted is lost; noeviction or a volatile policy avoids it"
                .into(),
        );
    }
    warnings.extend(eviction::warnings(cells));
    warnings
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::config::load;

    /// The rendered problems of a small workload with one piece of it replaced.
    fn problems(from: &str, to: &str) -> String {
        const RIGHT: &str = "name = \"test\"\n[data]\nrows = 100\n[traffic]\nkeys = \"uniform\"\n\
            load = { open = { rate = 10 } }\nduration = \"1s\"\n[cache]\nttl = \"5s\"\n[database]\npool = 2\n";
        assert!(RIGHT.contains(from), "{from} is not in the workload");
        assert!(load(Path::new("w.toml"), RIGHT.into(), &[]).is_ok());
        let wrong = load(Path::new("w.toml"), RIGHT.replace(from, to), &[]);
        wrong.expect_err(to).render(false)
    }

    #[test]
    fn what_makes_no_sense_is_told_with_its_place() {
        for (from, to, line, expected) in [
            ("rate = 10", "rate = 0", 6, "the rate must be above 0"),
            ("rows = 100", "", 2, "`data.rows` is missing"),
            ("\"uniform\"", "{ hotspot = { hot_keys = 200 } }", 5, "200 hot keys are more than the 100 rows"),
            ("duration = \"1s\"", "", 4, "the run has no end"),
            ("duration = \"1s\"", "duration = \"1s\"\noperations = 5", 8, "not both"),
            ("{ open = { rate = 10 } }", "{ recorded = {} }", 6, "only a trace has recorded times"),
            (
                "{ open = { rate = 10 } }",
                "{ closed = { clients = 2, think = { fixed = \"0s\" } } }",
                6,
                "who thinks",
            ),
            ("\"uniform\"", "\"latest\"\nshift = { every = 5 }", 6, "it moves with the inserts"),
            ("\"uniform\"", "\"uniform\"\nshift = { every = 0 }", 6, "expected at least 1"),
            ("\"uniform\"", "\"uniform\"\nshift = { every = 5, replaced = -1 }", 6, "expected 0 to 1"),
            ("\"uniform\"", "\"uniform\"\nshift = { every = 5, replaced = 1.5 }", 6, "expected 0 to 1"),
            ("\"uniform\"", "\"uniform\"\nabsent = { share = 1.5 }", 6, "expected 0 to 1"),
            ("\"uniform\"", "\"uniform\"\nabsent = { share = 0.5, keys = 0 }", 6, "expected"),
            (
                "\"uniform\"",
                "\"uniform\"\nmix = { write = 1 }\nabsent = { share = 0.5 }",
                7,
                "the mix has no reads",
            ),
            (
                "\"uniform\"",
                "{ trace = { file = \"t\" } }\nabsent = { share = 0.5 }",
                6,
                "a trace asks for the rows that it names",
            ),
            ("pool = 2", "query = { sleep = \"2s\" }", 11, "a load sleeps 2s, operations time out after 1s"),
            (
                "name = \"test\"",
                "name = \"test\"\nstrategy = { write-through = { coherence = \"lease\" } }",
                2,
                "use `update`, or `compare-and-set` with leave",
            ),
            (
                "ttl = \"5s\"",
                "fill_delay = \"1s\"",
                9,
                "a fill is delayed by 1s, operations time out after 1s",
            ),
            ("ttl = \"5s\"", "url = \"redis://h\"\nmaxmemory = \"1MB\"", 10, "not ours is not reconfigured"),
            (
                "ttl = \"5s\"",
                "persistence = \"always\"\nsettings = {\n appendfsync = \"no\" }",
                11,
                "stands for `appendfsync`",
            ),
            ("ttl = \"5s\"", "url = \"redis://h\"\npersistence = \"no\"", 10, "not ours is not reconfigured"),
            ("name = \"test\"", "name = \"test\"\nstrategy = \"direct\"", 10, "no strategy here"),
            ("[cache]", "[freshness]\nrecheck = [\"5s\", \"1s\"]\n[cache]", 9, "the times must rise"),
            ("[cache]", "[freshness]\nprobe = 0\n[cache]", 9, "the rate must be above 0"),
            (
                "[traffic]",
                "[traffic]\nmix = { multi-read = 1 }\nmulti_read = { keys = 101 }",
                6,
                "asks for 101 different rows",
            ),
            (
                "[traffic]",
                "[traffic]\nmulti_read = { keys = { uniform = { min = 9, max = 5 } } }",
                5,
                "min 9 is above max 5",
            ),
            ("[data]", "[inventory]\nstock = 5\n[data]", 2, "the mix has no decrements"),
            (
                "[traffic]",
                "[inventory]\nstock = 5\nquantity = 6\n[traffic]\nmix = { decrement = 1 }",
                6,
                "a decrement takes up to 6 units of 5",
            ),
            (
                "\"uniform\"",
                "{ trace = { file = \"t\" } }\nmix = { decrement = 1 }",
                6,
                "a trace has no decrements",
            ),
            ("[data]", "[data]\nvalue = { uniform = { min = 9, max = 5 } }", 3, "min 9B is above max 5B"),
        ] {
            let text = problems(from, to);
            assert!(text.contains(expected), "{to}: {text}");
            assert!(text.contains(&format!("w.toml:{line}:")), "{to} is not shown at line {line}:\n{text}");
        }
    }
}
