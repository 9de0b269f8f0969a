use xxhash_rust::xxh3::xxh3_64;

/// The part of a key's name that decides on its node: what stands between the first `{` and the next `}`, if anything
/// does, else all of it (Redis Cluster specification, "Hash tags").
pub fn tag(key: &[u8]) -> &[u8] {
    let Some(open) = key.iter().position(|&byte| byte == b'{') else { return key };
    let inner = &key[open + 1..];
    match inner.iter().position(|&byte| byte == b'}') {
        Some(length) if length > 0 => &inner[..length],
        _ => key,
    }
}

/// What a key is placed by.
pub fn key_hash(key: &[u8]) -> u64 {
    xxh3_64(tag(key))
}

/// Another number for each number, with all bits changed by any of them (the finaliser of SplitMix64, Steele, Lea and
/// Flood 2014).
pub fn mixed(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    number ^ (number >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of the specification.
    #[test]
    fn the_tag_is_what_stands_in_the_first_braces() {
        for (key, tag_of_it) in [
            ("{user1000}.following", "user1000"),
            ("foo{}{bar}", "foo{}{bar}"),
            ("foo{{bar}}zap", "{bar"),
            ("foo{bar}{zap}", "bar"),
            ("product:17", "product:17"),
            ("open{", "open{"),
        ] {
            assert_eq!(tag(key.as_bytes()), tag_of_it.as_bytes(), "{key}");
        }
        assert_eq!(key_hash(b"{user1000}.following"), key_hash(b"{user1000}.followers"));
    }
}
