#![no_main]

use libfuzzer_sys::fuzz_target;
use logpipeline_model::wire;
use logpipeline_model::wire::testing::Collector;
use logpipeline_model_fuzz as _;

fuzz_target!(|data: &[u8]| {
    let mut sink = Collector::default();
    let filter = wire::bulk::Filter::parse("items.*.status,errors,-took");
    let _ = wire::bulk::read(data, Some("logs"), &filter, &mut sink);
    let _ = wire::bulk::read(data, None, &wire::bulk::Filter::default(), &mut sink);
});
