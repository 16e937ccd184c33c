//! Lines of a body that comes in pieces.

/// Pieces in, whole lines out.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    buffer: Vec<u8>,
    read: usize,
}

impl Lines {
    pub(crate) fn push(&mut self, piece: &[u8]) {
        self.buffer.drain(..self.read);
        self.read = 0;
        self.buffer.extend_from_slice(piece);
    }

    /// The next whole line, without its line break.
    pub(crate) fn next(&mut self) -> Option<String> {
        let rest = self.buffer.get(self.read..)?;
        let end = rest.iter().position(|byte| *byte == b'\n')?;
        let line = rest.get(..end)?;
        let line = String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(line)).into_owned();
        self.read += end + 1;
        Some(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_whole_wherever_the_pieces_end() {
        let mut lines = Lines::default();
        let mut seen = Vec::new();
        for piece in ["a\nb", "", "c", "\r\n\nd\n", "é".split_at(0).1, "no end"] {
            lines.push(piece.as_bytes());
            seen.extend(std::iter::from_fn(|| lines.next()));
        }
        assert_eq!(seen, ["a", "bc", "", "d"]);
        lines.push(&[0xc3]);
        lines.push(&[0xa9, b'\n']);
        assert_eq!(lines.next().as_deref(), Some("éno endé"));
    }
}
