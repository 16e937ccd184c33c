//! What stands in the slots of a skeleton that is new, told by the first entry that has it.

use logpipeline_model::Document;
use logpipeline_model::document::PATH_LIMIT;
use logpipeline_model::json::{Kind, Reader, string};
use logpipeline_model::query::Field;

use super::Place;

/// What a slot is, before it is given a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Described {
    Id,
    ReceivedAt,
    Timestamp,
    Message,
    At(Place),
}

/// What each value of an entry is, in order. `None` where readers would not take it for an entry, or could see
/// in it another one than these slots do.
pub(super) fn describe(stored: &str) -> Option<Vec<Described>> {
    Document::parse(stored.as_bytes()).ok()?;
    let mut reader = Reader::new(stored.as_bytes(), usize::MAX);
    let mut described = Vec::new();
    let mut seen: Vec<&str> = Vec::new();
    let mut path = Path::default();
    // Whether the values are below `metadata`.
    let mut metadata = false;
    while let Ok(Some(token)) = reader.token() {
        match token.kind {
            Kind::Key if reader.depth() == 1 => {
                let key = token.inner(stored);
                if seen.contains(&key) {
                    return None;
                }
                seen.push(key);
                metadata = false;
                path = Path { key: key.to_owned(), ..Path::default() };
            }
            Kind::Key => path.key = string::unescape(token.inner(stored)).into_owned(),
            Kind::Object if reader.depth() == 1 => {}
            Kind::Object if reader.depth() == 2 && path.key == "metadata" && path.around.is_empty() => {
                metadata = true;
                path.around.push((0, std::mem::take(&mut path.key)));
            }
            Kind::Object => path.enter(),
            Kind::ObjectEnd => path.leave(),
            Kind::Array | Kind::ArrayEnd | Kind::Null => {}
            _ => described.push(if metadata {
                Described::At(path.place_of_metadata())
            } else {
                of_field(&path, reader.depth() == 1)
            }),
        }
    }
    Some(described)
}

fn of_field(path: &Path, whole: bool) -> Described {
    let field = match path.key.as_str() {
        _ if !whole => None,
        "id" => return Described::Id,
        "receivedAt" => return Described::ReceivedAt,
        "timestamp" => return Described::Timestamp,
        "message" => return Described::Message,
        "level" => Some(Field::Level),
        "resourceId" => Some(Field::ResourceId),
        "traceId" => Some(Field::TraceId),
        "spanId" => Some(Field::SpanId),
        "commit" => Some(Field::Commit),
        _ => None,
    };
    Described::At(match field {
        Some(field) => Place::Field(field),
        None => Place::Other(path.joined()),
    })
}

/// The keys that lead to a value, as [`logpipeline_model::document`] joins them.
#[derive(Default)]
struct Path {
    key: String,
    outer: String,
    around: Vec<(usize, String)>,
}

impl Path {
    fn enter(&mut self) {
        let key = std::mem::take(&mut self.key);
        let outside = self.outer.len();
        if outside <= PATH_LIMIT {
            self.outer.push_str(&key);
            self.outer.push('.');
        }
        self.around.push((outside, key));
    }

    fn leave(&mut self) {
        if let Some((outside, key)) = self.around.pop() {
            self.key = key;
            self.outer.truncate(outside);
        }
    }

    fn joined(&self) -> String {
        let key = if self.key.len() > PATH_LIMIT { "" } else { &self.key };
        format!("{}{key}", self.outer)
    }

    fn place_of_metadata(&self) -> Place {
        if self.outer.len() + self.key.len() > PATH_LIMIT {
            return Place::Other(String::new());
        }
        Place::Field(Field::Metadata(self.joined()))
    }
}
