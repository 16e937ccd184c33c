//! Chosen fields of an entry.

use std::borrow::Cow;
use std::fmt;

use logpipeline_model::query::Field;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde::ser::SerializeSeq;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;

/// Fields in the order asked for, under the names they were asked for by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Columns(Vec<Column>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Column {
    name: String,
    /// Keys joined by dots, from the entry's top.
    path: String,
}

impl Default for Columns {
    fn default() -> Self {
        let names = [
            "timestamp",
            "level",
            "resourceId",
            "message",
            "traceId",
            "spanId",
            "commit",
            "metadata",
            "id",
            "receivedAt",
        ];
        Self(names.into_iter().map(Column::new).collect())
    }
}

impl Column {
    fn new(name: &str) -> Self {
        Self { name: name.to_owned(), path: Field::resolve(name).to_string() }
    }
}

impl Columns {
    /// Reads names with commas between them. `None` where one is empty or named twice.
    pub fn parse(text: &str) -> Option<Self> {
        let mut columns: Vec<Column> = Vec::new();
        for name in text.split(',').map(str::trim) {
            if name.is_empty() || columns.iter().any(|column| column.name == name) {
                return None;
            }
            columns.push(Column::new(name));
        }
        Some(Self(columns))
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|column| column.name.as_str())
    }

    /// The value of each column, where the entry, given in its stored form, has one.
    ///
    /// # Errors
    /// Where the bytes are no JSON.
    pub fn read<'a>(&self, stored: &'a [u8]) -> Result<Vec<Option<Value<'a>>>, serde_json::Error> {
        let entry: &RawValue = serde_json::from_slice(stored)?;
        self.0.iter().map(|column| Value::at(entry, &column.path)).collect()
    }
}

/// What stands at a path: several values where arrays lie on the way, or where keys that hold dots
/// spell the same path.
#[derive(Debug)]
pub struct Value<'a>(Vec<&'a RawValue>);

impl<'a> Value<'a> {
    pub(crate) fn at(entry: &'a RawValue, path: &str) -> Result<Option<Self>, serde_json::Error> {
        let mut found = Vec::new();
        collect(entry, path, &mut found)?;
        found.retain(|value| value.get() != "null");
        Ok((!found.is_empty()).then_some(Self(found)))
    }

    /// As a cell: text without quotes, everything else as JSON.
    pub fn text(self) -> Cow<'a, str> {
        match self.0.as_slice() {
            [one] if one.get().starts_with('"') => match Text::deserialize(*one) {
                Ok(Text(text)) => text,
                Err(_) => one.get().into(),
            },
            [one] => one.get().into(),
            _ => serde_json::to_string(&self).unwrap_or_default().into(),
        }
    }
}

impl Serialize for Value<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.as_slice() {
            [one] => one.serialize(serializer),
            several => {
                let mut array = serializer.serialize_seq(Some(several.len()))?;
                several.iter().try_for_each(|value| array.serialize_element(value))?;
                array.end()
            }
        }
    }
}

#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

fn collect<'a>(
    value: &'a RawValue,
    path: &str,
    found: &mut Vec<&'a RawValue>,
) -> Result<(), serde_json::Error> {
    match value.get().as_bytes().first() {
        Some(b'{') => {
            for (key, value) in Members::deserialize(value)?.0 {
                match path.strip_prefix(&*key.0) {
                    Some("") => found.push(value),
                    Some(rest) => {
                        if let Some(rest) = rest.strip_prefix('.') {
                            collect(value, rest, found)?;
                        }
                    }
                    None => {}
                }
            }
            Ok(())
        }
        Some(b'[') => {
            let elements: Vec<&RawValue> = Vec::deserialize(value)?;
            elements.into_iter().try_for_each(|element| collect(element, path, found))
        }
        _ => Ok(()),
    }
}

/// An object's members in their order, unread.
struct Members<'a>(Vec<(Text<'a>, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;

        impl<'de> Visitor<'de> for Reader {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Reader)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STORED: &str = r#"{"id":"x","message":"a \"b\"\n","metadata":{"n":1e999,"http":{"status":500,"route":"/a"},"a.b":1,"a":{"b":2},"tags":["x",{"k":"y"},{"k":null}],"none":null}}"#;

    fn cells(names: &str) -> Vec<Option<String>> {
        let columns = Columns::parse(names).unwrap();
        columns
            .read(STORED.as_bytes())
            .unwrap()
            .into_iter()
            .map(|v| v.map(|v| v.text().into_owned()))
            .collect()
    }

    fn cell(name: &str) -> Option<String> {
        cells(name).remove(0)
    }

    #[test]
    fn values_are_found_by_path_and_alias() {
        assert_eq!(
            cells("msg,metadata.http.status,http.route"),
            ["a \"b\"\n", "500", "/a"].map(|v| Some(v.to_owned()))
        );
        assert_eq!(cell("metadata.n").as_deref(), Some("1e999"));
        assert_eq!(cell("http").as_deref(), Some(r#"{"status":500,"route":"/a"}"#));
        assert_eq!(cell("a.b").as_deref(), Some("[1,2]"), "both spellings of a path");
        assert_eq!(cell("tags.k").as_deref(), Some("y"));
        assert_eq!(
            (cell("none"), cell("level"), cell("http.none"), cell("metadata.htt")),
            (None, None, None, None)
        );
    }

    #[test]
    fn an_empty_or_repeated_name_is_refused() {
        for names in ["", "a,,b", "a,", "a, a"] {
            assert_eq!(Columns::parse(names), None, "{names:?}");
        }
    }
}
