//! Messages of protobuf, written by hand.

pub fn varint(field: u8, value: u64) -> Vec<u8> {
    let mut out = vec![field << 3];
    raw(value, &mut out);
    out
}

pub fn fixed64(field: u8, value: u64) -> Vec<u8> {
    [&[field << 3 | 1][..], &value.to_le_bytes()].concat()
}

/// A message, or a string.
pub fn bytes(field: u8, bytes: impl AsRef<[u8]>) -> Vec<u8> {
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

/// A log record of OTLP with a time and a text.
pub fn log_record(nanos: u64, message: &str) -> Vec<u8> {
    [fixed64(1, nanos), varint(2, 17), bytes(5, bytes(1, message))].concat()
}

/// A request of OTLP with these records, of the service `shop`.
pub fn export(records: impl IntoIterator<Item = Vec<u8>>) -> Vec<u8> {
    let attribute = [bytes(1, "service.name"), bytes(2, bytes(1, "shop"))].concat();
    let records: Vec<u8> = records.into_iter().flat_map(|record| bytes(2, record)).collect();
    bytes(1, [bytes(1, bytes(1, attribute)), bytes(2, records)].concat())
}
