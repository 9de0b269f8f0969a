use super::encoding::{Encoding, Misfit};
use super::{Request, Source, TraceError, TraceFormat, TraceKey};
use crate::registry::{self, Entry, NoOptions};

pub(super) const ENTRY: Entry<dyn TraceFormat, Source> = Entry {
    name: "int32be",
    summary: "binary, one big-endian integer of 32 bits a key, no header",
    options: registry::schema_of::<NoOptions>,
    build: |options, source| {
        registry::options::<NoOptions>(options)?;
        Ok(Box::new(Int32Be(source)))
    },
};

/// Keys of 32 bits, as in the web shop traces of headissue that the cache2k benchmarks replay.
///
/// Their upper bits hold a type, so an integer is its bit pattern and never negative.
struct Int32Be(Source);

impl TraceFormat for Int32Be {
    fn next(&mut self) -> Result<Option<Request>, TraceError> {
        let record = self.0.next_record()?;
        Ok(record.map(|bytes| Request::of(TraceKey::Number(u32::from_be_bytes(bytes).into()))))
    }
}

pub(super) const ENCODING: Encoding = Encoding {
    name: ENTRY.name,
    suffixes: &[".int32be"],
    head: "",
    append: |request, out| {
        let number = match request.key {
            TraceKey::Number(number) => u32::try_from(number).ok(),
            TraceKey::Text(_) => None,
        };
        let number = number.ok_or_else(|| Misfit::new(&request.key, "a number below 2^32"))?;
        out.extend(number.to_be_bytes());
        Ok(())
    },
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_keys_by_their_bit_pattern() {
        let mut trace = Int32Be(Source::of([0, 0, 1, 2, 255, 255, 255, 255]));
        assert_eq!(trace.next().unwrap(), Some(Request::of(TraceKey::Number(258))));
        assert_eq!(trace.next().unwrap(), Some(Request::of(TraceKey::Number(4_294_967_295))));
        assert_eq!(trace.next().unwrap(), None);
    }

    #[test]
    fn a_cut_record_is_told_with_its_offset() {
        let mut trace = Int32Be(Source::of([0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 9]));
        assert!(trace.next().is_ok() && trace.next().is_ok());
        assert_eq!(
            trace.next().unwrap_err().to_string(),
            "some.trace, record 3 (byte 8): the file ends in the middle of a record, after 3 of its 4 bytes"
        );
    }
}
