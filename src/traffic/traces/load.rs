use std::path::Path;

use super::numbering::Numbering;
use super::recording::{NO_SIZE, NO_TTL, Recording, index_of};
use super::{Request, TraceError, TraceFormat, open};
use crate::registry::Choice;

/// Loads the trace at `path`, or its first `limit` requests. Without a `format` it is told as [`open()`] does.
///
/// # Errors
/// When the trace cannot be opened or read to its end or limit, has no request, or too many keys for 32 bits.
pub fn load(path: &Path, format: Option<&Choice>, limit: Option<u64>) -> Result<Recording, TraceError> {
    load_watched(path, format, limit, &mut |_| {})
}

/// As [`load()`]; `watch` is told again and again how many requests were read.
///
/// # Errors
/// As [`load()`].
pub fn load_watched(
    path: &Path,
    format: Option<&Choice>,
    limit: Option<u64>,
    watch: &mut dyn FnMut(u64),
) -> Result<Recording, TraceError> {
    let mut trace = open(path, format)?;
    Loader::default().load(path, &mut *trace, limit.unwrap_or(u64::MAX), watch)
}

/// How many requests are read at once: few enough to stay in a cache of the processor.
const BATCH: u64 = 1_024;

impl Recording {
    /// A recording of these requests; `None` where there are none, or of more keys than 32 bits number.
    pub fn of(requests: impl IntoIterator<Item = Request>) -> Option<Recording> {
        let mut loader = Loader::default();
        let all = requests.into_iter().all(|request| loader.push(request));
        (all && !loader.recording.keys.is_empty()).then_some(loader.recording)
    }
}

/// A recording in the making.
#[derive(Default)]
struct Loader {
    recording: Recording,
    numbers: Numbering,
    /// Microseconds since the trace's epoch: of the first request with a time, and the latest.
    first_us: Option<u64>,
    latest_us: u64,
}

impl Loader {
    fn load(
        mut self,
        path: &Path,
        trace: &mut dyn TraceFormat,
        limit: u64,
        watch: &mut dyn FnMut(u64),
    ) -> Result<Recording, TraceError> {
        let mut batch = Vec::with_capacity(BATCH as usize);
        loop {
            let most = limit.saturating_sub(self.recording.len()).min(BATCH);
            trace.read(&mut batch, most as usize)?;
            if batch.is_empty() {
                break;
            }
            if !batch.drain(..).all(|request| self.push(request)) {
                return Err(TraceError::TooManyKeys { path: path.into() });
            }
            watch(self.recording.len());
        }
        if self.recording.keys.is_empty() {
            return Err(TraceError::Empty { path: path.into() });
        }
        Ok(self.recording)
    }

    /// Adds a request; false when there is no number left for its key.
    fn push(&mut self, request: Request) -> bool {
        let Some(number) = self.numbers.number(request.key) else { return false };
        let recording = &mut self.recording;
        recording.unique_keys = self.numbers.count();
        let before = recording.keys.len();
        recording.keys.push(number);
        let kind = request.op.and_then(index_of);
        if let Some(kind) = kind {
            recording.counts[kind] += 1;
        }
        push(&mut recording.ops, before, kind.map(|kind| kind as u8 + 1), 0);
        push(&mut recording.sizes, before, request.size.map(|size| size.min(NO_SIZE - 1)), NO_SIZE);
        let ttl = request.ttl.map(|ttl| u32::try_from(ttl.as_millis()).unwrap_or(NO_TTL));
        push(&mut recording.ttls, before, ttl, NO_TTL);
        let time = request.at_us.map(|at| {
            let first = *self.first_us.get_or_insert(at);
            recording.late_records += u64::from(at < self.latest_us);
            self.latest_us = self.latest_us.max(at);
            self.latest_us - first
        });
        let latest = self.latest_us - self.first_us.unwrap_or_default();
        push(&mut recording.times, before, time, latest);
        true
    }
}

/// Adds to a column that exists only from the first value on; the `before` requests until then get `absent`.
fn push<T: Copy>(column: &mut Option<Vec<T>>, before: usize, value: Option<T>, absent: T) {
    match (column, value) {
        (Some(column), value) => column.push(value.unwrap_or(absent)),
        (column @ None, Some(value)) => {
            let mut values = vec![absent; before];
            values.push(value);
            *column = Some(values);
        }
        (None, None) => {}
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::{FORMATS, Recorded, Source, TraceKey};
    use super::*;
    use crate::model::Kind;
    use crate::registry::find;

    fn recorded(format: &str, text: &'static str, limit: u64) -> Result<Recording, TraceError> {
        let build = find(FORMATS, format).unwrap().build;
        let mut trace = build(&serde_json::Value::Null, Source::of(text)).unwrap();
        Loader::default().load(Path::new("some.trace"), &mut *trace, limit, &mut |_| {})
    }

    #[test]
    fn keys_are_numbered_in_the_order_of_their_first_request() {
        let recording = recorded("plain", "9\nb\n9\n18446744073709551615\nb\n", u64::MAX).unwrap();
        let keys: Vec<_> = (0..5).map(|index| recording.request(index).key).collect();
        assert_eq!((keys.as_slice(), recording.unique_keys()), (&[0, 1, 0, 2, 1][..], 3));
        assert_eq!(recording.request(0), Recorded { key: 0, op: None, at: None });
        assert_eq!((recording.span(), recording.size(0), recording.count(Kind::Read)), (None, None, 0));
    }

    #[test]
    fn times_count_from_the_first_and_never_go_back() {
        let recording = recorded("csv", "time,key\n5,a\n7,a\n6,a\n4,a\n8.5,a\n", u64::MAX).unwrap();
        let times: Vec<_> = (0..5).map(|index| recording.request(index).at.unwrap()).collect();
        assert_eq!(times, [0, 2_000, 2_000, 2_000, 3_500].map(Duration::from_millis));
        assert_eq!((recording.late_records(), recording.span()), (2, times.last().copied()));
    }

    #[test]
    fn a_limit_ends_the_recording_before_what_is_wrong_later() {
        let text = "key,op,size\na,get,\nb,set,10\nc,del,4294967295\nd,oops,1\n";
        let recording = recorded("csv", text, 3).unwrap();
        let ops: Vec<_> = (0..3).map(|index| recording.request(index).op.unwrap()).collect();
        assert_eq!(ops, [Kind::Read, Kind::Write, Kind::Delete]);
        let sizes: Vec<_> = (0..3).map(|index| recording.size(index)).collect();
        assert_eq!(sizes, [None, Some(10), Some(u32::MAX - 1)]);
        assert_eq!(Kind::OF_ONE_ROW.map(|kind| recording.count(kind)), [1, 1, 0, 1]);
        assert!(recording.has_sizes() && !recording.has_ttls());
        assert!(recorded("csv", text, 4).is_err());
    }

    #[test]
    fn times_to_live_are_kept_and_those_too_long_are_for_ever() {
        let recording = recorded("csv", "key,ttl\na,\nb,60\na,0\nc,4294967295\n", u64::MAX).unwrap();
        let ttls: Vec<_> = (0..4).map(|index| recording.ttl(index)).collect();
        assert_eq!(ttls, [None, Some(Duration::from_secs(60)), None, None]);
        assert_eq!(recording.keys(), [0, 1, 0, 2]);
    }

    #[test]
    fn a_recording_of_requests_numbers_their_keys() {
        let requests = [7, 3, 7].map(|key| Request::of(TraceKey::Number(key)));
        assert_eq!(Recording::of(requests).unwrap().keys(), [0, 1, 0]);
        assert!(Recording::of([]).is_none());
    }

    #[test]
    fn a_trace_without_requests_is_an_error() {
        let error = recorded("plain", "*\n\n", u64::MAX).err().unwrap();
        assert_eq!(error.to_string(), "some.trace: there is no request in it");
    }
}
