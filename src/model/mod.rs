//! Model: the plain data that every other module speaks in.

mod event;
mod key;
mod lifetimes;
mod moment;
mod operation;
mod outcome;
mod stock;
mod timing;
mod units;
mod unix_clock;
mod value;

pub use event::Event;
pub use key::Key;
pub use lifetimes::Lifetimes;
pub use moment::{Moment, unix_us};
pub use operation::{Kind, Operation, Payload};
pub use outcome::{Failure, Found, Outcome, Served, Store, StoreError};
pub use stock::{Intent, StockLevel};
pub use timing::{Timing, nanos};
pub use units::{Rate, Size, Time, UnitError};
pub use unix_clock::UnixClock;
pub use value::{Value, checksum};

/// A future that owns no thread: what every asynchronous trait of this crate returns.
pub type BoxFuture<'a, T> = std::pin::Pin<Box<dyn Future<Output = T> + Send + 'a>>;
