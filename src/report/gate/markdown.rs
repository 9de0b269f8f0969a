use super::{CaseOutcome, GateCase, GateReport};

/// A comment may have 65,536 letters; this many bytes are fewer.
const MOST_BYTES: usize = 60_000;
/// Of these, so many may go to the cases that failed, and so many to the others.
const FOR_FAILED: usize = 30_000;
const FOR_OTHERS: usize = 15_000;
/// Letters of a text of a case, at most.
const MOST_LETTERS: usize = 200;

/// A summary for a job or a pull request: what came of it, what failed, and the tables folded away.
///
/// It stays below 60 kB: what does not fit is left out, the tables first, and said so.
pub fn markdown(report: &GateReport) -> String {
    let (sign, word) = if report.passed { ("✅", "passed") } else { ("❌", "failed") };
    let mut text = format!("## {sign} {}: {word}\n\n{}\n", escape(&report.title), escape(&report.conclusion));
    let failed: Vec<_> = report.with(CaseOutcome::Failed).collect();
    if !failed.is_empty() {
        text += &format!("\n{}", rows(&failed, FOR_FAILED));
    }
    let others: Vec<_> = report.cases.iter().filter(|case| case.outcome != CaseOutcome::Failed).collect();
    if !others.is_empty() {
        let (passed, skipped) = (report.count(CaseOutcome::Passed), report.count(CaseOutcome::Skipped));
        let title = if skipped > 0 {
            format!("{passed} passed, {skipped} skipped")
        } else {
            format!("{passed} passed")
        };
        text += &folded(&title, &rows(&others, FOR_OTHERS));
    }
    if report.markdown.is_empty() {
        return text;
    }
    let tables = folded("Tables", &report.markdown);
    if text.len() + tables.len() <= MOST_BYTES {
        return text + &tables;
    }
    text + "\nThe tables are left out: they are too long for a comment.\n"
}

/// Something that is shown when its title is opened.
fn folded(title: &str, inside: &str) -> String {
    format!("\n<details><summary>{title}</summary>\n\n{}\n\n</details>\n", inside.trim_end())
}

/// A table of cases that takes about so many bytes at most.
fn rows(cases: &[&GateCase], room: usize) -> String {
    let mut text = "| | where | what | found |\n|---|---|---|---|\n".to_owned();
    for (index, case) in cases.iter().enumerate() {
        if text.len() > room {
            return text + &format!("\nAnd {} more.\n", cases.len() - index);
        }
        let sign = match case.outcome {
            CaseOutcome::Passed => "✅",
            CaseOutcome::Failed => "❌",
            CaseOutcome::Skipped => "–",
        };
        let [suite, name, detail] = [&case.suite, &case.name, &case.detail].map(|text| escape(text));
        text += &format!("| {sign} | {suite} | {name} | {detail} |\n");
    }
    text
}

/// Text that stays text, on one line and in its cell, and calls nobody.
fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for letter in text.chars().take(MOST_LETTERS) {
        match letter {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '@' => escaped += "&#64;",
            '|' | '\\' | '`' | '*' | '[' | ']' => escaped.extend(['\\', letter]),
            _ if letter.is_control() => escaped.push(' '),
            _ => escaped.push(letter),
        }
    }
    if text.chars().count() > MOST_LETTERS { escaped + "…" } else { escaped }
}

#[cfg(test)]
mod tests {
    use super::super::tests::report;
    use super::*;

    #[test]
    fn what_failed_stands_first_and_the_rest_is_folded_away() {
        assert_eq!(
            markdown(&report()),
            "## ❌ shop: failed\n\n1 of 2 expectations FAILED\n\n\
             | | where | what | found |\n|---|---|---|---|\n\
             | ❌ | &lt;/details&gt; \"a\" &amp; 'b' \\| ::error::x, 100% \\`c\\` &#64;all \\[31m | hit_rate &gt; 0.9 \
             | measured 85.0 %, expected &gt; 0.9 |\n\
             \n<details><summary>1 passed, 1 skipped</summary>\n\n\
             | | where | what | found |\n|---|---|---|---|\n\
             | ✅ | cache-aside | hit_rate &gt; 0.9 | measured 95.0 % |\n\
             | – | direct | read.response.p99 &lt; 5ms | not measured |\n\n</details>\n\
             \n<details><summary>Tables</summary>\n\n\
             | cell | p99 |\n|---|---:|\n| cache-aside | 912 us |\n\n</details>\n"
        );
    }

    #[test]
    fn a_pass_says_so_at_its_head() {
        let passed = GateReport { passed: true, cases: Vec::new(), markdown: String::new(), ..report() };
        assert_eq!(markdown(&passed), "## ✅ shop: passed\n\n1 of 2 expectations FAILED\n");
    }

    #[test]
    fn it_stays_below_what_a_comment_may_have() {
        let mut long = report();
        long.markdown = "x".repeat(70_000);
        assert!(markdown(&long).len() < 2_000 && markdown(&long).contains("The tables are left out"));
        let mut case = long.cases[1].clone();
        (case.suite, case.detail) = ("<".repeat(5_000), "é".repeat(5_000));
        long.cases = vec![case.clone(); 1_000];
        long.cases.extend(vec![GateCase { outcome: CaseOutcome::Passed, ..case }; 1_000]);
        let text = markdown(&long);
        assert_eq!(text.matches(" more.\n").count(), 2);
        assert!(text.len() > 40_000 && text.len() < 60_000, "{}", text.len());
    }
}
