use std::collections::BTreeMap;

use bytes::Bytes;

use crate::model::{Key, StoreError};
use crate::placement::slot;

/// The slot that a script's keys lie in; that of no name where it has none.
pub fn slot_of(keys: &[Bytes]) -> u16 {
    keys.first().map_or(0, |key| slot(key))
}

/// The places of keys among those asked for, by slot.
pub type SlotGroups = BTreeMap<u16, Vec<usize>>;

/// Keys by slot: one command may touch only those of one.
pub fn in_slots(keys: &[Key]) -> SlotGroups {
    let mut groups = SlotGroups::new();
    for (place, key) in keys.iter().enumerate() {
        groups.entry(slot(key.name())).or_default().push(place);
    }
    groups
}

/// What was found by slot, in the order in which it was asked for.
///
/// # Errors
/// The first that a slot was answered with.
pub fn in_order(
    asked: usize,
    found: impl IntoIterator<Item = (Vec<usize>, Result<Vec<Option<Bytes>>, StoreError>)>,
) -> Result<Vec<Option<Bytes>>, StoreError> {
    let mut all = vec![None; asked];
    for (places, entries) in found {
        for (place, entry) in places.into_iter().zip(entries?) {
            all[place] = entry;
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_back_in_the_order_in_which_they_were_asked_for() {
        let keys: Vec<Key> = [5, 1, 5, 9].iter().map(|id| Key::new("cb:", *id)).collect();
        let groups = in_slots(&keys);
        assert_eq!(groups[&slot(b"cb:5")], [0, 2]);
        let found = groups.into_values().map(|places| {
            let entries =
                places.iter().map(|place| Some(Bytes::copy_from_slice(keys[*place].name()))).collect();
            (places, Ok(entries))
        });
        let all = in_order(4, found).unwrap();
        assert!(all.iter().zip(&keys).all(|(entry, key)| entry.as_deref() == Some(key.name())));
    }
}
