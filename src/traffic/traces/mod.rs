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
mod fields;
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

pub use encoding::Encoding;
pub use error::TraceError;
pub(super) use hottest::Requested;
pub use hottest::hottest;
pub use load::{load, load_watched};
pub use open::{lines, open};
pub use recording::{Recorded, Recording};
pub use request::{Request, TraceKey};
pub use source::Source;
pub use writer::TraceWriter;

use crate::registry::Entry;
use error::{Place, Position};
use sample::Sample;

/// A trace being read, request by request, in the order of the file.
///
/// A format owes an answer for any bytes: it comes to an end or to an error, and takes no more memory than a line or a
/// second of the trace does, whatever a damaged number promises. What the file does not say is `None`.
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
    (oracle_general::ENTRY.name, oracle_general::recognises),
    (vscsi::ENTRY.name, vscsi::recognises),
    (mooncake::ENTRY.name, mooncake::recognises),
    (monitor::ENTRY.name, monitor::recognises),
    (cachelib::ENTRY.name, cachelib::recognises),
    (twitter::ENTRY.name, twitter::recognises),
    (arc::ENTRY.name, arc::recognises),
    (csv::ENTRY.name, csv::recognises),
    (plain::ENTRY.name, plain::recognises),
];
