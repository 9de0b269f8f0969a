//! Tells the program which revision it was built from, where git knows.

use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=.git/HEAD");
    println!("cargo::rerun-if-changed=.git/refs/heads");
    let revision = Command::new("git").args(["rev-parse", "--short=12", "HEAD"]).output();
    if let Ok(output) = revision
        && output.status.success()
    {
        let revision = String::from_utf8_lossy(&output.stdout);
        println!("cargo::rustc-env=CACHEBENCH_REVISION= ({})", revision.trim());
    }
}
