#![no_main]

use libfuzzer_sys::fuzz_target;
use logpipeline_model::wire::forward::{Forward, Handshake, SharedKey};
use logpipeline_model::wire::testing::Collector;
use logpipeline_model_fuzz::converse;

fuzz_target!(|data: &[u8]| {
    let handshake = Handshake::new(SharedKey::new(b"secret"), "server".into(), [7; 16]);
    converse(Forward::new(1 << 20, Some(handshake)), data, &mut Collector::default());
});
