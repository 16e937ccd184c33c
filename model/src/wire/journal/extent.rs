//! Where entries end, however their bytes come.

/// What stands at the front of the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    /// An entry of so many bytes, with the blank line that ends it.
    Entry(usize),
    /// So many bytes between entries, or within one that is skipped.
    Nothing(usize),
    /// So many bytes of an entry that is larger than allowed. What is left of it is skipped.
    TooLarge(usize),
    /// The stream ended within an entry.
    Cut,
    /// More bytes are needed.
    More,
}

/// How far the entry at the front was looked at, so that no byte is looked at twice however bytes come.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Progress {
    /// Where the field begins that is not whole.
    field: usize,
    /// Up to where that field has no line break.
    searched: usize,
    /// Whether the entry is skipped; then offsets are of what is left of it.
    skipping: bool,
    /// Bytes of a field that is skipped.
    skip: u64,
    /// Whether all is skipped up to the next line break.
    in_line: bool,
}

/// What stands at the front of a field's bytes.
enum FieldEnd {
    /// A field of so many bytes.
    Whole(u64),
    /// The blank line.
    Blank,
    /// It has no line break up to here.
    Line,
    /// Its length is not there yet.
    Length,
}

impl Progress {
    pub(super) fn is_at_start(&self) -> bool {
        self.field == 0 && !self.skipping
    }

    pub(super) fn next(&mut self, bytes: &[u8], is_last: bool, limit: usize) -> Result<Extent, String> {
        if self.skip > 0 {
            let skipped = usize::try_from(self.skip).unwrap_or(usize::MAX).min(bytes.len());
            self.skip -= skipped as u64;
            if skipped > 0 {
                return Ok(Extent::Nothing(skipped));
            }
        }
        if self.in_line && !bytes.is_empty() {
            let end = memchr::memchr(b'\n', bytes);
            self.in_line = end.is_none();
            return Ok(Extent::Nothing(end.map_or(bytes.len(), |end| end + 1)));
        }
        loop {
            if self.field >= bytes.len() {
                return Ok(self.end(bytes.len(), is_last));
            }
            match self.field_end(bytes)? {
                FieldEnd::Blank => {
                    let length = self.field + 1;
                    let extent = if self.skipping || self.field == 0 {
                        Extent::Nothing(length)
                    } else {
                        Extent::Entry(length)
                    };
                    *self = Self::default();
                    return Ok(extent);
                }
                FieldEnd::Whole(length) => {
                    let left = (bytes.len() - self.field) as u64;
                    if (self.field as u64).saturating_add(length) > limit as u64 || self.skipping {
                        // Of what is skipped nothing is kept.
                        let (was_skipping, taken) = (self.skipping, self.field + length.min(left) as usize);
                        *self = Self { skipping: true, skip: length.saturating_sub(left), ..Self::default() };
                        return Ok(if was_skipping {
                            Extent::Nothing(taken)
                        } else {
                            Extent::TooLarge(taken)
                        });
                    }
                    if length > left {
                        return Ok(if is_last { Extent::Cut } else { Extent::More });
                    }
                    self.field += length as usize;
                    self.searched = self.field;
                }
                FieldEnd::Line if is_last && !self.skipping => {
                    let text = bytes.get(self.field..).unwrap_or_default();
                    // A text field needs no line break at the end of the stream.
                    self.field = if is_text(text) { bytes.len() } else { return Ok(Extent::Cut) };
                }
                FieldEnd::Line if bytes.len() > limit && bytes.get(self.field..).is_some_and(is_text) => {
                    return Ok(self.skip_line(bytes.len()));
                }
                FieldEnd::Line if bytes.len() > limit => {
                    return Err("a line of it is neither NAME=text nor the name of a field".to_owned());
                }
                FieldEnd::Line | FieldEnd::Length => {
                    let cut = is_last && !self.skipping;
                    return Ok(if cut { Extent::Cut } else { Extent::More });
                }
            }
        }
    }

    /// All bytes were looked at, and the last of them ends a field.
    fn end(&mut self, length: usize, is_last: bool) -> Extent {
        if is_last && length > 0 && !self.skipping {
            *self = Self::default();
            return Extent::Entry(length);
        }
        Extent::More
    }

    /// Gives up on a field that has no line break yet and is longer than an entry may be.
    fn skip_line(&mut self, length: usize) -> Extent {
        let extent = if self.skipping { Extent::Nothing(length) } else { Extent::TooLarge(length) };
        *self = Self { skipping: true, in_line: true, ..Self::default() };
        extent
    }

    fn field_end(&mut self, bytes: &[u8]) -> Result<FieldEnd, String> {
        let from = self.searched.max(self.field);
        let Some(line_end) = memchr::memchr(b'\n', bytes.get(from..).unwrap_or_default()).map(|at| from + at)
        else {
            self.searched = bytes.len();
            return Ok(FieldEnd::Line);
        };
        self.searched = line_end;
        let line = bytes.get(self.field..line_end).unwrap_or_default();
        if line.is_empty() {
            return Ok(FieldEnd::Blank);
        }
        if is_text(line) {
            return Ok(FieldEnd::Whole((line.len() + 1) as u64));
        }
        if !self.skipping && !is_name(line) {
            let line =
                String::from_utf8_lossy(line.get(..line.len().min(40)).unwrap_or_default()).into_owned();
            return Err(format!(
                "{line:?} is no field of the Journal Export Format, which is NAME=text, or NAME, a length and bytes"
            ));
        }
        let Some((length, _)) = bytes.get(line_end + 1..).and_then(|rest| rest.split_first_chunk::<8>())
        else {
            return Ok(FieldEnd::Length);
        };
        // The line, the length, the bytes, and a line break.
        let length = u64::from_le_bytes(*length);
        Ok(FieldEnd::Whole(length.saturating_add((line.len() + 10) as u64)))
    }
}

fn is_text(field: &[u8]) -> bool {
    memchr::memchr(b'=', field).is_some()
}

fn is_name(line: &[u8]) -> bool {
    line.len() <= 256
        && line.iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'_')
}
