//! Colours, on terminals.

use std::env;
use std::io::IsTerminal;

use crate::args::Color;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Style {
    colours: bool,
}

impl Style {
    /// Whether stdout gets colours.
    pub(crate) fn of_stdout(when: Color) -> Self {
        let set = |name: &str| env::var_os(name).is_some_and(|value| !value.is_empty());
        let dumb = env::var_os("TERM").is_some_and(|term| term == "dumb");
        let colours = match when {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => std::io::stdout().is_terminal() && !set("NO_COLOR") && !dumb,
        };
        Self { colours }
    }

    #[cfg(test)]
    pub(crate) fn plain() -> Self {
        Self { colours: false }
    }

    pub(crate) fn dim(self, text: &str) -> String {
        self.paint("2", text)
    }

    pub(crate) fn resource(self, text: &str) -> String {
        self.paint("36", text)
    }

    /// By severity; `text` may be padded.
    pub(crate) fn level(self, text: &str) -> String {
        let code = match text.trim_end().to_ascii_lowercase().as_str() {
            "fatal" => "1;35",
            "error" => "31",
            "warn" => "33",
            "info" => "32",
            "debug" => "34",
            "trace" => "2",
            _ => return text.to_owned(),
        };
        self.paint(code, text)
    }

    fn paint(self, code: &str, text: &str) -> String {
        match self.colours && !text.is_empty() {
            true => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
            false => text.to_owned(),
        }
    }
}
