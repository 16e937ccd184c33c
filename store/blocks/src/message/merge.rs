//! Templates that differ by a word become one: by position, as in IPLoM (Makanju, Zincir-Heywood and Milios,
//! "Clustering Event Logs Using Iterative Partitioning", KDD 2009).

use std::collections::HashMap;
use std::rc::Rc;

use foldhash::fast::RandomState;

use super::Template;
use super::learn::{Fate, Learned, MOST_VARIABLES, Seen};
use super::scan::{MARK, tokens};

/// A template of fewer texts is not worth its place.
const RARE: u32 = 4;
/// So many templates must agree before a word becomes a variable.
const FEWEST: usize = 8;
/// Templates are split so many times at most, and by one of their first tokens: what is longer or more varied would
/// take more time than it is worth.
const DEEPEST: usize = 12;
const WIDEST: usize = 32;

pub(super) fn merge(seen: &[Seen], rows: usize) -> Learned {
    // What is frequent pays for itself; the bound keeps the number of such templates small.
    let frequent = (rows / 256).max(64) as u32;
    let mut merge = Merge {
        seen,
        shapes: seen.iter().map(|one| Shape::of(&one.text)).collect(),
        learned: Learned { templates: Vec::new(), fates: vec![Fate::Text; seen.len()] },
    };
    let mut order: Vec<Vec<usize>> = Vec::new();
    let mut groups: HashMap<Vec<u8>, usize, RandomState> = HashMap::default();
    for (index, (one, shape)) in seen.iter().zip(&merge.shapes).enumerate() {
        let group = *groups.entry(shape.outline(&one.text)).or_insert_with(|| {
            order.push(Vec::new());
            order.len() - 1
        });
        order[group].push(index);
    }
    for group in order {
        let (kept, rare): (Vec<_>, Vec<_>) = group.into_iter().partition(|one| seen[*one].count >= frequent);
        merge.group(&kept, rare);
    }
    merge.learned
}

/// The tokens of a template, variables included.
struct Shape {
    /// Bytes of the template's text; a variable has the mark alone.
    tokens: Vec<(u32, u32)>,
}

impl Shape {
    fn of(text: &[u8]) -> Self {
        let mut found = Vec::new();
        let mut at = 0;
        for literal in text.split(|byte| *byte == MARK) {
            if at > 0 {
                found.push((at - 1, at));
            }
            found.extend(tokens(literal).map(|(start, end, _)| (at + start as u32, at + end as u32)));
            at += literal.len() as u32 + 1;
        }
        Self { tokens: found }
    }

    /// What stands between the tokens, a mark for each of them.
    fn outline(&self, text: &[u8]) -> Vec<u8> {
        let mut outline = Vec::new();
        let mut at = 0;
        for (start, end) in &self.tokens {
            outline.extend_from_slice(&text[at..*start as usize]);
            outline.push(MARK);
            at = *end as usize;
        }
        outline.extend_from_slice(&text[at..]);
        outline
    }
}

struct Merge<'a> {
    seen: &'a [Seen],
    shapes: Vec<Shape>,
    learned: Learned,
}

impl<'a> Merge<'a> {
    fn token(&self, template: usize, position: usize) -> &'a [u8] {
        let (start, end) = self.shapes[template].tokens[position];
        &self.seen[template].text[start as usize..end as usize]
    }

    fn is_variable(&self, template: usize, position: usize) -> bool {
        self.token(template, position) == [MARK]
    }

    fn positions(&self, template: usize) -> usize {
        self.shapes[template].tokens.len()
    }

    /// Templates of one outline: frequent ones, and others.
    fn group(&mut self, frequent: &[usize], rare: Vec<usize>) {
        let mut left = rare;
        for &model in frequent {
            let covers = |one: &usize| {
                (0..self.positions(model)).all(|position| {
                    self.is_variable(model, position)
                        || self.token(model, position) == self.token(*one, position)
                })
            };
            let (mut like, other): (Vec<_>, Vec<_>) = left.into_iter().partition(covers);
            left = other;
            if like.is_empty() {
                self.keep(model);
            } else {
                like.push(model);
                let variable: Vec<_> =
                    (0..self.positions(model)).map(|position| self.is_variable(model, position)).collect();
                self.join(&like, model, &variable);
            }
        }
        self.partition(left);
    }

    fn keep(&mut self, template: usize) {
        let text = &self.seen[template].text;
        let count = memchr::memchr_iter(MARK, text).count();
        self.learned.fates[template] = Fate::Kept(self.learned.templates.len() as u32);
        self.learned.templates.push(Template::new(text.clone(), vec![false; count].into()));
    }

    /// Splits by the position with the fewest words until what varies are values.
    fn partition(&mut self, group: Vec<usize>) {
        let mut groups = vec![(group, 0)];
        while let Some((group, depth)) = groups.pop() {
            let Some(&first) = group.first().filter(|_| group.len() >= FEWEST) else {
                for template in group {
                    if self.seen[template].count >= RARE {
                        self.keep(template);
                    }
                }
                continue;
            };
            let distinct: Vec<usize> =
                (0..self.positions(first)).map(|position| self.distinct(&group, position)).collect();
            let splitting = (0..distinct.len().min(WIDEST))
                .filter(|_| depth < DEEPEST)
                .filter(|position| distinct[*position] > 1 && distinct[*position] <= group.len() / FEWEST)
                .min_by_key(|position| distinct[*position]);
            match splitting {
                Some(position) => {
                    let mut parts: Vec<Vec<usize>> = Vec::new();
                    let mut by_word: HashMap<&[u8], usize, RandomState> = HashMap::default();
                    for template in group {
                        let part = *by_word.entry(self.token(template, position)).or_insert_with(|| {
                            parts.push(Vec::new());
                            parts.len() - 1
                        });
                        parts[part].push(template);
                    }
                    groups.extend(parts.into_iter().map(|part| (part, depth + 1)));
                }
                None => {
                    let variable: Vec<bool> = (0..distinct.len())
                        .map(|position| distinct[position] > 1 || self.is_variable(first, position))
                        .collect();
                    self.join(&group, first, &variable);
                }
            }
        }
    }

    fn distinct(&self, group: &[usize], position: usize) -> usize {
        let words: std::collections::HashSet<&[u8], RandomState> =
            group.iter().map(|template| self.token(*template, position)).collect();
        words.len()
    }

    /// Makes one template of several that differ where `variable` is set.
    fn join(&mut self, group: &[usize], model: usize, variable: &[bool]) {
        let positions: Rc<[u32]> =
            (0u32..).zip(variable).filter(|(_, variable)| **variable).map(|(position, _)| position).collect();
        if positions.len() > MOST_VARIABLES {
            return;
        }
        let mut text = Vec::new();
        let mut at = 0;
        for (&(start, end), variable) in self.shapes[model].tokens.iter().zip(variable) {
            if *variable {
                text.extend_from_slice(&self.seen[model].text[at..start as usize]);
                text.push(MARK);
                at = end as usize;
            }
        }
        text.extend_from_slice(&self.seen[model].text[at..]);
        let words = positions
            .iter()
            .map(|position| group.iter().any(|one| !self.is_variable(*one, *position as usize)))
            .collect();
        let number = self.learned.templates.len() as u32;
        self.learned.templates.push(Template::new(text.into(), words));
        for template in group {
            self.learned.fates[*template] = Fate::Merged(number, Rc::clone(&positions));
        }
    }
}
