#![no_main]

use libfuzzer_sys::fuzz_target;
use logpipeline_model::Timestamp;
use logpipeline_model::wire;
use logpipeline_model::wire::testing::Collector;
use logpipeline_model_fuzz as _;

fuzz_target!(|data: &[u8]| {
    let mut sink = Collector::default();
    let beside = wire::text::Beside::nothing(Timestamp::from_unix_seconds(1_800_000_000));
    let _ = wire::text::read(data, &beside, &mut sink);
});
