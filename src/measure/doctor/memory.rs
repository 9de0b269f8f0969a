use super::{Machine, State, Symptom};

/// Less than this share that is free for the servers is warned of.
const LEAST_SHARE: f64 = 0.1;
/// More than this share of the memory that lies in swap is warned of.
const MOST_SWAPPED: f64 = 0.05;

/// Memory that the servers may still have, and what lies in swap.
pub fn look(machine: &Machine) -> Option<Symptom> {
    let text = machine.read("/proc/meminfo")?;
    let kib = |name: &str| -> Option<f64> {
        let rest = text.lines().find_map(|line| line.strip_prefix(name))?;
        rest.trim_start_matches(':').split_whitespace().next()?.parse().ok()
    };
    let total = kib("MemTotal").filter(|total| *total > 0.0)?;
    let available = kib("MemAvailable")?;
    let swapped = kib("SwapTotal").zip(kib("SwapFree")).map_or(0.0, |(total, free)| (total - free).max(0.0));
    let gib = |kib: f64| format!("{:.1} GiB", kib / 1024.0 / 1024.0);
    let found = format!("{} of {} available, {} in swap", gib(available), gib(total), gib(swapped));
    Some(if available < LEAST_SHARE * total {
        Symptom::bad(State::Warning, found, "end what takes it: servers that swap measure the disk")
    } else if swapped > MOST_SWAPPED * total {
        Symptom::bad(
            State::Warning,
            found,
            "what was swapped out comes back while measuring: swapoff -a && swapon -a",
        )
    } else {
        Symptom::good(found)
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::seen;
    use super::*;

    #[test]
    fn little_memory_or_much_swap_is_warned_of() {
        let state = |available: u64, swap_free: u64| {
            let text = format!(
                "MemTotal:       8000000 kB\nMemFree: 1 kB\nMemAvailable:   {available} kB\nSwapTotal: 2000000 kB\n\
                 SwapFree: {swap_free} kB\n"
            );
            seen(look, &[("/proc/meminfo", &text)]).unwrap().0
        };
        assert_eq!(state(4_000_000, 1_900_000), State::Good);
        assert_eq!(state(500_000, 2_000_000), State::Warning);
        assert_eq!(state(4_000_000, 1_000_000), State::Warning);
        assert_eq!(seen(look, &[("/proc/meminfo", "MemTotal: x kB\n")]), None);
    }
}
