use super::{Machine, State, Symptom};

/// The backlog that Redis asks for; the kernel cuts it to its own limit.
const BACKLOG: u64 = 511;
/// Connections from one address to one server, which runs that reconnect a lot use up.
const LEAST_PORTS: u64 = 10_000;

/// What the kernel grants connections on loopback.
pub fn look(machine: &Machine) -> Option<Symptom> {
    let backlog: Option<u64> =
        machine.line("/proc/sys/net/core/somaxconn").and_then(|line| line.parse().ok());
    let ports = machine.line("/proc/sys/net/ipv4/ip_local_port_range").and_then(|line| range(&line));
    let told: Vec<String> = backlog
        .map(|backlog| format!("backlog {backlog}"))
        .into_iter()
        .chain(ports.map(|ports| format!("{ports} ephemeral ports")))
        .collect();
    if told.is_empty() {
        return None;
    }
    let found = told.join(", ");
    Some(if backlog.is_some_and(|backlog| backlog < BACKLOG) {
        Symptom::bad(
            State::Note,
            found,
            "many clients that connect at once wait: sysctl net.core.somaxconn=1024",
        )
    } else if ports.is_some_and(|ports| ports < LEAST_PORTS) {
        let remedy = "faults that break connections may use them up: sysctl net.ipv4.ip_local_port_range=\"10000 65000\"";
        Symptom::bad(State::Warning, found, remedy)
    } else {
        Symptom::good(found)
    })
}

/// How many ports there are from the first to the last.
fn range(line: &str) -> Option<u64> {
    let mut ends = line.split_whitespace().map(str::parse::<u64>);
    let (first, last) = (ends.next()?.ok()?, ends.next()?.ok()?);
    Some(last.checked_sub(first)? + 1)
}

#[cfg(test)]
mod tests {
    use super::super::tests::seen;
    use super::*;

    #[test]
    fn few_ports_are_warned_of_and_a_short_backlog_noted() {
        let with = |backlog, ports| {
            let files = [
                ("/proc/sys/net/core/somaxconn", backlog),
                ("/proc/sys/net/ipv4/ip_local_port_range", ports),
            ];
            seen(look, &files)
        };
        assert_eq!(
            with("4096\n", "32768\t60999\n"),
            Some((State::Good, "backlog 4096, 28232 ephemeral ports".into()))
        );
        assert_eq!(with("128\n", "32768\t60999\n").unwrap().0, State::Note);
        assert_eq!(with("4096\n", "60000\t60999\n").unwrap().0, State::Warning);
        assert_eq!(with("x", "9 5"), None);
    }
}
