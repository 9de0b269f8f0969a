use anstyle::Style;

use super::printer::{RED, YELLOW};

/// Words of a table that say that its row is not to be believed.
const BAD: &[&str] = &["INVALID", "FAILED"];

/// A report in colours: red what failed or is not valid, yellow what is to be noted.
pub fn paint(report: &str) -> String {
    let mut painted = String::new();
    let mut is_noted = false;
    for line in report.split_inclusive('\n') {
        // What continues a note is indented.
        is_noted = ["! ", "note: "].iter().any(|begin| line.starts_with(begin))
            || is_noted && line.starts_with("  ");
        let is_row = line.starts_with('│');
        painted += &if is_noted {
            styled(YELLOW, line)
        } else if line.starts_with("NOT VALID") {
            styled(RED, line)
        } else if is_row {
            BAD.iter().fold(line.to_owned(), |line, word| line.replace(word, &styled(RED, word)))
        } else {
            line.to_owned()
        };
    }
    painted
}

/// A text in a style; the end of its line is in none.
fn styled(style: Style, text: &str) -> String {
    let letters = text.trim_end_matches('\n');
    format!("{style}{letters}{style:#}{}", &text[letters.len()..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_bad_is_red_and_what_is_noted_yellow() {
        let report = "│ direct │ valid │\n│ aside │ INVALID (1 of 3) │\n! aside: late\n  again\n  plain\nvalid: all\nNOT VALID: 1\n";
        let red = |text: &str| styled(RED, text);
        let yellow = |text: &str| styled(YELLOW, text);
        assert_eq!(
            paint(report),
            format!(
                "│ direct │ valid │\n│ aside │ {} (1 of 3) │\n{}\n{}\n{}\nvalid: all\n{}\n",
                red("INVALID"),
                yellow("! aside: late"),
                yellow("  again"),
                yellow("  plain"),
                red("NOT VALID: 1")
            )
        );
        assert!(!styled(RED, "a\n").ends_with("\n\u{1b}[0m"));
    }
}
