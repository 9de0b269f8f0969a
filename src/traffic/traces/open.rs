use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use super::decompress::decompress;
use super::source::peek;
use super::{FORMATS, Place, Position, RECOGNISED, Sample, Source, TraceError, TraceFormat};
use crate::registry::Choice;

/// The trace at `path`, which may be compressed as gzip, xz or zstd; the first request is not yet read.
///
/// Without a `format`, the file's name and first bytes tell it, where they can.
///
/// # Errors
/// When the file cannot be opened, is empty or of no format that can be told, or when the name or
/// an option of the format is unknown.
pub fn open(path: &Path, format: Option<&Choice>) -> Result<Box<dyn TraceFormat>, TraceError> {
    let (head, source) = content(path)?;
    if head.is_empty() {
        return Err(TraceError::Empty { path: path.into() });
    }
    let recognised = || recognise(&Sample::new(path, &head)).map(Choice::named);
    let choice = format.cloned().or_else(recognised).ok_or_else(|| {
        let formats = FORMATS.iter().map(|entry| entry.name).collect::<Vec<_>>().join(", ");
        TraceError::Unrecognised { path: path.into(), formats }
    })?;
    choice.build(FORMATS, source).map_err(|reason| TraceError::Format {
        path: path.into(),
        format: choice.name,
        reason,
    })
}

/// The content of the file at `path`, which may be compressed as gzip, xz or zstd.
///
/// # Errors
/// When the file cannot be opened or read.
pub fn lines(path: &Path) -> Result<Source, TraceError> {
    content(path).map(|(_, source)| source)
}

/// The first bytes of a file, and all of it.
fn content(path: &Path) -> Result<(Vec<u8>, Source), TraceError> {
    let file = File::open(path).map_err(|reason| TraceError::Open { path: path.into(), reason })?;
    let content = decompress(Box::new(BufReader::with_capacity(BUFFER, file)));
    let (head, reader) = content.and_then(|content| peek(content, Sample::LENGTH)).map_err(|reason| {
        let at = Position { path: path.into(), record: 1, place: Place::Byte(0) };
        TraceError::Read { at, reason }
    })?;
    Ok((head, Source::new(path, reader)))
}

/// How much is read from the file at once.
const BUFFER: usize = 64 << 10;

fn recognise(sample: &Sample) -> Option<&'static str> {
    RECOGNISED.iter().find(|(_, recognises)| recognises(sample)).map(|(name, _)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry;

    fn opened(name: &str, bytes: &[u8], format: Option<&str>) -> Result<Box<dyn TraceFormat>, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        open(&path, format.map(Choice::named).as_ref()).map_err(|error| error.to_string())
    }

    #[test]
    fn names_and_content_tell_the_format() {
        for (name, head, format) in [
            ("day.csv", "time,key\n", Some("csv")),
            ("day.csv.zst", "1,2\n", Some("csv")),
            ("day", "# time, object, size\n", Some("csv")),
            ("day.txt", "1\n2\n", Some("plain")),
            ("day.bin", "1\n2\n", None),
            ("day", "\0\0\0\u{1}", None),
            ("day.jsonl", "{\"timestamp\": 0, \"hash_ids\": [1]}\n", Some("mooncake")),
            ("day.jsonl", "{\"timestamp\": 0}\n", None),
            ("day.csv", "0,abc,3,10,1,get,0\n", Some("twitter")),
            ("day.csv", "op_time,key,key_size,op,op_count,size\n", Some("cachelib")),
            ("day.vscsi.xz", "", Some("vscsi")),
            ("day.oracleGeneral", "", Some("oracle-general")),
            ("day", "5 1 0 0\n6 1 0 1\n", Some("arc")),
            ("day.log", "OK\n1.5 [0 127.0.0.1:1] \"GET\" \"a\"\n", Some("monitor")),
        ] {
            assert_eq!(recognise(&Sample::new(name, head.as_bytes())), format, "{name}");
        }
    }

    #[test]
    fn what_is_recognised_is_a_format() {
        assert!(RECOGNISED.iter().all(|(name, _)| registry::find(FORMATS, name).is_some()));
    }

    #[test]
    fn a_binary_file_needs_a_named_format() {
        let names = FORMATS.iter().map(|entry| entry.name).collect::<Vec<_>>().join(", ");
        let error = opened("day.bin", &[0, 0, 0, 1], None).err().unwrap();
        assert!(error.ends_with(&format!("name one of: {names}")), "{error}");
        assert!(opened("day.bin", &[0, 0, 0, 1], Some("int32be")).is_ok());
        let error = opened("day.bin", &[0, 0, 0, 1], Some("int16be")).err().unwrap();
        assert!(
            error.contains(&format!("unknown name `int16be`, expected one of: {names}; did you mean `int")),
            "{error}"
        );
    }

    #[test]
    fn a_file_that_is_absent_a_folder_or_empty_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let absent = open(&folder.path().join("absent"), None).err().unwrap().to_string();
        assert!(absent.contains("absent: cannot be opened: "), "{absent}");
        let directory = open(folder.path(), None).err().unwrap().to_string();
        assert!(directory.contains("record 1 (byte 0): cannot be read: "), "{directory}");
        assert!(opened("empty", b"", None).err().unwrap().ends_with("there is no request in it"));
    }
}
