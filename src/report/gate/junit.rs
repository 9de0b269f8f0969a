use std::time::Duration;

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::{CaseOutcome, GateCase, GateReport};

/// A JUnit file: a suite for each cell or tier, a test case for each case.
pub fn junit(report: &GateReport) -> String {
    let mut suites: Vec<TestSuite> = Vec::new();
    for case in &report.cases {
        let name = plain(&case.suite);
        let index = suites.iter().position(|suite| suite.name.as_str() == name).unwrap_or_else(|| {
            suites.push(TestSuite::new(name.as_str()));
            suites.len() - 1
        });
        suites[index].add_test_case(test_case(case));
    }
    let mut file = Report::new(plain(&report.title));
    file.set_time(Duration::try_from_secs_f64(report.seconds).unwrap_or_default());
    file.add_test_suites(suites);
    // Writing to memory cannot fail, and every text is one that XML can say.
    file.to_string().unwrap_or_default()
}

fn test_case(case: &GateCase) -> TestCase {
    let detail = plain(&case.detail);
    let status = match case.outcome {
        CaseOutcome::Passed => TestCaseStatus::success(),
        CaseOutcome::Failed => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            // Some show the message, others what stands inside.
            status.set_message(detail.as_str()).set_description(detail.as_str());
            status
        }
        CaseOutcome::Skipped => {
            let mut status = TestCaseStatus::skipped();
            status.set_message(detail.as_str());
            status
        }
    };
    let mut written = TestCase::new(plain(&case.name), status);
    written.set_classname(plain(&case.suite));
    if case.outcome == CaseOutcome::Passed && !detail.is_empty() {
        written.set_system_out(detail.as_str());
    }
    written
}

/// A text on one line, without what XML cannot say even escaped.
fn plain(text: &str) -> String {
    let spaced = text.replace(['\n', '\r', '\t'], " ");
    spaced
        .chars()
        .filter(|letter| !letter.is_control() && !['\u{fffe}', '\u{ffff}'].contains(letter))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::report;
    use super::*;

    #[test]
    fn a_failed_case_has_its_detail_as_message_whatever_its_cell_is_called() {
        let hostile = "&lt;/details&gt; &quot;a&quot; &amp; &apos;b&apos; | ::error::x, 100% `c` @all[31m";
        let expected = format!(
            r#"<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="shop" tests="3" skipped="1" failures="1" errors="0" time="12.340">
    <testsuite name="cache-aside" tests="1" skipped="0" errors="0" failures="0">
        <testcase name="hit_rate &gt; 0.9" classname="cache-aside">
            <system-out>measured 95.0 %</system-out>
        </testcase>
    </testsuite>
    <testsuite name="{hostile}" tests="1" skipped="0" errors="0" failures="1">
        <testcase name="hit_rate &gt; 0.9" classname="{hostile}">
            <failure message="measured 85.0 %, expected &gt; 0.9">measured 85.0 %, expected &gt; 0.9</failure>
        </testcase>
    </testsuite>
    <testsuite name="direct" tests="1" skipped="1" errors="0" failures="0">
        <testcase name="read.response.p99 &lt; 5ms" classname="direct">
            <skipped message="not measured"/>
        </testcase>
    </testsuite>
</testsuites>
"#
        );
        assert_eq!(junit(&report()), expected);
    }

    #[test]
    fn the_file_can_be_read_back() {
        let read = Report::deserialize_from_str(&junit(&report())).unwrap();
        assert_eq!((read.tests, read.failures, read.test_suites.len()), (3, 1, 3));
        let failed = &read.test_suites[1].test_cases[0];
        assert_eq!(failed.classname.as_ref().unwrap().as_str(), plain(super::super::tests::HOSTILE));
        let mut together = report();
        together.cases[2].suite = "cache-aside".into();
        let read = Report::deserialize_from_str(&junit(&together)).unwrap();
        assert_eq!(read.test_suites.len(), 2, "cases of a cell are together");
    }
}
