use super::fields::number;
use super::{Request, Sample, Source, TraceError, TraceFormat, TraceKey};
use crate::model::Kind;
use crate::registry::{self, Entry, NoOptions};

pub(super) const ENTRY: Entry<dyn TraceFormat, Source> = Entry {
    name: "vscsi",
    summary: "binary, the block traces of CloudPhysics: records of 32 or 40 bytes with SCSI commands",
    options: registry::schema_of::<NoOptions>,
    build: |options, source| {
        registry::options::<NoOptions>(options)?;
        Ok(Box::new(Vscsi { source, version: None }))
    },
};

/// Little-endian records of one of two versions, which the upper byte of their field `ver` tells.
///
/// Version 1 has u32 sn, u32 len, u32 nSG, u16 cmd, u16 ver, u64 lbn, u64 microseconds; version 2 begins with cmd and
/// ver, and ends with a u64 of the response time. The key is the block. Commands that move no block are skipped.
struct Vscsi {
    source: Source,
    /// Known once the first record was looked at.
    version: Option<Version>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Version {
    One,
    Two,
}

/// The fields of a record that are used.
#[derive(Debug, PartialEq)]
struct Record {
    length: u32,
    command: u16,
    version: u16,
    block: u64,
    time_us: u64,
}

impl Record {
    fn one(record: &[u8; 32]) -> Record {
        Record::of(record, 4, 12)
    }

    fn two(record: &[u8; 40]) -> Record {
        Record::of(record, 8, 0)
    }

    /// The versions differ in the offsets of the length and of the command, after which its version stands.
    #[inline]
    fn of<const N: usize>(record: &[u8; N], length: usize, command: usize) -> Record {
        Record {
            length: number!(u32, record, length),
            command: number!(u16, record, command),
            version: number!(u16, record, command + 2),
            block: number!(u64, record, 16),
            time_us: number!(u64, record, 24),
        }
    }

    /// What the command does with the block, by its code: READ and WRITE of 6, 10, 12 and 16 bytes, WRITE AND VERIFY,
    /// WRITE SAME.
    fn kind(&self) -> Option<Kind> {
        match self.command {
            0x08 | 0x28 | 0x88 | 0xa8 => Some(Kind::Read),
            0x0a | 0x2a | 0x8a | 0xaa | 0x2e | 0x8e | 0xae | 0x41 | 0x93 => Some(Kind::Write),
            _ => None,
        }
    }
}

/// The version of a file, by the first record; version 1 where nothing tells.
fn version(head: &[u8]) -> Version {
    match head.first_chunk().map(Record::two) {
        Some(two) if two.version >> 8 == 2 && two.kind().is_some() => Version::Two,
        _ => Version::One,
    }
}

impl TraceFormat for Vscsi {
    fn next(&mut self) -> Result<Option<Request>, TraceError> {
        let version = match self.version {
            Some(version) => version,
            None => version(self.source.ahead()?),
        };
        self.version = Some(version);
        loop {
            let (record, number) = match version {
                Version::One => (self.source.next_record()?.map(|bytes| Record::one(&bytes)), 1),
                Version::Two => (self.source.next_record()?.map(|bytes| Record::two(&bytes)), 2),
            };
            let Some(record) = record else { return Ok(None) };
            if record.version >> 8 != number {
                let wrong = format!("a record of version {}", record.version >> 8);
                return Err(self.source.wrong(wrong, format!("version {number}, as in the first record")));
            }
            if let Some(kind) = record.kind() {
                return Ok(Some(Request {
                    at_us: Some(record.time_us),
                    op: Some(kind),
                    size: Some(record.length),
                    ..Request::of(TraceKey::Number(record.block))
                }));
            }
        }
    }
}

/// Whether the first records have a version and a command that moves a block, whatever the name.
pub(super) fn recognises(sample: &Sample) -> bool {
    let all = |records: Vec<Record>, version| {
        records.len() >= 2
            && records.iter().all(|record| record.version >> 8 == version && record.kind().is_some())
    };
    let ones = sample.head().as_chunks().0.iter().take(16).map(Record::one).collect();
    let twos = sample.head().as_chunks().0.iter().take(16).map(Record::two).collect();
    sample.name_ends_with(".vscsi") || all(ones, 1) || all(twos, 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(command: u16, block: u64, time_us: u64) -> Vec<u8> {
        let words = [1u32, 4_096, 1].map(u32::to_le_bytes).concat();
        let halves = [command, 0x0100].map(u16::to_le_bytes).concat();
        [words, halves, [block, time_us].map(u64::to_le_bytes).concat()].concat()
    }

    fn two(command: u16, block: u64, time_us: u64) -> Vec<u8> {
        let halves = [command, 0x0200].map(u16::to_le_bytes).concat();
        let words = [1u32, 4_096, 1].map(u32::to_le_bytes).concat();
        [halves, words, [block, time_us, 250].map(u64::to_le_bytes).concat()].concat()
    }

    fn read(bytes: Vec<u8>) -> Result<Vec<Request>, String> {
        let mut trace = Vscsi { source: Source::of(bytes), version: None };
        let mut requests = Vec::new();
        trace.read(&mut requests, 100).map_err(|error| error.to_string())?;
        Ok(requests)
    }

    #[test]
    fn both_versions_are_read_and_commands_that_move_no_block_are_skipped() {
        let expected = |block, kind| Request {
            at_us: Some(block + 1),
            op: Some(kind),
            size: Some(4_096),
            ..Request::of(TraceKey::Number(block))
        };
        let commands = [(0x2a, 7), (0x28, u64::MAX - 1), (0x35, 0)];
        for record in [one, two] {
            let bytes = commands.map(|(command, block)| record(command, block, block + 1)).concat();
            let requests = read(bytes).unwrap();
            assert_eq!(requests, [expected(7, Kind::Write), expected(u64::MAX - 1, Kind::Read)]);
        }
    }

    #[test]
    fn a_record_of_another_version_or_a_cut_one_is_told_with_its_offset() {
        let mut other = one(0x28, 1, 1);
        other[15] = 9;
        let error = read([one(0x28, 1, 1), other].concat()).unwrap_err();
        assert!(error.contains("record 2 (byte 32): a record of version 9; expected version 1"), "{error}");
        let error = read([one(0x28, 1, 1), one(0x28, 1, 1)[..31].to_vec()].concat()).unwrap_err();
        assert!(error.contains("record 2 (byte 32): the file ends in the middle"), "{error}");
    }

    #[test]
    fn a_name_or_likely_records_are_recognised() {
        for (name, head, recognised) in [
            ("a.vscsi", vec![], true),
            ("a.bin", one(0x28, 1, 1).repeat(2), true),
            ("a.bin", two(0xaa, 1, 1).repeat(2), true),
            ("a.bin", one(0x28, 1, 1), false),
            ("a.bin", one(0x35, 1, 1).repeat(2), false),
            ("a.bin", vec![0; 4_096], false),
        ] {
            assert_eq!(recognises(&Sample::new(name, &head)), recognised, "{name} {head:?}");
        }
    }
}
