use std::time::Duration;

use nix::sys::resource::{UsageWho, getrusage};
use nix::time::{ClockId, clock_gettime};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Processor time that a stretch of time cost, and what the machine withheld.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Usage {
    /// Processor seconds of this process, user and system.
    pub cpu_s: f64,
    /// Processor seconds that the hypervisor gave to others, over all cores; 0 where it is not told.
    pub steal_s: f64,
    /// How often a control group's processor quota stopped this process (cgroups(7), `nr_throttled`).
    #[serde(default)]
    pub throttled: u64,
    /// Most memory this process has held so far, in bytes.
    pub peak_memory_bytes: u64,
}

impl Usage {
    /// The usage of this process from its start until now.
    pub fn now() -> Usage {
        let usage = getrusage(UsageWho::RUSAGE_SELF).ok();
        let seconds = |time: nix::sys::time::TimeVal| time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6;
        // Linux counts the peak in KiB, macOS in bytes.
        let peak_unit = if cfg!(target_os = "macos") { 1 } else { 1024 };
        Usage {
            cpu_s: usage.map_or(0.0, |usage| seconds(usage.user_time()) + seconds(usage.system_time())),
            steal_s: steal().unwrap_or(0.0),
            throttled: throttled().unwrap_or(0),
            peak_memory_bytes: usage.map_or(0, |usage| usage.max_rss().max(0) as u64 * peak_unit),
        }
    }

    /// What came between `before` and now.
    pub fn since(before: &Usage) -> Usage {
        let now = Usage::now();
        Usage {
            cpu_s: now.cpu_s - before.cpu_s,
            steal_s: now.steal_s - before.steal_s,
            throttled: now.throttled.saturating_sub(before.throttled),
            peak_memory_bytes: now.peak_memory_bytes,
        }
    }

    /// Processor time per operation, in nanoseconds.
    pub fn ns_per(&self, operations: u64) -> f64 {
        self.cpu_s * 1e9 / operations as f64
    }

    /// The share of the machine's processor time that was stolen during `elapsed`.
    pub(super) fn steal_share(&self, elapsed: Duration) -> f64 {
        self.steal_s / (elapsed.as_secs_f64() * cores() as f64)
    }
}

/// Processor time of the calling thread since it began.
pub fn thread_time() -> Duration {
    // Fails only where there is no such clock: then nothing is known of the thread.
    clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).map_or(Duration::ZERO, Duration::from)
}

/// Cores of the machine, whether or not this process may use them: those over which time is stolen.
fn cores() -> usize {
    let text = std::fs::read_to_string("/proc/stat").unwrap_or_default();
    let is_core = |line: &&str| line.starts_with("cpu") && !line.starts_with("cpu ");
    text.lines().filter(is_core).count().max(1)
}

/// The eighth number of the first line of /proc/stat, in seconds (proc(5)).
fn steal() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/stat").ok()?;
    let ticks: f64 = text.lines().next()?.split_whitespace().nth(8)?.parse().ok()?;
    Some(ticks / 100.0)
}

/// `nr_throttled` of our control group: version 2 where it is mounted, else version 1.
fn throttled() -> Option<u64> {
    let groups = std::fs::read_to_string("/proc/self/cgroup").ok()?;
    let path = |controller: &str| {
        groups.lines().find_map(|line| line.split_once(controller)).map_or("", |(_, path)| path).to_owned()
    };
    let files = [
        format!("/sys/fs/cgroup{}/cpu.stat", path("0::")),
        format!("/sys/fs/cgroup/cpu{}/cpu.stat", path(":cpu,cpuacct:")),
        "/sys/fs/cgroup/cpu.stat".into(),
    ];
    files.iter().filter_map(|file| std::fs::read_to_string(file).ok()).find_map(|text| throttled_in(&text))
}

fn throttled_in(stat: &str) -> Option<u64> {
    stat.lines().find_map(|line| line.strip_prefix("nr_throttled "))?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_costs_processor_time() {
        let before = Usage::now();
        let mut sum = 0u64;
        while Usage::since(&before).cpu_s < 0.01 {
            sum = std::hint::black_box(sum.wrapping_add(1));
        }
        assert!(Usage::since(&before).peak_memory_bytes > 100_000);
    }

    #[test]
    fn throttling_is_read_from_the_control_group() {
        let stat = "usage_usec 10\nnr_periods 5\nnr_throttled 3\nthrottled_usec 9\n";
        assert_eq!(throttled_in(stat), Some(3));
        assert_eq!(throttled_in("usage_usec 10\n"), None);
    }
}
