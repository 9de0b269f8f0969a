//! Measure: what happened, as plain numbers.

mod audit;
mod capacity;
mod expectation;
mod gaps;
mod host;
mod interval_log;
mod judgements;
mod latencies;
mod ledger;
mod metric;
mod names;
mod recorder;
mod summary;
mod tally;
pub mod theory;
mod usage;
mod validity;
mod window;

pub use audit::{Audit, CacheAudit, Compared, Difference, EXAMPLES, Loss, Recheck, WriteAudit};
pub use capacity::{Capacity, Ended, Purpose, Trial};
pub use expectation::{Comparison, Expectation, ExpectationError};
pub use gaps::Gaps;
pub use host::host;
pub use interval_log::IntervalLog;
pub use judgements::{Judgement, Judgements};
pub use latencies::Clock;
pub use ledger::{Account, Freshness, Ledger, ReadFloor, Session, Stale, Unflushed};
pub use metric::{Metric, Metrics, PERCENTILES, Unit};
pub use names::names;
pub use recorder::{Observation, Recorder, Rows};
pub use summary::{CellResult, CellSetting, FORMAT, Floor, RepeatResult, Status, Summary};
pub use tally::{Command, Flushes, QueryClass, Tally, TallyCounts};
pub use usage::{Usage, thread_time};
pub use validity::{CounterCheck, Findings, Verdict};
pub use window::Window;
