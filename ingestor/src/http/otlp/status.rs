//! `google.rpc.Status`: how OTLP says what went wrong, and when to try again.

use http::StatusCode;
use logpipeline_service::Problem;
use serde_json::json;
use tonic::Code;

const RETRY_INFO: &str = "type.googleapis.com/google.rpc.RetryInfo";

#[derive(Debug, Clone)]
pub(super) struct Status {
    pub(super) code: Code,
    pub(super) message: String,
    /// Seconds after which the client may send the same request again. Without them, clients give up.
    retry: Option<u64>,
}

impl Status {
    pub(super) fn of(problem: &Problem) -> Self {
        Self::new(problem.status, problem.detail.clone().into_owned(), problem.wait_seconds())
    }

    /// The status as which clients should take an answer of HTTP.
    pub(super) fn new(status: StatusCode, message: String, retry: Option<u64>) -> Self {
        let code = match status {
            StatusCode::UNAUTHORIZED => Code::Unauthenticated,
            StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED | StatusCode::UNSUPPORTED_MEDIA_TYPE => {
                Code::Unimplemented
            }
            StatusCode::REQUEST_TIMEOUT => Code::DeadlineExceeded,
            StatusCode::TOO_MANY_REQUESTS => Code::ResourceExhausted,
            StatusCode::SERVICE_UNAVAILABLE | StatusCode::INSUFFICIENT_STORAGE => Code::Unavailable,
            // Also for a batch that is too large: RESOURCE_EXHAUSTED, as others say, has some clients send it for ever.
            status if status.is_client_error() => Code::InvalidArgument,
            _ => Code::Internal,
        };
        Self { code, message, retry }
    }

    pub(super) fn protobuf(&self) -> Vec<u8> {
        let mut status = Message::default();
        status.varint(1, self.code as u64);
        status.bytes(2, self.message.as_bytes());
        if let Some(seconds) = self.retry {
            let (mut delay, mut info, mut detail) =
                (Message::default(), Message::default(), Message::default());
            delay.varint(1, seconds);
            info.bytes(1, &delay.0);
            detail.bytes(1, RETRY_INFO.as_bytes());
            detail.bytes(2, &info.0);
            status.bytes(3, &detail.0);
        }
        status.0
    }

    pub(super) fn json(&self) -> Vec<u8> {
        let mut status = json!({"code": self.code as i32, "message": self.message});
        if let Some(seconds) = self.retry {
            status["details"] = json!([{"@type": RETRY_INFO, "retryDelay": format!("{seconds}s")}]);
        }
        status.to_string().into_bytes()
    }
}

/// A message of protobuf that is written field by field.
#[derive(Debug, Default)]
pub(super) struct Message(pub(super) Vec<u8>);

impl Message {
    pub(super) fn varint(&mut self, field: u8, value: u64) {
        self.0.push(field << 3);
        self.raw(value);
    }

    pub(super) fn bytes(&mut self, field: u8, bytes: &[u8]) {
        self.0.push(field << 3 | 2);
        self.raw(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
    }

    fn raw(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }
}
