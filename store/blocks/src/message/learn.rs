use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::scan::{self, split};
use super::{Template, merge};
use crate::span::{Span, Values};

/// Beyond each of these bounds, texts of new templates are kept as they are.
const MOST_TEMPLATES: usize = 64 * 1024;
const MOST_BYTES: usize = 4 << 20;
pub(super) const MOST_VARIABLES: usize = 64;
/// A longer text is kept as it is.
const LONGEST: usize = 16 * 1024;

/// Splits texts, and remembers their templates.
#[derive(Debug, Default)]
pub(crate) struct Templates {
    by_text: HashMap<Box<[u8]>, u32, RandomState>,
    texts: Vec<Seen>,
    bytes: usize,
    template: Vec<u8>,
}

/// A template, and how often it came.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) text: Box<[u8]>,
    pub(super) count: u32,
}

impl Templates {
    /// The template of the text at `at`, which is `text`; its variables are appended. `None` where it has none.
    pub(crate) fn split(&mut self, text: &[u8], at: Span, variables: &mut Vec<Span>) -> Option<u32> {
        let first = variables.len();
        let number =
            if text.len() <= LONGEST && split(text, at, MOST_VARIABLES, &mut self.template, variables) {
                self.number()
            } else {
                None
            };
        if number.is_none() {
            variables.truncate(first);
        }
        number
    }

    fn number(&mut self) -> Option<u32> {
        if let Some(&number) = self.by_text.get(self.template.as_slice()) {
            self.texts[number as usize].count += 1;
            return Some(number);
        }
        let number = self.texts.len();
        if number >= MOST_TEMPLATES || self.bytes + self.template.len() > MOST_BYTES {
            return None;
        }
        self.bytes += self.template.len();
        let text: Box<[u8]> = self.template.as_slice().into();
        self.by_text.insert(text.clone(), number as u32);
        self.texts.push(Seen { text, count: 1 });
        Some(number as u32)
    }

    /// Decides which templates are kept, and which become one.
    pub(crate) fn learn(&self, rows: usize) -> Learned {
        merge::merge(&self.texts, rows)
    }
}

/// The templates that are worth keeping.
#[derive(Debug, Default)]
pub(crate) struct Learned {
    pub(crate) templates: Vec<Template>,
    /// For each template that was seen, what became of it.
    pub(super) fates: Vec<Fate>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fate {
    /// Too rare: its texts are kept as they are.
    Text,
    /// It has this number now.
    Kept(u32),
    /// It has become part of this one, whose variables are these of its tokens.
    Merged(u32, std::rc::Rc<[u32]>),
}

impl Learned {
    /// The final template of a text that was given `seen`; its variables are appended to `out`. `None` where the
    /// text is to be kept as it is.
    pub(crate) fn place(
        &self,
        seen: Option<u32>,
        text: (Span, &[u8]),
        variables: &[Span],
        out: &mut Vec<Span>,
    ) -> Option<u32> {
        match &self.fates[seen? as usize] {
            Fate::Text => None,
            Fate::Kept(number) => {
                out.extend_from_slice(variables);
                Some(*number)
            }
            Fate::Merged(number, positions) => {
                let mut positions = positions.iter().copied().peekable();
                for (index, (start, end, _)) in (0u32..).zip(scan::tokens(text.1)) {
                    if positions.next_if_eq(&index).is_some() {
                        out.push(text.0.part(start as u32, end as u32));
                    }
                }
                Some(*number)
            }
        }
    }
}

/// The texts of a column, by template: for each text its template (from 1; 0 for those that have none), and the values
/// of each template's variables.
#[derive(Debug)]
pub(crate) struct ByTemplate {
    pub(crate) templates: Vec<Template>,
    pub(crate) numbers: Vec<i64>,
    pub(crate) texts: Vec<Span>,
    pub(crate) variables: Vec<Vec<Vec<Span>>>,
}

impl ByTemplate {
    pub(crate) fn new(values: Values<'_>) -> Self {
        let mut seen = Templates::default();
        let mut spans = Vec::new();
        let found: Vec<(Option<u32>, usize)> = values
            .iter()
            .zip(values.spans)
            .map(|(text, at)| (seen.split(text, *at, &mut spans), spans.len()))
            .collect();
        let learned = seen.learn(values.len());
        let mut variables: Vec<Vec<Vec<Span>>> =
            learned.templates.iter().map(|template| vec![Vec::new(); template.variables()]).collect();
        let (mut numbers, mut texts, mut placed) = (Vec::with_capacity(values.len()), Vec::new(), Vec::new());
        let mut first = 0;
        for ((seen, end), (text, at)) in found.into_iter().zip(values.iter().zip(values.spans)) {
            placed.clear();
            match learned.place(seen, (*at, text), &spans[first..end], &mut placed) {
                Some(number) => {
                    numbers.push(i64::from(number) + 1);
                    let columns = &mut variables[number as usize];
                    columns.iter_mut().zip(&placed).for_each(|(column, span)| column.push(*span));
                }
                None => {
                    numbers.push(0);
                    texts.push(*at);
                }
            }
            first = end;
        }
        Self { templates: learned.templates, numbers, texts, variables }
    }
}
