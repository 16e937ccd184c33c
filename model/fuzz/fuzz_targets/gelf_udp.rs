#![no_main]

use std::net::{IpAddr, Ipv4Addr};

use libfuzzer_sys::fuzz_target;
use logpipeline_model::wire::Datagrams;
use logpipeline_model::wire::gelf::Chunks;
use logpipeline_model::wire::testing::Collector;
use logpipeline_model_fuzz as _;

fuzz_target!(|data: &[u8]| {
    let (mut chunks, mut sink) = (Chunks::default(), Collector::default());
    // Datagrams of lengths that the input says.
    let mut rest = data;
    while let Some((length, behind)) = rest.split_first() {
        let (datagram, behind) = behind.split_at(behind.len().min(usize::from(*length)));
        let _ = chunks.read(datagram, IpAddr::V4(Ipv4Addr::LOCALHOST), 1, &mut sink);
        rest = behind;
    }
});
