#![no_main]

use libfuzzer_sys::fuzz_target;
use logpipeline_model::wire::bulk::{Filter, read};
use logpipeline_model::wire::testing::Collector;
use logpipeline_model_fuzz as _;

fuzz_target!(|text: &str| {
    let _ = read(b"{\"index\":{}}\n{}\n", None, &Filter::parse(text), &mut Collector::default());
});
