//! Traces: requests that others recorded, one file a format.

mod arc;
mod by_key;
mod cachelib;
mod columns;
mod compress;
mod csv;
mod decimal;
mod decompress;
mod encoding;
mod error;
#[cfg(test)]
mod fuzz;
mod hottest;
mod int32be;
mod int64be;
mod load;
pub mod monitor;
mod mooncake;
mod numbering;
mod open;
mod oracle_general;
mod plain;
mod recording;
mod request;
mod rows;
mod sample;
mod source;
pub mod stat;
mod twitter;
mod vscsi;
mod words;
mod writer;

pub use encoding::{ENCODINGS, Encoding};
pub use error::{Place, Position, TraceError};
pub use hottest::{Requested, hottest};
pub use load::{load, load_watched};
pub use open::{lines, open};
pub use recording::{Recorded, Recording};
pub use request::{Request, TraceKey};
pub use source::Source;

pub use writer::TraceWriter;

use crate::registry::Entry;
use sample::Sample;

/// A trace being read, request by request, in the order of the file.
pub trait TraceFormat: Send {
    /// The next request; `None` at the end of the trace.
    ///
    /// # Errors
    /// When the file cannot be read, or what stands there is no request. A trace that gave an error is over.
    fn next(&mut self) -> Result<Option<Request>, TraceError>;

    /// Appends the next requests, `most` of them or all that are left: one call for many requests.
    ///
    /// # Errors
    /// As [`TraceFormat::next`]; the requests before the error were appended.
    fn read(&mut self, into: &mut Vec<Request>, most: usize) -> Result<(), TraceError> {
        for _ in 0..most {
            let Some(request) = self.next()? else { break };
            into.push(request);
        }
        Ok(())
    }
}

/// The formats, in the order in which they are listed.
pub static FORMATS: &[Entry<dyn TraceFormat, Source>] = &[
    plain::ENTRY,
    csv::ENTRY,
    twitter::ENTRY,
    cachelib::ENTRY,
    oracle_general::ENTRY,
    vscsi::ENTRY,
    mooncake::ENTRY,
    arc::ENTRY,
    monitor::ENTRY,
    int32be::ENTRY,
    int64be::ENTRY,
];

/// Tells from a sample of a file whether it is of a format.
type Recognises = fn(&Sample) -> bool;

/// How a file of an unnamed format is told, by the first that recognises it; the others have to be named.
///
/// What asks for more comes first: a table of CacheLib is a table too.
static RECOGNISED: &[(&str, Recognises)] = &[
    ("oracle-general", oracle_general::recognises),
    ("vscsi", vscsi::recognises),
    ("mooncake", mooncake::recognises),
    ("monitor", monitor::recognises),
    ("cachelib", cachelib::recognises),
    ("twitter", twitter::recognises),
    ("arc", arc::recognises),
    ("csv", csv::recognises),
    ("plain", plain::recognises),
];
