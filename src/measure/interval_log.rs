use std::time::Duration;

use hdrhistogram::Histogram;
use hdrhistogram::serialization::interval_log::{IntervalLogWriterBuilder, Tag};
use hdrhistogram::serialization::{Deserializer, Serializer, V2DeflateSerializer};

use super::{Clock, Recorder};
use crate::model::{Kind, Served};

/// The histograms of a measurement's windows, one tagged line each, in HdrHistogram's log format 1.3.
///
/// Values are nanoseconds; the maximum in clear is in milliseconds. Tags are `read.response`,
/// `read.hit.response`, `write.service` …
#[derive(Clone, Debug, Default)]
pub struct IntervalLog {
    lines: Vec<u8>,
    /// The response times of reads, compressed, by window; nothing for a window without any.
    reads: Vec<Vec<u8>>,
}

/// Nanoseconds in the unit that the maximum is written in.
const MAX_DIVISOR: f64 = 1e6;

impl IntervalLog {
    /// Adds the histograms of a window that began `at` after the start.
    pub fn append(&mut self, at: Duration, length: Duration, recorder: &Recorder) {
        let mut serializer = V2DeflateSerializer::new();
        let mut builder = IntervalLogWriterBuilder::new();
        builder.with_max_value_divisor(MAX_DIVISOR);
        // Writing to memory does not fail.
        let Ok(mut log) = builder.begin_log_with(&mut self.lines, &mut serializer) else { return };
        for (name, histogram) in recorder.histograms() {
            let _ = log.write_histogram(&histogram, at, length, Tag::new(&name));
        }
        let mut reads = Vec::new();
        if let Some(histogram) = recorder.latency(Kind::Read, Clock::Response) {
            let _ = V2DeflateSerializer::new().serialize(&histogram, &mut reads);
        }
        self.reads.push(reads);
    }

    /// The response times of the reads of a window, in nanoseconds.
    pub(super) fn reads(&self, window: usize) -> Option<Histogram<u64>> {
        Deserializer::new().deserialize(&mut self.reads.get(window)?.as_slice()).ok()
    }

    /// The log as a file: the format's version, what the values are, the legend, then the lines.
    pub fn to_file(&self, started_at: &str) -> Vec<u8> {
        let head = format!(
            "#[Histogram log format version 1.3]\n#[started at {started_at}; times are seconds from there]\n\
             #[values are nanoseconds, Interval_Max is milliseconds]\n\
             \"StartTimestamp\",\"Interval_Length\",\"Interval_Max\",\"Interval_Compressed_Histogram\"\n"
        );
        [head.as_bytes(), &self.lines].concat()
    }
}

impl Recorder {
    /// Every histogram that holds something, by name, in nanoseconds.
    pub fn histograms(&self) -> Vec<(String, Histogram<u64>)> {
        let mut all = Vec::new();
        for kind in Kind::ALL {
            for clock in Clock::ALL {
                let histogram = self.latency(kind, clock);
                all.extend(histogram.map(|found| (format!("{}.{}", kind.name(), clock.name()), found)));
            }
        }
        for served in [Served::Near, Served::Hit, Served::Miss] {
            for clock in [Clock::Response, Clock::Service] {
                let histogram = self.served_latency(served, clock);
                let name = format!("read.{}.{}", served.name(), clock.name());
                all.extend(histogram.map(|found| (name, found)));
            }
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use hdrhistogram::serialization::interval_log::{IntervalLogIterator, LogEntry};

    use super::*;
    use crate::measure::Observation;
    use crate::measure::recorder::took;

    #[test]
    fn a_log_is_read_back_by_the_format_s_own_reader() {
        let mut recorder = Recorder::default();
        let seen = Observation::of(Kind::Read, Ok(Some(Served::Hit)));
        recorder.record(seen, took(Duration::from_millis(3)));
        let mut log = IntervalLog::default();
        log.append(Duration::from_secs(2), Duration::from_secs(1), &recorder);
        let file = log.to_file("2026-01-01T00:00:00Z");
        let mut tags = Vec::new();
        for entry in IntervalLogIterator::new(&file) {
            if let Ok(LogEntry::Interval(interval)) = entry {
                let raw = base64(interval.encoded_histogram());
                let read: hdrhistogram::Histogram<u64> =
                    Deserializer::new().deserialize(&mut &raw[..]).unwrap();
                assert_eq!((interval.start_timestamp(), read.len()), (Duration::from_secs(2), 1));
                tags.push(interval.tag().unwrap().as_str().to_owned());
            }
        }
        assert!(
            tags.contains(&"read.response".into()) && tags.contains(&"read.hit.service".into()),
            "{tags:?}"
        );
    }

    /// What Base64 stands for, without its rules of padding: enough for a test.
    fn base64(text: &str) -> Vec<u8> {
        const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let (mut bits, mut count, mut out) = (0u32, 0, Vec::new());
        for byte in text.bytes().take_while(|&byte| byte != b'=') {
            let value = ALPHABET.iter().position(|&letter| letter == byte).unwrap() as u32;
            (bits, count) = (bits << 6 | value, count + 6);
            if count >= 8 {
                count -= 8;
                out.push((bits >> count) as u8);
            }
        }
        out
    }
}
