use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;

use serde_json::Value as Json;

/// How a run ended, and what it left.
pub struct Outcome {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
    /// The folder of its result, if it made one.
    pub folder: Option<PathBuf>,
    pub result: Json,
}

impl Outcome {
    pub fn new(status: ExitStatus, stdout: String, stderr: String, folder: Option<PathBuf>) -> Outcome {
        let text = folder.as_ref().map(|folder| fs::read_to_string(folder.join("result.json")));
        let result =
            text.and_then(Result::ok).map_or(Json::Null, |text| serde_json::from_str(&text).unwrap());
        Outcome { code: status.code(), stdout, stderr, folder, result }
    }

    /// Holds the exit code; shows all that was said if it is another one.
    #[track_caller]
    pub fn ends_with(&self, code: i32) {
        let only_the_machine = || self.measurements().iter().all(|one| one.status() == "valid");
        // What was expected is held against it all the same.
        let is_told = [0, 99].contains(&code);
        let ended =
            if self.code == Some(4) && is_told && only_the_machine() { Some(code) } else { self.code };
        assert_eq!(ended, Some(code), "{}\n{}", self.stdout, self.stderr);
    }

    pub fn folder(&self) -> &Path {
        self.folder.as_deref().unwrap()
    }

    /// Every measurement, by cell and repeat.
    pub fn measurements(&self) -> Vec<Measurement<'_>> {
        let cells = self.result["cells"].as_array().unwrap();
        let of = |cell: &'_ Json| cell["repeats"].as_array().unwrap().len();
        cells
            .iter()
            .flat_map(|cell| {
                (0..of(cell)).map(move |index| Measurement { cell, repeat: &cell["repeats"][index] })
            })
            .collect()
    }

    /// The only measurement of a run with one cell.
    #[track_caller]
    pub fn only(&self) -> Measurement<'_> {
        let all = self.measurements();
        assert_eq!(all.len(), 1);
        Measurement { ..all[0] }
    }
}

/// One measurement of a result.
pub struct Measurement<'a> {
    cell: &'a Json,
    repeat: &'a Json,
}

impl Measurement<'_> {
    pub fn strategy(&self) -> &str {
        self.cell["strategy"].as_str().unwrap()
    }

    /// How it ended; that the machine was taken from us meanwhile makes no difference to a test.
    pub fn status(&self) -> &str {
        match self.repeat["status"].as_str().unwrap() {
            "invalid" if self.reasons().is_empty() => "valid",
            status => status,
        }
    }

    /// Why it may not be believed, apart from what the machine did: took processor time for others, so that starts were
    /// late, and even a closed loop lost some between its operations.
    pub fn reasons(&self) -> Vec<&str> {
        let all = self.repeat["verdict"]["reasons"].as_array().unwrap();
        let texts = all.iter().map(|text| text.as_str().unwrap());
        let by_machine =
            ["the hypervisor took", "by Little's law", "processor quota stopped", "operations started late"];
        texts.filter(|text| !by_machine.iter().any(|told| text.contains(told))).collect()
    }

    /// Its place in the order of the run, from 1.
    pub fn order(&self) -> u64 {
        self.repeat["order"].as_u64().unwrap()
    }

    /// What is to be known of it beside the numbers.
    pub fn notes(&self) -> Vec<&str> {
        let notes = self.repeat["verdict"]["notes"].as_array();
        notes.into_iter().flatten().filter_map(Json::as_str).collect()
    }

    pub fn seconds(&self) -> f64 {
        self.repeat["seconds"].as_f64().unwrap()
    }

    /// Operations of this kind and result; 0 where the account is not there.
    pub fn account(&self, name: &str) -> u64 {
        self.repeat["accounts"][name].as_u64().unwrap_or(0)
    }

    pub fn accounts(&self) -> &serde_json::Map<String, Json> {
        self.repeat["accounts"].as_object().unwrap()
    }

    pub fn accounted(&self) -> u64 {
        self.accounts().values().map(|count| count.as_u64().unwrap()).sum()
    }

    /// All reads, however they were served or failed.
    pub fn reads(&self) -> u64 {
        let reads = self.accounts().iter().filter(|(name, _)| name.starts_with("read."));
        reads.map(|(_, count)| count.as_u64().unwrap()).sum()
    }

    #[track_caller]
    pub fn metric(&self, name: &str) -> f64 {
        let value = self.repeat["metrics"][name]["value"].as_f64();
        value.unwrap_or_else(|| panic!("no metric {name} in {}", self.repeat["metrics"]))
    }

    pub fn has_metric(&self, name: &str) -> bool {
        self.repeat["metrics"].get(name).is_some()
    }

    /// How the cache's limit was found; null where it was not.
    /// What was counted rather than timed.
    pub fn exact(&self) -> &Json {
        &self.repeat["exact"]
    }

    pub fn sizing(&self) -> &Json {
        &self.repeat["sizing"]
    }

    /// What the cache held meanwhile, by column.
    pub fn pressure(&self) -> &Json {
        &self.repeat["pressure"]
    }

    /// What was found of writes in the end, by name.
    #[track_caller]
    pub fn audited(&self, name: &str) -> u64 {
        let count = self.repeat["audit"]["writes"][name].as_u64();
        count.unwrap_or_else(|| panic!("no {name} in {}", self.repeat["audit"]))
    }

    /// Every fault that was recorded.
    pub fn faults(&self) -> &[Json] {
        self.repeat["faults"].as_array().map_or(&[], Vec::as_slice)
    }

    /// How the clients were connected.
    pub fn client(&self, name: &str) -> String {
        self.repeat["clients"][name].as_str().unwrap().into()
    }

    /// What both sides counted: what, we, the server.
    pub fn checks(&self) -> Vec<(&str, u64, u64)> {
        let checks = self.repeat["checks"].as_array().unwrap();
        checks
            .iter()
            .map(|it| {
                (it["what"].as_str().unwrap(), it["client"].as_u64().unwrap(), it["server"].as_u64().unwrap())
            })
            .collect()
    }
}
