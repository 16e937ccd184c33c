/// One frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Frame<'a> {
    /// So many events follow before an acknowledgement is waited for.
    Window(u32),
    Json {
        version: u8,
        sequence: u32,
        document: &'a [u8],
    },
    Pairs {
        version: u8,
        sequence: u32,
        pairs: Pairs<'a>,
    },
    /// Frames, compressed by zlib.
    Compressed(&'a [u8]),
}

/// Why there is no frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fault {
    /// So many bytes are missing, at least.
    Cut(usize),
    Wrong(String),
}

/// Splits bytes that come in pieces into frames.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Frames {
    /// Where in the frame of pairs at the front the next pair begins, and how many were passed.
    pairs: Option<(usize, u32)>,
}

impl Frames {
    /// The frame that `bytes` begin with, and its length.
    pub(super) fn next<'a>(&mut self, bytes: &'a [u8], limit: usize) -> Result<(Frame<'a>, usize), Fault> {
        let [version, kind] = *array::<2>(bytes, 0)?;
        if !matches!(version, b'1' | b'2') {
            return Err(Fault::Wrong(format!(
                "a frame of Lumberjack begins with its version, 1 or 2, and not with byte {version}"
            )));
        }
        let first = number(bytes, 2);
        match kind {
            b'W' => Ok((Frame::Window(first?), 6)),
            b'J' => {
                let (sequence, length) = (first?, number(bytes, 6)?);
                let document = slice(bytes, 10, length, limit)?;
                Ok((Frame::Json { version, sequence, document }, 10 + document.len()))
            }
            b'C' => {
                let content = slice(bytes, 6, first?, limit)?;
                Ok((Frame::Compressed(content), 6 + content.len()))
            }
            b'D' => {
                let (sequence, count) = (first?, number(bytes, 6)?);
                let end = self.pairs(bytes, count, limit)?;
                self.pairs = None;
                let pairs = Pairs(bytes.get(10..end).unwrap_or_default());
                Ok((Frame::Pairs { version, sequence, pairs }, end))
            }
            other => Err(Fault::Wrong(format!(
                "a frame of Lumberjack has one of the kinds W, J, C and D, and not byte {other}"
            ))),
        }
    }

    /// Where a frame of so many pairs ends. Pairs that were passed are not looked at again.
    fn pairs(&mut self, bytes: &[u8], count: u32, limit: usize) -> Result<usize, Fault> {
        let (mut at, mut passed) = self.pairs.unwrap_or((10, 0));
        while passed < count {
            let name = slice(bytes, at + 4, number(bytes, at)?, limit)?;
            let text_at = at + 4 + name.len();
            let text = slice(bytes, text_at + 4, number(bytes, text_at)?, limit)?;
            at = text_at + 4 + text.len();
            passed += 1;
            self.pairs = Some((at, passed));
        }
        Ok(at)
    }
}

/// Names and texts of a whole frame, each behind its length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pairs<'a>(&'a [u8]);

impl<'a> Iterator for Pairs<'a> {
    type Item = (&'a [u8], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (name, text) = (self.text()?, self.text()?);
        Some((name, text))
    }
}

impl<'a> Pairs<'a> {
    fn text(&mut self) -> Option<&'a [u8]> {
        let (length, rest) = self.0.split_first_chunk::<4>()?;
        let (text, rest) = rest.split_at_checked(u32::from_be_bytes(*length) as usize)?;
        self.0 = rest;
        Some(text)
    }
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> Result<&[u8; N], Fault> {
    let rest = bytes.get(at..).unwrap_or_default();
    rest.first_chunk().ok_or(Fault::Cut((at + N).saturating_sub(bytes.len())))
}

fn number(bytes: &[u8], at: usize) -> Result<u32, Fault> {
    array::<4>(bytes, at).map(|bytes| u32::from_be_bytes(*bytes))
}

fn slice(bytes: &[u8], at: usize, length: u32, limit: usize) -> Result<&[u8], Fault> {
    let end = at.saturating_add(length as usize);
    if end > limit {
        return Err(Fault::Wrong(format!(
            "a frame says that it has {end} bytes, more than the limit of {limit}"
        )));
    }
    bytes.get(at..end).ok_or(Fault::Cut(end.saturating_sub(bytes.len())))
}
