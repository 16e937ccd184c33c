#![no_main]

use std::net::{IpAddr, Ipv4Addr};

use libfuzzer_sys::fuzz_target;
use logpipeline_model::wire::Datagrams;
use logpipeline_model::wire::syslog::Packets;
use logpipeline_model::wire::testing::Collector;
use logpipeline_model_fuzz as _;

fuzz_target!(|data: &[u8]| {
    let _ = Packets::new(0).read(data, IpAddr::V4(Ipv4Addr::LOCALHOST), 1, &mut Collector::default());
});
