//! One text for equal JSON: object keys sorted by their bytes, the last of equal keys kept, no white space,
//! the fewest escapes, numbers as the literal they were sent as.

use std::fmt;

use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::push_string;

/// Values nested deeper than this are not brought into canonical form; ingestors take 64 levels, of which the entry
/// and its metadata are two.
const MAX_DEPTH: usize = 60;

/// The text is not JSON, or nested too deeply.
#[derive(Debug, thiserror::Error)]
pub enum CanonicalError {
    #[error("failed to read JSON: {0}")]
    Json(#[from] serde_json::Error),
    #[error("nested more than {MAX_DEPTH} levels deep")]
    TooDeep,
}

/// An object's members in document order, values unread.
#[derive(Debug)]
pub struct Members<'a>(pub Vec<(String, &'a RawValue)>);

impl<'a> Members<'a> {
    pub fn parse(json: &'a str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(json)
    }

    /// Appends the members in canonical form, without the braces around them.
    pub fn write(self, out: &mut String) -> Result<(), CanonicalError> {
        write_members(self, out, 1)
    }
}

/// Appends the value `json` in canonical form.
pub fn write(json: &str, out: &mut String) -> Result<(), CanonicalError> {
    write_value(json, out, 1)
}

fn write_value(json: &str, out: &mut String, depth: usize) -> Result<(), CanonicalError> {
    if depth > MAX_DEPTH {
        return Err(CanonicalError::TooDeep);
    }
    let json = json.trim_ascii();
    match json.as_bytes().first() {
        Some(b'{') => {
            out.push('{');
            write_members(Members::parse(json)?, out, depth)?;
            out.push('}');
        }
        Some(b'[') => {
            out.push('[');
            let Elements(elements) = serde_json::from_str(json)?;
            for (index, element) in elements.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_value(element.get(), out, depth + 1)?;
            }
            out.push(']');
        }
        Some(b'"') => push_string(&serde_json::from_str::<String>(json)?, out),
        _ => {
            let literal: &RawValue = serde_json::from_str(json)?;
            out.push_str(literal.get());
        }
    }
    Ok(())
}

fn write_members(members: Members<'_>, out: &mut String, depth: usize) -> Result<(), CanonicalError> {
    let mut members = members.0;
    members.sort_by(|(left, _), (right, _)| left.cmp(right));
    let mut first = true;
    for (index, (key, value)) in members.iter().enumerate() {
        if members.get(index + 1).is_some_and(|(next, _)| next == key) {
            continue;
        }
        if !std::mem::take(&mut first) {
            out.push(',');
        }
        push_string(key, out);
        out.push(':');
        write_value(value.get(), out, depth + 1)?;
    }
    Ok(())
}

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Object)
    }
}

struct Elements<'a>(Vec<&'a RawValue>);

impl<'de: 'a, 'a> Deserialize<'de> for Elements<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Array;
        impl<'de> Visitor<'de> for Array {
            type Value = Elements<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut elements = Vec::new();
                while let Some(element) = seq.next_element()? {
                    elements.push(element);
                }
                Ok(Elements(elements))
            }
        }
        deserializer.deserialize_seq(Array)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(json: &str) -> Result<String, CanonicalError> {
        let mut out = String::new();
        write(json, &mut out).map(|()| out)
    }

    #[test]
    fn equal_json_has_one_text() {
        for (json, expected) in [
            (r#" { "b" : [ 1 , 2.50 , 1e999 ] , "a" : "\u0041\/" } "#, r#"{"a":"A/","b":[1,2.50,1e999]}"#),
            (r#"{"a":1,"a":2}"#, r#"{"a":2}"#),
            (r#"[{"z":null,"y":true},"é",[],{}]"#, r#"[{"y":true,"z":null},"é",[],{}]"#),
            ("123456789012345678901234567890", "123456789012345678901234567890"),
            (r#""a\u0000\n""#, r#""a\u0000\n""#),
        ] {
            assert_eq!(canonical(json).unwrap(), expected);
            assert_eq!(canonical(expected).unwrap(), expected);
        }
    }

    #[test]
    fn what_is_not_json_or_too_deep_is_an_error() {
        for json in ["", "{", "[1,]", "nope", r#""\ud800""#, "1 2"] {
            assert!(matches!(canonical(json), Err(CanonicalError::Json(_))), "{json}");
        }
        let deep = "[".repeat(100_000) + &"]".repeat(100_000);
        assert!(matches!(canonical(&deep), Err(CanonicalError::TooDeep | CanonicalError::Json(_))));
    }
}
