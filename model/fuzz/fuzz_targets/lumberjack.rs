#![no_main]

use libfuzzer_sys::fuzz_target;
use logpipeline_model::wire::lumberjack::Lumberjack;
use logpipeline_model::wire::testing::Collector;
use logpipeline_model_fuzz::converse;

fuzz_target!(|data: &[u8]| {
    converse(Lumberjack::new(1 << 20), data, &mut Collector::default());
});
