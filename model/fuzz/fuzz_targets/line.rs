#![no_main]

use libfuzzer_sys::fuzz_target;
use logpipeline_model::Timestamp;
use logpipeline_model::line::{Context, recognise};
use logpipeline_model_fuzz as _;

fuzz_target!(|text: &str| {
    let now = Timestamp::from_unix_seconds(1_800_000_000);
    let line = recognise(text, &Context { now, offset_seconds: 3_600 });
    assert!(line.message.len() <= text.len().max(8));
});
