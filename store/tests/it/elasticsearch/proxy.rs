//! What stands between a store and a real server, sees every request, and does to it what networks do.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use crate::address::Address;

#[derive(Debug, Clone)]
pub struct Request {
    pub method: String,
    pub path: String,
    /// By lower-case name.
    pub headers: HashMap<String, String>,
    pub body: Vec<u8>,
    head: Vec<u8>,
}

impl Request {
    pub fn is_bulk(&self) -> bool {
        self.path.starts_with("/_bulk") && !self.body.starts_with(b"{\"delete\"")
    }

    /// The ids of a bulk request's items.
    pub fn ids(&self) -> Vec<String> {
        let lines = self.body.split(|byte| *byte == b'\n').step_by(2).filter(|line| !line.is_empty());
        let action = |line| serde_json::from_slice::<Value>(line).unwrap();
        lines.map(|line| action(line)["create"]["_id"].as_str().unwrap().to_owned()).collect()
    }
}

/// What becomes of a request.
pub enum Action {
    Pass,
    /// The server executes it, and then what is to be posted to the path; the answer is cut off.
    Cut {
        then: Option<String>,
    },
    /// The answer is held until there is a permit.
    Hold(Arc<Semaphore>),
    /// The connection is closed, and the server executes it once there is a permit.
    Late(Arc<Semaphore>),
    Wait(Duration),
    /// The server executes another request first.
    Behind {
        method: &'static str,
        path: &'static str,
        body: Value,
    },
    Answer(u16, Value),
    /// The server gets another body.
    Instead(Value),
    /// Items of a bulk request at some places don't come to the server, but are answered so.
    Items(fn(usize) -> Option<(u16, &'static str)>),
}

type Rule = Box<dyn Fn(&Request, usize) -> Action + Send + Sync>;

pub struct Proxy {
    shared: Arc<Shared>,
    address: String,
    accepting: Mutex<JoinHandle<()>>,
}

struct Shared {
    url: String,
    server: Address,
    rule: Mutex<Rule>,
    requests: Mutex<Vec<Request>>,
    answers: Mutex<Vec<String>>,
    bulks: AtomicUsize,
    most: AtomicUsize,
}

impl Proxy {
    /// Passes everything on until told otherwise.
    pub async fn to(server: &str) -> Self {
        let shared = Arc::new(Shared {
            url: server.to_owned(),
            server: Address::of(server),
            rule: Mutex::new(Box::new(|_, _| Action::Pass)),
            requests: Mutex::default(),
            answers: Mutex::default(),
            bulks: AtomicUsize::new(0),
            most: AtomicUsize::new(0),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let serving = Arc::clone(&shared);
        let accepting = tokio::spawn(async move {
            // Ends every connection with the listener.
            let mut connections = tokio::task::JoinSet::new();
            loop {
                let (client, _) = listener.accept().await.unwrap();
                connections.spawn(serve(Arc::clone(&serving), client));
            }
        });
        Self { shared, address, accepting: Mutex::new(accepting) }
    }

    pub fn url(&self) -> String {
        self.address.clone()
    }

    /// Decides from now on, by the request and how many other bulk requests are under way.
    pub fn rule(&self, rule: impl Fn(&Request, usize) -> Action + Send + Sync + 'static) {
        *self.shared.rule.lock().unwrap() = Box::new(rule);
    }

    pub fn pass(&self) {
        self.rule(|_, _| Action::Pass);
    }

    /// Does something to the next bulk request, and passes on what follows.
    pub fn once(&self, action: impl Fn() -> Action + Send + Sync + 'static) {
        let done = AtomicUsize::new(0);
        self.rule(move |request, _| {
            if request.is_bulk() && done.fetch_add(1, Ordering::Relaxed) == 0 {
                action()
            } else {
                Action::Pass
            }
        });
    }

    pub fn requests(&self) -> Vec<Request> {
        self.shared.requests.lock().unwrap().clone()
    }

    pub fn bulks(&self) -> Vec<Request> {
        self.requests().into_iter().filter(Request::is_bulk).collect()
    }

    pub fn forget(&self) {
        self.shared.requests.lock().unwrap().clear();
        self.shared.most.store(0, Ordering::Relaxed);
    }

    /// What the server answered to requests whose senders did not wait.
    pub fn late_answers(&self) -> Vec<String> {
        self.shared.answers.lock().unwrap().clone()
    }

    /// Bulk requests under way at once, at most.
    pub fn most_at_once(&self) -> usize {
        self.shared.most.load(Ordering::Relaxed)
    }

    /// Takes no connection any more, and ends those there are.
    pub fn stop(&self) {
        self.accepting.lock().unwrap().abort();
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.stop();
    }
}

async fn serve(shared: Arc<Shared>, mut client: TcpStream) {
    let Some(request) = read_request(&mut client).await else { return };
    let bulk = request.is_bulk();
    let others = if bulk { shared.bulks.fetch_add(1, Ordering::SeqCst) } else { 0 };
    shared.most.fetch_max(others + usize::from(bulk), Ordering::SeqCst);
    shared.requests.lock().unwrap().push(request.clone());
    let action = (shared.rule.lock().unwrap())(&request, others);
    let answer = act(&shared, request, action, &mut client).await;
    if bulk {
        shared.bulks.fetch_sub(1, Ordering::SeqCst);
    }
    if let Some(answer) = answer {
        let _ = client.write_all(&answer).await;
        let _ = client.shutdown().await;
    }
}

async fn act(
    shared: &Arc<Shared>,
    request: Request,
    action: Action,
    client: &mut TcpStream,
) -> Option<Vec<u8>> {
    match action {
        Action::Pass => forward(&shared.server, &request).await,
        Action::Wait(time) => {
            tokio::time::sleep(time).await;
            forward(&shared.server, &request).await
        }
        Action::Behind { method, path, body } => {
            call(&shared.url, method, path, &body.to_string()).await;
            forward(&shared.server, &request).await
        }
        Action::Cut { then } => {
            forward(&shared.server, &request).await;
            if let Some(path) = then {
                call(&shared.url, "POST", &path, "").await;
            }
            None
        }
        Action::Hold(gate) => {
            let answer = forward(&shared.server, &request).await;
            shared.answers.lock().unwrap().extend(answer.iter().map(|answer| text(answer)));
            gate.acquire().await.unwrap().forget();
            answer
        }
        Action::Late(gate) => {
            let _ = client.shutdown().await;
            let shared = Arc::clone(shared);
            tokio::spawn(async move {
                gate.acquire().await.unwrap().forget();
                let answer = forward(&shared.server, &request).await;
                shared.answers.lock().unwrap().extend(answer.iter().map(|answer| text(answer)));
            });
            None
        }
        Action::Answer(status, body) => Some(answer(status, &body)),
        Action::Instead(body) => {
            let body = body.to_string().into_bytes();
            forward(&shared.server, &Request { body, ..request }).await
        }
        Action::Items(refused) => Some(some_items(&shared.server, request, refused).await),
    }
}

async fn some_items(
    server: &Address,
    mut request: Request,
    refused: fn(usize) -> Option<(u16, &'static str)>,
) -> Vec<u8> {
    let lines: Vec<Vec<u8>> =
        request.body.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
    let items: Vec<_> = lines.chunks(2).map(<[Vec<u8>]>::concat).collect();
    let passed: Vec<_> = (0..items.len()).filter(|at| refused(*at).is_none()).collect();
    request.body = passed.iter().flat_map(|at| items[*at].clone()).collect();
    let mut got = Vec::new();
    if !passed.is_empty() {
        let whole = forward(server, &request).await.unwrap();
        let parsed: Value = serde_json::from_slice(&parse(&whole).1).unwrap();
        got = parsed["items"].as_array().unwrap().clone();
    }
    let mut got = got.into_iter();
    let items: Vec<_> = (0..items.len())
        .map(|at| match refused(at) {
            None => got.next().unwrap(),
            Some((status, kind)) => {
                json!({ "create": { "status": status, "error": { "type": kind, "reason": "by the test" } } })
            }
        })
        .collect();
    answer(200, &json!({ "items": items }))
}

fn answer(status: u16, body: &Value) -> Vec<u8> {
    let body = body.to_string();
    format!(
        "HTTP/1.1 {status} Whatever\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// Sends a request as it came, on a connection of its own; returns the answer as it comes, not compressed.
pub async fn forward(server: &Address, request: &Request) -> Option<Vec<u8>> {
    let mut upstream = server.connect().await?;
    let authorization = server.authorization();
    let mut head = String::new();
    for line in text(&request.head).split("\r\n").filter(|line| !line.is_empty()) {
        let name = line.split(':').next().unwrap().to_ascii_lowercase();
        let ours = matches!(&name[..], "content-length" | "connection" | "accept-encoding")
            || (name == "authorization" && authorization.is_some());
        if !ours {
            head.push_str(&format!("{line}\r\n"));
        }
    }
    head.extend(authorization);
    head.push_str(&format!("content-length: {}\r\nconnection: close\r\n\r\n", request.body.len()));
    upstream.write_all(head.as_bytes()).await.ok()?;
    upstream.write_all(&request.body).await.ok()?;
    upstream.flush().await.ok()?;
    let mut answer = Vec::new();
    // With TLS some servers close without saying so.
    let ended = upstream.read_to_end(&mut answer).await;
    ended.ok().or((!answer.is_empty()).then_some(0))?;
    // Else the client would send its next request on a connection that is about to be closed.
    let end = find(&answer, b"\r\n\r\n")?;
    if !text(&answer[..end]).to_ascii_lowercase().contains("\r\nconnection: close") {
        answer.splice(end..end, *b"\r\nconnection: close");
    }
    Some(answer)
}

pub async fn read_request(client: &mut (impl tokio::io::AsyncRead + Unpin)) -> Option<Request> {
    let mut bytes = Vec::new();
    let mut buffer = vec![0; 64 << 10];
    let end = loop {
        if let Some(end) = find(&bytes, b"\r\n\r\n") {
            break end;
        }
        match client.read(&mut buffer).await {
            Ok(0) | Err(_) => return None,
            Ok(read) => bytes.extend_from_slice(&buffer[..read]),
        }
    };
    let head = bytes[..end].to_vec();
    let mut body = bytes[end + 4..].to_vec();
    let shown = text(&head);
    let mut lines = shown.split("\r\n");
    let mut first = lines.next()?.split(' ');
    let (method, path) = (first.next()?.to_owned(), first.next()?.to_owned());
    let headers: HashMap<_, _> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let length: usize = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
    while body.len() < length {
        match client.read(&mut buffer).await {
            Ok(0) | Err(_) => return None,
            Ok(read) => body.extend_from_slice(&buffer[..read]),
        }
    }
    Some(Request { method, path, headers, body, head })
}

/// A request to a server itself: the answer's status and body.
pub async fn call(server: &str, method: &str, path: &str, body: &str) -> (u16, Value) {
    let server = Address::of(server);
    let head = format!("{method} {path} HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json", server.host);
    let request = Request {
        method: method.to_owned(),
        path: path.to_owned(),
        headers: HashMap::new(),
        body: body.as_bytes().to_vec(),
        head: head.into_bytes(),
    };
    let answer =
        forward(&server, &request).await.unwrap_or_else(|| panic!("{} does not answer", server.host));
    let (status, body) = parse(&answer);
    (status, serde_json::from_slice(&body).unwrap_or_else(|_| Value::String(text(&body))))
}

fn parse(answer: &[u8]) -> (u16, Vec<u8>) {
    let end = find(answer, b"\r\n\r\n").unwrap();
    let head = text(&answer[..end]);
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let mut rest = &answer[end + 4..];
    if !head.to_ascii_lowercase().contains("transfer-encoding: chunked") {
        return (status, rest.to_vec());
    }
    let mut body = Vec::new();
    while let Some(line) = find(rest, b"\r\n") {
        let length = usize::from_str_radix(text(&rest[..line]).trim(), 16).unwrap();
        body.extend_from_slice(&rest[line + 2..line + 2 + length]);
        rest = &rest[(line + 4 + length).min(rest.len())..];
    }
    (status, body)
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
