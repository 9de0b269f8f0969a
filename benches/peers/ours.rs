use std::process::Command;

use super::contenders::Reached;
use super::stage::{BYTES, ROWS, Stage};

/// A run of this tool: what differs from the common workload, as TOML by table.
#[derive(Clone, Copy)]
pub struct Ours {
    pub strategy: &'static str,
    pub traffic: &'static str,
    pub cache: &'static str,
    pub app: &'static str,
    /// The kind whose latencies count.
    pub kind: &'static str,
}

impl Ours {
    fn workload(&self, stage: &Stage, seconds: u64) -> String {
        // Where every read is a hit, hardly anything asks the database.
        let pool = if self.strategy == "direct" { "\"per-client\"" } else { "8" };
        format!(
            "name = \"peers\"\nstrategy = \"{}\"\n\n[data]\nrows = {ROWS}\nvalue = {{ fixed = \"{BYTES}B\" }}\n\n\
             [traffic]\nkeys = \"uniform\"\n{}\nwarmup = \"1s\"\nduration = \"{seconds}s\"\n\n\
             [app]\n{}\n\n[cache]\nurl = \"{}\"\n{}\n\n\
             [database]\nurl = \"{}\"\npool = {pool}\n",
            self.strategy,
            self.traffic,
            self.app,
            stage.redis_url(),
            self.cache,
            stage.postgres_url(),
        )
    }

    /// Runs it once, as a user would.
    pub fn run(&self, stage: &Stage, seconds: u64) -> Reached {
        let workload = stage.file("peers.toml", &self.workload(stage, seconds));
        let results = stage.folder.path().join("results");
        let mut command = Command::new(env!("CARGO_BIN_EXE_cachebench"));
        command.arg("run").arg(workload).arg("--output").arg(&results).arg("--allow-foreign-data");
        let output = command.output().expect("our own program runs");
        let folder = std::fs::read_dir(&results).ok().and_then(|mut all| all.next()).and_then(Result::ok);
        let Some(folder) = folder else { panic!("{}", String::from_utf8_lossy(&output.stderr)) };
        let text = std::fs::read_to_string(folder.path().join("result.json")).expect("a result");
        std::fs::remove_dir_all(&results).expect("our own folder");
        let result: serde_json::Value = serde_json::from_str(&text).expect("a result is JSON");
        let repeat = &result["cells"][0]["repeats"][0];
        for reason in repeat["verdict"]["reasons"].as_array().into_iter().flatten() {
            eprintln!("not valid: {reason}");
        }
        let metric = |name: &str| repeat["metrics"][name]["value"].as_f64();
        let latency = |percentile: &str| metric(&format!("{}.response.{percentile}", self.kind));
        Reached {
            rate: metric("throughput.achieved").unwrap_or(0.0),
            cpu_us: metric("generator.cpu_us_per_op").unwrap_or(0.0),
            p50_us: latency("p50"),
            p99_us: latency("p99"),
            offered: metric("throughput.offered"),
            lag_p50_us: metric("lag.p50"),
            lag_p99_us: metric("lag.p99"),
            hit_rate: metric("hit_rate"),
        }
    }
}
