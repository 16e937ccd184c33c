#![no_main]

use libfuzzer_sys::fuzz_target;
use logpipeline_model::wire;
use logpipeline_model::wire::testing::Collector;
use logpipeline_model_fuzz as _;

fuzz_target!(|data: &[u8]| {
    let mut sink = Collector::default();
    let parameters = wire::jsonline::Parameters {
        message: vec!["m".to_owned()],
        time: vec!["t".to_owned()],
        ..Default::default()
    };
    let _ = wire::jsonline::read(data, &parameters, &mut sink);
});
