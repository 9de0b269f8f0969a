use std::fs::File as Pipe;
use std::io::Read;
use std::os::fd::{FromRawFd, OwnedFd};
use std::process::Stdio;

use super::{File, GOOD, program, run};

const ESCAPE: char = '\u{1b}';

/// A pipe whose reader has gone away.
fn broken_pipe() -> Stdio {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    writer.into()
}

/// What the program prints when its stderr is a terminal.
fn on_a_terminal(args: &[&str], variable: (&str, &str)) -> String {
    let (mut here, mut there) = (0, 0);
    let none = std::ptr::null_mut();
    // SAFETY: openpty writes one number through each of the first two pointers, and takes null for the rest.
    let made = unsafe {
        nix::libc::openpty(&mut here, &mut there, none, std::ptr::null_mut(), std::ptr::null_mut())
    };
    assert_eq!(made, 0);
    // SAFETY: both were just opened, and nobody else knows of them.
    let (mut here, there) = unsafe { (Pipe::from_raw_fd(here), OwnedFd::from_raw_fd(there)) };
    let mut child =
        program(args).env(variable.0, variable.1).stdout(Stdio::null()).stderr(there).spawn().unwrap();
    let mut bytes = Vec::new();
    // A terminal whose other side is closed ends with an error.
    let _ = here.read_to_end(&mut bytes);
    child.wait().unwrap();
    String::from_utf8(bytes).unwrap()
}

#[test]
fn data_goes_to_stdout_and_everything_else_to_stderr() {
    let (right, wrong) = (File::new(GOOD), File::new("name = 5\n"));
    for (args, code) in [
        (vec!["check", "-q", right.path()], 0),
        (vec!["list"], 0),
        (vec!["schema"], 0),
        (vec!["check", wrong.path()], 2),
        (vec!["show", wrong.path()], 2),
    ] {
        let answer = run(&args);
        assert_eq!(answer.code, Some(code));
        assert_eq!((answer.stdout.is_empty(), answer.stderr.is_empty()), (code != 0, code == 0), "{args:?}");
    }
}

#[test]
fn there_is_no_colour_where_there_is_no_terminal() {
    let wrong = File::new("name = 5\n");
    for args in [vec!["check", wrong.path()], vec!["--help"], vec!["nonsense"], vec!["list"]] {
        let answer = run(&args);
        assert!(!(answer.stdout + &answer.stderr).contains(ESCAPE), "{args:?}");
    }
}

#[test]
fn colours_on_a_terminal_can_be_turned_off() {
    let wrong = File::new("name = 5\n");
    let check = ["check", wrong.path()];
    let coloured = on_a_terminal(&check, ("NO_COLOR", ""));
    assert!(coloured.contains(ESCAPE) && coloured.contains("w.toml:1:8"), "{coloured}");
    let by_variable = on_a_terminal(&check, ("NO_COLOR", "1"));
    let by_flag = on_a_terminal(&["check", wrong.path(), "--no-color"], ("CI", "1"));
    for plain in [by_variable, by_flag] {
        assert!(!plain.contains(ESCAPE) && plain.contains("w.toml:1:8"), "{plain}");
    }
}

#[test]
fn a_reader_that_has_gone_away_is_no_error() {
    let (right, wrong) = (File::new(GOOD), File::new("name = 5\n"));
    for args in [vec!["list"], vec!["schema"], vec!["--help"], vec!["check", "-q", right.path()]] {
        let output = program(&args).stdout(broken_pipe()).stderr(Stdio::piped()).output().unwrap();
        assert_eq!((output.status.code(), output.stderr), (Some(0), Vec::new()), "{args:?}");
    }
    for args in [vec!["check", wrong.path()], vec!["nonsense"], vec!["show", wrong.path()]] {
        let status = program(&args).stdout(Stdio::null()).stderr(broken_pipe()).status().unwrap();
        assert_eq!(status.code(), Some(2), "{args:?}");
    }
}
