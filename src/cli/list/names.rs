use crate::cli::Printer;
use crate::coherence::COHERENCES;
use crate::invalidation::TRANSPORTS;
use crate::inventory::INVENTORIES;
use crate::mitigation::MITIGATIONS;
use crate::placement::PLACEMENTS;
use crate::registry::Entry;
use crate::report::FORMATS as REPORT_FORMATS;
use crate::servers::Policies;
use crate::simulation::POLICIES;
use crate::store::DRIVERS;
use crate::strategy::STRATEGIES;
use crate::traffic::KEYS;
use crate::traffic::traces::FORMATS as TRACE_FORMATS;

/// Every registered name with its summary, by what it is chosen with.
fn registered() -> Vec<(&'static str, Vec<Listed>)> {
    vec![
        ("strategy", listed(STRATEGIES)),
        ("strategy.*.coherence", listed(COHERENCES)),
        ("mitigation", listed(MITIGATIONS)),
        ("invalidation", listed(TRANSPORTS)),
        ("traffic.keys", listed(KEYS)),
        ("traffic.keys.trace.format", listed(TRACE_FORMATS)),
        ("cache.driver", listed(DRIVERS)),
        ("inventory.persist", listed(INVENTORIES)),
        ("--format", listed(REPORT_FORMATS)),
        ("simulate --policies", listed(POLICIES)),
        ("cache.placement, placement --scheme", listed(PLACEMENTS)),
    ]
}

/// A registered name.
struct Listed {
    name: &'static str,
    summary: &'static str,
    /// The names of its options.
    options: Vec<String>,
}

fn listed<T: ?Sized, P>(entries: &[Entry<T, P>]) -> Vec<Listed> {
    let options = |entry: &Entry<T, P>| {
        let schema = (entry.options)(&mut schemars::SchemaGenerator::default()).to_value();
        let properties = schema.get("properties").and_then(|properties| properties.as_object());
        properties.map(|properties| properties.keys().cloned().collect()).unwrap_or_default()
    };
    entries
        .iter()
        .map(|entry| Listed { name: entry.name, summary: entry.summary, options: options(entry) })
        .collect()
}

/// Prints every name that a workload file or a flag can choose.
pub fn print(printer: &Printer) {
    let mut text = String::new();
    let all = registered();
    let width = all.iter().flat_map(|(_, names)| names).map(|listed| listed.name.len()).max().unwrap_or(0);
    for (place, names) in all {
        text += &format!("{place}\n");
        for listed in names {
            text += &format!("  {:width$}  {}\n", listed.name, listed.summary);
            if !listed.options.is_empty() {
                text += &format!("  {:width$}  options: {}\n", "", listed.options.join(", "));
            }
        }
        text += "\n";
    }
    // Without a server there is nobody to ask.
    if let Ok(Some(policies)) = Policies::installed() {
        text += &format!("cache.eviction, by {}\n", policies.server);
        for name in &policies.names {
            let meaning = Policies::meaning(name).unwrap_or_default();
            text += format!("  {name:width$}  {meaning}").trim_end();
            text += "\n";
        }
    }
    printer.data(text.trim_end_matches('\n'));
    printer.data("\n");
}
