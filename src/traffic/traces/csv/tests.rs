use std::time::Duration;

use serde_json::{Value as Json, json};

use super::*;

fn read(options: Json, text: &str) -> Result<Vec<Request>, String> {
    let source = Source::of(text.to_owned());
    let mut csv = (ENTRY.build)(&options, source).map_err(|error| error.to_string())?;
    let mut requests = Vec::new();
    while let Some(request) = csv.next().map_err(|error| error.to_string())? {
        requests.push(request);
    }
    Ok(requests)
}

fn keys(options: Json, text: &str) -> Result<Vec<String>, String> {
    let key = |request: Request| match request.key {
        TraceKey::Number(number) => number.to_string(),
        TraceKey::Text(text) => String::from_utf8_lossy(&text).into_owned(),
    };
    Ok(read(options, text)?.into_iter().map(key).collect())
}

#[test]
fn columns_are_found_by_their_recognised_names() {
    let text =
        "version,time,op,size,lbn,ttl\r\n1,5,2a,512,9223372036854775809,0\r\n\r\n1,6.5,28,,a b, 60 \r\n";
    let expected = [
        Request {
            at_us: Some(5_000_000),
            op: Some(Kind::Write),
            size: Some(512),
            ..Request::of(TraceKey::Number((1 << 63) + 1))
        },
        Request {
            at_us: Some(6_500_000),
            op: Some(Kind::Read),
            ttl: Some(Duration::from_secs(60)),
            ..Request::of(TraceKey::Text((*b"a b").into()))
        },
    ];
    assert_eq!(read(Json::Null, text).unwrap(), expected);
}

#[test]
fn a_first_line_with_a_hash_is_a_header() {
    let text = "# time, object, size, next_access_vtime\n 1, 7, 10, -1\n2, k, 10, 5";
    assert_eq!(keys(Json::Null, text).unwrap(), ["7", "k"]);
    let text = "#made by hand\n1;x\n";
    assert_eq!(keys(json!({ "key": 0, "delimiter": ";" }), text).unwrap(), ["1"]);
}

#[test]
fn columns_are_named_or_numbered() {
    let text = "when\twhat\n3\ta\n";
    assert_eq!(keys(json!({ "key": "WHAT", "delimiter": "\t" }), text).unwrap(), ["a"]);
    assert_eq!(keys(json!({ "key": 1, "time": 0, "time_unit": "ms" }), "3,a\n4,b").unwrap(), ["a", "b"]);
    assert_eq!(keys(json!({ "key": 0, "header": true }), "what\na").unwrap(), ["a"]);
    assert_eq!(keys(json!({ "key": 0, "header": false }), "key\na").unwrap(), ["key", "a"]);
}

#[test]
fn an_unknown_column_is_told_with_those_of_the_file() {
    assert_eq!(
        keys(json!({ "key": "lba" }), "# time, lbn\n1,2\n").unwrap_err(),
        "some.trace: unknown column `lba`, the file has: time, lbn"
    );
    let error = keys(Json::Null, "0,abc,3,10,1,get,0\n").unwrap_err();
    assert!(error.contains("no column known to hold the key") && error.ends_with("0, abc, 3, 10, 1, get, 0"));
}

#[test]
fn an_unknown_operation_is_told_with_those_accepted_unless_it_is_given_a_meaning() {
    let text = "key,op\n1,GET\n2,touch\n";
    let error = read(Json::Null, text).unwrap_err();
    let expected = "some.trace, record 2 (line 3): operation `touch`; expected one of: get, gets,";
    assert!(error.starts_with(expected), "{error}");
    let requests = read(json!({ "ops": { "TOUCH": "write" } }), text).unwrap();
    assert_eq!(requests[1].op, Some(Kind::Write));
}

#[test]
fn wrong_cells_are_told_with_their_line() {
    for (text, wrong) in [
        ("key,time\n1,-5\n", "(line 2): time `-5`; expected a decimal"),
        ("key,time\n1,5\n\n2\n", "record 2 (line 4): a row of 1 columns; expected at least 2"),
        ("key,size\n1,4294967296\n", "size `4294967296`"),
        ("size,key\n1, \n", "an empty key"),
    ] {
        let error = read(Json::Null, text).unwrap_err();
        assert!(error.contains(wrong), "{error}");
    }
}

#[test]
fn wrong_options_are_told_with_the_right_ones() {
    for (options, right) in [
        (json!({ "keys": 0 }), "`key`"),
        (json!({ "key": -1 }), "the name of a column or its index"),
        (json!({ "time_unit": "h" }), "`ms`"),
        (json!({ "ops": { "x": "scan" } }), "`read`"),
        (json!({ "ops": { "x": "decrement" } }), "`x` for a decrement, expected one of: read, write,"),
        (json!({ "delimiter": "é" }), "such as ','"),
    ] {
        let error = read(options, "").unwrap_err();
        assert!(error.contains(right), "{error}");
    }
}

#[test]
fn tables_are_recognised_by_name_or_header() {
    for (name, head, recognised) in [
        ("a.csv", "1,2\n", true),
        ("a", "version,time,op,size,lbn\n", true),
        ("a", "# time, object, size\n", true),
        ("a", "key\n", false),
        ("a", "1,2\n", false),
        ("a.csv", "key,\0", false),
    ] {
        assert_eq!(recognises(&Sample::new(name, head.as_bytes())), recognised, "{name} {head:?}");
    }
}

#[test]
fn what_is_written_is_read_again() {
    let full = Request {
        at_us: Some(1_700_000_000_123_456),
        key: TraceKey::of(b"a \"b\", c"),
        op: Some(Kind::Insert),
        size: Some(u32::MAX),
        ttl: Some(Duration::from_millis(1_500)),
    };
    let kinds = Kind::OF_ONE_ROW.map(|kind| Request { op: Some(kind), ..Request::of(TraceKey::of(b"k")) });
    let mut requests = vec![full, Request::of(TraceKey::Number(u64::MAX))];
    requests.extend(kinds);
    let text = ENCODING.text(std::path::Path::new("a"), requests.clone()).unwrap();
    let text = String::from_utf8(text).unwrap();
    assert!(text.starts_with("time,key,op,size,ttl\n1700000000.123456,\"a \"\"b\"\", c\",insert,"), "{text}");
    assert_eq!(read(Json::Null, &text).unwrap(), requests);
}
