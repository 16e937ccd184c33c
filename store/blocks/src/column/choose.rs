//! Which encoding a column gets: what its values are, and what each encoding would cost.

use super::dictionary::{Codes, codes};
use super::{Form, HexForm, constant, hex, number};
use crate::message::ByTemplate;
use crate::span::Values;

/// Values and how they are to be encoded.
#[derive(Debug)]
pub(crate) struct Chosen<'a> {
    pub(crate) values: Values<'a>,
    pub(crate) choice: Choice,
}

#[derive(Debug)]
pub(crate) enum Choice {
    Constant,
    Numbers(Form, Vec<i64>),
    Hex(HexForm, usize),
    Dictionary(Codes),
    Templates(ByTemplate),
    Text,
}

/// Numbers are searched as fast without a dictionary: it pays for its counts alone, while they are few.
const MOST_NUMBERS: usize = 256;
/// Shorter texts gain nothing by templates.
const SHORTEST_TEMPLATED: usize = 6;

/// Chooses for values, given when each of them arrived. `nested` columns get no columns of their own.
pub(crate) fn choose<'a>(values: Values<'a>, order: &[u32], nested: bool) -> Chosen<'a> {
    Chosen { values, choice: choice(values, order, nested) }
}

fn choice(values: Values<'_>, order: &[u32], nested: bool) -> Choice {
    if constant::is_constant(values) {
        return Choice::Constant;
    }
    let count = values.len();
    let numbers = number::numbers(values);
    let most = if numbers.is_some() { MOST_NUMBERS.min(count / 8) } else { count / 2 };
    let codes = codes(values, order, most);
    if let Some((form, numbers)) = numbers {
        return match codes {
            Some(codes) => Choice::Dictionary(codes),
            None => Choice::Numbers(form, numbers),
        };
    }
    let hex = hex::form(values);
    if let Some(codes) = codes {
        let bytes: usize = values.spans.iter().map(|span| span.len()).sum();
        // What text compresses to, and what digits do.
        let value = if hex.is_some() { bytes as f64 * 0.5 } else { bytes as f64 * 0.3 } / count as f64 + 0.5;
        let code = (codes.entries.len() as f64).log2() / 8.0;
        if codes.entries.len() as f64 * value + count as f64 * code < count as f64 * value {
            return Choice::Dictionary(codes);
        }
    }
    if let Some((form, digits)) = hex {
        return Choice::Hex(form, digits);
    }
    let bytes: usize = values.spans.iter().map(|span| span.len()).sum();
    if !nested && bytes / count >= SHORTEST_TEMPLATED {
        let split = ByTemplate::new(values);
        if split.texts.len() * 4 <= count && split.templates.len() * 16 <= count {
            return Choice::Templates(split);
        }
    }
    Choice::Text
}
