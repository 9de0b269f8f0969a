use std::collections::BTreeMap;

/// The machine as far as it bears on a measurement: processor, cores, memory, kernel.
pub fn host() -> BTreeMap<String, String> {
    let mut host = BTreeMap::new();
    host.insert("os".into(), std::env::consts::OS.into());
    let build = if cfg!(debug_assertions) { "debug" } else { "release" };
    host.insert("build".into(), build.into());
    host.insert("architecture".into(), std::env::consts::ARCH.into());
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    host.insert("cores".into(), cores.to_string());
    let line = |path: &str, wanted: &str| {
        let text = std::fs::read_to_string(path).ok()?;
        let line = text.lines().find(|line| line.starts_with(wanted))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    };
    if let Some(model) = line("/proc/cpuinfo", "model name") {
        host.insert("processor".into(), model);
    }
    if let Some(memory) = line("/proc/meminfo", "MemTotal") {
        host.insert("memory".into(), memory);
    }
    if let Ok(kernel) = std::fs::read_to_string("/proc/sys/kernel/osrelease") {
        host.insert("kernel".into(), kernel.trim().into());
    }
    host
}
