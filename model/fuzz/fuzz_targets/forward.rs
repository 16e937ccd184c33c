#![no_main]

use libfuzzer_sys::fuzz_target;
use logpipeline_model::wire::forward::Forward;
use logpipeline_model::wire::testing::Collector;
use logpipeline_model_fuzz::converse;

fuzz_target!(|data: &[u8]| {
    converse(Forward::new(1 << 20, None), data, &mut Collector::default());
});
