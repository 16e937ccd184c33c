//! Fields of protobuf.

pub(crate) fn varint(field: u8, value: u64) -> Vec<u8> {
    let mut out = vec![field << 3];
    raw(value, &mut out);
    out
}

pub(crate) fn fixed64(field: u8, value: u64) -> Vec<u8> {
    [&[field << 3 | 1][..], &value.to_le_bytes()].concat()
}

/// A message, a string, or bytes.
pub(crate) fn bytes(field: u8, bytes: impl AsRef<[u8]>) -> Vec<u8> {
    let bytes = bytes.as_ref();
    let mut out = vec![field << 3 | 2];
    raw(bytes.len() as u64, &mut out);
    out.extend_from_slice(bytes);
    out
}

fn raw(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}
