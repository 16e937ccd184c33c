#![no_main]

use libfuzzer_sys::fuzz_target;
use logpipeline_model::wire::relp::Server;
use logpipeline_model::wire::syslog::Settings;
use logpipeline_model::wire::testing::Collector;
use logpipeline_model_fuzz::converse;

fuzz_target!(|data: &[u8]| {
    converse(Server::new(Settings { zone: 0, peer: None }), data, &mut Collector::default());
});
