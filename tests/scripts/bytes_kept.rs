use bytes::Bytes;
use cachebench::model::{Key, Value};
use cachebench::store::Cache;
use cachebench::store::scripts::{Advance, advance};

use super::{Side, server};

/// Bytes that a client library may take for something else.
const LOOKALIKES: &[&[u8]] = &[
    b"0",
    b"123",
    b"007",
    b"-5",
    b" 12",
    b"1e5",
    b"3.0",
    b"inf",
    b"NaN",
    b"nil",
    b"null",
    b"OK",
    b"QUEUED",
    b"true",
    b"",
    b"\0",
    b"\r\n",
    b"+OK\r\n",
    b"$-1\r\n",
    b"h\xc3\xa9llo",
    b"\xff\xfe",
    b"\xed\xa0\x80",
    b"18446744073709551616",
];

async fn entry(cache: &dyn Cache, key: &Key) -> Option<Bytes> {
    cache.get(key).await.unwrap()
}

#[tokio::test]
async fn bytes_come_back_as_they_were_whatever_they_look_like() {
    let server = server();
    for side in &Side::all(&server).await {
        let cache = &*side.cache;
        let keys: Vec<_> = (0..LOOKALIKES.len() as u64).map(|id| side.key(id)).collect();
        for (key, bytes) in keys.iter().zip(LOOKALIKES) {
            let what = format!("{}, {:?}", side.name, bytes.escape_ascii().to_string());
            cache.set(key, Bytes::from_static(bytes), None).await.unwrap();
            assert_eq!(entry(cache, key).await.as_deref(), Some(*bytes), "set: {what}");
            let one = cache.get_many(std::slice::from_ref(key)).await.unwrap();
            assert_eq!(one, [Some(Bytes::from_static(bytes))], "one of many: {what}");
            assert!(!cache.add(key, Bytes::from_static(b"later"), None).await.unwrap(), "{what}");
            assert!(cache.delete(key).await.unwrap(), "{what}");
            assert!(!cache.delete(key).await.unwrap(), "{what}");
            assert_eq!(entry(cache, key).await, None, "{what}");
            assert_eq!(cache.get_many(std::slice::from_ref(key)).await.unwrap(), [None], "{what}");
            assert!(cache.add(key, Bytes::from_static(bytes), None).await.unwrap(), "{what}");
        }
        let many = cache.get_many(&keys).await.unwrap();
        assert!(many.iter().map(|raw| raw.as_deref()).eq(LOOKALIKES.iter().map(|bytes| Some(*bytes))));
        let mixed = cache.get_many(&[side.key(99), keys[0], side.key(98)]).await.unwrap();
        assert_eq!(mixed, [None, Some("0".into()), None], "{}", side.name);
    }
}

#[tokio::test]
async fn a_body_of_any_size_passes_through_a_script() {
    let server = server();
    for side in Side::drivers(&server).await {
        for size in [0, 1, 70_000, 4 << 20] {
            let body: Bytes = (0..size).map(|n: u32| (n * 7) as u8).collect();
            let value = Value { checksum: u64::MAX, body, ..Value::default() };
            let key = side.key(u64::from(size));
            let step = Advance { key: &key, value: &value, base: Some(41), ttl: None, dirty: None };
            assert_eq!(advance(&*side.cache, step).await.unwrap(), Some(42));
            let read = Value::decode(entry(&*side.cache, &key).await.unwrap()).unwrap();
            assert!(read == Value { version: 42, ..value }, "{}, {size} bytes", side.name);
        }
    }
}

#[tokio::test]
async fn no_keys_have_no_entries() {
    let server = server();
    for side in &Side::all(&server).await {
        assert_eq!(side.cache.get_many(&[]).await.unwrap(), [None; 0], "{}", side.name);
    }
}
