use elasticsearch::http::transport::Transport;
use elasticsearch::{BulkOperation, BulkParts, Elasticsearch};
use serde_json::{Value, json};

use crate::Job;

/// The client has no helper that retries: what is refused is lost unless the application sends it again, which this one does not.
pub(crate) fn send(job: &Job) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let client =
        Elasticsearch::new(Transport::single_node(&format!("http://{}:{}", job.host, job.port)).unwrap());
    for batch in job.batches() {
        let body: Vec<BulkOperation<Value>> =
            batch.iter().map(|entry| BulkOperation::index(document(entry)).into()).collect();
        let answer = runtime.block_on(client.bulk(BulkParts::Index("logs-shop-default")).body(body).send());
        match answer {
            Ok(answer) if answer.status_code().is_success() => {}
            Ok(answer) => eprintln!("answered with {}", answer.status_code()),
            Err(error) => eprintln!("{error}"),
        }
    }
}

fn document(entry: &Value) -> Value {
    let mut document = entry["fields"].clone();
    document["@timestamp"] = json!(chrono::Utc::now().to_rfc3339());
    document["message"] = entry["message"].clone();
    document["log.level"] = json!("info");
    document["service.name"] = json!("shop");
    document
}
