//! Texts as templates of their own and columns of variables.

use super::{Column, Texts};
use crate::message::Template;

/// Texts by template, read.
#[derive(Debug)]
pub(crate) struct Templated {
    pub(crate) templates: Vec<Template>,
    /// Of each row, its template from 1 (0 where it has none), and how many rows before it have the same.
    pub(crate) rows: Vec<(u32, u32)>,
    pub(crate) texts: Texts,
    pub(crate) variables: Vec<Vec<Column>>,
}

impl Templated {
    pub(crate) fn new(
        templates: Vec<Template>,
        numbers: Vec<u32>,
        texts: Texts,
        variables: Vec<Vec<Column>>,
    ) -> Self {
        let mut counts = vec![0; templates.len() + 1];
        let mut rows = Vec::with_capacity(numbers.len());
        for number in numbers {
            let count = &mut counts[number as usize];
            rows.push((number, *count));
            *count += 1;
        }
        Self { templates, rows, texts, variables }
    }

    pub(crate) fn write(&self, index: usize, out: &mut Vec<u8>) {
        let Some(&(number, index)) = self.rows.get(index) else { return };
        let (number, index) = (number as usize, index as usize);
        let Some((template, variables)) =
            number.checked_sub(1).and_then(|at| self.templates.get(at).zip(self.variables.get(at)))
        else {
            out.extend_from_slice(self.texts.get(index));
            return;
        };
        let mut variables = variables.iter();
        for (place, literal) in template.literals().enumerate() {
            if place > 0
                && let Some(variable) = variables.next()
            {
                variable.write(index, out);
            }
            out.extend_from_slice(literal);
        }
    }
}
