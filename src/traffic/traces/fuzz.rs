//! Every format over bytes that no one would write: it says what is wrong or reads on, and comes to an end.

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::Value as Json;

use super::encoding::ENCODINGS;
use super::{FORMATS, RECOGNISED, Request, Sample, Source, TraceKey};
use crate::model::Kind;
use crate::registry::find;

/// More than any of the files below holds, unless a damaged number says so.
const MOST: usize = 20_000;

/// A valid file of a format.
fn valid(format: &str) -> Vec<u8> {
    let text = match format {
        "plain" => "7\n*\nuser:7\r\n18446744073709551615\n",
        "csv" => "time,key,op,size,ttl\n1.5,a,get,10,\n2,\"b,c\",set,,60\n",
        "twitter" => "0,abc,3,10,1,get,0\n1,d,1,0,1,set,60\n",
        "cachelib" => "op_time,key,op,op_count,size\n7,a,GET,3,10\n7,b,SET,2,0\n8,a,DELETE,1,0\n",
        "mooncake" => "{\"timestamp\": 27, \"hash_ids\": [0, 1]}\n{\"timestamp\": 30, \"hash_ids\": [1]}\n",
        "arc" => "5 3 0 0\n9 1 0 1\n",
        "monitor" => {
            "OK\n1.5 [0 127.0.0.1:1] \"SET\" \"a\\x00\" \"b\" \"EX\" \"5\"\n1.6 [0 lua] \"MGET\" \"a\" \"b\"\n"
        }
        "vscsi" => {
            let record = |n: u8| [vec![0; 12], vec![0x2a, 0, 0, 1, n], vec![0; 15]].concat();
            return (0..4).flat_map(record).collect();
        }
        _ => return (0..96).collect(),
    };
    text.into()
}

/// Reads to the end, an error or [`MOST`] requests; tells how many there were.
fn read(format: &str, bytes: Vec<u8>) -> Result<usize, String> {
    let build = find(FORMATS, format).expect("it is listed").build;
    let mut trace = build(&Json::Null, Source::of(bytes)).map_err(|error| error.to_string())?;
    let mut requests = Vec::new();
    trace.read(&mut requests, MOST).map_err(|error| error.to_string())?;
    Ok(requests.len())
}

/// What no error may lack: the file, and a place in it or what the file has.
fn is_told(error: &str) -> bool {
    error.starts_with("some.trace") && error.len() < 1_000
}

#[test]
fn the_valid_files_are_valid() {
    for entry in FORMATS {
        let count = read(entry.name, valid(entry.name)).unwrap();
        assert!(count >= 2, "{}: {count}", entry.name);
    }
}

#[test]
fn numbers_that_promise_too_much_take_no_memory() {
    // Ten million times the same, of which no more is made than is asked for.
    for (format, text) in [
        ("cachelib", "op_time,key,op,op_count\n7,a,GET,10000000\n7,b,GET,10000000\n"),
        ("arc", "0 16777216 0 0\n"),
    ] {
        assert_eq!(read(format, text.into()), Ok(MOST), "{format}");
    }
}

fn key() -> impl Strategy<Value = TraceKey> {
    prop_oneof![
        any::<u64>().prop_map(TraceKey::Number),
        "[a-z,\":é ]{1,12}".prop_map(|text| TraceKey::of(text.trim().as_bytes())),
    ]
}

fn request() -> impl Strategy<Value = Request> {
    let op = proptest::option::of(proptest::sample::select(Kind::OF_ONE_ROW.to_vec()));
    let at_us = proptest::option::of(0..=u64::MAX / 1_000);
    let ttl = proptest::option::of((1..=u64::from(u32::MAX)).prop_map(std::time::Duration::from_millis));
    (at_us, key(), op, any::<Option<u32>>(), ttl).prop_map(|(at_us, key, op, size, ttl)| Request {
        at_us,
        key,
        op,
        size,
        ttl,
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_read_or_refused(bytes in vec(any::<u8>(), 0..600)) {
        for entry in FORMATS {
            let answer = read(entry.name, bytes.clone());
            prop_assert!(answer.as_ref().err().is_none_or(|error| is_told(error)), "{}: {answer:?}", entry.name);
        }
        for (_, recognises) in RECOGNISED {
            recognises(&Sample::new("a.csv", &bytes));
        }
    }

    #[test]
    fn damaged_files_are_read_or_refused(
        changes in vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in any::<prop::sample::Index>(),
        repeats in 1usize..4,
    ) {
        for entry in FORMATS {
            let mut bytes = valid(entry.name).repeat(repeats);
            for (place, byte) in &changes {
                let place = place.index(bytes.len());
                bytes[place] = *byte;
            }
            bytes.truncate(1 + cut.index(bytes.len()));
            let answer = read(entry.name, bytes);
            prop_assert!(answer.as_ref().err().is_none_or(|error| is_told(error)), "{}: {answer:?}", entry.name);
        }
    }

    #[test]
    fn what_an_encoding_takes_is_read_again(requests in vec(request(), 1..40)) {
        for encoding in ENCODINGS {
            let fitting = requests.iter().filter(|request| {
                encoding.text("a".as_ref(), [(*request).clone()]).is_ok()
            });
            let fitting: Vec<Request> = fitting.cloned().collect();
            let Ok(text) = encoding.text("a".as_ref(), fitting.clone()) else { unreachable!("each fits") };
            let build = find(FORMATS, encoding.name).expect("what is written is read").build;
            let mut trace = build(&Json::Null, Source::of(text)).unwrap();
            let mut back = Vec::new();
            trace.read(&mut back, MOST).unwrap();
            if encoding.name == "csv" {
                prop_assert_eq!(&back, &fitting);
            }
            let keys = |requests: &[Request]| requests.iter().map(|it| it.key.clone()).collect::<Vec<_>>();
            prop_assert_eq!(keys(&back), keys(&fitting), "{}", encoding.name);
        }
    }
}
