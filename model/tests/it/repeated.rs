//! What a format is made of, repeated thousands of times: the stack of no parser grows with it, and time only in proportion.

use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant};

use logpipeline_model::Timestamp;
use logpipeline_model::line::{self, Context};
use logpipeline_model::wire::syslog::{Packets, Settings};
use logpipeline_model::wire::testing::Collector;
use logpipeline_model::wire::{self, Datagrams, Session};

const LENGTH: usize = 32 << 10;
const LIMIT: usize = 1 << 20;
const SYSLOG: Settings = Settings { zone: 0, peer: None };
const RELP: &str = "1 open 16 commands=syslog\n\n";

/// What inputs begin with.
const OPENINGS: &[&str] = &[
    "",
    RELP,
    "MESSAGE=",
    "<13>1 - - - - - [a ",
    "{\"message\":\"",
    "{\"event\":",
    "{\"streams\":[{\"stream\":{},\"values\":[",
    "{\"resourceLogs\":[{\"scopeLogs\":[{\"logRecords\":[",
];

const UNITS: &[&str] = &[
    "a",
    " ",
    "\n",
    "\0",
    "\\",
    "\"",
    "<",
    "[",
    "{",
    "(",
    "=",
    ":",
    "a=",
    "a: ",
    "a=b ",
    "{\"a\":",
    "[{\"a\":",
    "{}",
    "[],",
    "\"a\":1,",
    "\\\"",
    "\\u0041",
    "<13>",
    "<13>1 - - - - - ",
    "<13>Nov 30 11:46:33 vm app[1]: ",
    "Nov 30 11:46:33 vm app: ",
    "2026-11-30T10:00:00.123Z ",
    "2026-11-30T10:00:00.1Z stdout F ",
    "[2026-11-30 10:00:00] [info] ",
    "level=info msg=\"",
    "9 <13>hello",
    "2 syslog 5 <13>m\n",
    "1.2.3.4 - - [",
    "\tat a.B(C.java:1)\n",
    "Caused by: x\n",
    "{\"create\":{}}\n",
    "a:b,",
    "__CURSOR=a\n",
    "\u{81}\u{91}",
    "\u{1e}\u{f}12345678\0\u{2}",
];

type Parser = fn(&[u8]);

fn parsers() -> Vec<(&'static str, Parser)> {
    vec![
        ("json", |bytes| {
            let _ = wire::json::read(bytes, &mut Collector::default());
        }),
        ("bulk", |bytes| {
            let _ = wire::bulk::read(bytes, None, &wire::bulk::Filter::default(), &mut Collector::default());
        }),
        ("filter_path", |bytes| {
            let filter = wire::bulk::Filter::parse(&String::from_utf8_lossy(bytes));
            let _ = wire::bulk::read(b"{\"index\":{}}\n{}\n", None, &filter, &mut Collector::default());
        }),
        ("jsonline", |bytes| {
            let _ = wire::jsonline::read(bytes, &Default::default(), &mut Collector::default());
        }),
        ("otlp json", |bytes| {
            let _ = wire::otlp::read_json(bytes, &mut Collector::default());
        }),
        ("otlp protobuf", |bytes| {
            let _ = wire::otlp::read_protobuf(bytes, &mut Collector::default());
        }),
        ("loki json", |bytes| {
            let _ = wire::loki::read_json(bytes, None, &mut Collector::default());
        }),
        ("hec", |bytes| {
            let _ = wire::hec::read(bytes, &[], &mut Collector::default());
        }),
        ("datadog", |bytes| {
            let _ = wire::datadog::read(bytes, &[], &mut Collector::default());
        }),
        ("journal", |bytes| {
            let (mut stream, mut sink) = (wire::journal::Stream::default(), Collector::default());
            pieces(bytes, |bytes| stream.read(bytes, false, &mut sink).ok().filter(|consumed| *consumed > 0));
        }),
        ("gelf", |bytes| {
            let _ = wire::gelf::read(bytes, LIMIT, &mut Collector::default());
        }),
        ("gelf by TCP", |bytes| converse(wire::gelf::Stream::default(), bytes)),
        ("text", |bytes| {
            let beside = wire::text::Beside::nothing(Timestamp::from_unix_seconds(1_800_000_000));
            let _ = wire::text::read(bytes, &beside, &mut Collector::default());
        }),
        ("line", |bytes| {
            let now = Timestamp::from_unix_seconds(1_800_000_000);
            line::recognise(&String::from_utf8_lossy(bytes), &Context { now, offset_seconds: 0 });
        }),
        ("syslog by UDP", |bytes| {
            let peer = IpAddr::V4(Ipv4Addr::LOCALHOST);
            Packets::new(0).read(bytes, peer, 1, &mut Collector::default()).unwrap();
        }),
        ("syslog by TCP", |bytes| converse(wire::syslog::Stream::new(SYSLOG), bytes)),
        ("relp", |bytes| converse(wire::relp::Server::new(SYSLOG), bytes)),
        ("forward", |bytes| converse(wire::forward::Forward::new(LIMIT, None), bytes)),
        ("lumberjack", |bytes| converse(wire::lumberjack::Lumberjack::new(LIMIT), bytes)),
    ]
}

/// Bytes that come in small packets; `read` takes some of those there are, or ends it.
fn pieces(bytes: &[u8], mut read: impl FnMut(&[u8]) -> Option<usize>) {
    let mut buffer = Vec::new();
    for piece in bytes.chunks(64) {
        buffer.extend_from_slice(piece);
        while let Some(consumed) = read(&buffer) {
            buffer.drain(..consumed);
        }
    }
}

fn converse(mut session: impl Session, bytes: &[u8]) {
    let mut sink = Collector::default();
    pieces(bytes, |bytes| {
        let step = session.read(bytes, &mut sink).ok()?;
        (step.consumed > 0 && !step.close).then_some(step.consumed)
    });
    let _ = session.end(bytes, &mut sink);
}

#[test]
fn no_stack_grows_with_what_is_repeated_and_no_time_with_its_square() {
    for (name, parse) in parsers() {
        for (opening, unit) in
            OPENINGS.iter().flat_map(|opening| UNITS.iter().map(move |unit| (opening, unit)))
        {
            let mut bytes = opening.as_bytes().to_vec();
            // Latin 1, so that any byte can be written as a character.
            let unit: Vec<u8> = unit.chars().map(|unit| unit as u8).collect();
            while bytes.len() < LENGTH {
                bytes.extend_from_slice(&unit);
            }
            let begun = Instant::now();
            let thread = std::thread::Builder::new().name(name.to_owned()).stack_size(256 << 10);
            thread.spawn(move || parse(&bytes)).unwrap().join().unwrap();
            // What an unoptimised build on a busy machine needs a tenth of.
            let taken = begun.elapsed();
            assert!(taken < Duration::from_secs(10), "{name}: {opening:?} {unit:?} took {taken:?}");
        }
    }
}
