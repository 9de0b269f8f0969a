use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use cachebench::servers::sweep;

use super::{eventually, lives, postgres, redis};

/// Set in the child, which starts servers and waits to be killed.
const CHILD: &str = "CACHEBENCH_TEST_CHILD";

#[test]
#[cfg(target_os = "linux")]
fn no_server_survives_the_tool_even_if_it_is_killed() {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "survival::starts_servers_and_waits", "--nocapture"])
        .env(CHILD, "yes")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let told =
        lines.map(Result::unwrap).find_map(|line| Some(line.split_once("servers ")?.1.to_string())).unwrap();
    let words: Vec<_> = told.split(' ').collect();
    let pids: Vec<u32> = words[..2].iter().map(|word| word.parse().unwrap()).collect();
    let folders: Vec<PathBuf> = words[2..].iter().map(PathBuf::from).collect();
    assert!(pids.iter().all(|pid| lives(*pid)) && folders.iter().all(|folder| folder.exists()));
    sweep();
    assert!(folders.iter().all(|folder| folder.exists()), "a living run is left alone");

    child.kill().unwrap();
    child.wait().unwrap();
    eventually("both servers are gone", || !pids.iter().any(|pid| lives(*pid)));
    // Another test's start may be sweeping the same folders just now.
    eventually("the next sweep removes what is left", || {
        sweep();
        !folders.iter().any(|folder| folder.exists())
    });
}

#[test]
fn starts_servers_and_waits() {
    if std::env::var_os(CHILD).is_none() {
        return;
    }
    // From threads that end at once: only the tool's own death may end its servers.
    let redis = std::thread::spawn(redis).join().unwrap();
    let postgres = std::thread::spawn(postgres).join().unwrap();
    let folder = |pid: u32| std::fs::read_link(format!("/proc/{pid}/cwd")).unwrap();
    let folders = [folder(redis.pid()), folder(postgres.pid()).parent().unwrap().to_path_buf()];
    println!("servers {} {} {} {}", redis.pid(), postgres.pid(), folders[0].display(), folders[1].display());
    // Ends with the parent, which holds the other end of the pipe.
    let _ = std::io::stdin().lines().next();
}
