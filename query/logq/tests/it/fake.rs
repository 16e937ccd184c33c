//! Servers that answer as none can be made to at will: slowly, or in part.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

pub const ENTRY: &str = "{\"id\":\"x\",\"receivedAt\":\"2023-09-15T08:00:00Z\",\"timestamp\":\"2023-09-15T08:00:00Z\",\"message\":\"m\"}\n";

/// Answers each request, given its path and parameters, by what `answer` writes; the server's address.
pub fn server(answer: impl Fn(&str, &mut TcpStream) + Clone + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, answer) = (stream.unwrap(), answer.clone());
            std::thread::spawn(move || {
                let mut request = [0; 4096];
                let count = stream.read(&mut request).unwrap_or_default();
                let request = String::from_utf8_lossy(&request[..count]).into_owned();
                answer(request.split(' ').nth(1).unwrap_or_default(), &mut stream);
            });
        }
    });
    format!("http://{address}")
}

/// Whoever asked may have left.
pub fn write(stream: &mut TcpStream, text: &str) {
    _ = stream.write_all(text.as_bytes());
}

pub fn json(stream: &mut TcpStream, body: &str) {
    let length = body.len();
    write(stream, &format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"));
}

/// A server that takes its time: exports have four entries and take most of a second, as does each page of a search,
/// of which there are as many as are asked for. Its tail brings nothing.
pub fn slow() -> String {
    server(|path, stream| match path.split('?').next().unwrap_or_default() {
        "/api/v1/export" => {
            let head =
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-Total: 4\r\nConnection: close\r\n\r\n";
            write(stream, head);
            for _ in 0..2 {
                std::thread::sleep(Duration::from_millis(400));
                let entries = ENTRY.repeat(2);
                write(stream, &format!("{:x}\r\n{entries}\r\n", entries.len()));
            }
            write(stream, "0\r\n\r\n");
        }
        "/api/v1/search" => {
            std::thread::sleep(Duration::from_millis(400));
            let entries = vec![ENTRY.trim_end(); 1_000].join(",");
            let page = format!(r#"{{"entries":[{entries}],"total":5000,"partial":false,"cursor":"next"}}"#);
            json(stream, &page);
        }
        _ => {
            write(
                stream,
                "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n\
                 event: ready\ndata: {\"from\":\"2023-09-15T08:00:00Z\"}\n\n",
            );
            // Open until the client leaves.
            _ = stream.read(&mut [0]);
        }
    })
}
