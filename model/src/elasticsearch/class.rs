//! Retention classes: entries of some levels kept for a time of their own, in a data stream of their own.

use std::time::Duration;

/// The class of entries that no other class takes.
const DEFAULT: &str = "default";
const NAME_LIMIT: usize = 63;
/// What the name of a pipeline ends with that is another's dead letters.
const DEAD_LETTERS: &str = "-dead-letters";
/// Elasticsearch brings component templates of its own with the names that those of such a pipeline have.
const RESERVED: [&str; 2] = ["apm", "otel"];

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetentionClass {
    /// Lower-case letters, digits and dashes.
    pub name: String,
    /// Normalised levels of its entries; those of the class named `default` are all others.
    pub levels: Vec<String>,
    /// How long entries are kept at least, by the later of `timestamp` and `receivedAt`; for ever where absent.
    pub keep: Option<Duration>,
}

/// The retention classes of one pipeline, and the data streams that hold them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Classes {
    pipeline: String,
    classes: Vec<RetentionClass>,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClassError {
    #[error(
        "{what} {name:?} must be 1 to 63 lower-case letters, digits and dashes, and begin with a letter or digit"
    )]
    Name { what: &'static str, name: String },
    #[error("a pipeline cannot be named {name:?}: Elasticsearch has templates of that name")]
    Reserved { name: String },
    #[error(
        "a pipeline cannot be named {name:?}: the dead letters of another pipeline have names that end so"
    )]
    DeadLetters { name: String },
    #[error("the level {level:?} is in two retention classes")]
    LevelTwice { level: String },
    #[error("the retention class {name:?} is there twice")]
    ClassTwice { name: String },
}

impl Classes {
    /// The classes of a pipeline: the one named `default`, kept for `keep`, and `others`.
    ///
    /// # Errors
    /// Names that no data stream can have, and names or levels that are there twice.
    pub fn new(
        pipeline: &str,
        keep: Option<Duration>,
        others: Vec<RetentionClass>,
    ) -> Result<Self, ClassError> {
        check("the pipeline's name", pipeline)?;
        if RESERVED.contains(&pipeline) {
            return Err(ClassError::Reserved { name: pipeline.to_owned() });
        }
        if pipeline.ends_with(DEAD_LETTERS) {
            return Err(ClassError::DeadLetters { name: pipeline.to_owned() });
        }
        let mut classes = vec![RetentionClass { name: DEFAULT.to_owned(), levels: Vec::new(), keep }];
        for class in others {
            check("the retention class", &class.name)?;
            for known in &classes {
                if known.name == class.name {
                    return Err(ClassError::ClassTwice { name: class.name });
                }
                if let Some(level) = class.levels.iter().find(|level| known.levels.contains(level)) {
                    return Err(ClassError::LevelTwice { level: level.clone() });
                }
            }
            classes.push(class);
        }
        Ok(Self { pipeline: pipeline.to_owned(), classes })
    }

    /// The one class of the pipeline's dead letters, kept for `keep`, beside the pipeline's data streams: [`Self::pattern`] finds none of
    /// them.
    pub fn dead_letters(&self, keep: Option<Duration>) -> Self {
        let class = RetentionClass { name: DEFAULT.to_owned(), levels: Vec::new(), keep };
        Self { pipeline: format!("{}{DEAD_LETTERS}", self.pipeline), classes: vec![class] }
    }

    pub fn pipeline(&self) -> &str {
        &self.pipeline
    }

    pub fn iter(&self) -> impl Iterator<Item = &RetentionClass> {
        self.classes.iter()
    }

    /// The class of entries with a level.
    pub fn of_level(&self, level: Option<&str>) -> &RetentionClass {
        let named =
            |class: &&RetentionClass| level.is_some_and(|level| class.levels.iter().any(|one| one == level));
        self.classes.iter().find(named).unwrap_or(&self.classes[0])
    }

    /// The data stream of a class: `logs-<pipeline>.<class>`.
    pub fn stream(&self, class: &RetentionClass) -> String {
        format!("logs-{}.{}", self.pipeline, class.name)
    }

    /// What all data streams of the pipeline, and no others, are called.
    pub fn pattern(&self) -> String {
        format!("logs-{}.*", self.pipeline)
    }
}

fn check(what: &'static str, name: &str) -> Result<(), ClassError> {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if name.is_empty() || name.len() > NAME_LIMIT || name.starts_with('-') || !name.bytes().all(allowed) {
        return Err(ClassError::Name { what, name: name.to_owned() });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(name: &str, levels: &[&str]) -> RetentionClass {
        let levels = levels.iter().map(|level| (*level).to_owned()).collect();
        RetentionClass { name: name.to_owned(), levels, keep: Some(Duration::from_secs(1)) }
    }

    #[test]
    fn entries_go_to_the_class_of_their_level() {
        let classes = Classes::new("shop", None, vec![class("short", &["debug", "trace"])]).unwrap();
        let stream = |level| classes.stream(classes.of_level(level));
        assert_eq!(stream(Some("debug")), "logs-shop.short");
        assert_eq!(stream(Some("error")), "logs-shop.default");
        assert_eq!(stream(Some("audit")), "logs-shop.default");
        assert_eq!(stream(None), "logs-shop.default");
        assert_eq!(classes.pattern(), "logs-shop.*");
    }

    #[test]
    fn names_that_no_data_stream_can_have_are_refused() {
        for name in ["", "Shop", "a.b", "a b", "-a", "a*", &"a".repeat(64), "é"] {
            assert!(Classes::new(name, None, Vec::new()).is_err(), "{name}");
            assert!(Classes::new("shop", None, vec![class(name, &[])]).is_err(), "{name}");
        }
        assert!(Classes::new(&"a".repeat(63), None, Vec::new()).is_ok());
        assert!(Classes::new("apm", None, Vec::new()).is_err());
        assert!(Classes::new("shop-dead-letters", None, Vec::new()).is_err());
        assert!(Classes::new("apm-eu", None, vec![class("otel", &[])]).is_ok());
    }

    #[test]
    fn dead_letters_are_beside_the_pipelines_data_streams_however_long_its_name_is() {
        for name in ["shop", &"a".repeat(63)] {
            let classes = Classes::new(name, None, vec![class("short", &["debug"])]).unwrap();
            let letters = classes.dead_letters(Some(Duration::from_secs(9)));
            let kept: Vec<_> = letters.iter().collect();
            assert_eq!(kept.len(), 1);
            assert_eq!(letters.stream(kept[0]), format!("logs-{name}-dead-letters.default"));
            assert_eq!(kept[0].keep, Some(Duration::from_secs(9)));
            assert!(!letters.stream(kept[0]).starts_with(classes.pattern().trim_end_matches('*')));
        }
    }

    #[test]
    fn no_level_and_no_name_is_there_twice() {
        let twice = Classes::new("a", None, vec![class("b", &["info"]), class("c", &["info"])]);
        assert_eq!(twice, Err(ClassError::LevelTwice { level: "info".to_owned() }));
        let twice = Classes::new("a", None, vec![class("default", &["info"])]);
        assert_eq!(twice, Err(ClassError::ClassTwice { name: "default".to_owned() }));
    }
}
