use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use lzma_rust2::{XzOptions, XzWriter};
use ruzstd::encoding::{CompressionLevel, compress_to_vec};

/// A file that is written, compressed as its name asks for.
pub(super) enum Compressor {
    None(BufWriter<File>),
    Gzip(GzEncoder<BufWriter<File>>),
    Xz(Box<XzWriter<BufWriter<File>>>),
    Zstd(Zstd),
}

/// The preset of xz: those above take several times as long for a few percent.
const XZ_PRESET: u32 = 3;

impl Compressor {
    /// Writes into `file`, which will be called as `path` is: `.gz`, `.xz` and `.zst` are compressed.
    pub(super) fn new(path: &Path, file: File) -> io::Result<Compressor> {
        let name = path.to_string_lossy().to_lowercase();
        let file = BufWriter::with_capacity(64 << 10, file);
        Ok(match name.rsplit('.').next() {
            Some("gz") => Compressor::Gzip(GzEncoder::new(file, Compression::default())),
            Some("xz") => Compressor::Xz(Box::new(XzWriter::new(file, XzOptions::with_preset(XZ_PRESET))?)),
            Some("zst") => Compressor::Zstd(Zstd { file, frame: Vec::new() }),
            _ => Compressor::None(file),
        })
    }

    pub(super) fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Compressor::None(file) => file.write_all(bytes),
            Compressor::Gzip(encoder) => encoder.write_all(bytes),
            Compressor::Xz(encoder) => encoder.write_all(bytes),
            Compressor::Zstd(encoder) => encoder.write_all(bytes),
        }
    }

    /// Writes what is left. Without this the file is incomplete.
    pub(super) fn finish(self) -> io::Result<()> {
        let mut file = match self {
            Compressor::None(file) => file,
            Compressor::Gzip(encoder) => encoder.finish()?,
            Compressor::Xz(encoder) => encoder.finish()?,
            Compressor::Zstd(mut encoder) => {
                encoder.end_frame()?;
                encoder.file
            }
        };
        file.flush()
    }
}

/// Frames of 4 MiB each: the encoder takes a frame as a whole, and would take the whole file for one.
pub(super) struct Zstd {
    file: BufWriter<File>,
    frame: Vec<u8>,
}

const FRAME: usize = 4 << 20;

impl Zstd {
    fn write_all(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while self.frame.len() + bytes.len() >= FRAME {
            let (now, later) = bytes.split_at(FRAME - self.frame.len());
            self.frame.extend_from_slice(now);
            self.end_frame()?;
            bytes = later;
        }
        self.frame.extend_from_slice(bytes);
        Ok(())
    }

    fn end_frame(&mut self) -> io::Result<()> {
        if self.frame.is_empty() {
            return Ok(());
        }
        let compressed = compress_to_vec(self.frame.as_slice(), CompressionLevel::Fastest);
        self.frame.clear();
        self.file.write_all(&compressed)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufReader, Read};

    use super::super::decompress::decompress;
    use super::*;

    #[test]
    fn what_is_compressed_is_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let content: Vec<u8> =
            (0..600_000u64).flat_map(|n| (n * n % 1_009).to_string().into_bytes()).collect();
        // Frames are crossed by single writes and by many.
        let chunks = [&content[..], &content.repeat(5), &content[..7], b""];
        for name in ["a.csv", "a.csv.gz", "a.csv.XZ", "a.csv.zst"] {
            let path = folder.path().join(name);
            let mut compressor = Compressor::new(&path, File::create(&path).unwrap()).unwrap();
            chunks.iter().for_each(|chunk| compressor.write_all(chunk).unwrap());
            compressor.finish().unwrap();
            let mut back = Vec::new();
            let file = BufReader::new(File::open(&path).unwrap());
            decompress(Box::new(file)).unwrap().read_to_end(&mut back).unwrap();
            assert!(back == chunks.concat(), "{name}");
            let shrunk = std::fs::metadata(&path).unwrap().len() < back.len() as u64 / 2;
            assert_eq!(shrunk, name != "a.csv", "{name}");
        }
    }
}
