use std::io::{self, Cursor, ErrorKind, Read};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread;
use std::time::Duration;

use crate::engine::Stop;

/// Standard input, where a stop is heard though nothing comes.
///
/// A thread reads it. It may be waiting for ever, and then ends with the program.
pub struct Stdin {
    chunks: Receiver<io::Result<Vec<u8>>>,
    chunk: Cursor<Vec<u8>>,
    stop: Stop,
}

/// Bytes that are read at once.
const CHUNK: usize = 64 << 10;
/// Chunks that wait to be taken; a recording that is slower makes the writer wait, as a pipe does.
const WAITING: usize = 4;
/// How late a stop is heard while nothing comes.
const LOOK: Duration = Duration::from_millis(20);

impl Stdin {
    pub fn until(stop: &Stop) -> Stdin {
        let (sender, chunks) = sync_channel(WAITING);
        thread::spawn(move || {
            loop {
                let mut chunk = vec![0; CHUNK];
                let read = match io::stdin().lock().read(&mut chunk) {
                    Ok(0) => return,
                    Ok(length) => {
                        chunk.truncate(length);
                        Ok(chunk)
                    }
                    Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                    Err(error) => Err(error),
                };
                let failed = read.is_err();
                if sender.send(read).is_err() || failed {
                    return;
                }
            }
        });
        Stdin { chunks, chunk: Cursor::default(), stop: stop.clone() }
    }
}

impl Read for Stdin {
    /// # Errors
    /// When it cannot be read, and when a stop was asked for.
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            let length = self.chunk.read(into)?;
            if length > 0 || into.is_empty() {
                return Ok(length);
            }
            match self.chunks.recv_timeout(LOOK) {
                Ok(chunk) => self.chunk = Cursor::new(chunk?),
                Err(RecvTimeoutError::Disconnected) => return Ok(0),
                // Not `Interrupted`, after which readers try again.
                Err(RecvTimeoutError::Timeout) if self.stop.is_requested() => {
                    return Err(io::Error::other("stopped"));
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }
}
