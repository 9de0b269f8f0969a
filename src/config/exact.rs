use super::{Cell, Document, Node, Problems};
use crate::model::Time;

/// A workload as it is counted rather than timed: so many operations of one client, in logical time.
#[derive(Clone, Copy, Debug)]
pub struct Exact {
    pub operations: u64,
    /// How far each operation moves the logical clock; without it, so far that the longest TTL passes
    /// `TTLS` times.
    pub tick: Option<Time>,
}

/// So many times the longest TTL passes in logical time, where nothing else is asked for: expiries are counted too.
const TTLS: u32 = 4;
/// The tick of a workload without a TTL: a thousand operations a second.
const USUAL_TICK: Time = Time(std::time::Duration::from_millis(1));

/// What is taken out: it has no meaning without a clock, or is expected of a run that has one.
const TAKEN_OUT: [&str; 5] = ["traffic.duration", "freshness.probe", "fault", "expect", "abort_on_fail"];

impl Exact {
    /// Rewrites the settings that say how load is made.
    ///
    /// # Errors
    /// When a setting is in the way of one of them.
    pub(super) fn rewrite(&self, document: &mut Document) -> Result<(), Problems> {
        for path in TAKEN_OUT {
            document.remove(path);
            forget_compared(document, path);
        }
        let mut settings = vec![
            ("traffic.load", "{ closed = { clients = 1 } }".to_owned()),
            ("traffic.warmup", "{ operations = 0 }".to_owned()),
            ("traffic.operations", self.operations.to_string()),
            ("app.instances", "1".to_owned()),
            ("app.threads", "1".to_owned()),
            ("freshness.audit", "false".to_owned()),
            ("compare.repeat", "1".to_owned()),
            ("compare.at_once", "1".to_owned()),
            // No operation may fail for want of time.
            ("traffic.timeout", "\"10m\"".to_owned()),
        ];
        settings.extend(self.tick.map(|tick| ("traffic.tick", format!("\"{tick}\""))));
        for (path, value) in settings {
            document.impose("--exact", &format!("{path}={value}"))?;
            forget_compared(document, path);
        }
        Ok(())
    }

    /// The same with its tick told, by the cells as they are otherwise.
    pub(super) fn ticking(self, cells: &[Cell]) -> Exact {
        let ttls = cells.iter().filter_map(|cell| cell.workload.cache.ttl);
        let own = cells.iter().find_map(|cell| cell.workload.traffic.tick);
        let of_ttl = |ttl: Time| {
            let us = ttl.0.as_micros() as u64 * u64::from(TTLS) / self.operations.max(1);
            Time(std::time::Duration::from_micros(us.max(1)))
        };
        let tick = self.tick.or(own).or_else(|| ttls.max().map(of_ttl)).unwrap_or(USUAL_TICK);
        Exact { tick: Some(tick), ..self }
    }
}

/// Takes out of the comparison the setting at `path`, and those inside of it.
pub(super) fn forget_compared(document: &mut Document, path: &str) {
    let Some(compared) = document.get("compare").and_then(Node::as_table) else { return };
    let inside = format!("{path}.");
    let is_it = |name: &&str| *name == path || name.starts_with(&inside);
    let names: Vec<String> =
        compared.iter().map(|(key, _)| key.name.as_str()).filter(is_it).map(str::to_owned).collect();
    for name in names {
        document.remove(&format!("compare.\"{name}\""));
    }
}
