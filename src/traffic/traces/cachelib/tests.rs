use std::time::Duration;

use super::*;
use crate::model::Kind;
use crate::traffic::traces::TraceKey;

fn read(text: impl AsRef<[u8]> + Send + 'static) -> Result<Vec<Request>, String> {
    let mut trace = CacheLib::new(Source::of(text));
    let mut requests = Vec::new();
    trace.read(&mut requests, 1_000).map_err(|error| error.to_string())?;
    Ok(requests)
}

/// The keys and the milliseconds of requests.
fn keys(requests: &[Request]) -> Vec<(String, Option<u64>)> {
    let key = |request: &Request| String::from_utf8_lossy(&request.key.token()).into_owned();
    requests.iter().map(|request| (key(request), request.at_us.map(|us| us / 1_000))).collect()
}

#[test]
fn rows_of_a_second_are_spread_over_it_and_lie_between_each_other() {
    let text = "op_time,key,op,op_count\n7,a,GET,2\n7,b,SET,4\n7,c,GET,1\n8,a,DELETE,1\n";
    let requests = read(text).unwrap();
    let expected =
        [("a", 7_000), ("b", 7_000), ("c", 7_000), ("b", 7_250), ("a", 7_500), ("b", 7_500), ("b", 7_750)];
    let mut expected = expected.map(|(key, ms)| (key.to_owned(), Some(ms))).to_vec();
    expected.push(("a".to_owned(), Some(8_000)));
    assert_eq!(keys(&requests), expected);
    assert_eq!(requests[3].op, Some(Kind::Write));
    assert_eq!(requests[7].op, Some(Kind::Delete));
}

#[test]
fn without_times_the_requests_of_a_row_follow_each_other() {
    let requests =
        read("key,op,size,op_count,key_size\na,GET_LEASE,10,2,3\nb,SET_LEASE,0,1,3\nc,GET,0,0,3\n");
    let requests = requests.unwrap();
    assert_eq!(keys(&requests), [("a", None), ("a", None), ("b", None)].map(|(key, at)| (key.into(), at)));
    let sizes: Vec<_> = requests.iter().map(|request| request.size).collect();
    assert_eq!(sizes, [Some(10), Some(10), Some(0)]);
}

#[test]
fn columns_stand_in_any_order_and_a_miss_has_no_size() {
    let one = "op_time,key,key_size,op,op_count,size,cache_hits,ttl,usecase\n5,k,3,GET,1,0,0,60,9\n";
    let other = "op_time,key,key_size,op,op_count,size,cache_hits,usecase,ttl\r\n5,k,3,GET,1,0,0,9,60\r\n";
    let expected = Request {
        at_us: Some(5_000_000),
        op: Some(Kind::Read),
        ttl: Some(Duration::from_secs(60)),
        ..Request::of(TraceKey::of(b"k"))
    };
    for text in [one, other] {
        assert_eq!(read(text).unwrap(), std::slice::from_ref(&expected));
    }
}

#[test]
fn a_second_of_many_rows_is_held_in_part_only() {
    let text = "op_time,key,op,op_count\n".to_owned() + &"7,a,GET,2\n".repeat(MOST_ROWS + 5);
    let mut trace = CacheLib::new(Source::of(text));
    let (mut count, mut most) = (0, 0);
    while trace.next().unwrap().is_some() {
        count += 1;
        most = most.max(trace.due.len());
    }
    assert_eq!((count, most <= MOST_ROWS), (2 * (MOST_ROWS + 5), true));
}

#[test]
fn wrong_rows_are_told_with_their_line() {
    let header = "op_time,key,op,op_count\n";
    for (text, wrong) in [
        ("7,a,GET,-1\n", "record 1 (line 2): op_count `-1`; expected a whole number up to 10000000"),
        ("7,a,GET,10000001\n", "op_count `10000001`"),
        ("7,a,TOUCH,1\n", "operation `TOUCH`; expected one of: get,"),
        ("x,a,GET,1\n", "time `x`"),
        ("7,,GET,1\n", "an empty key"),
        ("7,a,GET\n", "a row of 3 columns"),
    ] {
        let error = read(format!("{header}{text}")).unwrap_err();
        assert!(error.contains(wrong), "{error}");
    }
    let error = read("op_time,key,op\n7,a,GET\n").unwrap_err();
    assert_eq!(error, "some.trace: no column `op_count`, the file has: op_time, key, op");
}

#[test]
fn tables_with_a_count_of_operations_are_recognised() {
    for (head, recognised) in [
        ("op_time,key,key_size,op,op_count,size\n", true),
        ("key,op,size,op_count,key_size\n", true),
        ("time,key,op,size,ttl\n", false),
        ("op_count\n", false),
    ] {
        assert_eq!(recognises(&Sample::new("kv.csv", head.as_bytes())), recognised, "{head}");
    }
}
