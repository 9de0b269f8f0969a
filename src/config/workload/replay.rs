use super::{Report, Workload};
use crate::strategy;

/// Reports what does not go together with what a trace's SETs are taken for.
pub(super) fn check(workload: &Workload, report: &mut Report) {
    let traffic = &workload.traffic;
    let Some(sets) = traffic.key_text("sets").filter(|_| traffic.is_trace()) else { return };
    let path = "traffic.keys.trace.sets";
    if traffic.key_text("operations") == Some("mix") {
        let title = "the mix decides what is done, so the trace's SETs play no part";
        return report.refuse(path, title, "leave `sets` out, or use operations = \"recorded\"");
    }
    if sets != "fills" {
        return;
    }
    let strategy = &workload.strategy;
    // What cannot be built is told elsewhere.
    if strategy::conduct(strategy).is_ok_and(|conduct| !conduct.filled_by_others) {
        let title = format!("the trace's SETs cannot be the fills of {}", strategy.name);
        let help = "use cache-aside or read-through, or sets = \"skip\", with which misses fill as the strategy does";
        report.refuse(path, title, help);
    }
    if let Some(guard) = workload.mitigation.needs_fills(&workload.guard_parts()) {
        let title =
            format!("{guard} waits for fills of misses, and here the trace's SETs are the only fills");
        report.refuse(path, title, "leave the mitigation out, or use sets = \"skip\"");
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{problems, told};

    /// What is wrong with a replay under these options, and with this line at the head of the file.
    fn problems_of(first: &str, options: &str) -> String {
        problems(&format!(
            "name = \"test\"\n{first}\n[data]\nrows = 100\n[traffic]\n\
             keys = {{ trace = {{ file = \"t\", {options} }} }}\n\
             load = {{ closed = {{ clients = 1 }} }}\noperations = 5\n"
        ))
    }

    #[test]
    fn what_makes_no_sense_of_a_replay_is_told_with_its_place() {
        let fills = "sets = \"fills\"";
        for (first, options, expected) in [
            ("strategy = \"write-through\"", fills, "cannot be the fills of write-through"),
            ("strategy = \"direct\"", fills, "cannot be the fills of direct"),
            ("mitigation = \"lock\"", fills, "lock waits for fills"),
            ("", "sets = \"skip\", operations = \"mix\"", "the trace's SETs play no part"),
            ("", "sets = \"fill\"", "fills"),
        ] {
            told(&problems_of(first, options), 6, expected);
        }
    }

    #[test]
    fn what_makes_sense_is_let_through() {
        for (first, options) in [
            ("strategy = \"read-through\"", "sets = \"fills\""),
            ("mitigation = \"single-flight\"", "sets = \"fills\", skip = 7, limit = 9"),
            ("strategy = \"write-behind\"", "sets = \"skip\", sizes = \"workload\""),
        ] {
            assert_eq!(problems_of(first, options), "");
        }
    }
}
