//! Messages that are kept in files: what a program says to a wrong input, with what differs from run to run taken out.

use std::path::Path;
use std::process::Output;

/// Holds what a command said, and how it ended, against `FOLDER/NAME.txt`; `CACHEBENCH_BLESS=1` writes it anew.
#[track_caller]
pub fn hold(folder: &Path, name: &str, words: &[&str], output: &Output, private: &[(&str, &str)]) {
    let stderr = String::from_utf8(output.stderr.clone()).unwrap();
    let code = output.status.code().map_or("by a signal".into(), |code| code.to_string());
    for word in ["panicked", "stack backtrace", "RUST_BACKTRACE"] {
        assert!(!stderr.contains(word), "{name}: {stderr}");
    }
    let told = format!("$ cachebench {}\nexit {code}\n\n{stderr}", words.join(" "));
    let told = private.iter().fold(told, |told, (what, name)| told.replace(what, name));
    let told = without_ports(&told).lines().map(without_source).collect::<String>();
    let path = folder.join(format!("{name}.txt"));
    if std::env::var_os("CACHEBENCH_BLESS").is_some() {
        std::fs::create_dir_all(folder).unwrap();
        std::fs::write(&path, &told).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    let help = "if it is right, run the test with CACHEBENCH_BLESS=1, and commit the file";
    assert!(kept == told, "{}: {help}\n--- kept\n{kept}\n--- now\n{told}", path.display());
}

/// A line without the one of Postgres' own source that its errors end with.
fn without_source(line: &str) -> String {
    match line.rsplit_once(" at line ") {
        Some((message, number)) if number.bytes().all(|byte| byte.is_ascii_digit()) => format!("{message}\n"),
        _ => format!("{line}\n"),
    }
}

/// Ports of this machine, which are free ones, by one name.
fn without_ports(text: &str) -> String {
    const HOST: &str = "127.0.0.1:";
    let mut parts = text.split(HOST);
    let mut told = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.trim_start_matches(|letter: char| letter.is_ascii_digit());
        told += &format!("{HOST}{}{rest}", if rest.len() < part.len() { "PORT" } else { "" });
    }
    told
}
