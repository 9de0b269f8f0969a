/// The little-endian number at an offset that is known to lie within the record.
macro_rules! number {
    ($type:ty, $record:expr, $at:expr) => {{
        let mut bytes = [0; size_of::<$type>()];
        bytes.copy_from_slice(&$record[$at..$at + size_of::<$type>()]);
        <$type>::from_le_bytes(bytes)
    }};
}

pub(super) use number;
