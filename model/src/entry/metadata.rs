//! `metadata` of the stored form: what was sent under it, and the unknown top-level keys moved there.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::Rejection;
use super::field::Field;
use super::fields::{Fields, Member, Value};
use crate::document::{self, KEYWORD_LIMIT, LEAF_LIMIT, PATH_LIMIT};
use crate::json::{Escapes, Kind, Marks, Reader, rewrite, string};

/// The key of a `metadata` that is no object.
const VALUE: &str = "value";

/// Appends `,"metadata":{…}` where there is any, and names what of it is not searched whole.
pub(super) fn write(
    fields: &Fields<'_>,
    out: &mut Vec<u8>,
    truncated: &mut Vec<Cow<'static, str>>,
) -> Result<(), Rejection> {
    if let Some(written) = fields.metadata {
        out.extend_from_slice(b",\"metadata\":");
        out.extend_from_slice(written);
        return Ok(());
    }
    let sent = fields.get(Field::Metadata);
    if sent.is_none() && fields.unknown.is_empty() {
        return Ok(());
    }
    out.extend_from_slice(b",\"metadata\":");
    let start = out.len();
    // An upper bound of the longest path: all keys, each with its quotes, one behind the other.
    let mut keys = sent.map_or(0, |value| value.marks.keys as usize) + VALUE.len() + 2;
    let mut longest = sent.map_or(0, |value| value.marks.longest as usize);
    match sent {
        Some(value) if value.kind == Kind::Object => write_value(value, out)?,
        Some(value) => {
            out.extend_from_slice(b"{\"value\":");
            write_value(value, out)?;
            out.push(b'}');
        }
        None => out.extend_from_slice(b"{}"),
    }
    if !fields.unknown.is_empty() {
        out.pop();
        let mut member =
            |key: &str, Member { value, written, .. }: &Member<'_>, renamed: bool, first: bool| {
                if !first {
                    out.push(b',');
                }
                keys += key.len() + 2 + value.marks.keys as usize;
                longest = longest.max(value.marks.longest as usize);
                if !written.is_empty() && !renamed {
                    out.extend_from_slice(written.as_bytes());
                    return Ok(());
                }
                string::write(key, out);
                out.push(b':');
                write_value(value, out)
            };
        if sent.is_none() && all_differ(&fields.unknown) {
            for (index, unknown) in fields.unknown.iter().enumerate() {
                member(&unknown.key, unknown, false, index == 0)?;
            }
        } else {
            let taken = top_level_keys(sent)?;
            let mut empty = taken.is_empty();
            for (key, unknown) in moved(taken, &fields.unknown) {
                member(&key, unknown, key != unknown.key, std::mem::take(&mut empty))?;
            }
        }
        out.push(b'}');
    }
    // A leaf takes at least two bytes.
    if longest > KEYWORD_LIMIT || keys > PATH_LIMIT || out.len() - start > 2 * LEAF_LIMIT {
        let written = str::from_utf8(out.get(start..).unwrap_or_default()).unwrap_or_default();
        let (cut, complete) = document::searched_in_part(written)?;
        truncated.extend(cut.into_iter().map(|path| Cow::Owned(format!("metadata.{path}"))));
        if !complete {
            truncated.push(Field::Metadata.name().into());
        }
    }
    Ok(())
}

/// Whether an object of JSON is stored as it is, and searched whole.
pub(super) fn is_stored_as(written: &[u8], marks: &Marks) -> bool {
    let (keys, longest) = (marks.keys as usize, marks.longest as usize);
    !marks.rewrite && longest <= KEYWORD_LIMIT && keys <= PATH_LIMIT / 2 && written.len() <= 2 * LEAF_LIMIT
}

/// Whether no key is there twice, as in nearly every entry. Of many keys it is not looked at.
fn all_differ(members: &[Member<'_>]) -> bool {
    let mut seen = 0_u64;
    members.len() <= 24
        && members.iter().enumerate().all(|(index, Member { key, .. })| {
            let mark = 1 << mark(key);
            // Keys with different marks differ, so that few are compared.
            let differs = seen & mark == 0 || members[..index].iter().all(|other| other.key != *key);
            seen |= mark;
            differs
        })
}

/// A number below 64 that equal keys share.
fn mark(key: &str) -> u32 {
    let (first, last) = match key.as_bytes() {
        [] => (0, 0),
        [only] => (*only, *only),
        [first, .., last] => (*first, *last),
    };
    let mixed = u32::from(first) << 16 | u32::from(last) << 8 | (key.len() as u32 & 0xff);
    mixed.wrapping_mul(0x9e37_79b9) >> 26
}

fn write_value(value: &Value<'_>, out: &mut Vec<u8>) -> Result<(), Rejection> {
    if value.escapes == Escapes::Plain {
        string::write(value.text, out);
    } else if value.marks.rewrite {
        rewrite(value.text, out)?;
    } else {
        out.extend_from_slice(value.text.as_bytes());
    }
    Ok(())
}

fn top_level_keys<'a>(sent: Option<&Value<'a>>) -> Result<BTreeSet<Cow<'a, str>>, Rejection> {
    let mut keys = BTreeSet::new();
    match sent {
        None => {}
        Some(value) if value.kind != Kind::Object => {
            keys.insert(VALUE.into());
        }
        Some(value) => {
            let mut reader = Reader::new(value.text.as_bytes(), usize::MAX);
            while let Some(token) = reader.token()? {
                if token.kind == Kind::Key && reader.depth() == 1 {
                    keys.insert(string::unescape(token.inner(value.text)));
                }
            }
        }
    }
    Ok(keys)
}

/// The members to add to metadata, in the order they were sent: of equal keys the last, and a key that is
/// taken with as many underscores behind it as make it free. Keys that are free keep their names,
/// wherever they stand.
fn moved<'v, 'a>(
    mut taken: BTreeSet<Cow<'a, str>>,
    unknown: &'v [Member<'a>],
) -> Vec<(Cow<'a, str>, &'v Member<'a>)> {
    let last: BTreeMap<&str, usize> =
        unknown.iter().enumerate().map(|(index, member)| (member.key.as_ref(), index)).collect();
    let mut moved: Vec<_> = unknown
        .iter()
        .enumerate()
        .filter(|(index, member)| last.get(member.key.as_ref()) == Some(index))
        .map(|(_, member)| (member.key.clone(), member))
        .collect();
    let mut clashing: Vec<usize> =
        (0..moved.len()).filter(|index| !taken.insert(moved[*index].0.clone())).collect();
    // In this order the names tried for one base only grow, so that each is tried once.
    clashing
        .sort_by(|one, other| split_underscores(&moved[*one].0).cmp(&split_underscores(&moved[*other].0)));
    let mut name = String::new();
    for index in clashing {
        let key = &moved[index].0;
        if split_underscores(&name).0 != split_underscores(key).0 || name.len() < key.len() {
            key.as_ref().clone_into(&mut name);
        }
        while taken.contains(name.as_str()) {
            name.push('_');
        }
        taken.insert(Cow::Owned(name.clone()));
        moved[index].0 = Cow::Owned(name.clone());
    }
    moved
}

/// A key without the underscores at its end, and how many those are.
fn split_underscores(key: &str) -> (&str, usize) {
    let base = key.trim_end_matches('_');
    (base, key.len() - base.len())
}
