/// Bytes `start..end` of the arena that a builder keeps its entries in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Span {
    pub(crate) start: u32,
    pub(crate) end: u32,
}

impl Span {
    /// `None` where the arena has grown beyond what 32 bits count.
    pub(crate) fn new(start: usize, end: usize) -> Option<Self> {
        Some(Self { start: u32::try_from(start).ok()?, end: u32::try_from(end).ok()? })
    }

    #[inline]
    pub(crate) fn of(self, arena: &[u8]) -> &[u8] {
        arena.get(self.start as usize..self.end as usize).unwrap_or_default()
    }

    /// A part of it, given by offsets from its start.
    #[inline]
    pub(crate) fn part(self, start: u32, end: u32) -> Self {
        Self { start: self.start + start, end: self.start + end }
    }

    #[inline]
    pub(crate) fn len(self) -> usize {
        (self.end - self.start) as usize
    }
}

/// The values of a column, or of part of it, in the order of its rows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Values<'a> {
    pub(crate) arena: &'a [u8],
    pub(crate) spans: &'a [Span],
}

impl<'a> Values<'a> {
    #[inline]
    pub(crate) fn get(&self, index: usize) -> &'a [u8] {
        self.spans[index].of(self.arena)
    }

    pub(crate) fn len(&self) -> usize {
        self.spans.len()
    }

    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = &'a [u8]> + use<'a> {
        let arena = self.arena;
        self.spans.iter().map(move |span| span.of(arena))
    }
}
