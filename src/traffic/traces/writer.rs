use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::NamedTempFile;

use super::compress::Compressor;
use super::encoding::Encoding;
use super::{Request, TraceError};

/// Writes a trace request by request, compressed as the name of its file asks for.
///
/// It writes into a temporary file beside, which gets its name at the end: a file of that name is always complete.
pub struct TraceWriter {
    path: Arc<Path>,
    /// The file that is replaced: not a link to it, which may be a device's.
    target: PathBuf,
    encoding: &'static Encoding,
    file: NamedTempFile,
    compressor: Compressor,
    buffer: Vec<u8>,
    written: u64,
}

/// So many bytes are compressed at once.
const BUFFER: usize = 64 << 10;

impl TraceWriter {
    /// Begins the trace at `path`; an existing file is replaced at the end, where `path` is a link the one that it
    /// names.
    ///
    /// # Errors
    /// When no file can be made there, or something is there that is no file: a device, a pipe, a folder.
    pub fn create(path: &Path, encoding: &'static Encoding) -> Result<TraceWriter, TraceError> {
        let failed = |reason| TraceError::Write { path: path.into(), reason };
        let target = target(path).map_err(failed)?;
        let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        let file = temporary(folder).map_err(failed)?;
        let compressor = file.reopen().and_then(|writer| Compressor::new(path, writer)).map_err(failed)?;
        let buffer = encoding.head.as_bytes().to_vec();
        Ok(TraceWriter { path: path.into(), target, encoding, file, compressor, buffer, written: 0 })
    }

    /// Appends a request.
    ///
    /// # Errors
    /// When it does not fit into the format, or cannot be written.
    pub fn write(&mut self, request: &Request) -> Result<(), TraceError> {
        let record = self.written + 1;
        let appended = (self.encoding.append)(request, &mut self.buffer);
        appended.map_err(|misfit| self.encoding.misfit(&self.path, record, misfit))?;
        self.written = record;
        if self.buffer.len() >= BUFFER { self.flush() } else { Ok(()) }
    }

    /// How many requests were written.
    pub fn written(&self) -> u64 {
        self.written
    }

    /// Completes the file and gives it its name.
    ///
    /// # Errors
    /// When what is left cannot be written, or the file not be named.
    pub fn finish(mut self) -> Result<(), TraceError> {
        self.flush()?;
        let TraceWriter { path, target, file, compressor, .. } = self;
        let finish = || {
            compressor.finish()?;
            file.as_file().sync_all()?;
            file.persist(&target).map_err(|error| error.error)
        };
        finish().map(drop).map_err(|reason| TraceError::Write { path, reason })
    }

    fn flush(&mut self) -> Result<(), TraceError> {
        let written = self.compressor.write_all(&self.buffer);
        self.buffer.clear();
        written.map_err(|reason| TraceError::Write { path: self.path.clone(), reason })
    }
}

/// The file that stands at `path` or will: its name would otherwise be taken from a device or a link.
fn target(path: &Path) -> io::Result<PathBuf> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(path.into()),
        found => found?,
    };
    let kind = fs::metadata(path)?.file_type();
    if kind.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    if !kind.is_file() {
        let text = "it is a device, a pipe or a socket, which would be replaced; write into a file";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
    }
    fs::canonicalize(path)
}

/// A temporary file that others may read as they may read any new file; by itself it would be private.
fn temporary(folder: &Path) -> io::Result<NamedTempFile> {
    use std::os::unix::fs::PermissionsExt;
    let mut builder = tempfile::Builder::new();
    builder.prefix(".cachebench-").suffix(".part").permissions(std::fs::Permissions::from_mode(0o666));
    builder.tempfile_in(folder)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::traffic::traces::encoding::ENCODINGS;
    use crate::traffic::traces::{TraceKey, open};

    fn names(folder: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(folder).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn a_file_has_its_name_only_when_it_is_complete() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv.gz");
        std::fs::write(&path, "old").unwrap();
        let mut dropped = TraceWriter::create(&path, Encoding::find(&path, None).unwrap()).unwrap();
        (0..100_000).for_each(|key| dropped.write(&Request::of(TraceKey::Number(key))).unwrap());
        assert_eq!(names(folder.path()).len(), 2);
        drop(dropped);
        assert_eq!(
            (names(folder.path()), std::fs::read_to_string(&path).unwrap().as_str()),
            (vec!["a.csv.gz".into()], "old")
        );
        let mut whole = TraceWriter::create(&path, Encoding::find(&path, None).unwrap()).unwrap();
        whole.write(&Request::of(TraceKey::Number(7))).unwrap();
        whole.finish().unwrap();
        assert_eq!(names(folder.path()), ["a.csv.gz"]);
        let mut back = open(&path, None).unwrap();
        assert_eq!(back.next().unwrap(), Some(Request::of(TraceKey::Number(7))));
        assert_eq!(back.next().unwrap(), None);
    }

    #[test]
    fn only_files_are_replaced_and_never_the_link_to_one() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let socket = std::os::unix::net::UnixListener::bind(at("socket.csv")).unwrap();
        for (target, link) in [("/dev/null", "null.csv"), ("/nowhere/a.csv", "lost.csv"), ("a.csv", "b.csv")]
        {
            std::os::unix::fs::symlink(target, at(link)).unwrap();
        }
        fs::write(at("a.csv"), "old").unwrap();
        let create =
            |path: &Path| TraceWriter::create(path, Encoding::find(Path::new("a.csv"), None).unwrap());
        for path in ["/dev/null".into(), at("null.csv"), at("socket.csv")] {
            let error = create(&path).err().unwrap().to_string();
            assert!(error.contains("cannot be written: it is a device, a pipe or a socket"), "{error}");
        }
        assert!(create(&at("lost.csv")).is_err());
        let mut writer = create(&at("b.csv")).unwrap();
        writer.write(&Request::of(TraceKey::Number(7))).unwrap();
        writer.finish().unwrap();
        assert!(at("b.csv").is_symlink() && fs::read_to_string(at("a.csv")).unwrap().contains('7'));
        drop(socket);
    }

    #[test]
    fn keys_that_do_not_fit_are_told_with_their_record() {
        let folder = tempfile::tempdir().unwrap();
        for (format, token) in [
            ("int32be", "4294967296"),
            ("int64be", "18446744073709551616"),
            ("oracle-general", "a"),
            ("plain", "*"),
            ("plain", " a"),
            ("plain", "a\u{1}"),
            ("plain", ""),
            ("csv", ""),
            ("csv", "a\nb"),
            ("csv", "a "),
        ] {
            let path = folder.path().join("out");
            let mut writer =
                TraceWriter::create(&path, Encoding::find(&path, Some(format)).unwrap()).unwrap();
            writer.write(&Request::of(TraceKey::Number(1))).unwrap();
            let error = writer.write(&Request::of(TraceKey::of(token.as_bytes()))).unwrap_err().to_string();
            let expected = format!("out: record 2 does not fit into the format {format}: the key `");
            assert!(error.contains(&expected), "{error}");
        }
    }

    #[test]
    fn a_folder_that_is_not_there_is_told() {
        let error = TraceWriter::create(Path::new("/nowhere/a.csv"), &ENCODINGS[1]).err().unwrap();
        assert!(error.to_string().starts_with("/nowhere/a.csv: cannot be written: "), "{error}");
        let error = TraceWriter::create(Path::new("/"), &ENCODINGS[1]).err().unwrap();
        assert!(error.to_string().starts_with("/: cannot be written: "), "{error}");
    }

    #[test]
    fn a_format_is_named_or_told_by_the_name_of_the_file() {
        for (path, name, format) in [
            ("a.csv.xz", None, Ok("csv")),
            ("a.txt", None, Ok("plain")),
            ("a.oracleGeneral.bin.zst", None, Ok("oracle-general")),
            ("a.csv", Some("plain"), Ok("plain")),
            ("a", None, Err("name one of: plain, csv, int32be, int64be, oracle-general")),
            (
                "a",
                Some("vscsi"),
                Err("the trace format `vscsi`: it cannot be written, expected one of: plain"),
            ),
        ] {
            match (Encoding::find(Path::new(path), name), format) {
                (Ok(encoding), format) => assert_eq!(Ok(encoding.name), format, "{path}"),
                (Err(error), format) => assert!(error.to_string().contains(format.unwrap_err()), "{error}"),
            }
        }
    }
}
