//! Message and metadata templates: text with `$name` placeholders, compiled once.

use std::fmt::Write;

use crate::entry::push_string;

use super::dice::Dice;
use super::words;

/// What an entry's placeholders stand for. Equal placeholders of one entry have equal values.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Values<'a> {
    /// Draws for placeholders that nothing else determines.
    pub(crate) bits: u64,
    pub(crate) micros: u64,
    pub(crate) status: u16,
    pub(crate) attempt: u8,
    pub(crate) method: &'static str,
    pub(crate) path: &'a Template,
    pub(crate) request: u64,
    pub(crate) user: u64,
    pub(crate) service: &'static str,
    pub(crate) callee: &'static str,
    pub(crate) callee_host: &'a str,
    pub(crate) commit: &'a str,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Var {
    Small,
    Medium,
    Large,
    Percent,
    Millis,
    MillisExact,
    Attempt,
    Status,
    Method,
    Path,
    Request,
    User,
    Order,
    Session,
    Uuid,
    Hex,
    ClientIp,
    PeerIp,
    Port,
    Sku,
    Item,
    Person,
    City,
    Currency,
    Amount,
    Table,
    Topic,
    Agent,
    Bool,
    Word,
    Service,
    Callee,
    CalleeHost,
    Commit,
}

const NAMES: [(&str, Var); 34] = [
    ("small", Var::Small),
    ("medium", Var::Medium),
    ("large", Var::Large),
    ("percent", Var::Percent),
    ("ms", Var::Millis),
    ("exact", Var::MillisExact),
    ("attempt", Var::Attempt),
    ("status", Var::Status),
    ("method", Var::Method),
    ("path", Var::Path),
    ("request", Var::Request),
    ("user", Var::User),
    ("order", Var::Order),
    ("session", Var::Session),
    ("uuid", Var::Uuid),
    ("hex", Var::Hex),
    ("ip", Var::ClientIp),
    ("peer", Var::PeerIp),
    ("port", Var::Port),
    ("sku", Var::Sku),
    ("item", Var::Item),
    ("person", Var::Person),
    ("city", Var::City),
    ("currency", Var::Currency),
    ("amount", Var::Amount),
    ("table", Var::Table),
    ("topic", Var::Topic),
    ("agent", Var::Agent),
    ("bool", Var::Bool),
    ("word", Var::Word),
    ("service", Var::Service),
    ("callee", Var::Callee),
    ("host", Var::CalleeHost),
    ("commit", Var::Commit),
];

#[derive(Debug, Clone)]
enum Piece {
    Text(&'static str),
    Var(Var),
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Template(Vec<Piece>);

impl Template {
    /// A `$` that no placeholder's name follows stands for itself.
    pub(crate) fn compile(source: &'static str) -> Self {
        let mut pieces = Vec::new();
        let (mut from, mut search) = (0, 0);
        while let Some(found) = source[search..].find('$') {
            let at = search + found;
            let name = &source[at + 1..];
            let name = &name[..name.find(|c: char| !c.is_ascii_lowercase()).unwrap_or(name.len())];
            search = at + 1;
            if let Some((_, var)) = NAMES.iter().find(|(known, _)| *known == name) {
                if from < at {
                    pieces.push(Piece::Text(&source[from..at]));
                }
                pieces.push(Piece::Var(*var));
                search += name.len();
                from = search;
            }
        }
        if from < source.len() {
            pieces.push(Piece::Text(&source[from..]));
        }
        Self(pieces)
    }

    pub(crate) fn render(&self, values: &Values<'_>, out: &mut String) {
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Var(var) => var.render(values, out),
            }
        }
    }
}

/// Metadata members by key, in canonical order.
#[derive(Debug, Clone)]
pub(crate) struct MetadataTemplate(Vec<(String, Member)>);

#[derive(Debug, Clone)]
enum Member {
    Parent,
    Request,
    Json(Template),
}

impl MetadataTemplate {
    /// `source` is `key=JSON;key=JSON`; the request's id and the resource's parent are added where an entry
    /// has them.
    pub(crate) fn compile(source: &'static str) -> Self {
        let mut members = vec![("parentResourceId", Member::Parent), ("requestId", Member::Request)];
        members.extend(
            source
                .split(';')
                .filter_map(|member| member.split_once('='))
                .map(|(key, json)| (key, Member::Json(Template::compile(json)))),
        );
        members.sort_by_key(|(key, _)| *key);
        Self(members.into_iter().map(|(key, member)| (format!("\"{key}\":"), member)).collect())
    }

    pub(crate) fn render(&self, values: &Values<'_>, parent: &str, in_request: bool, out: &mut String) {
        for (key, member) in &self.0 {
            let absent = match member {
                Member::Parent => parent.is_empty(),
                Member::Request => !in_request,
                Member::Json(_) => false,
            };
            if absent {
                continue;
            }
            if !out.is_empty() {
                out.push(',');
            }
            out.push_str(key);
            match member {
                Member::Parent => push_string(parent, out),
                Member::Request => {
                    out.push('"');
                    Var::Request.render(values, out);
                    out.push('"');
                }
                Member::Json(template) => template.render(values, out),
            }
        }
    }
}

impl Var {
    fn render(self, values: &Values<'_>, out: &mut String) {
        let mut draw = Dice::new(values.bits ^ (self as u64) << 56);
        match self {
            Self::Small => number(draw.within(1, 20), out),
            Self::Medium => number(draw.within(20, 2_000), out),
            Self::Large => number(draw.within(2_000, 9_000_000), out),
            Self::Percent => number(draw.within(1, 99), out),
            Self::Millis => number(values.micros.div_ceil(1_000), out),
            Self::MillisExact => {
                number(values.micros / 1_000, out);
                out.push('.');
                padded(values.micros % 1_000, 3, out);
            }
            Self::Attempt => number(u64::from(values.attempt), out),
            Self::Status => number(u64::from(values.status), out),
            Self::Method => out.push_str(values.method),
            // One request has one path, whoever writes about it.
            Self::Path => values.path.render(&Values { bits: values.request, ..*values }, out),
            Self::Request => {
                out.push_str("req-");
                hex(values.request, 8, out);
            }
            Self::User => number(values.user, out),
            Self::Order => number(10_000_000 + values.request % 90_000_000, out),
            Self::Session => hex(values.user.wrapping_mul(0x9e37_79b9_7f4a_7c15), 12, out),
            Self::Uuid => uuid(draw.bits(), draw.bits(), out),
            Self::Hex => hex(draw.bits(), 16, out),
            Self::ClientIp => {
                let mut place = Dice::new(values.user);
                ip(
                    [place.pick(&[81, 93, 151, 176, 203]), place.below(256), place.below(256)],
                    place.below(256),
                    out,
                );
            }
            Self::PeerIp => ip([10, 42, draw.below(16)], draw.within(2, 250), out),
            Self::Port => number(draw.within(32_768, 60_999), out),
            Self::Sku => {
                out.push_str("SKU-");
                padded(draw.below(100_000), 5, out);
            }
            Self::Item => out.push_str(draw.pick(words::ITEMS)),
            Self::Person => out.push_str(Dice::new(values.user).pick(words::PEOPLE)),
            Self::City => out.push_str(draw.pick(words::CITIES)),
            Self::Currency => out.push_str(draw.pick(&["EUR", "USD", "GBP", "JPY", "SEK"])),
            Self::Amount => {
                number(draw.latency(48), out);
                out.push('.');
                padded(draw.below(100), 2, out);
            }
            Self::Table => out.push_str(draw.pick(words::TABLES)),
            Self::Topic => out.push_str(draw.pick(words::TOPICS)),
            Self::Agent => out.push_str(Dice::new(values.user).pick(words::AGENTS)),
            Self::Bool => out.push_str(if draw.chance(700) { "true" } else { "false" }),
            Self::Word => out.push_str(draw.pick(words::SEARCHES)),
            Self::Service => out.push_str(values.service),
            Self::Callee => out.push_str(values.callee),
            Self::CalleeHost => out.push_str(values.callee_host),
            Self::Commit => out.push_str(values.commit),
        }
    }
}

/// Whether text that follows a `$` begins with a placeholder's name.
#[cfg(test)]
pub(crate) fn is_known(text: &str) -> bool {
    let end = text.find(|c: char| !c.is_ascii_lowercase()).unwrap_or(text.len());
    NAMES.iter().any(|(name, _)| *name == &text[..end])
}

pub(crate) fn number(value: u64, out: &mut String) {
    // Writing to a String cannot fail.
    let _ = write!(out, "{value}");
}

pub(crate) fn padded(value: u64, width: u32, out: &mut String) {
    for place in (0..width).rev() {
        out.push(char::from(b'0' + (value / 10u64.pow(place) % 10) as u8));
    }
}

pub(crate) fn hex(value: u64, digits: u32, out: &mut String) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    for place in (0..digits).rev() {
        out.push(char::from(HEX[(value >> (place * 4) & 0xf) as usize]));
    }
}

fn ip(head: [u64; 3], last: u64, out: &mut String) {
    for part in head {
        number(part, out);
        out.push('.');
    }
    number(last, out);
}

/// A random UUID, version 4.
fn uuid(high: u64, low: u64, out: &mut String) {
    let (high, low) = (high & !0xf000 | 0x4000, low & (u64::MAX >> 2) | 1 << 63);
    hex(high >> 32, 8, out);
    out.push('-');
    hex(high >> 16, 4, out);
    out.push('-');
    hex(high, 4, out);
    out.push('-');
    hex(low >> 48, 4, out);
    out.push('-');
    hex(low, 12, out);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn render(source: &'static str, bits: u64) -> String {
        let path = Template::compile("/users/$user");
        let values = Values {
            bits,
            micros: 41_007,
            status: 503,
            attempt: 2,
            method: "GET",
            path: &path,
            request: 0xabc,
            user: 42,
            service: "cart",
            callee: "payments",
            callee_host: "payments-x",
            commit: "5e5342f",
        };
        let mut out = String::new();
        Template::compile(source).render(&values, &mut out);
        out
    }

    #[test]
    fn placeholders_are_replaced_and_the_rest_is_kept() {
        assert_eq!(
            render("$method $path -> $status in $exact ms ($ms)", 1),
            "GET /users/42 -> 503 in 41.007 ms (42)"
        );
        assert_eq!(
            render("$$unknown costs 5$, $callee on $host", 1),
            "$$unknown costs 5$, payments on payments-x"
        );
        assert_eq!(render("$request", 1), "req-00000abc");
    }

    #[test]
    fn equal_placeholders_of_one_entry_are_equal_and_differ_between_entries() {
        let text = render("$uuid $uuid", 9);
        let (left, right) = text.split_once(' ').unwrap();
        assert_eq!(left, right);
        assert_ne!(render("$uuid", 9), render("$uuid", 10));
        let bytes = left.as_bytes();
        assert!(bytes[14] == b'4' && b"89ab".contains(&bytes[19]), "{left}");
    }

    #[test]
    fn metadata_is_canonical_whatever_order_it_is_given_in() {
        let path = Template::default();
        let values = Values {
            bits: 1,
            micros: 1_000,
            status: 200,
            attempt: 1,
            method: "GET",
            path: &path,
            request: 1,
            user: 1,
            service: "",
            callee: "",
            callee_host: "",
            commit: "",
        };
        let template = MetadataTemplate::compile(r#"zone="a";http={"status":$status};rows=$small"#);
        let mut members = String::new();
        template.render(&values, "node-1", true, &mut members);
        let mut canonical = String::new();
        crate::entry::canonical::write(&format!("{{{members}}}"), &mut canonical).unwrap();
        assert_eq!(canonical, format!("{{{members}}}"));
        assert!(
            members.contains(r#""parentResourceId":"node-1""#)
                && members.contains(r#""requestId":"req-00000001""#)
        );
        let mut without = String::new();
        template.render(&values, "", false, &mut without);
        assert!(!without.contains("requestId") && !without.contains("parentResourceId"));
    }
}
