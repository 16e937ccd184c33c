/// A place in a text, read byte by byte. Beyond the end stands NUL.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cursor<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) at: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    #[inline]
    pub(super) fn ahead(&self, distance: usize) -> u8 {
        self.bytes.get(self.at + distance).copied().unwrap_or_default()
    }

    #[inline]
    pub(super) fn peek(&self) -> u8 {
        self.ahead(0)
    }

    pub(super) fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    #[inline]
    pub(super) fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == byte && self.at < self.bytes.len();
        self.at += usize::from(found);
        found
    }

    /// How many digits stand here; no more than `most + 1` are counted.
    #[inline]
    pub(super) fn digits(&self, most: usize) -> usize {
        (0..=most).take_while(|&distance| self.ahead(distance).is_ascii_digit()).count()
    }

    /// Takes a number of `count` digits, which must be there.
    #[inline]
    pub(super) fn number(&mut self, count: usize) -> u32 {
        let value = (0..count).fold(0, |value, distance| value * 10 + u32::from(self.ahead(distance) & 0x0f));
        self.at += count;
        value
    }

    /// Takes a number that has one or two digits.
    #[inline]
    pub(super) fn short(&mut self) -> Option<u32> {
        let count = self.digits(2);
        matches!(count, 1 | 2).then(|| self.number(count))
    }

    /// How many ASCII letters stand here; no more than `most + 1` are counted.
    pub(super) fn letters(&self, most: usize) -> usize {
        (0..=most).take_while(|&distance| self.ahead(distance).is_ascii_alphabetic()).count()
    }

    pub(super) fn skip_spaces(&mut self) -> usize {
        let start = self.at;
        while self.at - start < 8 && matches!(self.peek(), b' ' | b'\t') {
            self.at += 1;
        }
        self.at - start
    }

    /// Whether a word or number ends here.
    #[inline]
    pub(super) fn at_boundary(&self) -> bool {
        !matches!(self.peek(), b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'_' | 0x80..)
    }
}
