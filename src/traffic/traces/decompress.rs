use std::io::{self, BufRead, BufReader, Read};

use flate2::bufread::MultiGzDecoder;
use lzma_rust2::XzReader;
use ruzstd::decoding::FrameDecoder;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};

use super::source::peek;

/// How much a decoder decodes at once.
const BUFFER: usize = 64 << 10;

/// The content of a file that may be compressed as gzip, xz or zstd, which its first bytes tell.
///
/// Decodes while it is read. Several compressed streams after each other are one file, as `cat`
/// and the parallel compressors leave them; damage is an error of the reader that comes back.
pub(super) fn decompress(reader: Box<dyn BufRead + Send>) -> io::Result<Box<dyn BufRead + Send>> {
    let (head, reader) = peek(reader, 6)?;
    let (name, decoder): (_, Box<dyn Read + Send>) = match head.as_slice() {
        [0x1f, 0x8b, 8, ..] => ("gzip", Box::new(MultiGzDecoder::new(reader))),
        [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => ("xz", Box::new(XzReader::new(reader, true))),
        // The second is a frame to be skipped, with which `pzstd` begins.
        [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => {
            ("zstd", Box::new(Zstd::new(reader)))
        }
        _ => return Ok(reader),
    };
    Ok(Box::new(BufReader::with_capacity(BUFFER, Decoder { name, decoder })))
}

/// A decoder whose errors say of which compression they are; its own speak of distances and blocks.
struct Decoder {
    name: &'static str,
    decoder: Box<dyn Read + Send>,
}

impl Read for Decoder {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.decoder.read(buffer).map_err(|error| match error.kind() {
            io::ErrorKind::Interrupted => error,
            kind => io::Error::new(kind, format!("its {} data is cut or damaged: {error}", self.name)),
        })
    }
}

/// The frames of a zstd file, one after another; the decoder itself knows only one.
struct Zstd {
    source: Box<dyn BufRead + Send>,
    decoder: FrameDecoder,
    in_frame: bool,
}

impl Zstd {
    fn new(source: Box<dyn BufRead + Send>) -> Zstd {
        Zstd { source, decoder: FrameDecoder::new(), in_frame: false }
    }

    fn begin_frame(&mut self) -> io::Result<()> {
        match self.decoder.init(&mut self.source) {
            Ok(()) => {
                self.in_frame = true;
                Ok(())
            }
            Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                length, ..
            })) => {
                let mut frame = self.source.by_ref().take(length.into());
                match io::copy(&mut frame, &mut io::sink())? {
                    skipped if skipped == u64::from(length) => Ok(()),
                    _ => Err(io::ErrorKind::UnexpectedEof.into()),
                }
            }
            Err(error) => Err(io::Error::other(error)),
        }
    }

    fn end_frame(&mut self) -> io::Result<()> {
        self.in_frame = false;
        let stored = self.decoder.get_checksum_from_data();
        if stored.is_some() && stored != self.decoder.get_calculated_checksum() {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the checksum of a zstd frame is wrong"));
        }
        Ok(())
    }
}

impl Read for Zstd {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        use ruzstd::decoding::BlockDecodingStrategy::UptoBlocks;

        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            if !self.in_frame {
                if self.source.fill_buf()?.is_empty() {
                    return Ok(0);
                }
                self.begin_frame()?;
                continue;
            }
            let length = self.decoder.read(buffer)?;
            if length > 0 {
                return Ok(length);
            }
            if self.decoder.is_finished() {
                self.end_frame()?;
            } else {
                self.decoder.decode_blocks(&mut self.source, UptoBlocks(1)).map_err(io::Error::other)?;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // `printf '1\n2\n3\n'` through gzip -9n, xz -9e and zstd -19 --check.
    const GZIP: &str = "1f8b080000000000020333e432e232e60200d8545f7706000000";
    const XZ: &str = "fd377a585a000004e6d6b446020021011c00000010cf58cc010005310a320a330a000000\
                      e3c1b17e5bb8574e00011e06c12fa41d1fb6f37d010000000004595a";
    const ZSTD: &str = "28b52ffd0468310000310a320a330abb08a178";
    // A frame of three bytes to be skipped.
    const SKIPPED: &str = "502a4d1803000000010203";

    fn bytes(hex: &str) -> Vec<u8> {
        let digit = |digit: u8| (digit as char).to_digit(16).unwrap() as u8;
        hex.as_bytes().chunks(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
    }

    fn content(bytes: Vec<u8>) -> io::Result<String> {
        let mut content = String::new();
        decompress(Box::new(io::Cursor::new(bytes)))?.read_to_string(&mut content)?;
        Ok(content)
    }

    #[test]
    fn three_compressions_and_none_hold_the_same_bytes() {
        for file in [bytes(GZIP), bytes(XZ), bytes(ZSTD), b"1\n2\n3\n".to_vec()] {
            assert_eq!(content(file).unwrap(), "1\n2\n3\n");
        }
        assert_eq!(content(Vec::new()).unwrap(), "");
    }

    #[test]
    fn streams_after_each_other_are_one_file() {
        for file in [GZIP.repeat(2), XZ.repeat(2), ZSTD.repeat(2), [SKIPPED, ZSTD, SKIPPED, ZSTD].concat()] {
            assert_eq!(content(bytes(&file)).unwrap(), "1\n2\n3\n1\n2\n3\n");
        }
    }

    #[test]
    fn a_cut_or_damaged_file_is_an_error() {
        for file in [GZIP, XZ, ZSTD, SKIPPED] {
            let whole = bytes(file);
            let error = content(whole[..whole.len() - 2].to_vec()).unwrap_err().to_string();
            assert!(error.contains("data is cut or damaged"), "{error}");
        }
        for file in [GZIP, XZ, ZSTD] {
            // The last byte of each is a part of its checksum, its footer, or its length.
            let mut damaged = bytes(file);
            *damaged.last_mut().unwrap() ^= 1;
            assert!(content(damaged).is_err(), "damaged: {file}");
        }
    }
}
