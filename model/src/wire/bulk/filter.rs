//! `filter_path`: which members of an answer a client wants.

/// Patterns of paths, those with a minus in front leave out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    included: Vec<Vec<String>>,
    excluded: Vec<Vec<String>>,
}

/// Longer ones are not looked at: no client asks for so much.
const LONGEST: usize = 4096;

impl Filter {
    /// Reads the parameter's value: patterns separated by commas, their keys by dots, `*` in a key for any run of characters, `**`
    /// for any number of keys.
    pub fn parse(text: &str) -> Self {
        let mut filter = Self::default();
        for pattern in text.get(..text.floor_char_boundary(LONGEST)).unwrap_or_default().split(',') {
            let pattern = pattern.trim();
            let (patterns, pattern) = match pattern.strip_prefix('-') {
                Some(pattern) => (&mut filter.excluded, pattern),
                None => (&mut filter.included, pattern),
            };
            if !pattern.is_empty() {
                let mut keys: Vec<_> = pattern.split('.').map(str::to_owned).collect();
                // Any number of keys, and any number again: each more would multiply the ways to try.
                keys.dedup_by(|key, before| key == "**" && before == "**");
                patterns.push(keys);
            }
        }
        filter
    }

    /// Whether a member that is no object is wanted.
    pub fn keeps(&self, path: &[&str]) -> bool {
        (self.included.is_empty() || self.included.iter().any(|pattern| covers(pattern, path)))
            && !self.excluded.iter().any(|pattern| covers(pattern, path))
    }
}

/// Whether a pattern names the path, or an object that holds it.
fn covers(pattern: &[String], path: &[&str]) -> bool {
    match (pattern, path) {
        ([], _) => true,
        (_, []) => false,
        ([any, rest @ ..], _) if any == "**" => {
            rest.is_empty() || (0..path.len()).any(|from| covers(rest, &path[from..]))
        }
        ([key, rest @ ..], [name, path @ ..]) => matches(key, name) && covers(rest, path),
    }
}

fn matches(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = name.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_keep_what_elasticsearch_keeps() {
        let keeps =
            |filter: &str, path: &str| Filter::parse(filter).keeps(&path.split('.').collect::<Vec<_>>());
        for (filter, path, kept) in [
            ("", "items.create._id", true),
            ("items", "items.create._id", true),
            ("items.*._index", "items.create._index", true),
            ("items.*._index", "items.create._id", false),
            ("items.*.error", "items.index.error.reason", true),
            ("items.*.error.type", "items.index.error.reason", false),
            ("errors,items.*.status", "errors", true),
            ("errors,items.*.status", "took", false),
            ("-took", "took", false),
            ("-took", "errors", true),
            ("items,-items.*._shards", "items.create._shards", false),
            ("**.status", "items.create.status", true),
            ("**.status", "took", false),
            ("it*s.c*e._i*", "items.create._index", true),
            ("it*s.c*e._i*", "items.index._index", false),
            ("items.create.status.more", "items.create.status", false),
        ] {
            assert_eq!(keeps(filter, path), kept, "{filter} on {path}");
        }
    }

    #[test]
    fn a_pattern_of_many_stars_is_no_work() {
        let filter = Filter::parse(&"**.".repeat(8));
        assert!(!filter.keeps(&["items", "create", "error", "reason"]));
        assert!(!Filter::parse(&"*a".repeat(1_000)).keeps(&["items"]));
        for pattern in ["**.", "**.*.", "**.items.**."] {
            let filter = Filter::parse(&(pattern.repeat(LONGEST / pattern.len() - 1) + "x"));
            assert!(!filter.keeps(&["items", "create", "error", "reason"]), "{pattern}");
        }
        assert_eq!(Filter::parse("a.**.**.b,-**.**"), Filter::parse("a.**.b,-**"));
    }
}
