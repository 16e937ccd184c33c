//! JSON lines whose sender says by parameters which members hold what, as VictoriaLogs takes them.

use super::{Sink, Unreadable, json};
use crate::entry::{Extra, Field, ForeignObject, Room};

/// The parameters of a request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parameters {
    /// Members that may hold the message, the first that an entry has counts.
    pub message: Vec<String>,
    pub time: Vec<String>,
    /// Members that tell streams apart: the first that an entry has is its resource, where no other member is.
    pub stream: Vec<String>,
    /// Members that are left out.
    pub ignored: Vec<String>,
    /// Members that are added to each entry.
    pub extra: Vec<(String, String)>,
}

/// Hands every line to the sink.
pub fn read(body: &[u8], parameters: &Parameters, sink: &mut dyn Sink) -> Result<(), Unreadable> {
    let limits = *sink.limits();
    let (message, time) = (texts(&parameters.message), texts(&parameters.time));
    let mut room = Room::default();
    for line in json::lines(body, &limits) {
        let free = std::mem::take(&mut room);
        let entry =
            line.json.and_then(|json| ForeignObject::read_named_within(free, json, &limits, &message, &time));
        match entry {
            Err(rejection) => sink.reject(line.number, rejection)?,
            Ok(mut entry) => {
                entry.remove(&parameters.ignored);
                for name in &parameters.stream {
                    entry.copy_to(Field::ResourceId, name);
                }
                for (key, text) in &parameters.extra {
                    entry.add(Extra { key, text });
                }
                entry.read_message(sink.received_at());
                let _ = sink.take(line.number, None, &mut entry)?;
                room = entry.into_room();
            }
        }
    }
    Ok(())
}

fn texts(names: &[String]) -> Vec<&str> {
    names.iter().map(String::as_str).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::wire::testing::Collector;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn members_are_what_the_parameters_say() {
        let parameters = Parameters {
            message: names(&["text", "log"]),
            time: names(&["when"]),
            stream: names(&["absent", "deployment"]),
            ignored: names(&["secret"]),
            extra: vec![("cluster".to_owned(), "a".to_owned())],
        };
        let body = br#"{"text":"one","when":"2023-09-15T08:00:00Z","deployment":"shop","secret":"x","n":1}
not JSON
{"log":"two","service":"cart","deployment":"shop","cluster":"own"}
"#;
        let mut collector = Collector::default();
        read(body, &parameters, &mut collector).unwrap();
        let entries: Vec<_> = collector.entries.iter().map(|entry| (entry.number, entry.json())).collect();
        assert_eq!(
            entries,
            [
                (
                    1,
                    json!({"timestamp": "2023-09-15T08:00:00Z", "message": "one", "resourceId": "shop",
                    "metadata": {"deployment": "shop", "n": 1, "cluster": "a"}})
                ),
                (
                    3,
                    json!({"timestamp": "2027-01-15T08:00:00Z", "message": "two", "resourceId": "cart",
                    "metadata": {"deployment": "shop", "cluster": "own", "cluster_": "a"}})
                ),
            ]
        );
        assert_eq!(collector.rejections.iter().map(|(number, _)| *number).collect::<Vec<_>>(), [2]);
    }

    #[test]
    fn without_parameters_the_vocabulary_names_the_members() {
        let mut collector = Collector::default();
        read(
            br#"{"_msg":"m","_time":"1700000000123","_stream":"{app=\"x\"}"}"#,
            &Parameters::default(),
            &mut collector,
        )
        .unwrap();
        assert_eq!(
            collector.entries[0].json(),
            json!({"timestamp": "2023-11-14T22:13:20.123Z", "message": "m", "metadata": {"_stream": "{app=\"x\"}"}})
        );
    }
}
