use super::semantics::Report;
use super::{Cell, Document, Problems, Workload};

/// Strategies whose misses may be filled by somebody else.
const FILLED: [&str; 2] = ["cache-aside", "read-through"];
/// Guards that make do with a cache which their own loads do not fill.
const UNFILLED: [&str; 4] = ["none", "single-flight", "jitter", "request-budget"];

/// Reports what does not go together in the replay of a trace, and in a scan.
pub fn check(workload: &Workload, wrong: &mut Report) {
    sets(workload, wrong);
    scan(workload, wrong);
}

fn sets(workload: &Workload, wrong: &mut Report) {
    let keys = &workload.traffic.keys;
    let option = |name: &str| keys.options.get(name).and_then(|value| value.as_str());
    let Some(sets) = option("sets").filter(|_| keys.name == "trace") else { return };
    let path = "traffic.keys.trace.sets";
    if option("operations") == Some("mix") {
        let title = "the mix decides what is done, so the trace's SETs play no part".into();
        return wrong(path, title, "leave `sets` out, or use operations = \"recorded\"");
    }
    if sets != "fills" {
        return;
    }
    let strategy = &workload.strategy.name;
    if !FILLED.contains(&strategy.as_str()) {
        let title = format!("the trace's SETs cannot be the fills of {strategy}");
        let help = "use cache-aside or read-through, or sets = \"skip\", with which misses fill as the strategy does";
        wrong(path, title, help);
    }
    if let Some(guard) = workload.mitigation.names().find(|name| !UNFILLED.contains(name)) {
        let title =
            format!("{guard} waits for fills of misses, and here the trace's SETs are the only fills");
        wrong(path, title, "leave the mitigation out, or use sets = \"skip\"");
    }
}

fn scan(workload: &Workload, wrong: &mut Report) {
    let Some(scan) = workload.traffic.scan else { return };
    if workload.traffic.keys.name == "trace" {
        let title = "a trace asks for the rows that it names".into();
        wrong("traffic.scan", title, "leave `scan` out, or use other keys");
    }
    if let (Some(scanned), Some(rows)) = (scan.rows, workload.data.rows)
        && scanned > rows
    {
        let title = format!("a scan of {scanned} rows goes beyond the {rows} that there are");
        wrong("traffic.scan.rows", title, "leave it out for all rows, or raise data.rows");
    }
}

/// Reports a scan that no cell makes use of.
pub fn check_together(document: &Document, cells: &[Cell], problems: &mut Problems) {
    let reads = cells.iter().any(|cell| cell.workload.traffic.mix.read > 0.0);
    if !reads && document.get("traffic.scan").is_some() {
        let title = "a scan is described, but the mix has no reads";
        problems.at(document, "traffic.scan", title, Some("give them a weight: mix = { read = 1 }"));
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::config::load;

    /// A small workload with this traffic, and with these lines before its first table.
    fn problems(first: &str, traffic: &str) -> String {
        let text = format!(
            "name = \"test\"\n{first}\n[data]\nrows = 100\n[traffic]\n{traffic}\n\
             load = {{ closed = {{ clients = 1 }} }}\noperations = 5\n"
        );
        load(Path::new("w.toml"), text, &[]).err().map_or_else(String::new, |wrong| wrong.render(false))
    }

    fn trace(options: &str) -> String {
        format!("keys = {{ trace = {{ file = \"t\", {options} }} }}")
    }

    #[test]
    fn what_makes_no_sense_of_a_replay_or_a_scan_is_told_with_its_place() {
        let fills = trace("sets = \"fills\"");
        for (first, traffic, line, expected) in [
            ("strategy = \"write-through\"", &*fills, 6, "cannot be the fills of write-through"),
            ("strategy = \"direct\"", &*fills, 6, "cannot be the fills of direct"),
            ("mitigation = \"lock\"", &*fills, 6, "lock waits for fills"),
            ("", &*trace("sets = \"skip\", operations = \"mix\""), 6, "the trace's SETs play no part"),
            ("", &*trace("sets = \"fill\""), 6, "fills"),
            ("", &*format!("scan = {{ share = 0.5 }}\n{}", trace("skip = 1")), 6, "the rows that it names"),
            ("", "scan = { share = 1.5 }", 6, "expected 0 to 1"),
            ("", "scan = { share = 0.5, rows = 101 }", 6, "goes beyond the 100"),
            ("", "scan = { share = 0.5 }\nmix = { write = 1 }", 6, "the mix has no reads"),
        ] {
            let text = problems(first, traffic);
            assert!(text.contains(expected), "{first} {traffic}: {text}");
            assert!(
                text.contains(&format!("w.toml:{line}:")),
                "{traffic} is not shown at line {line}:\n{text}"
            );
        }
    }

    #[test]
    fn what_makes_sense_is_let_through() {
        for (first, traffic) in [
            ("strategy = \"read-through\"", &*trace("sets = \"fills\"")),
            ("mitigation = \"single-flight\"", &*trace("sets = \"fills\", skip = 7, limit = 9")),
            ("strategy = \"write-behind\"", &*trace("sets = \"skip\", sizes = \"workload\"")),
            ("", "scan = { share = 0.5, rows = 100 }"),
        ] {
            assert_eq!(problems(first, traffic), "");
        }
    }
}
