//! How services write: compiled templates, and the spelling of levels.

use logpipeline_model::Level;

use super::dice::Dice;
use super::services::{Runtime, SERVICES, Service};
use super::template::{MetadataTemplate, Template};

#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) level: Level,
    pub(crate) message: Template,
    pub(crate) metadata: MetadataTemplate,
}

impl Line {
    fn compile(level: Level, message: &'static str, metadata: &'static str) -> Self {
        Self { level, message: Template::compile(message), metadata: MetadataTemplate::compile(metadata) }
    }
}

/// Lines to choose from, by weight.
#[derive(Debug, Clone, Default)]
pub(crate) struct Choice(Vec<(u64, Line)>);

impl Choice {
    fn compile<'a>(lines: impl Iterator<Item = &'a (Level, u64, &'static str, &'static str)>) -> Self {
        let mut total = 0;
        Self(
            lines
                .map(|(level, weight, message, metadata)| {
                    total += weight;
                    (total, Line::compile(*level, message, metadata))
                })
                .collect(),
        )
    }

    pub(crate) fn pick(&self, dice: &mut Dice) -> Option<&Line> {
        let roll = dice.below(self.0.last()?.0);
        self.0.iter().find(|(up_to, _)| roll < *up_to).map(|(_, line)| line)
    }
}

#[derive(Debug)]
pub(crate) struct Voice {
    pub(crate) work: Choice,
    pub(crate) detail: Choice,
    pub(crate) idle: Choice,
}

pub(crate) fn voices() -> Vec<Voice> {
    let voice = |service: &Service| {
        let is_detail = |line: &&(Level, u64, &'static str, &'static str)| line.0 <= Level::Debug;
        Voice {
            work: Choice::compile(service.work.iter().filter(|line| !is_detail(line))),
            detail: Choice::compile(service.work.iter().filter(is_detail)),
            idle: Choice::compile(service.idle.iter()),
        }
    };
    SERVICES.iter().map(voice).collect()
}

/// Lines that every service writes alike.
#[derive(Debug)]
pub(crate) struct Common {
    pub(crate) access: Line,
    pub(crate) retrying: Line,
    pub(crate) gave_up: Line,
    pub(crate) degraded: Line,
    pub(crate) failed: MetadataTemplate,
    pub(crate) deployed: Line,
    pub(crate) rolled_back: Line,
    pub(crate) crashed: Line,
    pub(crate) recovered: Line,
}

impl Common {
    pub(crate) fn new() -> Self {
        let upstream = r#"attempt=$attempt;upstream={"host":"$host","service":"$callee","status":$status}"#;
        Self {
            access: Line::compile(
                Level::Info,
                "$method $path $status in $ms ms",
                r#"durationMs=$exact;http={"clientIp":"$ip","method":"$method","path":"$path","status":$status}"#,
            ),
            retrying: Line::compile(Level::Warn, "call to $callee failed with $status, retrying", upstream),
            gave_up: Line::compile(
                Level::Error,
                "giving up on $callee after $attempt attempts: upstream returned $status",
                upstream,
            ),
            degraded: Line::compile(
                Level::Warn,
                "$callee is not available, serving a stale answer",
                upstream,
            ),
            failed: MetadataTemplate::compile("durationMs=$ms;failed=true"),
            deployed: Line::compile(
                Level::Info,
                "deployed $service at commit $commit",
                r#"deploy={"commit":"$commit","strategy":"rolling"}"#,
            ),
            rolled_back: Line::compile(
                Level::Warn,
                "rolled back $service to commit $commit",
                r#"deploy={"commit":"$commit","strategy":"rollback"}"#,
            ),
            crashed: Line::compile(
                Level::Fatal,
                "$service exited with code 137, out of memory",
                r#"exitCode=137;restarts=$small"#,
            ),
            recovered: Line::compile(
                Level::Info,
                "$service is healthy again after $small failed probes",
                r#"healthy=true"#,
            ),
        }
    }
}

/// The spelling of a level in the logs of a runtime.
pub(crate) fn spelling(runtime: Runtime, level: Level) -> &'static str {
    match (runtime, level) {
        (Runtime::Go | Runtime::Rust, level) => level.as_str(),
        (Runtime::Java, Level::Trace) => "TRACE",
        (Runtime::Java | Runtime::Python, Level::Debug) => "DEBUG",
        (Runtime::Java | Runtime::Python, Level::Info) => "INFO",
        (Runtime::Java, Level::Warn) => "WARN",
        (Runtime::Java | Runtime::Python, Level::Error) => "ERROR",
        (Runtime::Java, Level::Fatal) => "FATAL",
        (Runtime::Python, Level::Trace) => "TRACE",
        (Runtime::Python, Level::Warn) => "WARNING",
        (Runtime::Python, Level::Fatal) => "CRITICAL",
        (Runtime::Native, Level::Trace | Level::Debug) => "debug",
        (Runtime::Native, Level::Info) => "notice",
        (Runtime::Native, Level::Warn) => "warning",
        (Runtime::Native, Level::Error) => "err",
        (Runtime::Native, Level::Fatal) => "crit",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_is_recognised_as_its_level() {
        for runtime in [Runtime::Go, Runtime::Java, Runtime::Python, Runtime::Rust] {
            for level in Level::ALL {
                assert_eq!(Level::recognise(spelling(runtime, level)), Some(level));
            }
        }
        assert_eq!(Level::recognise(spelling(Runtime::Native, Level::Error)), Some(Level::Error));
    }

    #[test]
    fn lines_are_chosen_by_their_weight() {
        let lines = [(Level::Info, 9, "often", ""), (Level::Warn, 1, "seldom", "")];
        let choice = Choice::compile(lines.iter());
        let mut dice = Dice::new(1);
        let seldom = (0..10_000).filter(|_| choice.pick(&mut dice).unwrap().level == Level::Warn).count();
        assert!((900..1_100).contains(&seldom), "{seldom}");
        assert!(Choice::default().pick(&mut dice).is_none());
    }
}
