use super::Scan;

/// What stands between two words.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Gap {
    pub(super) spaces: usize,
    /// A tab or a bar, which separate columns.
    pub(super) column: bool,
    /// The bracket that opens right before the word, or NUL.
    pub(super) opener: u8,
    pub(super) colon: bool,
    pub(super) slash: bool,
    pub(super) assigned: bool,
    /// `]:` or `):` and white space.
    pub(super) closed_with_colon: bool,
    pub(super) may_begin_time: bool,
    /// A quote or a brace: the text has begun.
    pub(super) ends_header: bool,
}

impl Scan<'_> {
    /// Passes white space, brackets, colons and colours up to the next word.
    #[inline]
    pub(super) fn pass_gap(&mut self) -> Gap {
        let mut gap = Gap { may_begin_time: true, ..Gap::default() };
        let mut before = 0;
        while self.at < self.limit {
            let byte = self.byte(self.at);
            match byte {
                b' ' => gap.spaces += 1,
                b'\t' | b'|' => gap.column = true,
                b'[' | b'(' | b'<' | b'{' => {
                    if byte == b'{' && self.byte(self.at + 1) == b'"' {
                        gap.ends_header = true;
                        return gap;
                    }
                    self.depth += 1;
                    gap.opener = byte;
                }
                b']' | b')' | b'>' | b'}' => {
                    // The ">" of an arrow closes nothing.
                    if !(byte == b'>' && before == b'-') {
                        self.depth = self.depth.saturating_sub(1);
                    }
                    gap.opener = 0;
                    gap.closed_with_colon =
                        self.byte(self.at + 1) == b':' && matches!(self.byte(self.at + 2), b' ' | b'\t' | 0);
                }
                b':' => gap.colon = true,
                b'=' => gap.assigned = true,
                b'/' => gap.slash = true,
                b',' | b';' | b'\r' | b'*' | b'-' | b'\'' | b'@' => {}
                b'"' if self.at == 0 || matches!(before, b',' | b'=') => {}
                b'"' if self.words > 0 && matches!(self.byte(self.at + 1), b',' | b';') => {}
                // Only a time is still looked for behind quoted text: `Started GET "/" for 10.0.0.1 at 2026-11-30 …`.
                b'"' => {
                    let rest = self.bytes.get(self.at + 1..self.limit).unwrap_or_default();
                    match memchr::memchr(b'"', rest) {
                        Some(length) if self.time.is_none() => {
                            self.is_text = true;
                            self.at += length + 1;
                        }
                        _ => {
                            gap.ends_header = true;
                            return gap;
                        }
                    }
                }
                // A colour: ESC [ … m
                0x1b if self.byte(self.at + 1) == b'[' => {
                    let mut end = self.at + 2;
                    while matches!(self.byte(end), b'0'..=b'9' | b';') {
                        end += 1;
                    }
                    self.at = end;
                }
                _ => break,
            }
            before = byte;
            self.at += 1;
        }
        gap.may_begin_time = !matches!(before, b'/' | b'-') || gap.spaces > 0;
        gap
    }

    /// Where the word that begins here ends.
    #[inline]
    pub(super) fn word_end(&self) -> usize {
        let rest = self.bytes.get(self.at..self.limit).unwrap_or_default();
        let ends = |byte: &u8| {
            matches!(
                byte,
                b' ' | b'\t'
                    | b'\r'
                    | b'\n'
                    | b'['
                    | b']'
                    | b'('
                    | b')'
                    | b'{'
                    | b'}'
                    | b'<'
                    | b'>'
                    | b'|'
                    | b','
                    | b';'
                    | b':'
                    | b'"'
                    | b'='
                    | b'/'
                    | 0x1b
            )
        };
        self.at + rest.iter().position(ends).unwrap_or(rest.len())
    }
}
