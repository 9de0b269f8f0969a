use super::{CaseOutcome, GateReport};

/// GitHub shows so many annotations of a kind for each step.
const MOST: usize = 10;

/// A GitHub workflow command for each failed case, and for the conclusion if none failed: lines.
///
/// Where more failed than are shown, the last one tells how many are left out.
pub fn annotations(report: &GateReport) -> String {
    let failed: Vec<_> = report.with(CaseOutcome::Failed).collect();
    let shown = if failed.len() > MOST { MOST - 1 } else { failed.len() };
    let mut lines: String = failed[..shown]
        .iter()
        .map(|case| command("error", &format!("{}: {}", case.suite, case.name), &case.detail))
        .collect();
    if failed.len() > shown {
        lines += &command("error", &report.title, &format!("{} more failed", failed.len() - shown));
    }
    match (failed.is_empty(), report.passed) {
        (true, true) => lines + &command("notice", &report.title, &report.conclusion),
        (true, false) => lines + &command("error", &report.title, &report.conclusion),
        _ => lines,
    }
}

fn command(kind: &str, title: &str, message: &str) -> String {
    format!("::{kind} title={}::{}\n", property(title), data(message))
}

/// The message of a command.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The value of a property, which a colon or a comma would end.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::super::tests::report;
    use super::*;

    #[test]
    fn each_failed_case_is_one_line_whatever_it_is_called() {
        assert_eq!(
            annotations(&report()),
            "::error title=</details> \"a\" & 'b' | %3A%3Aerror%3A%3Ax%2C 100%25 `c` @all\u{1b}[31m%3A hit_rate > 0.9\
             ::measured 85.0 %25,%0Aexpected > 0.9\n"
        );
    }

    #[test]
    fn a_pass_is_a_notice_and_a_failure_without_a_case_an_error() {
        let mut passed = report();
        (passed.cases, passed.passed) = (Vec::new(), true);
        assert_eq!(annotations(&passed), "::notice title=shop::1 of 2 expectations FAILED\n");
        passed.passed = false;
        assert!(annotations(&passed).starts_with("::error title=shop::"));
    }

    #[test]
    fn no_more_are_written_than_are_shown() {
        let mut many = report();
        many.cases = vec![many.cases[1].clone(); 25];
        let lines = annotations(&many);
        assert_eq!(lines.lines().count(), 10);
        assert!(lines.ends_with("::16 more failed\n"), "{lines}");
        many.cases.truncate(10);
        assert!(!annotations(&many).contains("more failed"));
    }
}
