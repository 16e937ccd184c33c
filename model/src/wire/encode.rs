//! Fields of protobuf, written by hand.

fn raw(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn tagged(field: u32, wire_type: u32, bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    raw(u64::from(field << 3 | wire_type), &mut out);
    out.extend_from_slice(bytes);
    out
}

pub(crate) fn varint(field: u32, value: u64) -> Vec<u8> {
    let mut out = Vec::new();
    raw(value, &mut out);
    tagged(field, 0, &out)
}

pub(crate) fn fixed64(field: u32, value: u64) -> Vec<u8> {
    tagged(field, 1, &value.to_le_bytes())
}

pub(crate) fn fixed32(field: u32, value: u32) -> Vec<u8> {
    tagged(field, 5, &value.to_le_bytes())
}

/// A message, or bytes.
pub(crate) fn message(field: u32, bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    raw(bytes.len() as u64, &mut out);
    out.extend_from_slice(bytes);
    tagged(field, 2, &out)
}

pub(crate) fn text(field: u32, text: &str) -> Vec<u8> {
    message(field, text.as_bytes())
}
