//! Failures as each runtime writes them: an error, and often a stack trace of several lines.

use super::dice::Dice;
use super::services::Runtime;
use super::template::{Template, Values, number};

/// Why a span failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cause {
    Timeout,
    Refused,
    Pool,
    Bug,
}

#[derive(Debug)]
pub(crate) struct Stacks {
    heads: [[Template; 4]; 5],
}

impl Stacks {
    pub(crate) fn new() -> Self {
        Self { heads: HEADS.map(|heads| heads.map(Template::compile)) }
    }

    /// Writes the failure's message. `deep` adds the stack trace where the runtime has one.
    pub(crate) fn write(
        &self,
        runtime: Runtime,
        cause: Cause,
        deep: bool,
        values: &Values<'_>,
        out: &mut String,
    ) {
        let mut dice = Dice::new(values.bits);
        let head = &self.heads[runtime as usize][cause as usize];
        if !deep {
            head.render(values, out);
            return;
        }
        match runtime {
            Runtime::Java => {
                head.render(values, out);
                let depth = dice.within(4, 9);
                java_frames(values.service, depth, &mut dice, out);
                if cause != Cause::Bug {
                    out.push_str("\nCaused by: java.net.SocketException: Connection reset by peer");
                    java_frames(values.service, 2, &mut dice, out);
                    out.push_str("\n\t... ");
                    number(depth, out);
                    out.push_str(" more");
                }
            }
            Runtime::Python => {
                out.push_str("Traceback (most recent call last):");
                for _ in 0..dice.within(3, 8) {
                    let (file, function, code) = dice.pick(PYTHON);
                    out.push_str("\n  File \"/app/");
                    out.push_str(values.service);
                    out.push_str(file);
                    out.push_str("\", line ");
                    number(dice.within(12, 480), out);
                    out.push_str(", in ");
                    out.push_str(function);
                    out.push_str("\n    ");
                    out.push_str(code);
                }
                out.push('\n');
                head.render(values, out);
            }
            Runtime::Go => {
                out.push_str("panic: ");
                head.render(values, out);
                out.push_str("\n\ngoroutine ");
                number(dice.within(18, 90_000), out);
                out.push_str(" [running]:");
                for _ in 0..dice.within(3, 7) {
                    let (function, file) = dice.pick(GO);
                    out.push('\n');
                    out.push_str(values.service);
                    out.push_str(function);
                    out.push_str("\n\t/src/");
                    out.push_str(values.service);
                    out.push_str(file);
                    number(dice.within(20, 400), out);
                    out.push_str(" +0x1a4");
                }
            }
            Runtime::Rust => {
                head.render(values, out);
                out.push_str("\nstack backtrace:");
                for frame in 0..dice.within(4, 9) {
                    let (function, file) = dice.pick(RUST);
                    out.push_str("\n  ");
                    number(frame, out);
                    out.push_str(": ");
                    out.push_str(values.service);
                    out.push_str(function);
                    out.push_str("\n             at ./src/");
                    out.push_str(file);
                    number(dice.within(20, 400), out);
                }
            }
            Runtime::Native => head.render(values, out),
        }
    }
}

fn java_frames(service: &str, depth: u64, dice: &mut Dice, out: &mut String) {
    for _ in 0..depth {
        let frame = dice.pick(JAVA);
        out.push_str("\n\tat ");
        if frame.starts_with('.') {
            out.push_str("com.shop.");
            out.push_str(service);
        }
        out.push_str(frame);
        number(dice.within(25, 900), out);
        out.push(')');
    }
}

/// By [`Runtime`], then by [`Cause`].
const HEADS: [[&str; 4]; 5] = [
    [
        "context deadline exceeded: POST http://$callee/v1 after $ms ms",
        "dial tcp $peer:8080: connect: connection refused",
        "acquire conn: pool exhausted ($small waiting)",
        "runtime error: invalid memory address or nil pointer dereference",
    ],
    [
        "java.util.concurrent.TimeoutException: Did not observe any item within $ms ms",
        "java.net.ConnectException: Connection refused: $callee/$peer:8080",
        "java.sql.SQLTransientConnectionException: HikariPool-1 - Connection is not available, request timed out after 30000ms",
        "java.lang.NullPointerException: Cannot invoke \"Order.getLines()\" because \"order\" is null",
    ],
    [
        "requests.exceptions.ReadTimeout: HTTPConnectionPool(host='$callee', port=8080): Read timed out. (read timeout=$small)",
        "ConnectionRefusedError: [Errno 111] Connection refused",
        "sqlalchemy.exc.TimeoutError: QueuePool limit of size 5 overflow 10 reached, connection timed out",
        "KeyError: 'shipping_address'",
    ],
    [
        "Error: request to $callee timed out after $ms ms",
        "Error: tcp connect error: Connection refused (os error 111)",
        "Error: timed out waiting for a connection from the pool",
        "thread 'tokio-runtime-worker' panicked at src/plan.rs:$small:17: index out of bounds: the len is 3 but the index is 3",
    ],
    [
        "ERROR:  canceling statement due to statement timeout",
        "FATAL:  the database system is starting up",
        "FATAL:  remaining connection slots are reserved for superuser connections",
        "ERROR:  deadlock detected: process $port waits for ShareLock on transaction $large",
    ],
];

const JAVA: &[&str] = &[
    ".api.Controller.handle(Controller.java:",
    ".client.RemoteClient.call(RemoteClient.java:",
    ".domain.Service.process(Service.java:",
    ".domain.Service.lambda$process$0(Service.java:",
    ".persistence.Repository.findById(Repository.java:",
    "io.netty.channel.nio.NioEventLoop.run(NioEventLoop.java:",
    "java.base/java.lang.Thread.run(Thread.java:",
    "java.base/java.util.concurrent.CompletableFuture.get(CompletableFuture.java:",
    "org.springframework.aop.framework.CglibAopProxy.invokeMethod(CglibAopProxy.java:",
    "org.springframework.web.servlet.DispatcherServlet.doDispatch(DispatcherServlet.java:",
];

const PYTHON: &[(&str, &str, &str)] = &[
    ("/api.py", "handle", "return self.service.process(request)"),
    ("/client.py", "_call", "response = self.session.post(url, json=body, timeout=self.timeout)"),
    ("/service.py", "process", "result = await self.step(order)"),
    ("/models.py", "load", "return cls(**row)"),
    ("/tasks.py", "run", "raise TaskFailed(name) from error"),
];

const GO: &[(&str, &str)] = &[
    (
        "/internal/api.(*Server).ServeHTTP(0xc0001a2000, {0x9c3f20, 0xc00041c000}, 0xc000410300)",
        "/internal/api/server.go:",
    ),
    ("/internal/store.(*Pool).Get(0xc0000b4180, {0x9c1d88, 0xc000388060})", "/internal/store/pool.go:"),
    ("/internal/client.(*Client).Do(0xc00011e000, {0x9c1d88, 0xc000388060})", "/internal/client/client.go:"),
    (".main.func1()", "/main.go:"),
];

const RUST: &[(&str, &str)] = &[
    ("::api::handle", "api.rs:"),
    ("::engine::execute::{{closure}}", "engine/execute.rs:"),
    ("::engine::plan", "engine/plan.rs:"),
    ("::pool::Pool<M>::get", "pool.rs:"),
    ("::main::{{closure}}", "main.rs:"),
];
