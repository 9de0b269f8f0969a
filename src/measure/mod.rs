//! Measure: what happened, as plain numbers.
//!
//! | what | where |
//! |---|---|
//! | operations, as lanes see them end | `observation`, `recorder`, `latencies`, `around`, `ramp/bins` |
//! | rows that were read, and whether what they returned was right | `reads`, `ledger`, `judgements`, `visibility` |
//! | what was sent to the stores | `tally`, `guards`, `flushes`, `pool`, `saturation` |
//! | what each node of the cache took | `nodes` |
//! | how the word of writes got to those who cache the rows | `events` |
//! | loads by the expiry that caused them | `loads`, `stampede` |
//! | numbers by name, and how they come about | `metric`, `stretch`, `curve`, `names`; every `tell` |
//! | the shape of `result.json` | `summary`, and what it is made of |
//! | what is held against the numbers | `validity`, `expectation`, `selector`, `cell_expectation`, `expected`, `recovery`, `remap`, `audit`, `sales`, `theory` |
//! | which cell is the best of many | `pick`, `sweep` |
//! | what numbers that scatter show, and how surely | `inference`, `statistics` |
//! | two versions or settings side by side | `comparison` |
//! | what of the machine would spoil it all | `doctor` |
//! | one program over time | `history` |

mod allocations;
mod around;
mod audit;
mod baseline;
mod bounds;
mod capacity;
mod cell_expectation;
pub mod comparison;
mod curve;
mod doctor;
mod events;
mod exact;
mod expectation;
mod expected;
mod fault;
mod flushes;
mod gaps;
mod guards;
pub mod history;
mod host;
pub mod inference;
mod interval_log;
mod judgements;
mod latencies;
mod ledger;
mod loads;
mod metric;
mod names;
mod nodes;
mod observation;
mod pick;
mod pool;
mod pressure;
mod ramp;
mod reads;
mod recorder;
mod recovery;
mod remap;
mod sales;
mod saturation;
mod selector;
mod sizing;
mod stampede;
mod statistics;
mod stretch;
mod summary;
mod sweep;
mod tally;
pub mod theory;
mod usage;
mod validity;
mod visibility;
mod window;

pub use allocations::{Counting, allocations};
use around::Around;
pub use audit::{Audit, CacheAudit, Compared, Difference, EXAMPLES, Recheck, WriteAudit};
pub use baseline::{BASELINE_FORMAT, Baseline, Moved, steady};
pub use bounds::{Bounds, clock_guard};
pub use capacity::{Capacity, Ended, Purpose, Trial};
pub use cell_expectation::CellExpectation;
pub use curve::{CurvePoint, curves};
pub use doctor::{Finding, Machine, State, examine};
pub use events::{ConsumerRecord, Coverage, Events, EventsSummary, Level, Progress};
pub use exact::{ExactCounts, OnTheWire};
pub use expectation::{Expectation, ExpectationError};
pub use expected::{Expected, judge};
pub use fault::{Back, Effect, FaultRecord, MovedEntries, Recovery, Versus};
pub use flushes::Flushes;
pub use gaps::Gaps;
pub use guards::{GuardEvent, GuardWaits};
pub use host::host;
pub use interval_log::IntervalLog;
pub use judgements::Judgement;
use judgements::Judgements;
pub use latencies::Clock;
pub use ledger::{Account, Ledger, ReadFloor, Session, Unflushed};
use ledger::{Freshness, Stale};
use loads::Timeline;
pub use loads::{BIN, Cause, Load, LoadSummary, Loads, TIMELINE};
pub use metric::{Metric, Metrics, PERCENTILES, Unit, quantile};
pub use names::names;
pub use nodes::{Evenness, NodeLoad, tell_nodes};
pub use observation::{Observation, Rows};
pub use pick::{Closest, Criterion, Demands, Picked, front};
pub use pool::PoolUse;
pub use pressure::{Pressure, Reading};
use ramp::ReadBins;
pub use ramp::{Beginning, Bin, BinCounts, Meter, RAMP_BIN, Ramp, RampBin, Reached, ramp_again};
pub use reads::RowRead;
use reads::RowReads;
pub use recorder::Recorder;
pub use recovery::{outages, recover};
pub use remap::Remap;
pub use sales::{Sales, StockAudit};
pub use selector::{Condition, Selector};
pub use sizing::{Sizing, SizingStep, note_of_idle_policy, note_of_small_limit};
pub use stampede::{LoadsPerExpiry, Stampede, StampedeBin};
pub use statistics::{mean_and_interval, median};
pub use summary::{CellResult, CellSetting, FORMAT, Floor, RepeatResult, Status, Summary, label_of};
pub use sweep::{Row, Sweep, TheoryChoice};
pub use tally::{Command, QueryClass, Tally, TallyCounts};
pub use usage::{Usage, thread_time};
pub use validity::{CounterCheck, Findings, Verdict};
pub use visibility::Visibility;
pub use window::Window;
