use super::fit::wrapped;
use super::fold::prose;
use crate::measure::{Finding, State};

/// What a look at the machine found, as a table.
pub fn findings_table(findings: &[Finding], width: Option<usize>) -> String {
    let mut rows = vec![["check", "state", "found", "remedy"].map(str::to_owned).to_vec()];
    rows.extend(findings.iter().map(|it| {
        vec![
            it.check.clone(),
            it.state.name().into(),
            it.found.clone(),
            it.remedy.clone().unwrap_or_default(),
        ]
    }));
    prose(&format!("{}\n{}\n", wrapped(rows, 48, width), verdict(findings)), width)
}

/// The same, as a list.
pub fn findings_json(findings: &[Finding]) -> String {
    // Texts, which JSON can say.
    serde_json::to_string_pretty(findings).unwrap_or_default() + "\n"
}

fn verdict(findings: &[Finding]) -> String {
    let count = |state| findings.iter().filter(|it| it.state == state).count();
    match (count(State::Spoils), count(State::Warning)) {
        (0, 0) => "nothing here spoils a measurement".into(),
        (0, warnings) => format!("nothing here spoils a measurement; warnings: {warnings}"),
        (spoils, warnings) => format!("measurements are spoiled; reasons: {spoils}, warnings: {warnings}"),
    }
}

/// So many lines about the machine stand below the tables of a run.
const MOST: usize = 3;

/// What of a machine bears on the numbers of a run, the worst first: a few lines.
pub(super) fn machine_notes(findings: &[Finding]) -> Vec<String> {
    let mut bad: Vec<&Finding> = findings.iter().filter(|it| it.state >= State::Warning).collect();
    bad.sort_by_key(|it| std::cmp::Reverse(it.state));
    let line = |it: &&Finding| {
        let remedy = it.remedy.as_ref().map_or(String::new(), |remedy| format!("; {remedy}"));
        format!("machine, {}: {}{remedy}", it.check, it.found)
    };
    let mut lines: Vec<String> = bad.iter().take(MOST).map(line).collect();
    if bad.len() > MOST {
        lines.push(format!("machine: {} more; cachebench doctor tells them", bad.len() - MOST));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(check: &str, state: State) -> Finding {
        let remedy = (state > State::Good).then(|| "change it".to_owned());
        Finding { check: check.into(), state, found: "found".into(), remedy }
    }

    #[test]
    fn every_finding_is_a_row_and_the_last_line_sums_up() {
        let table = findings_table(&[finding("cores", State::Good), finding("swap", State::Warning)], None);
        assert!(
            table.contains("cores") && table.contains("WARNING") && table.contains("change it"),
            "{table}"
        );
        assert!(table.ends_with("nothing here spoils a measurement; warnings: 1\n"), "{table}");
        assert!(
            findings_table(&[finding("files", State::Spoils)], None).ends_with("reasons: 1, warnings: 0\n")
        );
        let json: serde_json::Value =
            serde_json::from_str(&findings_json(&[finding("a", State::Note)])).unwrap();
        assert_eq!((&json[0]["state"], &json[0]["remedy"]), (&"note".into(), &"change it".into()));
    }

    #[test]
    fn a_run_tells_few_of_them_and_the_worst_first() {
        let mut all = vec![finding("note", State::Note), finding("swap", State::Warning)];
        assert_eq!(machine_notes(&all), ["machine, swap: found; change it"]);
        all.push(finding("files", State::Spoils));
        assert!(machine_notes(&all)[0].starts_with("machine, files"));
        all.extend(["a", "b"].map(|check| finding(check, State::Warning)));
        assert_eq!(machine_notes(&all)[3], "machine: 1 more; cachebench doctor tells them");
        assert!(machine_notes(&[finding("cores", State::Good)]).is_empty());
    }
}
