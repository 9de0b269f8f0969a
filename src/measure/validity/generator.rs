use super::{Findings, Remark};

/// Of a core: beyond it, a thread of the generator has no time left to be punctual.
const PROCESSOR: f64 = 0.85;
/// The number of clients and what follows from throughput and latency may differ by this share.
const LITTLE: f64 = 0.02;
/// Fewer operations than this for each client, and those cut off at both ends weigh too much.
const OPERATIONS_PER_CLIENT: f64 = 200.0;

/// Whether a thread of the generator was busy nearly all the time.
///
/// In a closed loop that is no fault, but it is the client whose limit is then measured.
pub fn processor(findings: &Findings) -> Option<Remark> {
    let worker = findings.metric("generator.worker_cpu");
    let pacer = findings.metric("generator.pacer_cpu");
    // An overload needs no second reason: its sustained rate has been told.
    if findings.spins || findings.gave_up || worker.max(pacer) <= PROCESSOR {
        return None;
    }
    let (thread, share) = if worker > pacer { ("worker", worker) } else { ("pacer", pacer) };
    let percent = share * 100.0;
    Some(match findings.scheduled {
        Some(_) => Remark::Reason(format!(
            "a {thread} thread of the generator was busy {percent:.0} % of the time, so it measures itself; lower the \
             rate, or raise app.instances and app.threads"
        )),
        None => Remark::Note(format!(
            "the generator's {thread} thread was busy {percent:.0} % of the time: the servers might do more than this \
             throughput; more app.instances and app.threads would tell, given the cores"
        )),
    })
}

/// Little's law: clients that never pause are in flight all the time, so throughput × mean latency is their number.
///
/// The difference is time that the harness spent between operations, or operations that it did not see.
pub fn littles_law(findings: &Findings) -> Option<Remark> {
    // The clients of an instance that is down rest between their errors.
    let clients = findings.clients.filter(|_| !findings.faults)? as f64;
    if findings.metric("operations") < OPERATIONS_PER_CLIENT * clients {
        return None;
    }
    let in_flight = findings.metric("in_flight.mean");
    let off = (in_flight / clients - 1.0).abs();
    (off > LITTLE).then(|| {
        Remark::Reason(format!(
            "{in_flight:.1} operations were in flight on average, by Little's law, but there are {clients} clients: \
             {:.1} % is lost between operations; leave the generator a core, or use fewer clients",
            off * 100.0
        ))
    })
}

#[cfg(test)]
mod tests {
    use crate::measure::{Findings, Metrics, Unit, Usage, Verdict};

    struct Run {
        worker_cpu: f64,
        in_flight: f64,
        scheduled: Option<u64>,
        clients: Option<usize>,
        spins: bool,
    }

    const CLOSED: Run =
        Run { worker_cpu: 0.5, in_flight: 50.0, scheduled: None, clients: Some(50), spins: false };
    const OPEN: Run = Run { scheduled: Some(100_000), clients: None, in_flight: 3.0, ..CLOSED };

    fn verdict(run: Run) -> Verdict {
        let mut metrics = Metrics::default();
        metrics.put("operations", 100_000.0, Unit::Count);
        metrics.put("generator.worker_cpu", run.worker_cpu, Unit::Ratio);
        metrics.put("in_flight.mean", run.in_flight, Unit::Count);
        Verdict::on(&Findings {
            scheduled: run.scheduled,
            clients: run.clients,
            spins: run.spins,
            ..Findings::quiet(&metrics, &Usage::default())
        })
    }

    #[test]
    fn a_busy_generator_invalidates_an_open_loop_and_is_noted_in_a_closed_one() {
        assert_eq!(verdict(OPEN), Verdict::default());
        assert!(verdict(Run { worker_cpu: 0.9, ..OPEN }).reasons[0].contains("busy 90 %"));
        assert!(verdict(Run { worker_cpu: 1.0, spins: true, ..OPEN }).is_valid(), "spinning is meant");
        let closed = verdict(Run { worker_cpu: 0.99, ..CLOSED });
        assert!(closed.is_valid() && closed.notes[0].contains("servers might do more"));
    }

    #[test]
    fn littles_law_holds_within_two_percent() {
        assert!(verdict(Run { in_flight: 49.1, ..CLOSED }).is_valid());
        assert!(verdict(Run { in_flight: 48.9, ..CLOSED }).reasons[0].contains("2.2 % is lost"));
        assert!(verdict(Run { in_flight: 26.0, ..OPEN }).is_valid(), "an open loop has no number of clients");
    }
}
