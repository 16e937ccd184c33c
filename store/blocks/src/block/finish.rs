//! From split entries to the bytes of a block.

use std::collections::HashMap;

use super::builder::{Builder, Row};
use super::directory::{TEXT, put_head};
use super::groups::Order;
use super::layout;
use crate::column::{Choice, Chosen, choose, pack, write, write_function, write_same, write_token};
use crate::error::Result;
use crate::filter;
use crate::frame::Streams;
use crate::id;
use crate::message::{Learned, nth_token};
use crate::span::{Span, Values};
use crate::wire::put_number;

pub(super) fn finish(builder: &Builder) -> Result<Vec<u8>> {
    let learned = builder.templates.learn(builder.rows.len());
    let messages = Messages::new(builder, &learned);
    let order = Order::new(builder, &messages.templates);
    let mut finish = Finish {
        builder,
        order: &order,
        streams: Streams::default(),
        directory: Vec::new(),
        filtered: Vec::new(),
    };
    put_head(
        [&builder.timestamps, &builder.receipts],
        &builder.ids,
        builder.splitter.keys(),
        builder.splitter.skeletons(),
        &order.groups,
        &mut finish.directory,
    );
    finish.columns();
    finish.messages(&learned, &messages);
    finish.arrivals();
    let Finish { streams, mut directory, .. } = finish;
    let written = streams.write(layout::BEGINNING.to_vec())?;
    directory.extend_from_slice(&written.table);
    layout::seal(written.frames, &directory)
}

/// The final template of each row's message, and its variables.
struct Messages {
    /// As the directory numbers them.
    templates: Vec<u32>,
    /// Behind each row's last variable.
    ends: Vec<u32>,
    variables: Vec<Span>,
}

impl Messages {
    fn new(builder: &Builder, learned: &Learned) -> Self {
        let rows = builder.rows.len();
        let mut messages = Self {
            templates: Vec::with_capacity(rows),
            ends: Vec::with_capacity(rows),
            variables: Vec::with_capacity(builder.variables.len()),
        };
        let slots = message_slots(builder);
        let mut first = 0;
        for row in &builder.rows {
            let variables = &builder.variables[first..row.variables_end as usize];
            first = row.variables_end as usize;
            messages.templates.push(match slots[row.skeleton as usize] {
                None => 0,
                Some(slot) => {
                    let at = builder.slots[row.slots as usize + slot];
                    let text = at.of(&builder.arena);
                    let placed = learned.place(row.template, (at, text), variables, &mut messages.variables);
                    placed.map_or(TEXT, |number| number + TEXT + 1)
                }
            });
            messages.ends.push(messages.variables.len() as u32);
        }
        messages
    }

    fn of(&self, arrival: u32) -> &[Span] {
        let start = (arrival as usize).checked_sub(1).map_or(0, |before| self.ends[before] as usize);
        &self.variables[start..self.ends[arrival as usize] as usize]
    }
}

/// Where the message stands among the values of each skeleton.
fn message_slots(builder: &Builder) -> Vec<Option<usize>> {
    let skeletons = builder.splitter.skeletons().iter();
    skeletons
        .map(|skeleton| skeleton.slots.iter().position(|slot| *slot == crate::entry::Slot::Message))
        .collect()
}

struct Finish<'a> {
    builder: &'a Builder,
    order: &'a Order,
    streams: Streams,
    directory: Vec<u8>,
    filtered: Vec<(u128, filter::Kind)>,
}

/// Tries to find a column that tells another, for each column.
const MOST_TRIES: usize = 64;

impl<'a> Finish<'a> {
    fn row(&self, arrival: u32) -> &'a Row {
        &self.builder.rows[arrival as usize]
    }

    fn columns(&mut self) {
        let builder = self.builder;
        let columns = builder.splitter.keys().len();
        let mut spans: Vec<Vec<Span>> = vec![Vec::new(); columns];
        let mut arrivals: Vec<Vec<u32>> = vec![Vec::new(); columns];
        // Columns of the same groups have their values in the same order.
        let mut groups: Vec<Vec<u32>> = vec![Vec::new(); columns];
        for (number, group) in self.order.groups.iter().enumerate() {
            let slots = &builder.splitter.skeleton(group.skeleton).slots;
            let rows = &self.order.arrivals[group.start as usize..][..group.rows as usize];
            for (slot, place) in slots.iter().enumerate() {
                let crate::entry::Slot::Column(column) = place else { continue };
                let column = *column as usize;
                groups[column].push(number as u32);
                arrivals[column].extend_from_slice(rows);
                spans[column]
                    .extend(rows.iter().map(|row| builder.slots[self.row(*row).slots as usize + slot]));
            }
        }
        let mut same_groups: HashMap<&[u32], Vec<usize>> = HashMap::new();
        let mut written: Vec<Chosen<'_>> = Vec::with_capacity(columns);
        for column in 0..columns {
            let values = Values { arena: &builder.arena, spans: &spans[column] };
            let chosen = choose(values, &arrivals[column], false);
            self.collect(&chosen);
            let alike = same_groups.entry(&groups[column]).or_default();
            if !self.by_another(&chosen, alike, &written) {
                write(&chosen, &mut self.streams, &mut self.directory);
                alike.push(column);
            }
            written.push(chosen);
        }
    }

    /// Writes a column as told by one before it, if there is one.
    fn by_another(&mut self, chosen: &Chosen<'_>, alike: &[usize], written: &[Chosen<'_>]) -> bool {
        if let Choice::Constant = chosen.choice {
            return false;
        }
        let values = chosen.values;
        for &other in alike.iter().take(MOST_TRIES) {
            let others = written[other].values;
            if values.get(0) == others.get(0) && values.iter().eq(others.iter()) {
                write_same(other as u32, &mut self.directory);
                return true;
            }
        }
        let Choice::Dictionary(codes) = &chosen.choice else { return false };
        let runs = codes.codes.windows(2).filter(|pair| pair[0] != pair[1]).count();
        if runs * 64 < codes.codes.len() {
            return false;
        }
        for &other in alike.iter().take(MOST_TRIES) {
            if let Choice::Dictionary(source) = &written[other].choice
                && let Some(map) = function(&source.codes, source.entries.len(), &codes.codes)
                && map.len() * 4 <= codes.codes.len()
            {
                let of = (other as u32, map.as_slice());
                write_function(codes, values.arena, of, &mut self.streams, &mut self.directory);
                return true;
            }
        }
        false
    }

    /// Notes the values that the filter is for.
    fn collect(&mut self, chosen: &Chosen<'_>) {
        let note = |values: &mut dyn Iterator<Item = &[u8]>, filtered: &mut Vec<_>| {
            filtered.extend(values.filter_map(filter::parse).map(|value| (value, filter::Kind::Value)));
        };
        let values = chosen.values;
        match &chosen.choice {
            Choice::Constant => note(&mut values.iter().take(1), &mut self.filtered),
            Choice::Hex(_, 32) => note(&mut values.iter(), &mut self.filtered),
            Choice::Dictionary(codes) => {
                note(&mut codes.entries.iter().map(|span| span.of(values.arena)), &mut self.filtered);
            }
            Choice::Hex(..) | Choice::Numbers(..) => {}
            Choice::Templates(_) | Choice::Text => note(&mut values.iter(), &mut self.filtered),
        }
    }

    fn messages(&mut self, learned: &Learned, messages: &Messages) {
        let arena = &self.builder.arena;
        let slots = message_slots(self.builder);
        let rows_of = |template: u32| {
            let groups = &self.order.groups;
            let start = groups.partition_point(|group| group.template < template);
            let end = groups.partition_point(|group| group.template <= template);
            let row = |group: usize| {
                groups.get(group).map_or(self.order.arrivals.len(), |group| group.start as usize)
            };
            &self.order.arrivals[row(start)..row(end)]
        };
        let rows = rows_of(TEXT);
        let texts: Vec<Span> = rows
            .iter()
            .filter_map(|arrival| {
                let row = self.row(*arrival);
                slots[row.skeleton as usize].map(|slot| self.builder.slots[row.slots as usize + slot])
            })
            .collect();
        write(&choose(Values { arena, spans: &texts }, rows, true), &mut self.streams, &mut self.directory);

        put_number(learned.templates.len() as u64, &mut self.directory);
        let mut spans = Vec::new();
        for (number, template) in (TEXT + 1..).zip(&learned.templates) {
            template.put(&mut self.directory);
            let rows = rows_of(number);
            for variable in 0..template.variables() {
                spans.clear();
                spans.extend(rows.iter().map(|arrival| messages.of(*arrival)[variable]));
                let values = Values { arena, spans: &spans };
                let chosen = choose(values, rows, true);
                let token = match chosen.choice {
                    Choice::Constant => None,
                    _ => self.token(values, rows),
                };
                match token {
                    Some((column, token)) => write_token(column, token, &mut self.directory),
                    None => write(&chosen, &mut self.streams, &mut self.directory),
                }
            }
        }
    }

    /// The column in whose values these are a token each, and which token.
    fn token(&self, values: Values<'_>, rows: &[u32]) -> Option<(u32, u32)> {
        const SHORTEST: usize = 3;
        const MOST_TOKENS: usize = 16;
        let first = values.iter().next()?;
        if first.len() < SHORTEST {
            return None;
        }
        let row = self.row(*rows.first()?);
        let slots = &self.builder.splitter.skeleton(row.skeleton).slots;
        for (slot, place) in slots.iter().enumerate() {
            let crate::entry::Slot::Column(column) = place else { continue };
            let value = self.builder.slots[row.slots as usize + slot].of(&self.builder.arena);
            if memchr::memmem::find(value, first).is_none() {
                continue;
            }
            for token in 0..MOST_TOKENS {
                let found = nth_token(value, token);
                if found.is_empty() {
                    break;
                }
                if found == first && self.is_token(values, rows, *column, token) {
                    return Some((*column, token as u32));
                }
            }
        }
        None
    }

    fn is_token(&self, values: Values<'_>, rows: &[u32], column: u32, token: usize) -> bool {
        let mut known: Option<(u32, usize)> = None;
        values.iter().zip(rows).all(|(value, arrival)| {
            let row = self.row(*arrival);
            let slot = match known {
                Some((skeleton, slot)) if skeleton == row.skeleton => Some(slot),
                _ => {
                    let wanted = crate::entry::Slot::Column(column);
                    self.builder.splitter.skeleton(row.skeleton).slots.iter().position(|slot| *slot == wanted)
                }
            };
            let Some(slot) = slot else { return false };
            known = Some((row.skeleton, slot));
            let other = self.builder.slots[row.slots as usize + slot].of(&self.builder.arena);
            nth_token(other, token) == value
        })
    }

    /// What is kept in order of arrival.
    fn arrivals(&mut self) {
        let builder = self.builder;
        let (streams, directory) = (&mut self.streams, &mut self.directory);
        pack(&self.order.codes, streams, directory);
        pack(&builder.timestamps.offsets, streams, directory);
        pack(&builder.receipts.offsets, streams, directory);
        id::put(&builder.ids, streams, directory);
        let prefixes = builder.ids.iter().map(|id| u128::from_be_bytes(id.0) >> 32);
        let mut filtered = std::mem::take(&mut self.filtered);
        let mut before = None;
        for prefix in prefixes {
            if before != Some(prefix) {
                filtered.push((prefix, filter::Kind::IdPrefix));
                before = Some(prefix);
            }
        }
        filter::put(filtered, streams, directory);
    }
}

/// The code for each code of another column, where that one tells it.
fn function(source: &[i64], length: usize, codes: &[i64]) -> Option<Vec<i64>> {
    let mut map = vec![-1; length];
    for (from, to) in source.iter().zip(codes) {
        let known = &mut map[*from as usize];
        if *known >= 0 && *known != *to {
            return None;
        }
        *known = *to;
    }
    Some(map)
}
