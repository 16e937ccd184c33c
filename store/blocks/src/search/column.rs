//! Scans of one column.

use crate::column::Column;

impl Column {
    /// Gives `hit` the position of each of `count` values that `test` admits. A value that comes again is tested once
    /// where the column knows it.
    pub(super) fn scan(&self, count: usize, test: &mut dyn FnMut(&[u8]) -> bool, hit: &mut dyn FnMut(usize)) {
        match self {
            Self::Constant(value) => {
                if test(value) {
                    (0..count).for_each(hit);
                }
            }
            Self::Dictionary(dictionary) => {
                let mut admitted = vec![false; dictionary.length];
                dictionary.entries.scan(dictionary.length, test, &mut |entry| {
                    if let Some(admitted) = admitted.get_mut(entry) {
                        *admitted = true;
                    }
                });
                scan_codes(&dictionary.codes, &admitted, hit);
            }
            _ => {
                let mut scratch = Vec::new();
                for index in 0..count {
                    if test(self.get(index, &mut scratch)) {
                        hit(index);
                    }
                }
            }
        }
    }

    /// Gives `hit` the position of each of `count` values that is `value`.
    pub(super) fn scan_equal(&self, count: usize, value: &[u8], hit: &mut dyn FnMut(usize)) {
        match self {
            Self::Numbers(numbers) => {
                if let Some(wanted) = numbers.form.parse(value) {
                    let rows = numbers.values.iter().enumerate();
                    rows.filter(|(_, number)| **number == wanted).for_each(|(row, _)| hit(row));
                }
            }
            Self::Hex(hex) => hex.find(value).into_iter().for_each(hit),
            Self::Dictionary(dictionary) => {
                let mut admitted = vec![false; dictionary.length];
                let mut any = false;
                dictionary.entries.scan_equal(dictionary.length, value, &mut |entry| {
                    if let Some(admitted) = admitted.get_mut(entry) {
                        (*admitted, any) = (true, true);
                    }
                });
                if any {
                    scan_codes(&dictionary.codes, &admitted, hit);
                }
            }
            Self::Texts(texts) if !value.is_empty() => {
                let finder = memchr::memmem::Finder::new(value);
                let mut before = None;
                for at in finder.find_iter(&texts.bytes) {
                    let index = texts.index_at(at);
                    if before != Some(index) && texts.get(index) == value {
                        before = Some(index);
                        hit(index);
                    }
                }
            }
            _ => self.scan(count, &mut |one| one == value, hit),
        }
    }
}

fn scan_codes(codes: &[u32], admitted: &[bool], hit: &mut dyn FnMut(usize)) {
    for (row, code) in codes.iter().enumerate() {
        if admitted.get(*code as usize) == Some(&true) {
            hit(row);
        }
    }
}
