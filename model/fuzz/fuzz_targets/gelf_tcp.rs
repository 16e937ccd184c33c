#![no_main]

use libfuzzer_sys::fuzz_target;
use logpipeline_model::wire::gelf::Stream;
use logpipeline_model::wire::testing::Collector;
use logpipeline_model_fuzz::converse;

fuzz_target!(|data: &[u8]| {
    converse(Stream::default(), data, &mut Collector::default());
});
