//! How an engine is paged through.

use serde::Deserialize;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Paging {
    /// Of Elasticsearch since 7.12.
    PointInTime(Tie),
    /// Of OpenSearch since 2.4.
    OpenSearchPointInTime(Tie),
    /// Of all.
    Scroll,
}

/// What orders documents of one time, so that a page can begin between them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tie {
    /// Unique within a point in time.
    ShardDoc,
    /// Unique within a shard: several documents of an index, one a shard, may have the same.
    SeqNo,
}

#[derive(Deserialize)]
struct Root {
    version: Version,
    #[serde(default)]
    tagline: String,
}

#[derive(Deserialize)]
struct Version {
    number: String,
    #[serde(default)]
    distribution: Option<String>,
}

impl Paging {
    /// From the answer to `GET /`; what is unknown can be scrolled through.
    pub(super) fn of(answer: &[u8]) -> Self {
        let Ok(Root { version, tagline }) = serde_json::from_slice(answer) else { return Self::Scroll };
        let mut numbers = version.number.split(['.', '-']).map(|part| part.parse::<u32>().unwrap_or(0));
        let number = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
        let is_opensearch =
            version.distribution.as_deref() == Some("opensearch") || tagline.contains("OpenSearch");
        match (is_opensearch, number) {
            // By `compatibility.override_main_response_version` it calls itself 7.10, whatever it is.
            (true, (7.., _)) => Self::Scroll,
            (true, (3, 3..) | (4.., _)) => Self::OpenSearchPointInTime(Tie::ShardDoc),
            (true, (2, 4..) | (3, _)) => Self::OpenSearchPointInTime(Tie::SeqNo),
            (false, (7, 12..) | (8.., _)) => Self::PointInTime(Tie::ShardDoc),
            _ => Self::Scroll,
        }
    }

    pub(super) fn tie(self) -> Option<Tie> {
        match self {
            Self::PointInTime(tie) | Self::OpenSearchPointInTime(tie) => Some(tie),
            Self::Scroll => None,
        }
    }
}

impl Tie {
    pub(super) fn field(self) -> &'static str {
        match self {
            Self::ShardDoc => "_shard_doc",
            Self::SeqNo => "_seq_no",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn engines_are_paged_through_as_their_versions_can() {
        let of = |number: &str, distribution: &str, tagline: &str| {
            let version = serde_json::json!({ "number": number, "distribution": distribution });
            Paging::of(serde_json::json!({ "version": version, "tagline": tagline }).to_string().as_bytes())
        };
        for (number, paging) in [
            ("9.4.3", Paging::PointInTime(Tie::ShardDoc)),
            ("8.19.21", Paging::PointInTime(Tie::ShardDoc)),
            ("7.12.0-SNAPSHOT", Paging::PointInTime(Tie::ShardDoc)),
            ("7.11.2", Paging::Scroll),
            ("6.8.23", Paging::Scroll),
            ("latest", Paging::Scroll),
        ] {
            assert_eq!(of(number, "", "You Know, for Search"), paging, "{number}");
        }
        for (number, paging) in [
            ("3.6.0", Paging::OpenSearchPointInTime(Tie::ShardDoc)),
            ("3.2.0", Paging::OpenSearchPointInTime(Tie::SeqNo)),
            ("2.19.4", Paging::OpenSearchPointInTime(Tie::SeqNo)),
            ("2.3.0", Paging::Scroll),
            ("1.3.20", Paging::Scroll),
        ] {
            assert_eq!(of(number, "opensearch", ""), paging, "{number}");
        }
        assert_eq!(of("7.10.2", "", "The OpenSearch Project: https://opensearch.org/"), Paging::Scroll);
        assert_eq!(Paging::of(b"<html>"), Paging::Scroll);
    }
}
