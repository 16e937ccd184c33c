//! OTLP by gRPC, from a client that is not ours.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::{Buf, BufMut};
use http_body_util::BodyExt;
use logpipeline_ingestor::wal::disk::LocalDisk;
use serde_json::json;
use tonic::codec::{Codec, CompressionEncoding, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::transport::Channel;
use tonic::{Code, Request, Status};
use tower::Service;

use crate::support::disk::faulty_disk;
use crate::support::protobuf::{bytes, export, log_record, varint};
use crate::support::server::Server;
use crate::support::store::FakeStore;

const EXPORT: &str = "/opentelemetry.proto.collector.logs.v1.LogsService/Export";
const LISTEN: &str = "--otlp-grpc-listen=127.0.0.1:0";
const TIME: u64 = 1_700_000_000_000_000_001;

/// Messages as they are.
#[derive(Debug, Clone, Copy, Default)]
struct Raw;

impl Codec for Raw {
    type Encode = Vec<u8>;
    type Decode = Vec<u8>;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        *self
    }

    fn decoder(&mut self) -> Self {
        *self
    }
}

impl Encoder for Raw {
    type Item = Vec<u8>;
    type Error = Status;

    fn encode(&mut self, item: Vec<u8>, to: &mut EncodeBuf<'_>) -> Result<(), Status> {
        to.put_slice(&item);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Vec<u8>;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<Vec<u8>>, Status> {
        Ok(Some(from.copy_to_bytes(from.remaining()).to_vec()))
    }
}

pub(super) struct Client(tonic::client::Grpc<Channel>);

impl Client {
    async fn connect(server: &Server) -> Self {
        Self::try_connect(server.otlp_grpc.unwrap()).await.unwrap()
    }

    pub(super) async fn try_connect(address: SocketAddr) -> Result<Self, tonic::transport::Error> {
        let channel = Channel::from_shared(format!("http://{address}")).unwrap().connect().await?;
        Ok(Self(tonic::client::Grpc::new(channel)))
    }

    pub(super) async fn send(&mut self, body: Vec<u8>) -> Result<Vec<u8>, Status> {
        self.call(EXPORT, Request::new(body)).await.map(|answer| answer.into_inner())
    }

    async fn call(
        &mut self,
        path: &'static str,
        request: Request<Vec<u8>>,
    ) -> Result<tonic::Response<Vec<u8>>, Status> {
        self.0.ready().await.map_err(|error| Status::from_error(Box::new(io::Error::other(error))))?;
        self.0.unary(request, http::uri::PathAndQuery::from_static(path), Raw).await
    }

    fn compressing(self, coding: CompressionEncoding) -> Self {
        Self(self.0.send_compressed(coding))
    }
}

/// Seconds of the `RetryInfo` among a status's details, where there is one.
fn retry(status: &Status) -> Option<u8> {
    let info = b"type.googleapis.com/google.rpc.RetryInfo";
    let details = status.details();
    let at = details.windows(info.len()).position(|window| window == info)? + info.len();
    // Any.value (2) of RetryInfo.retry_delay (1) of Duration.seconds (1).
    let [0x12, _, 0x0a, _, 0x08, seconds] = details[at..] else { panic!("{details:?}") };
    Some(seconds)
}

#[tokio::test]
async fn calls_are_taken_plain_and_compressed() {
    let server = Server::start(&[LISTEN]).await;
    for (message, coding) in [
        ("plain", None),
        ("gzip", Some(CompressionEncoding::Gzip)),
        ("zstd", Some(CompressionEncoding::Zstd)),
    ] {
        let mut client = Client::connect(&server).await;
        if let Some(coding) = coding {
            client = client.compressing(coding);
        }
        let request = Request::new(export([log_record(TIME, message)]));
        let answer = client.call(EXPORT, request).await.unwrap();
        assert!(!answer.metadata().get("x-logpipeline-receipt").unwrap().is_empty());
        assert_eq!(answer.into_inner(), b"");
    }
    server.settled().await;
    let mut messages = server.store.messages();
    messages.sort();
    assert_eq!(messages, ["gzip", "plain", "zstd"]);
    assert!(server.store.entries().iter().all(|entry| entry["resourceId"] == "shop"));
}

#[tokio::test]
async fn a_large_message_is_taken_and_one_beyond_the_bound_is_refused_for_good() {
    let server = Server::start(&[LISTEN, "--max-body=1MiB", "--max-in-flight=8MiB"]).await;
    let mut client = Client::connect(&server).await;
    let body = |count: u64| export((0..count).map(|n| log_record(TIME + n, &"x".repeat(1_000))));
    assert_eq!(client.send(body(900)).await.unwrap(), b"");
    let refused = client.send(body(2_000)).await.unwrap_err();
    assert_eq!((refused.code(), retry(&refused)), (Code::InvalidArgument, None));
    for coding in [CompressionEncoding::Gzip, CompressionEncoding::Zstd] {
        let client = Client::connect(&server).await;
        let bomb = client.compressing(coding).send(vec![0; 16 << 20]).await.unwrap_err();
        assert_eq!((bomb.code(), retry(&bomb)), (Code::InvalidArgument, None), "{coding:?}");
    }
    assert_eq!(server.settled().await["stored"], 900);
}

#[tokio::test]
async fn a_message_that_lies_about_its_length_is_refused() {
    let server = Server::start(&[LISTEN, "--max-body=1MiB"]).await;
    let address = server.otlp_grpc.unwrap();
    let mut channel = Channel::from_shared(format!("http://{address}")).unwrap().connect().await.unwrap();
    // More than is allowed, more than comes, and less than comes; then as if they were compressed, which they are not.
    for (bytes, coding) in [
        (&b"\0\xff\xff\xff\xffab"[..], "identity"),
        (b"\0\0\0\0\x10ab", "identity"),
        (b"\0\0\0\0\x01ab", "identity"),
        (b"\x01\xff\xff\xff\xffab", "gzip"),
        (b"\x01\0\0\0\x02ab", "gzip"),
        (b"\x01\0\0\0\x02ab", "zstd"),
    ] {
        let request = http::Request::post(format!("http://{address}{EXPORT}"))
            .header("content-type", "application/grpc")
            .header("grpc-encoding", coding)
            .body(tonic::body::Body::new(http_body_util::Full::from(bytes)))
            .unwrap();
        std::future::poll_fn(|context| channel.poll_ready(context)).await.unwrap();
        let answer = channel.call(request).await.unwrap();
        let in_headers = answer.headers().get("grpc-status").cloned();
        let collected = answer.into_body().collect().await.unwrap();
        let status = in_headers.or_else(|| collected.trailers()?.get("grpc-status").cloned());
        assert_eq!(status.unwrap(), "3", "{bytes:?} {coding}: an invalid argument");
    }
    assert_eq!(server.delivery().await["received"], 0);
}

#[tokio::test]
async fn rejected_records_are_told_and_what_cannot_be_read_is_an_invalid_argument() {
    let server = Server::start(&[LISTEN, "--max-entry=1KiB"]).await;
    let mut client = Client::connect(&server).await;
    let answer =
        client.send(export([log_record(TIME, "one"), log_record(TIME, &"x".repeat(2_000))])).await.unwrap();
    let reason = "log record 2: the entry has 2017 bytes, more than the limit of 1024";
    assert_eq!(answer, bytes(1, [varint(1, 1), bytes(2, reason)].concat()));

    let refused = client.send(b"\x0a\x05ab".to_vec()).await.unwrap_err();
    assert_eq!((refused.code(), retry(&refused)), (Code::InvalidArgument, None));
    assert!(refused.message().contains("byte offset 2"), "{refused}");

    let elsewhere = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
    let unknown = client.call(elsewhere, Request::new(vec![])).await.unwrap_err();
    assert_eq!(unknown.code(), Code::Unimplemented);
    assert!(unknown.message().contains("LogsService/Export"), "{unknown}");
}

#[tokio::test]
async fn a_full_log_is_resource_exhausted_with_retry_info() {
    let folder = tempfile::tempdir().unwrap();
    let flags =
        [LISTEN, "--max-entry=64KiB", "--wal-segment-size=256KiB", "--wal-size=1MiB", "--max-body=8MiB"];
    let server = Server::start_on(folder.path(), &flags, Arc::new(LocalDisk), FakeStore::down()).await;
    let mut client = Client::connect(&server).await;
    let mut accepted = 0;
    let refused = loop {
        let batch = export((0..50).map(|n| log_record(TIME + accepted + n, &"x".repeat(300))));
        match client.send(batch).await {
            Ok(_) => accepted += 50,
            Err(status) => break status,
        }
        assert!(accepted < 100_000, "the log never fills");
    };
    assert_eq!(refused.code(), Code::ResourceExhausted);
    assert!(retry(&refused).unwrap() >= 1);
    assert!(refused.message().contains("is full"), "{refused}");
    assert_eq!(server.delivery().await["received"], json!(accepted), "nothing of the refused batch");
}

/// Clients drop what is refused without a time to come back at.
#[tokio::test]
async fn a_full_disk_is_unavailable_with_retry_info() {
    let folder = tempfile::tempdir().unwrap();
    let (disk, faults) = faulty_disk();
    let server = Server::start_on(folder.path(), &[LISTEN], disk, FakeStore::new()).await;
    let mut client = Client::connect(&server).await;
    faults.lasting.store(true, Ordering::SeqCst);
    faults.writes_until_no_space.store(0, Ordering::SeqCst);
    faults.no_space.store(true, Ordering::SeqCst);
    let refused = client.send(export([log_record(TIME, "m")])).await.unwrap_err();
    assert_eq!((refused.code(), retry(&refused)), (Code::Unavailable, Some(5)), "{refused:?}");
    assert!(refused.message().contains("disk"), "{refused}");
    faults.no_space.store(false, Ordering::SeqCst);
    faults.writes_until_no_space.store(-1, Ordering::SeqCst);
    crate::support::eventually("there is room", async || {
        client.send(export([log_record(TIME, "m")])).await.is_ok()
    })
    .await;
    assert_eq!(server.settled().await["received"], 1);
}

#[tokio::test]
async fn a_token_is_asked_for_and_says_who_sends() {
    let folder = tempfile::tempdir().unwrap();
    let tokens = folder.path().join("tokens");
    std::fs::write(&tokens, "shop:0123456789abcdef").unwrap();
    let flag = format!("--tokens-file={}", tokens.display());
    let server = Server::start(&[LISTEN, &flag]).await;
    let mut client = Client::connect(&server).await;
    let refused = client.send(export([log_record(TIME, "m")])).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unauthenticated);
    let mut request = Request::new(export([log_record(TIME, "m")]));
    request.metadata_mut().insert("authorization", "Bearer 0123456789abcdef".parse().unwrap());
    assert_eq!(client.call(EXPORT, request).await.unwrap().into_inner(), b"");
}

#[tokio::test]
async fn a_server_that_stops_ends_its_calls_and_is_gone() {
    let server = Server::start(&[LISTEN]).await;
    let mut client = Client::connect(&server).await;
    assert_eq!(client.send(export([log_record(TIME, "m")])).await.unwrap(), b"");
    tokio::time::timeout(Duration::from_secs(10), server.stop()).await.unwrap().unwrap();
    let refused = client.send(export([log_record(TIME, "m")])).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unavailable);
}

#[tokio::test]
async fn a_message_that_cannot_be_read_becomes_a_dead_letter() {
    let server = Server::start(&[LISTEN]).await;
    let mut client = Client::connect(&server).await.compressing(CompressionEncoding::Gzip);
    let status = client.send(vec![0xff; 4]).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    let letters = server.store.letters();
    crate::support::eventually("it is kept", async || letters.len() == 1).await;
    let letter = &letters.entries()[0];
    assert_eq!(letter["metadata"]["protocol"], "otlp_grpc");
    assert_eq!(letter["metadata"]["rawBase64"], "/////w==");
    assert_eq!(letter["metadata"]["request"]["path"], EXPORT);
    assert_eq!(letter["metadata"]["request"]["contentEncoding"], json!(null));
}
