//! Traces: requests that others recorded, one file a format.

mod columns;
mod csv;
mod decimal;
mod decompress;
mod error;
mod int32be;
mod int64be;
mod load;
mod open;
mod plain;
mod recording;
mod request;
mod rows;
mod sample;
mod source;
mod words;

pub use error::{Place, Position, TraceError};
pub use load::load;
pub use open::open;
pub use recording::{Recorded, Recording};
pub use request::{Request, TraceKey};
pub use source::Source;

use crate::registry::Entry;
use sample::Sample;

/// A trace being read, request by request, in the order of the file.
pub trait TraceFormat: Send {
    /// The next request; `None` at the end of the trace.
    ///
    /// # Errors
    /// When the file cannot be read, or what stands there is no request. A trace that gave an error is over.
    fn next(&mut self) -> Result<Option<Request>, TraceError>;
}

/// The formats, in the order in which they are listed.
pub static FORMATS: &[Entry<dyn TraceFormat, Source>] =
    &[plain::ENTRY, csv::ENTRY, int32be::ENTRY, int64be::ENTRY];

/// Tells from a sample of a file whether it is of a format.
type Recognises = fn(&Sample) -> bool;

/// How a file of an unnamed format is told, by the first that recognises it; the others have to be named.
static RECOGNISED: &[(&str, Recognises)] = &[("csv", csv::recognises), ("plain", plain::recognises)];
