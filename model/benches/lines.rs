//! What it costs to recognise time and level of a line of text.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use logpipeline_model::Timestamp;
use logpipeline_model::line::{Context, recognise};

const LINES: u64 = 1_000;

/// One line of each kind, with `n` in it.
fn kinds(n: u64) -> Vec<(&'static str, String)> {
    let (second, millis) = (n % 60, n % 1_000);
    vec![
        (
            "logback",
            format!(
                "2026-11-30 10:00:{second:02}.{millis:03} [http-nio-8080-exec-{}] INFO  c.e.shop.Checkout - Order {n} placed in {} ms",
                n % 20,
                n % 900
            ),
        ),
        (
            "syslog",
            format!(
                "Nov 30 10:00:{second:02} web-{} sshd[{n}]: Accepted publickey for deploy from 10.0.0.{} port 51234 ssh2",
                n % 9,
                n % 256
            ),
        ),
        (
            "access",
            format!(
                "203.0.113.{} - - [30/Nov/2026:10:00:{second:02} +0000] \"GET /orders/{n} HTTP/1.1\" 200 612 \"-\" \"Mozilla/5.0 (X11; Linux x86_64)\"",
                n % 256
            ),
        ),
        (
            "klog",
            format!(
                "I1130 10:00:{second:02}.{millis:06}       1 reconciler.go:{}] \"Reconciled\" pod=\"default/web-{n}\"",
                n % 900
            ),
        ),
        (
            "logfmt",
            format!(
                "time=2026-11-30T10:00:{second:02}.{millis:03}Z level=info msg=\"request served\" method=GET path=/orders/{n} status=200 duration_ms={}",
                n % 900
            ),
        ),
        (
            "json",
            format!(
                "{{\"level\":\"info\",\"ts\":\"2026-11-30T10:00:{second:02}.{millis:03}Z\",\"caller\":\"server/http.go:42\",\"msg\":\"request served\",\"path\":\"/orders/{n}\",\"status\":200}}"
            ),
        ),
        (
            "cri",
            format!(
                "2026-11-30T10:00:{second:02}.{millis:09}Z stdout F 2026-11-30 10:00:{second:02},{millis:03} ERROR app.orders: order {n} failed"
            ),
        ),
        (
            "no header",
            format!(
                "order {n} was placed by a customer from 10.0.0.{} who paid 12.50 within {millis} ms",
                n % 256
            ),
        ),
    ]
}

fn benches(criterion: &mut Criterion) {
    let context = Context { now: Timestamp::from_unix_seconds(1_796_040_000), offset_seconds: 0 };
    let names: Vec<&str> = kinds(0).into_iter().map(|(name, _)| name).collect();
    let mut group = criterion.benchmark_group("lines");
    group.throughput(Throughput::Elements(LINES));
    let mut run = |name: &str, lines: Vec<String>| {
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                lines.iter().filter(|line| recognise(black_box(line), &context).timestamp.is_some()).count()
            });
        });
    };
    for (index, name) in names.iter().enumerate() {
        run(name, (0..LINES).filter_map(|n| Some(kinds(n).into_iter().nth(index)?.1)).collect());
    }
    let all = names.len() as u64;
    run("mixed", (0..LINES).filter_map(|n| Some(kinds(n).into_iter().nth((n % all) as usize)?.1)).collect());
    group.finish();
}

criterion_group!(lines, benches);
criterion_main!(lines);
