use std::path::Path;

use super::error::shown;
use super::{Request, Sample, TraceError, TraceKey, csv, int32be, int64be, oracle_general, plain};
use crate::registry::OptionsError;

/// How a format is written; it stands in the format's file.
pub struct Encoding {
    /// That of the format.
    pub name: &'static str,
    /// How the names of its files end, in lower case and without the suffix of a compression.
    pub(super) suffixes: &'static [&'static str],
    /// What a file begins with.
    pub(super) head: &'static str,
    /// Appends a request.
    pub(super) append: fn(&Request, &mut Vec<u8>) -> Result<(), Misfit>,
}

/// Something that a format cannot hold, and what it can.
pub(super) struct Misfit {
    pub wrong: String,
    pub right: &'static str,
}

impl Misfit {
    pub(super) fn new(key: &TraceKey, right: &'static str) -> Misfit {
        Misfit { wrong: format!("the key `{}`", shown(&key.token())), right }
    }
}

/// The formats that can be written, in the order in which they are listed.
pub(super) static ENCODINGS: &[Encoding] =
    &[plain::ENCODING, csv::ENCODING, int32be::ENCODING, int64be::ENCODING, oracle_general::ENCODING];

impl Encoding {
    /// Requests as they would stand in a file; `path` is where they come from.
    ///
    /// # Errors
    /// When one does not fit into the format.
    pub fn text(
        &self,
        path: &Path,
        requests: impl IntoIterator<Item = Request>,
    ) -> Result<Vec<u8>, TraceError> {
        let mut text = self.head.as_bytes().to_vec();
        for (request, record) in requests.into_iter().zip(1..) {
            (self.append)(&request, &mut text).map_err(|misfit| self.misfit(path, record, misfit))?;
        }
        Ok(text)
    }

    /// The error about a record that does not fit.
    pub(super) fn misfit(&self, path: &Path, record: u64, misfit: Misfit) -> TraceError {
        let Misfit { wrong, right } = misfit;
        TraceError::Misfit { path: path.into(), record, wrong, format: self.name, right }
    }

    /// The encoding called `name`; without a name, the one that the file at `path` is named for.
    ///
    /// # Errors
    /// When there is none; the message lists those that exist.
    pub fn find(path: &Path, name: Option<&str>) -> Result<&'static Encoding, TraceError> {
        let formats = || ENCODINGS.iter().map(|encoding| encoding.name).collect::<Vec<_>>().join(", ");
        match name {
            Some(name) => ENCODINGS.iter().find(|encoding| encoding.name == name).ok_or_else(|| {
                let reason = OptionsError(format!("it cannot be written, expected one of: {}", formats()));
                TraceError::Format { path: path.into(), format: name.into(), reason }
            }),
            None => {
                let sample = Sample::new(path, b"");
                let named = |encoding: &&Encoding| {
                    encoding.suffixes.iter().any(|suffix| sample.name_ends_with(suffix))
                };
                let unnamed = || TraceError::Unnamed { path: path.into(), formats: formats() };
                ENCODINGS.iter().find(named).ok_or_else(unnamed)
            }
        }
    }
}
