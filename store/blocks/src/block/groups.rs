//! The order of rows: by template, then by resource, then by skeleton. Rows that agree in all are a group, and stay in
//! their order of arrival.

use std::collections::HashMap;

use foldhash::fast::RandomState;
use logpipeline_model::query::Field;

use super::builder::Builder;
use super::directory::Group;
use crate::entry::{Place, Slot};

/// More resources than so many are not told apart.
const MOST_RESOURCES: usize = 4096;

/// Rows in order.
#[derive(Debug)]
pub(super) struct Order {
    pub(super) groups: Vec<Group>,
    /// For each row, when it arrived.
    pub(super) arrivals: Vec<u32>,
    /// In order of arrival, the group of each row.
    pub(super) codes: Vec<i64>,
}

impl Order {
    /// Orders the rows of a builder, given the template of each.
    pub(super) fn new(builder: &Builder, templates: &[u32]) -> Self {
        let resources = resources(builder);
        let mut order = Self::by(builder, templates, |row| resources[row]);
        if order.groups.len() > templates.len() / 8 + 16 {
            order = Self::by(builder, templates, |_| 0);
        }
        order
    }

    fn by(builder: &Builder, templates: &[u32], resource: impl Fn(usize) -> u32) -> Self {
        // 17 bits of template, 13 of resource, 13 of skeleton, 17 of arrival.
        let mut keys: Vec<u64> = templates
            .iter()
            .zip(&builder.rows)
            .enumerate()
            .map(|(arrival, (template, row))| {
                let group =
                    u64::from(*template) << 26 | u64::from(resource(arrival)) << 13 | u64::from(row.skeleton);
                group << 17 | arrival as u64
            })
            .collect();
        keys.sort_unstable();
        let mut groups: Vec<Group> = Vec::new();
        let mut codes = vec![0; keys.len()];
        let mut arrivals = Vec::with_capacity(keys.len());
        let mut before = None;
        for (row, key) in keys.into_iter().enumerate() {
            let arrival = (key & 0x1_ffff) as usize;
            if before != Some(key >> 17) {
                before = Some(key >> 17);
                let (template, skeleton) = (templates[arrival], builder.rows[arrival].skeleton);
                groups.push(Group { template, skeleton, start: row as u32, rows: 0 });
            }
            let code = groups.len() - 1;
            groups[code].rows += 1;
            codes[arrival] = code as i64;
            arrivals.push(arrival as u32);
        }
        Self { groups, arrivals, codes }
    }
}

/// A number for the resource of each row, 0 where it has none or there are too many.
fn resources(builder: &Builder) -> Vec<u32> {
    let keys = builder.splitter.keys();
    let is_resource = |slot: &Slot| match slot {
        Slot::Column(column) => keys[*column as usize].place == Place::Field(Field::ResourceId),
        _ => false,
    };
    let skeletons = builder.splitter.skeletons().iter();
    let slots: Vec<Option<usize>> =
        skeletons.map(|skeleton| skeleton.slots.iter().position(is_resource)).collect();
    let mut numbers: HashMap<&[u8], u32, RandomState> = HashMap::default();
    builder
        .rows
        .iter()
        .map(|row| {
            let Some(slot) = slots[row.skeleton as usize] else { return 0 };
            let value = builder.slots[row.slots as usize + slot].of(&builder.arena);
            let next = numbers.len() as u32 + 1;
            match numbers.get(value) {
                Some(number) => *number,
                None if numbers.len() >= MOST_RESOURCES => 0,
                None => *numbers.entry(value).or_insert(next),
            }
        })
        .collect()
}
