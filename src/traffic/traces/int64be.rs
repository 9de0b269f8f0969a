use super::encoding::{Encoding, Misfit};
use super::{Request, Source, TraceError, TraceFormat, TraceKey};
use crate::registry::{self, Entry, NoOptions};

pub(super) const ENTRY: Entry<dyn TraceFormat, Source> = Entry {
    name: "int64be",
    summary: "binary, one big-endian integer of 64 bits a key, no header",
    options: registry::schema_of::<NoOptions>,
    build: |options, source| {
        registry::options::<NoOptions>(options)?;
        Ok(Box::new(Int64Be(source)))
    },
};

/// Keys of 64 bits, such as hashes; an integer is its bit pattern and never negative.
struct Int64Be(Source);

impl TraceFormat for Int64Be {
    fn next(&mut self) -> Result<Option<Request>, TraceError> {
        let record = self.0.next_record()?;
        Ok(record.map(|bytes| Request::of(TraceKey::Number(u64::from_be_bytes(bytes)))))
    }
}

pub(super) const ENCODING: Encoding = Encoding {
    name: ENTRY.name,
    suffixes: &[".int64be"],
    head: "",
    append: |request, out| {
        let TraceKey::Number(number) = request.key else {
            return Err(Misfit::new(&request.key, "a number below 2^64"));
        };
        out.extend(number.to_be_bytes());
        Ok(())
    },
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_above_the_signed_range_are_keys() {
        let mut trace = Int64Be(Source::of([0, 0, 0, 0, 0, 0, 1, 2, 128, 0, 0, 0, 0, 0, 0, 1]));
        assert_eq!(trace.next().unwrap(), Some(Request::of(TraceKey::Number(258))));
        assert_eq!(trace.next().unwrap(), Some(Request::of(TraceKey::Number((1 << 63) + 1))));
        assert_eq!(trace.next().unwrap(), None);
    }

    #[test]
    fn a_cut_record_is_told_with_its_offset() {
        let mut trace = Int64Be(Source::of([0; 15]));
        assert!(trace.next().is_ok());
        assert_eq!(
            trace.next().unwrap_err().to_string(),
            "some.trace, record 2 (byte 8): the file ends in the middle of a record, after 7 of its 8 bytes"
        );
    }
}
