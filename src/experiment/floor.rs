use std::sync::Arc;
use std::time::Duration;

use super::ExperimentError;
use super::parts::refused;
use crate::engine::{Crew, Drive, Factory, Flow, Instance, Limit, Load, Pacing, Plan, Service, Stop};
use crate::measure::{Clock, Floor, Ledger, Sales, Tally, Usage};
use crate::mitigation::Guards;
use crate::model::{Kind, Rate, Size, StoreError};
use crate::registry::Choice;
use crate::store::{NoopCache, NoopDatabase, Tasks};
use crate::strategy::{Parts, STRATEGIES};
use crate::traffic::{Arrival, Bodies, KEYS, KeyParts, Mix, Schedule, Traffic, ValueSize, Weights};

/// Measured after a fifth as many that warm up.
const OPERATIONS: u64 = 500_000;
const ROWS: u64 = 100_000;

/// Measures the harness itself: reads through `direct` over a store that answers at once.
pub fn measure(stop: &Stop) -> Result<Floor, ExperimentError> {
    let idle = Idle::new(stop)?;
    let closed = || Load::Closed { clients: 1, think: None };
    idle.drive(closed(), Limit::Operations(OPERATIONS / 5), 0)?;
    let before = Usage::now();
    let drive = idle.drive(closed(), Limit::Operations(OPERATIONS), OPERATIONS / 5)?;
    let operations = drive.recorder.operations();
    Ok(Floor { operations, cpu_ns_per_op: Usage::since(&before).ns_per(operations.max(1)) })
}

/// How punctual a pacing is over a store that answers at once, at a rate of evenly spaced arrivals.
#[derive(Clone, Copy, Debug)]
pub struct Punctuality {
    /// How late operations started, in microseconds.
    pub lag_p50_us: f64,
    pub lag_p99_us: f64,
    /// Processor time, as a share of a core.
    pub cpu: f64,
}

/// Measures a pacing for a time.
pub fn punctuality(
    pacing: Pacing,
    rate: Rate,
    time: Duration,
    stop: &Stop,
) -> Result<Punctuality, ExperimentError> {
    let idle = Idle::new(stop)?;
    let schedule = Box::new(Schedule::steady(rate, Arrival::Constant, 1));
    let before = Usage::now();
    let drive = idle.drive(Load::Open { schedule, in_flight: 64, pacing }, Limit::Time(time), 0)?;
    let cpu = Usage::since(&before).cpu_s / drive.elapsed.as_secs_f64();
    let lag = drive.recorder.all(Clock::Lag);
    let us = |quantile| lag.value_at_quantile(quantile) as f64 / 1_000.0;
    Ok(Punctuality { lag_p50_us: us(0.5), lag_p99_us: us(0.99), cpu })
}

/// A crew of one instance that reads through `direct` over stores that answer at once.
struct Idle {
    crew: Crew,
    traffic: Arc<Traffic>,
    stop: Stop,
}

impl Idle {
    fn new(stop: &Stop) -> Result<Idle, ExperimentError> {
        let parts = KeyParts { rows: ROWS, seed: 1, folders: Vec::new() };
        let keys = Choice::named("zipfian").build(KEYS, parts)?;
        let weights = Weights { read: 1.0, ..Weights::default() };
        let bodies = Bodies::new(ValueSize::Fixed(Size(1)), 1);
        let traffic = Arc::new(Traffic::new(1, ROWS, "floor:", Mix::new(&weights, 1), keys, bodies));
        let factory: Factory = Arc::new(|instance| Box::pin(std::future::ready(build(instance))));
        Ok(Idle { crew: Crew::start(1, 1, &factory)?, traffic, stop: stop.clone() })
    }

    fn drive(&self, load: Load, limit: Limit, first: u64) -> Result<Drive, ExperimentError> {
        let plan = Plan {
            ticks: None,
            load,
            limit,
            first,
            timeouts: [Duration::from_secs(1); Kind::ALL.len()],
            traffic: self.traffic.clone(),
            ledger: Arc::new(Ledger::new(ROWS, ROWS)),
            loads: Arc::default(),
            sales: Arc::new(Sales::new(0)),
            prober: None,
            stop: self.stop.clone(),
        };
        Ok(self.crew.drive(plan, |_, _| Flow::Continue)?)
    }
}

fn build(instance: usize) -> Result<Instance, StoreError> {
    let (tally, tasks) = (Arc::new(Tally::default()), Tasks::default());
    let parts = Parts {
        cache: Arc::new(NoopCache),
        database: Arc::new(NoopDatabase),
        guards: Guards::none(None),
        leaves_misses: false,
        fill_delay: None,
        prefix: "floor:".into(),
        instance,
        tally: tally.clone(),
        ledger: Arc::default(),
        loads: Arc::default(),
        tasks: tasks.clone(),
    };
    let strategy = Choice::named("direct").build(STRATEGIES, parts).map_err(refused)?.into();
    Ok(Instance { service: Arc::new(Service { strategy, inventory: None, entries: None }), tally, tasks })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_floor_is_measured_over_all_its_operations() {
        let floor = measure(&Stop::default()).unwrap();
        assert_eq!(floor.operations, OPERATIONS);
        assert!(floor.cpu_ns_per_op > 0.0);
    }

    #[test]
    fn every_pacing_is_late_by_something_and_costs_something() {
        for pacing in [Pacing::Precise, Pacing::Balanced, Pacing::Cheap] {
            let time = Duration::from_millis(200);
            let found = punctuality(pacing, Rate(1_000.0), time, &Stop::default()).unwrap();
            assert!(found.lag_p99_us >= found.lag_p50_us && found.cpu > 0.0, "{pacing:?}: {found:?}");
        }
    }
}
