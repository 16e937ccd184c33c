//! Tests of one token.

use logpipeline_model::query::Wildcard;
use logpipeline_model::query::text::{fold, tokens};

/// What a token must be. Texts are folded.
#[derive(Debug)]
pub(super) enum TokenTest<'q> {
    Is(&'q str),
    StartsWith(&'q str),
    Contains(&'q str),
    Matches(&'q Wildcard),
}

impl TokenTest<'_> {
    /// The test of a token as it is written.
    pub(super) fn ready(&self) -> impl Fn(&str) -> bool {
        let pattern = match self {
            Self::Matches(wildcard) => wildcard.regex(true).ok(),
            _ => None,
        };
        move |token: &str| match self {
            Self::Is(text) if token.is_ascii() => token.eq_ignore_ascii_case(text),
            Self::Is(text) => fold(token) == *text,
            Self::StartsWith(text) => fold(token).starts_with(text),
            Self::Contains(text) => fold(token).contains(text),
            Self::Matches(_) => pattern.as_ref().is_some_and(|pattern| pattern.is_match(&fold(token))),
        }
    }

    /// Whether no token without a digit passes.
    pub(super) fn needs_digit(&self) -> bool {
        match self {
            Self::Is(text) | Self::StartsWith(text) | Self::Contains(text) => {
                text.bytes().any(|byte| byte.is_ascii_digit())
            }
            Self::Matches(_) => false,
        }
    }

    /// Whether no token with a digit passes.
    pub(super) fn forbids_digit(&self) -> bool {
        matches!(self, Self::Is(_)) && !self.needs_digit()
    }
}

/// Whether some token of a text passes a test that was made ready. Where the text has a token that is cut, `Contains`
/// may be true of what the cut has taken away.
pub(super) fn any_token(text: &str, test: &TokenTest<'_>, ready: &dyn Fn(&str) -> bool) -> bool {
    let cut_passes = matches!(test, TokenTest::Contains(_));
    tokens(text).any(|token| ready(token.raw) || token.cut && cut_passes)
}

/// Whether the tokens stand in a text next to each other.
pub(super) fn has_phrase(text: &str, phrase: &[String], prefix: bool) -> bool {
    let found: Vec<_> = tokens(text).map(|token| token.folded()).collect();
    found.windows(phrase.len()).any(|window| {
        window.iter().zip(phrase).enumerate().all(|(at, (token, wanted))| {
            if prefix && at + 1 == phrase.len() {
                token.starts_with(wanted.as_str())
            } else {
                token == wanted
            }
        })
    })
}
