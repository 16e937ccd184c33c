//! What an index can know about the texts that a pattern matches.

use std::mem;

use regex_syntax::hir::{Class, ClassUnicode, Hir, HirKind};

use super::text::{Token, fold, fold_char, is_token_char, tokens};
use super::{Wildcard, WildcardPart};

/// Conditions that hold for every text in which a pattern is found, so that an index need not look at
/// the others. The tokens are folded and cut as those of [`super::text::tokens`] are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Prefilter {
    /// Each is a token of the text.
    pub tokens: Vec<String>,
    /// With each, a token of the text begins.
    pub prefixes: Vec<String>,
    /// Each is part of a token of the text, or of what a cut token has lost ([`Token::cut`]).
    pub fragments: Vec<String>,
    /// Of each group, at least one holds.
    pub any_of: Vec<Vec<Prefilter>>,
}

impl Prefilter {
    /// Whether nothing is known, so that every text must be looked at.
    pub fn is_empty(&self) -> bool {
        self.tokens.is_empty()
            && self.prefixes.is_empty()
            && self.fragments.is_empty()
            && self.any_of.is_empty()
    }

    /// Whether the conditions hold for a text.
    pub fn admits(&self, text: &str) -> bool {
        let found: Vec<Token<'_>> = tokens(text).collect();
        let folded: Vec<_> = found.iter().map(Token::folded).collect();
        let any_cut = found.iter().any(|token| token.cut);
        self.admits_tokens(&folded, any_cut)
    }

    fn admits_tokens(&self, found: &[impl AsRef<str>], any_cut: bool) -> bool {
        let some = |test: &dyn Fn(&str) -> bool| found.iter().any(|token| test(token.as_ref()));
        self.tokens.iter().all(|token| some(&|found| found == token))
            && self.prefixes.iter().all(|prefix| some(&|found| found.starts_with(prefix)))
            && self.fragments.iter().all(|fragment| any_cut || some(&|found| found.contains(fragment)))
            && self.any_of.iter().all(|group| group.iter().any(|one| one.admits_tokens(found, any_cut)))
    }

    pub(super) fn of_regex(pattern: &str) -> Self {
        match regex_syntax::parse(pattern) {
            Ok(hir) => {
                let mut pieces = Vec::new();
                collect(&hir, &mut pieces);
                Self::of_pieces(pieces)
            }
            Err(_) => Self::default(),
        }
    }

    pub(super) fn of_wildcard(wildcard: &Wildcard) -> Self {
        let pieces = wildcard.0.iter().map(|part| match part {
            WildcardPart::Literal(text) => Piece::Text(text.clone()),
            WildcardPart::AnyCharacter | WildcardPart::AnyRun => Piece::Gap,
        });
        Self::of_pieces(pieces.collect())
    }

    fn of_pieces(pieces: Vec<Piece>) -> Self {
        let mut conditions = Self::default();
        let mut run = Run { text: String::new(), bounded: false };
        for piece in pieces {
            match piece {
                Piece::Text(text) => run.text.push_str(&text),
                Piece::Edge => conditions.take(&mut run, true),
                Piece::Gap => conditions.take(&mut run, false),
                Piece::Either(group) => {
                    conditions.take(&mut run, false);
                    conditions.any_of.push(group);
                }
            }
        }
        conditions.take(&mut run, false);
        for list in [&mut conditions.tokens, &mut conditions.prefixes, &mut conditions.fragments] {
            list.sort_unstable();
            list.dedup();
        }
        conditions
    }

    /// Adds what a literal run says; `bounded` tells whether a token ends where it does. The next run
    /// begins there.
    fn take(&mut self, run: &mut Run, bounded: bool) {
        let text = fold(&mem::take(&mut run.text));
        for token in tokens(&text) {
            let starts = token.start > 0 || run.bounded;
            let ends = token.cut || token.end < text.len() || bounded;
            let list = match (starts, ends) {
                (true, true) => &mut self.tokens,
                (true, false) => &mut self.prefixes,
                (false, _) => &mut self.fragments,
            };
            list.push(token.raw.to_owned());
        }
        run.bounded = bounded;
    }
}

/// A literal run, and whether a token would begin where it does.
struct Run {
    text: String,
    bounded: bool,
}

enum Piece {
    /// Exactly this text, or one that folds to the same.
    Text(String),
    /// No token reaches across: the text's start or end, or a separator.
    Edge,
    /// Anything, also nothing.
    Gap,
    /// Anything for which one of these holds.
    Either(Vec<Prefilter>),
}

fn collect(hir: &Hir, pieces: &mut Vec<Piece>) {
    match hir.kind() {
        HirKind::Empty => {}
        HirKind::Literal(literal) => match str::from_utf8(&literal.0) {
            Ok(text) => pieces.push(Piece::Text(text.to_owned())),
            Err(_) => pieces.push(Piece::Gap),
        },
        HirKind::Class(Class::Unicode(class)) => pieces.push(of_class(class)),
        HirKind::Class(Class::Bytes(_)) => pieces.push(Piece::Gap),
        // Every assertion that the language has stands at an end of the text or beside a line feed.
        HirKind::Look(_) => pieces.push(Piece::Edge),
        HirKind::Repetition(repetition) => {
            if repetition.min == 0 {
                pieces.push(Piece::Gap);
                return;
            }
            let start = pieces.len();
            collect(&repetition.sub, pieces);
            let only_separators = matches!(pieces[start..], [Piece::Edge]);
            if repetition.max != Some(1) && !only_separators {
                pieces.push(Piece::Gap);
            }
        }
        HirKind::Capture(capture) => collect(&capture.sub, pieces),
        HirKind::Concat(parts) => parts.iter().for_each(|part| collect(part, pieces)),
        HirKind::Alternation(parts) => {
            let group: Vec<_> = parts
                .iter()
                .map(|part| {
                    let mut pieces = Vec::new();
                    collect(part, &mut pieces);
                    Prefilter::of_pieces(pieces)
                })
                .collect();
            let useful = group.iter().all(|one| !one.is_empty());
            pieces.push(if useful { Piece::Either(group) } else { Piece::Gap });
        }
    }
}

fn of_class(class: &ClassUnicode) -> Piece {
    const FEW: usize = 16;
    let count: usize = class.ranges().iter().map(|range| range.len()).sum();
    if class.ranges().iter().all(|range| separators_only(range.start(), range.end())) {
        return if count == 0 { Piece::Gap } else { Piece::Edge };
    }
    if count <= FEW {
        let mut folded = class.ranges().iter().flat_map(|range| (range.start()..=range.end()).map(fold_char));
        if let Some(first) = folded.next()
            && folded.all(|other| other == first)
        {
            return Piece::Text(first.to_string());
        }
    }
    Piece::Gap
}

/// Looks only at ranges that are quick to walk.
fn separators_only(first: char, last: char) -> bool {
    const WALK: u32 = 256;
    u32::from(last) - u32::from(first) < WALK && !(first..=last).any(is_token_char)
}
