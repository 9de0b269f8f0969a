//! Measure: what happened, as plain numbers.

mod after_write;
mod capacity;
mod expectation;
mod gaps;
mod host;
mod interval_log;
mod latencies;
mod metric;
mod names;
mod recorder;
mod sales;
mod summary;
mod tally;
pub mod theory;
mod usage;
mod validity;
mod window;

pub use after_write::AfterWrite;
pub use capacity::{Capacity, Ended, Purpose, Trial};
pub use expectation::{Comparison, Expectation, ExpectationError};
pub use gaps::Gaps;
pub use host::host;
pub use interval_log::IntervalLog;
pub use latencies::Clock;
pub use metric::{Metric, Metrics, PERCENTILES, Unit};
pub use names::names;
pub use recorder::{Observation, Recorder, Rows};
pub use sales::{Sales, StockAudit};
pub use summary::{CellResult, CellSetting, FORMAT, Floor, RepeatResult, Status, Summary};
pub use tally::{Command, QueryClass, Tally, TallyCounts};
pub use usage::{Usage, thread_time};
pub use validity::{CounterCheck, Findings, Verdict};
pub use window::Window;
