use logpipeline_model::query::text::{TOKEN_LIMIT, is_token_char};

use crate::span::Span;

/// Stands for a variable in the text of a template. A text that holds this byte has no template.
pub(super) const MARK: u8 = 0;

const SEPARATOR: u8 = 0;
const LETTER: u8 = 1;
const DIGIT: u8 = 2;
const WIDE: u8 = 3;

const KINDS: [u8; 256] = {
    let mut kinds = [SEPARATOR; 256];
    let mut byte = 0;
    while byte < 256 {
        let ascii = byte as u8;
        if ascii.is_ascii_digit() {
            kinds[byte] = DIGIT;
        } else if ascii.is_ascii_alphabetic() {
            kinds[byte] = LETTER;
        } else if !ascii.is_ascii() {
            kinds[byte] = WIDE;
        }
        byte += 1;
    }
    kinds
};

/// The next token at or behind `at`: its bytes, and whether it holds a digit.
#[inline]
fn next_token(text: &[u8], mut at: usize) -> Option<(usize, usize, bool)> {
    let start = loop {
        match KINDS[usize::from(*text.get(at)?)] {
            SEPARATOR => at += 1,
            WIDE => {
                let (token, length) = wide(text, at);
                if token {
                    break at;
                }
                at += length;
            }
            _ => break at,
        }
    };
    let mut digit = false;
    while let Some(byte) = text.get(at) {
        match KINDS[usize::from(*byte)] {
            LETTER => at += 1,
            DIGIT => {
                digit = true;
                at += 1;
            }
            WIDE => {
                let (token, length) = wide(text, at);
                if !token {
                    break;
                }
                at += length;
            }
            _ => break,
        }
    }
    Some((start, at, digit))
}

/// Whether the character of several bytes at `at` belongs to a token, and its length.
#[cold]
fn wide(text: &[u8], at: usize) -> (bool, usize) {
    let rest = text.get(at..).unwrap_or_default();
    let rest = rest.get(..4).unwrap_or(rest);
    let valid = match str::from_utf8(rest) {
        Ok(valid) => valid,
        Err(error) => str::from_utf8(rest.get(..error.valid_up_to()).unwrap_or_default()).unwrap_or_default(),
    };
    valid.chars().next().map_or((false, 1), |character| (is_token_char(character), character.len_utf8()))
}

/// Every token of a text, with whether it holds a digit.
pub(super) fn tokens(text: &[u8]) -> impl Iterator<Item = (usize, usize, bool)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let token = next_token(text, at)?;
        at = token.1;
        Some(token)
    })
}

/// The token of a text by its number, from 0.
pub(crate) fn nth_token(text: &[u8], number: usize) -> &[u8] {
    tokens(text).nth(number).and_then(|(start, end, _)| text.get(start..end)).unwrap_or_default()
}

/// Writes the template of a text to `template` and appends its variables, tokens with a digit. `false` where it
/// has none: a token is longer than the language's, there are too many, or it holds the mark.
#[inline]
pub(super) fn split(
    text: &[u8],
    at: Span,
    most: usize,
    template: &mut Vec<u8>,
    variables: &mut Vec<Span>,
) -> bool {
    template.clear();
    let first = variables.len();
    let mut copied = 0;
    for (start, end, digit) in tokens(text) {
        if end - start > TOKEN_LIMIT {
            // It may have fewer characters, which is rare enough.
            return false;
        }
        if digit {
            if variables.len() - first >= most {
                return false;
            }
            template.extend_from_slice(&text[copied..start]);
            template.push(MARK);
            variables.push(at.part(start as u32, end as u32));
            copied = end;
        }
    }
    template.extend_from_slice(&text[copied..]);
    memchr::memchr(MARK, text).is_none()
}
