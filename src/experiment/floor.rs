use std::sync::Arc;
use std::time::Duration;

use crate::engine::{Crew, Factory, Flow, Instance, Limit, Load, Plan, Stop};
use crate::measure::{AfterWrite, Floor, Tally, Usage};
use crate::model::{Failure, Kind, Size, StoreError};
use crate::registry::Choice;
use crate::store::{NoopCache, NoopDatabase};
use crate::strategy::{Parts, STRATEGIES};
use crate::traffic::{Bodies, KEYS, KeyParts, Mix, Traffic, ValueSize, Weights};

const OPERATIONS: u64 = 500_000;
const ROWS: u64 = 100_000;

/// Measures the harness itself: reads through `direct` over a store that answers at once.
pub fn measure(stop: &Stop) -> Result<Floor, super::ExperimentError> {
    let keys = Choice::named("zipfian").build(KEYS, KeyParts { rows: ROWS, seed: 1, folders: Vec::new() })?;
    let weights = Weights { read: 1.0, ..Weights::default() };
    let bodies = Bodies::new(ValueSize::Fixed(Size(1)), 1);
    let traffic = Arc::new(Traffic::new(1, ROWS, "floor:", Mix::new(&weights, 1), keys, bodies));
    let factory: Factory = Arc::new(|instance| Box::pin(std::future::ready(build(instance))));
    let crew = Crew::start(1, 1, &factory)?;
    let plan = |first, operations| Plan {
        load: Load::Closed { clients: 1, think: None },
        limit: Limit::Operations(operations),
        first,
        timeouts: [Duration::from_secs(1); Kind::ALL.len()],
        traffic: traffic.clone(),
        after_write: Arc::new(AfterWrite::new(ROWS)),
        stop: stop.clone(),
    };
    crew.drive(plan(0, OPERATIONS / 5), |_| Flow::Continue)?;
    let before = Usage::now();
    let drive = crew.drive(plan(OPERATIONS / 5, OPERATIONS), |_| Flow::Continue)?;
    let operations = drive.recorder.operations();
    Ok(Floor { operations, cpu_ns_per_op: Usage::since(&before).ns_per(operations.max(1)) })
}

fn build(instance: usize) -> Result<Instance, StoreError> {
    let tally = Arc::new(Tally::default());
    let parts = Parts {
        cache: Arc::new(NoopCache),
        database: Arc::new(NoopDatabase),
        ttl: None,
        prefix: "floor:".into(),
        instance,
        tally: tally.clone(),
    };
    let strategy = Choice::named("direct")
        .build(STRATEGIES, parts)
        .map_err(|error| StoreError::cache(Failure::Refused, error))?;
    Ok(Instance { strategy: strategy.into(), tally })
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
}
