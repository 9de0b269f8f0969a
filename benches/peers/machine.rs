use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};

/// Processor time of all children that have ended.
pub fn children_cpu() -> Duration {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).expect("the kernel tells the usage of children");
    let time = |time: nix::sys::time::TimeVal| {
        Duration::from_secs(time.tv_sec().unsigned_abs())
            + Duration::from_micros(time.tv_usec().unsigned_abs())
    };
    time(usage.user_time()) + time(usage.system_time())
}

/// Busy and all processor time of the machine so far, in ticks.
fn ticks() -> (f64, f64) {
    let text = std::fs::read_to_string("/proc/stat").unwrap_or_default();
    let first = text.lines().next().unwrap_or_default();
    let ticks: Vec<f64> = first.split_whitespace().skip(1).filter_map(|tick| tick.parse().ok()).collect();
    let all = ticks.iter().take(8).sum();
    let idle = ticks.get(3).unwrap_or(&0.0) + ticks.get(4).unwrap_or(&0.0);
    (all - idle, all)
}

/// Waits until the machine is idle but for a tenth, for a minute at most.
pub fn wait_until_idle() {
    let deadline = Instant::now() + Duration::from_secs(60);
    while Instant::now() < deadline {
        let before = ticks();
        std::thread::sleep(Duration::from_millis(400));
        let after = ticks();
        if (after.0 - before.0) / (after.1 - before.1).max(1.0) < 0.1 {
            return;
        }
    }
    eprintln!("the machine is not idle: what is measured now shares it");
}
