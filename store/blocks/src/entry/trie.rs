//! Skeletons seen so far, as a tree of their gaps: an entry of a known shape is split along it without a parser.

use logpipeline_model::json::{Escapes, number, string};

/// Shapes beyond so many at one place are left to the parser.
const MOST_EDGES: usize = 16;

#[derive(Debug)]
pub(super) struct Trie {
    nodes: Vec<Vec<Edge>>,
}

/// What may follow a value.
#[derive(Debug)]
struct Edge {
    gap: Box<[u8]>,
    then: Then,
}

#[derive(Debug, Clone, Copy)]
enum Then {
    String(usize),
    Bare(usize),
    /// The end of the entry: the number of its skeleton.
    End(u32),
}

/// Where a value stands in the entry.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) escapes: Escapes,
}

impl Default for Trie {
    fn default() -> Self {
        Self { nodes: vec![Vec::new()] }
    }
}

impl Trie {
    /// The skeleton of an entry, each of whose values is given to `value`; `None` where the parser must see it, also
    /// where `value` refuses one. Where all gaps are those of a valid entry and all values are valid, so is the entry.
    pub(super) fn split(&mut self, stored: &[u8], mut value: impl FnMut(Found) -> bool) -> Option<u32> {
        let (mut node, mut at) = (0, 0);
        loop {
            let rest = stored.get(at..)?;
            let edges = self.nodes.get_mut(node)?;
            let taken = edges.iter().position(|edge| edge.admits(rest))?;
            if taken > 0 {
                edges.swap(taken, taken - 1);
            }
            let edge = edges.get(taken.saturating_sub(1))?;
            let start = at + edge.gap.len();
            let found = match edge.then {
                Then::End(skeleton) => return Some(skeleton),
                Then::String(next) => {
                    node = next;
                    let (end, escapes) = string::scan(stored, start).ok()?;
                    Found { start, end: end - 1, escapes }
                }
                Then::Bare(next) => {
                    node = next;
                    Found { start, end: bare(stored, start)?, escapes: Escapes::None }
                }
            };
            if !value(found) {
                return None;
            }
            at = found.end;
        }
    }

    /// Adds a skeleton by its gaps, all but the last with whether a string follows.
    pub(super) fn add<'a>(&mut self, gaps: impl Iterator<Item = (&'a [u8], Option<bool>)>, skeleton: u32) {
        let mut node = 0;
        for (gap, string) in gaps {
            let next = self.nodes.len();
            let edges = &mut self.nodes[node];
            let found = edges.iter().find(|edge| &*edge.gap == gap).map(|edge| edge.then);
            let then = match (found, string) {
                (Some(then), _) => then,
                (None, _) if edges.len() >= MOST_EDGES => return,
                (None, string) => {
                    let then = match string {
                        Some(true) => Then::String(next),
                        Some(false) => Then::Bare(next),
                        None => Then::End(skeleton),
                    };
                    edges.push(Edge { gap: gap.into(), then });
                    if string.is_some() {
                        self.nodes.push(Vec::new());
                    }
                    then
                }
            };
            match then {
                Then::String(next) | Then::Bare(next) => node = next,
                Then::End(_) => return,
            }
        }
    }
}

impl Edge {
    #[inline]
    fn admits(&self, rest: &[u8]) -> bool {
        match self.then {
            Then::End(_) => rest == &*self.gap,
            Then::String(_) => rest.starts_with(&self.gap),
            Then::Bare(_) => {
                rest.starts_with(&self.gap)
                    && matches!(rest.get(self.gap.len()), Some(b'-' | b'0'..=b'9' | b't' | b'f'))
            }
        }
    }
}

/// Where a number, `true` or `false` ends.
fn bare(stored: &[u8], start: usize) -> Option<usize> {
    let rest = stored.get(start..)?;
    match rest.first()? {
        b't' => rest.starts_with(b"true").then_some(start + 4),
        b'f' => rest.starts_with(b"false").then_some(start + 5),
        _ => number::scan(stored, start).ok(),
    }
}
