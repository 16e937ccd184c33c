#![no_main]

use libfuzzer_sys::fuzz_target;
use logpipeline_model::wire::syslog::{Settings, Stream};
use logpipeline_model::wire::testing::Collector;
use logpipeline_model_fuzz::converse;

fuzz_target!(|data: &[u8]| {
    converse(Stream::new(Settings { zone: 0, peer: None }), data, &mut Collector::default());
});
