use super::dictionary::Codes;
use super::plan::{INLINE_BYTES, INLINE_ENTRIES, Tag};
use super::{Choice, Chosen, choose, hex, pack, text};
use crate::frame::Streams;
use crate::message::ByTemplate;
use crate::span::{Span, Values};
use crate::wire::{put_bytes, put_number};

/// Writes a column: its bytes to the streams, and to `head` what the directory says about them.
pub(crate) fn write(chosen: &Chosen<'_>, streams: &mut Streams, head: &mut Vec<u8>) {
    let values = chosen.values;
    match &chosen.choice {
        Choice::Constant => {
            Tag::Constant.put(head);
            put_bytes(values.iter().next().unwrap_or_default(), head);
        }
        Choice::Numbers(form, numbers) => {
            Tag::Numbers.put(head);
            form.put(head);
            pack(numbers, streams, head);
        }
        Choice::Hex(form, digits) => {
            Tag::Hex.put(head);
            hex::put(values, *form, *digits, streams, head);
        }
        Choice::Dictionary(codes) => {
            Tag::Dictionary.put(head);
            put_entries(codes, values.arena, streams, head);
            pack(&codes.codes, streams, head);
        }
        Choice::Templates(split) => {
            Tag::Templates.put(head);
            put_templates(split, values.arena, streams, head);
        }
        Choice::Text => {
            Tag::Text.put(head);
            text::put(values, streams, head);
        }
    }
}

/// Writes a dictionary whose codes are told by those of another column: `of`, whose dictionary has an entry for each of
/// `map`.
pub(crate) fn write_function(
    codes: &Codes,
    arena: &[u8],
    (of, map): (u32, &[i64]),
    streams: &mut Streams,
    head: &mut Vec<u8>,
) {
    Tag::Function.put(head);
    put_entries(codes, arena, streams, head);
    put_number(u64::from(of), head);
    pack(map, streams, head);
}

/// Writes that a column has the values of another one, row by row.
pub(crate) fn write_same(of: u32, head: &mut Vec<u8>) {
    Tag::Same.put(head);
    put_number(u64::from(of), head);
}

/// Writes that each value is a token of the value that another column has in the same row.
pub(crate) fn write_token(of: u32, token: u32, head: &mut Vec<u8>) {
    Tag::Token.put(head);
    put_number(u64::from(of), head);
    put_number(u64::from(token), head);
}

/// A dictionary's entries, in the directory with their counts where they are few and short.
fn put_entries(codes: &Codes, arena: &[u8], streams: &mut Streams, head: &mut Vec<u8>) {
    let entries = Values { arena, spans: &codes.entries };
    put_number(codes.entries.len() as u64, head);
    let bytes: usize = codes.entries.iter().map(|entry| entry.len()).sum();
    if codes.entries.len() <= INLINE_ENTRIES && bytes <= INLINE_BYTES {
        head.push(1);
        for (entry, count) in entries.iter().zip(&codes.counts) {
            put_bytes(entry, head);
            put_number(u64::from(*count), head);
        }
    } else {
        head.push(0);
        write_nested(&codes.entries, arena, streams, head);
    }
}

fn write_nested(spans: &[Span], arena: &[u8], streams: &mut Streams, head: &mut Vec<u8>) {
    let order: Vec<u32> = (0..spans.len() as u32).collect();
    write(&choose(Values { arena, spans }, &order, true), streams, head);
}

fn put_templates(split: &ByTemplate, arena: &[u8], streams: &mut Streams, head: &mut Vec<u8>) {
    put_number(split.templates.len() as u64, head);
    pack(&split.numbers, streams, head);
    put_number(split.texts.len() as u64, head);
    text::put(Values { arena, spans: &split.texts }, streams, head);
    let mut counts = vec![0u64; split.templates.len()];
    for number in &split.numbers {
        if let Some(count) = usize::try_from(*number - 1).ok().and_then(|at| counts.get_mut(at)) {
            *count += 1;
        }
    }
    for ((template, variables), count) in split.templates.iter().zip(&split.variables).zip(counts) {
        template.put(head);
        put_number(count, head);
        for variable in variables {
            write_nested(variable, arena, streams, head);
        }
    }
}
