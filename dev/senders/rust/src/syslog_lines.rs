use syslog::{Facility, Formatter3164};

use crate::{Job, text};

pub(crate) fn send(job: &Job) {
    let formatter = Formatter3164 {
        facility: Facility::LOG_USER,
        hostname: Some("web1".into()),
        process: "shop".into(),
        pid: 42,
    };
    let server = format!("{}:{}", job.host, job.port);
    let logger = match job.variant.as_str() {
        "tcp" => syslog::tcp(formatter, server),
        _ => syslog::udp(formatter, "127.0.0.1:0".to_owned(), server),
    };
    let mut logger = logger.unwrap();
    for batch in job.batches() {
        for entry in batch {
            if let Err(error) = logger.info(text(entry)) {
                eprintln!("{error}");
            }
        }
    }
}
