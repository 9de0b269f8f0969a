use super::demands;
use super::exit::{Exit, Failure};
use crate::config::Loaded;
use crate::experiment::not_searchable;
use crate::measure::{Ended, Expectation, Summary};

/// The expectations of `--find-max`, for a workload whose capacity can be searched.
pub fn expectations(texts: &[String], loaded: &Loaded) -> Result<Vec<Expectation>, Failure> {
    let expectations = demands::expectations("--find-max", texts)?;
    let faulty = loaded.cells.iter().any(|cell| !cell.workload.fault.is_empty());
    if faulty && !expectations.is_empty() {
        let file = loaded.path.display();
        return Err(Failure::new(
            Exit::Usage,
            format!(
                "--find-max asks what is held while nothing goes wrong, and {file} has faults; leave them out: --set fault=[]"
            ),
        ));
    }
    match not_searchable(loaded).filter(|_| !expectations.is_empty()) {
        None => Ok(expectations),
        Some(load) => Err(Failure::new(
            Exit::Usage,
            format!(
                "--find-max starts from the rate of an open load, and {} has {load}; give it one: \
                 --set 'traffic.load={{ open = {{ rate = 1_000 }} }}'",
                loaded.path.display()
            ),
        )),
    }
}

/// How a search ended: the worst of its cells.
pub fn exit(summary: &Summary) -> Exit {
    let ended = |wanted: &[Ended]| {
        summary.cells.iter().filter_map(|cell| cell.capacity.as_ref()).any(|it| wanted.contains(&it.ended))
    };
    if ended(&[Ended::Interrupted]) {
        Exit::Interrupted
    } else if ended(&[Ended::NoValidTrial, Ended::NotTold, Ended::OutOfTrials]) {
        Exit::Invalid
    } else if ended(&[Ended::NoRate]) {
        Exit::Unmet
    } else {
        Exit::Done
    }
}
