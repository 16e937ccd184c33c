use std::collections::BTreeMap;

use crate::json::string;

/// Tags such as `env:prod,team:shop` by their keys: an object of JSON whose members are texts, or arrays of them where a key comes
/// several times. A tag without a colon is a key with an empty text. `None` where there is no tag.
pub(super) fn as_object(tags: &str) -> Option<String> {
    let mut keys: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for tag in tags.split(',').map(str::trim).filter(|tag| !tag.is_empty()) {
        let (key, value) = tag.split_once(':').unwrap_or((tag, ""));
        keys.entry(key).or_default().push(value);
    }
    if keys.is_empty() {
        return None;
    }
    let mut out = Vec::with_capacity(tags.len() * 2);
    for (index, (key, values)) in keys.iter().enumerate() {
        out.push(if index == 0 { b'{' } else { b',' });
        string::write(key, &mut out);
        out.extend_from_slice(if values.len() > 1 { b":[" } else { b":" });
        for (index, value) in values.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            string::write(value, &mut out);
        }
        if values.len() > 1 {
            out.push(b']');
        }
    }
    out.push(b'}');
    String::from_utf8(out).ok()
}
