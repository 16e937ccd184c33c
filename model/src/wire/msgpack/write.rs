/// Writes MessagePack, as far as answers need it.
#[derive(Debug, Default)]
pub(in crate::wire) struct Writer(Vec<u8>);

impl Writer {
    pub(in crate::wire) fn array(mut self, count: u8) -> Self {
        self.0.push(0x90 | count.min(15));
        self
    }

    pub(in crate::wire) fn map(mut self, count: u8) -> Self {
        self.0.push(0x80 | count.min(15));
        self
    }

    pub(in crate::wire) fn boolean(mut self, value: bool) -> Self {
        self.0.push(if value { 0xc3 } else { 0xc2 });
        self
    }

    pub(in crate::wire) fn text(mut self, bytes: &[u8]) -> Self {
        let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes();
        match bytes.len() {
            0..=31 => self.0.push(0xa0 | length[3]),
            32..=0xff => self.0.extend_from_slice(&[0xd9, length[3]]),
            0x100..=0xffff => self.0.extend_from_slice(&[0xda, length[2], length[3]]),
            _ => {
                self.0.push(0xdb);
                self.0.extend_from_slice(&length);
            }
        }
        self.0.extend_from_slice(bytes);
        self
    }

    /// At most 255 bytes.
    pub(in crate::wire) fn binary(mut self, bytes: &[u8]) -> Self {
        let bytes = bytes.get(..bytes.len().min(255)).unwrap_or_default();
        self.0.extend_from_slice(&[0xc4, bytes.len() as u8]);
        self.0.extend_from_slice(bytes);
        self
    }

    pub(in crate::wire) fn finish(self) -> Vec<u8> {
        self.0
    }
}
