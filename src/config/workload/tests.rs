use std::path::Path;

use crate::config::load;

/// A piece of the small workload, what stands there instead, the line where that is shown, and what is said of it.
pub type Case<'a> = (&'a str, &'a str, usize, &'a str);

/// Holds that each change to a small workload makes it wrong, as told.
#[track_caller]
pub fn refused(cases: &[Case<'_>]) {
    const RIGHT: &str = "name = \"test\"\n[data]\nrows = 100\n[traffic]\nkeys = \"uniform\"\n\
        load = { open = { rate = 10 } }\nduration = \"1s\"\n[cache]\nttl = \"5s\"\n[database]\npool = 2\n";
    assert_eq!(problems(RIGHT), "");
    for (from, to, line, expected) in cases {
        assert!(RIGHT.contains(from), "{from} is not in the workload");
        told(&problems(&RIGHT.replace(from, to)), *line, expected);
    }
}

/// What is wrong with a workload of this text, as it is shown; nothing where it is right.
pub fn problems(text: &str) -> String {
    load(Path::new("w.toml"), text.into(), &[]).err().map_or_else(String::new, |wrong| wrong.render(false))
}

/// Holds that problems, as they are shown, say this of that line.
#[track_caller]
pub fn told(problems: &str, line: usize, expected: &str) {
    assert!(problems.contains(expected), "`{expected}` is not in:\n{problems}");
    assert!(problems.contains(&format!("w.toml:{line}:")), "nothing is shown at line {line}:\n{problems}");
}
