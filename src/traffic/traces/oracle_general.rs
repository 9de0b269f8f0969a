use super::encoding::{Encoding, Misfit};
use super::fields::number;
use super::{Request, Sample, Source, TraceError, TraceFormat, TraceKey};
use crate::registry::{self, Entry, NoOptions};

pub(super) const ENTRY: Entry<dyn TraceFormat, Source> = Entry {
    name: "oracle-general",
    summary: "binary, oracleGeneral of libCacheSim: records of 24 bytes with time, key, size and next access",
    options: registry::schema_of::<NoOptions>,
    build: |options, source| {
        registry::options::<NoOptions>(options)?;
        Ok(Box::new(OracleGeneral(source)))
    },
};

/// Packed little-endian records: u32 seconds, u64 key, u32 bytes, i64 number of the next request of that key.
///
/// The next access is not used: whoever replays a trace must not know what comes.
struct OracleGeneral(Source);

const LENGTH: usize = 24;

struct Record {
    seconds: u32,
    id: u64,
    size: u32,
    next: i64,
}

impl Record {
    fn of(bytes: &[u8; LENGTH]) -> Record {
        Record {
            seconds: number!(u32, bytes, 0),
            id: number!(u64, bytes, 4),
            size: number!(u32, bytes, 12),
            next: number!(i64, bytes, 16),
        }
    }
}

impl TraceFormat for OracleGeneral {
    fn next(&mut self) -> Result<Option<Request>, TraceError> {
        let record = self.0.next_record()?.map(|bytes| Record::of(&bytes));
        Ok(record.map(|Record { seconds, id, size, .. }| Request {
            at_us: Some(u64::from(seconds) * 1_000_000),
            size: Some(size),
            ..Request::of(TraceKey::Number(id))
        }))
    }
}

/// Whether the name says so, or the first records can be such: times do not go back, and the next access lies ahead.
pub(super) fn recognises(sample: &Sample) -> bool {
    let named = [".oraclegeneral", ".oraclegeneral.bin"];
    if named.iter().any(|suffix| sample.name_ends_with(suffix)) {
        return true;
    }
    let (chunks, _) = sample.head().as_chunks::<LENGTH>();
    let records: Vec<Record> = chunks.iter().map(Record::of).collect();
    // Of fewer records it could be chance.
    records.len() >= 8
        && records.iter().zip(0..).all(|(record, index)| record.next == -1 || record.next > index)
        && records.is_sorted_by_key(|record| record.seconds)
}

pub(super) const ENCODING: Encoding = Encoding {
    name: ENTRY.name,
    suffixes: &[".oraclegeneral", ".oraclegeneral.bin"],
    head: "",
    append: |request, out| {
        let TraceKey::Number(id) = request.key else {
            return Err(Misfit::new(&request.key, "a key of 64 bits"));
        };
        let seconds = request.at_us.unwrap_or_default() / 1_000_000;
        let Ok(seconds) = u32::try_from(seconds) else {
            return Err(Misfit { wrong: format!("a time of {seconds} s"), right: "seconds of 32 bits" });
        };
        out.extend(seconds.to_le_bytes());
        out.extend(id.to_le_bytes());
        // Readers leave objects without bytes out, so one of unknown size has one.
        out.extend(request.size.unwrap_or(1).to_le_bytes());
        out.extend((-1i64).to_le_bytes());
        Ok(())
    },
};

#[cfg(test)]
mod tests {
    use super::*;

    fn record(seconds: u32, id: u64, size: u32, next: i64) -> Vec<u8> {
        let parts = [seconds.to_le_bytes().to_vec(), id.to_le_bytes().into(), size.to_le_bytes().into()];
        [parts.concat(), next.to_le_bytes().into()].concat()
    }

    #[test]
    fn a_record_has_a_time_a_key_and_a_size() {
        let key = (1 << 63) + 5;
        let mut trace = OracleGeneral(Source::of(record(7, key, 512, -1)));
        let expected =
            Request { at_us: Some(7_000_000), size: Some(512), ..Request::of(TraceKey::Number(key)) };
        assert_eq!(trace.next().unwrap(), Some(expected));
        assert_eq!(trace.next().unwrap(), None);
    }

    #[test]
    fn a_cut_record_is_told_with_its_offset() {
        let bytes = [record(7, 1, 1, -1), record(7, 1, 1, -1)[..23].to_vec()].concat();
        let mut trace = OracleGeneral(Source::of(bytes));
        assert!(trace.next().is_ok());
        let error = trace.next().unwrap_err().to_string();
        assert!(
            error.contains("record 2 (byte 24): the file ends in the middle")
                && error.contains("23 of its 24")
        );
    }

    #[test]
    fn a_name_or_likely_records_are_recognised() {
        let likely: Vec<u8> = (0..9).flat_map(|n| record(100 + n, 7, 10, i64::from(n) + 1)).collect();
        let past: Vec<u8> = (0..9).flat_map(|n| record(100 + n, 7, 10, 0)).collect();
        let back: Vec<u8> = (0..9).flat_map(|n| record(100 - n, 7, 10, -1)).collect();
        let few: Vec<u8> = (0..7).flat_map(|n| record(n, 7, 10, -1)).collect();
        for (name, head, recognised) in [
            ("a.oracleGeneral", &b""[..], true),
            ("a.oracleGeneral.bin.xz", b"", true),
            ("a.bin", &likely, true),
            ("a.bin", &past, false),
            ("a.bin", &back, false),
            ("a.bin", &few, false),
            ("a.bin", &[0; 4_096], false),
        ] {
            assert_eq!(recognises(&Sample::new(name, head)), recognised, "{name} {head:?}");
        }
    }
}
