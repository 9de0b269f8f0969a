use cachebench::measure::CellResult;

use super::machine;
use super::run::{Measured, Run};

/// The most loads in a second.
fn peak(cell: &CellResult) -> f64 {
    let windows = cell.repeat().windows.iter().filter_map(|window| window.metrics.get("db.reads"));
    windows.fold(0.0, f64::max)
}

#[test]
fn leases_take_the_peak_off_an_invalidation_storm() {
    let guards = &["\"none\"", "{ lease = { mode = \"fb\", throttle = \"2s\", keep_stale = \"20s\" } }"][..];
    let load = Some("{ open = { rate = 1_550, in_flight = 512 } }");
    let more = "mix = { read = 1_500, write = 50 }";
    let run = Run {
        rows: 10,
        load_ms: 20,
        ttl_ms: 60_000,
        seconds: 5,
        instances: 2,
        guards,
        load,
        more,
        seats: machine::alone,
        ..Run::default()
    };
    let cells = run.measure();
    let [without, with] = [0, 1].map(|cell| peak(&cells[cell]));
    let stale = [0, 1].map(|cell| cells[cell].metric("stale_reads"));
    println!("at most {without} loads a second, with leases {with}; stale reads {stale:?}");
    assert!(with > 0.0 && without >= 10.0 * with, "{without} and {with}");
    assert!(stale[1] > stale[0], "the leases cost nothing: {stale:?}");
}
