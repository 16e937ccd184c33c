//! The answer to a search.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::super::client::SourceError;
use crate::import::document::Document;

#[derive(Deserialize)]
pub(super) struct Answer<'a> {
    #[serde(default)]
    timed_out: bool,
    #[serde(borrow, default, rename = "_shards")]
    shards: Option<Shards<'a>>,
    #[serde(borrow)]
    hits: Hits<'a>,
    #[serde(borrow, rename = "_scroll_id", default)]
    pub(super) scroll_id: Option<Cow<'a, str>>,
    /// That of the next request, which may be another.
    #[serde(borrow, default)]
    pub(super) pit_id: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Shards<'a> {
    #[serde(default)]
    failed: u64,
    #[serde(borrow, default)]
    failures: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Hits<'a> {
    #[serde(borrow)]
    hits: Vec<Hit<'a>>,
}

#[derive(Deserialize)]
pub(super) struct Hit<'a> {
    #[serde(borrow, rename = "_index")]
    index: Cow<'a, str>,
    #[serde(borrow, rename = "_id")]
    id: Cow<'a, str>,
    #[serde(borrow, rename = "_routing", default)]
    routing: Option<Cow<'a, str>>,
    #[serde(borrow, rename = "_source", default)]
    source: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) sort: Vec<&'a RawValue>,
}

impl<'a> Answer<'a> {
    /// Fails with what is missing where the answer has not all that it should have.
    pub(super) fn parse(answer: &'a [u8]) -> Result<Self, SourceError> {
        serde_json::from_slice(answer).map_err(|error| SourceError::Nonsense(error.to_string()))
    }

    /// Why the answer lacks documents, where it does.
    pub(super) fn gap(&self) -> Option<String> {
        if self.timed_out {
            return Some("a search took too long".to_owned());
        }
        let shards = self.shards.as_ref().filter(|shards| shards.failed > 0)?;
        let reason: String =
            shards.failures.map(|failures| failures.get().chars().take(300).collect()).unwrap_or_default();
        Some(format!("{} shards of an index failed: {reason}", shards.failed))
    }

    pub(super) fn hits(self) -> Vec<Hit<'a>> {
        self.hits.hits
    }
}

impl Hit<'_> {
    /// The document under the name that it has in its index, or the reason why there is no document.
    pub(super) fn document(&self) -> Result<Document, String> {
        let source = self.source.filter(|source| source.get().starts_with('{'));
        let Some(source) = source else {
            return Err(format!("the index {} keeps no _source of its documents", self.index));
        };
        // An index may hold an id once for each routing.
        let id = match &self.routing {
            Some(routing) => &Cow::Owned(format!("{routing}/{}", self.id)),
            None => &self.id,
        };
        Ok(Document::new(&self.index, id, source.get().as_bytes()))
    }

    pub(super) fn refused(&self, why: &str) -> String {
        format!("document {} of {} {why}", self.id, self.index)
    }

    /// The first value that it is sorted by.
    pub(super) fn first_key(&self) -> Option<i64> {
        self.sort.first()?.get().parse().ok()
    }

    pub(super) fn has_key_of(&self, other: &Self) -> bool {
        let keys = |hit: &Self| hit.sort.iter().map(|value| value.get().to_owned()).collect::<Vec<_>>();
        keys(self) == keys(other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWER: &str = r#"{"took":1,"timed_out":false,"_scroll_id":"s","pit_id":"p","_shards":{"total":2,"failed":0},"hits":{"total":{"value":2},"hits":[
        {"_index":"logs-1","_type":"_doc","_id":"a\"1","_score":null,"_source":{ "message" : "x", "n":1.50 },"sort":[1796032800000,7]},
        {"_index":"logs-1","_id":"2","_routing":"r","_source":{},"sort":[1796032800000,8]},
        {"_index":"logs-1","_id":"3","sort":[1796032800000,8]}
    ]}}"#;

    #[test]
    fn documents_come_as_they_are_under_the_names_of_their_index() {
        let answer = Answer::parse(ANSWER.as_bytes()).unwrap();
        assert_eq!(answer.gap(), None);
        let hits = answer.hits();
        let lines = |hit: &Hit<'_>| String::from_utf8(hit.document().unwrap().lines().to_vec()).unwrap();
        assert_eq!(
            lines(&hits[0]),
            "{\"create\":{\"_index\":\"logs-1\",\"_id\":\"a\\\"1\"}}\n{ \"message\" : \"x\", \"n\":1.50 }\n"
        );
        assert!(lines(&hits[1]).starts_with(r#"{"create":{"_index":"logs-1","_id":"r/2"}}"#));
        assert_eq!(hits[2].document().unwrap_err(), "the index logs-1 keeps no _source of its documents");
        assert_eq!(hits[0].first_key(), Some(1_796_032_800_000));
        assert!(hits[1].has_key_of(&hits[2]) && !hits[0].has_key_of(&hits[1]));
    }

    #[test]
    fn an_answer_that_lacks_documents_says_so() {
        let failed = r#"{"_shards":{"failed":1,"failures":[{"reason":"x"}]},"hits":{"hits":[]}}"#;
        let gap = Answer::parse(failed.as_bytes()).unwrap().gap().unwrap();
        assert_eq!(gap, "1 shards of an index failed: [{\"reason\":\"x\"}]");
        assert!(Answer::parse(br#"{"timed_out":true,"hits":{"hits":[]}}"#).unwrap().gap().is_some());
        for answer in ["", "{}", "[]", r#"{"hits":{"hits":[{}]}}"#] {
            assert!(Answer::parse(answer.as_bytes()).is_err(), "{answer}");
        }
    }
}
