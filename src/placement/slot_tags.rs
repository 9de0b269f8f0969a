use std::sync::OnceLock;

use super::crc16::crc16;
use super::key_hash::tag;

/// Slots of a Redis Cluster.
pub const SLOTS: u16 = 16_384;

/// The slot of a key in a Redis Cluster (Redis Cluster specification, "Key distribution model").
pub fn slot(key: &[u8]) -> u16 {
    crc16(tag(key)) % SLOTS
}

/// What a name has between its first braces to lie in a slot: the first number whose digits do. Nothing for a slot that
/// does not exist.
pub fn slot_tag(slot: u16) -> Option<&'static str> {
    static TAGS: OnceLock<Vec<String>> = OnceLock::new();
    TAGS.get_or_init(found).get(usize::from(slot)).map(String::as_str)
}

/// By counting up until each slot has one.
fn found() -> Vec<String> {
    let mut tags = vec![String::new(); usize::from(SLOTS)];
    let mut missing = tags.len();
    for number in 0_u32.. {
        let digits = number.to_string();
        let place = &mut tags[usize::from(slot(digits.as_bytes()))];
        if place.is_empty() {
            *place = digits;
            missing -= 1;
            if missing == 0 {
                break;
            }
        }
    }
    tags
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_the_tag_of_a_slot_lies_in_it() {
        for number in 0..SLOTS {
            let tag = slot_tag(number).unwrap();
            assert!(tag.len() <= 6, "{tag}");
            assert_eq!(slot(format!("cb:dirty:0:{{{tag}}}").as_bytes()), number);
        }
        assert_eq!(slot_tag(SLOTS), None);
    }

    /// By CLUSTER KEYSLOT of Redis 7.0.
    #[test]
    fn slots_are_those_of_the_server() {
        assert_eq!((slot(b"foo"), slot(b"{user1000}.following"), slot(b"")), (12_182, 3_443, 0));
    }
}
