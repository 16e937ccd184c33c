//! Values that come again: each distinct one once, in the order of arrival, and its code for each row.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::Column;
use crate::span::{Span, Values};

/// Distinct values, and which row has which.
#[derive(Debug)]
pub(crate) struct Codes {
    pub(crate) entries: Vec<Span>,
    pub(crate) codes: Vec<i64>,
    pub(crate) counts: Vec<u32>,
}

/// Numbers distinct values by their first arrival, so that neighbours in time have near codes; `order` says when each
/// value arrived. `None` beyond `most` of them.
pub(super) fn codes(values: Values<'_>, order: &[u32], most: usize) -> Option<Codes> {
    struct Entry {
        span: Span,
        first: u32,
        count: u32,
    }
    let mut entries: Vec<Entry> = Vec::new();
    let mut by_value: HashMap<&[u8], u32, RandomState> = HashMap::default();
    let mut codes = Vec::with_capacity(values.len());
    let mut before: Option<(&[u8], u32)> = None;
    for ((value, span), arrived) in values.iter().zip(values.spans).zip(order) {
        let code = match before {
            Some((same, code)) if same == value => code,
            _ => *by_value.entry(value).or_insert_with(|| {
                entries.push(Entry { span: *span, first: u32::MAX, count: 0 });
                entries.len() as u32 - 1
            }),
        };
        if entries.len() > most {
            return None;
        }
        before = Some((value, code));
        let entry = &mut entries[code as usize];
        entry.first = entry.first.min(*arrived);
        entry.count += 1;
        codes.push(i64::from(code));
    }
    let mut by_arrival: Vec<usize> = (0..entries.len()).collect();
    by_arrival.sort_unstable_by_key(|entry| entries[*entry].first);
    let mut renamed = vec![0; entries.len()];
    for (new, old) in by_arrival.iter().enumerate() {
        renamed[*old] = new as i64;
    }
    codes.iter_mut().for_each(|code| *code = renamed[*code as usize]);
    Some(Codes {
        entries: by_arrival.iter().map(|entry| entries[*entry].span).collect(),
        counts: by_arrival.iter().map(|entry| entries[*entry].count).collect(),
        codes,
    })
}

/// A dictionary, read.
#[derive(Debug)]
pub(crate) struct Dictionary {
    pub(crate) entries: Column,
    pub(crate) length: usize,
    pub(crate) codes: Vec<u32>,
}
