use crate::places::{PROD, SHOP};
use crate::sender::{Load, Sender};
use crate::site::Site;
use crate::waiting::pause;

pub fn run(site: &Site) -> String {
    let embedded = Sender::start(site, &Load { name: "force-embedded", to: SHOP, rate: 200, seconds: 50 });
    let production =
        Sender::start(site, &Load { name: "force-production", to: PROD, rate: 200, seconds: 50 });
    for _ in 0..2 {
        pause(4);
        site.cluster.kill_pod(SHOP, "store", "logs-store-0");
        site.cluster.kill_pod(PROD, "ingestor", "logs-ingestor-0");
    }
    let (embedded, production) = (embedded.report(), production.report());
    assert!(embedded.count("retried") > 0, "nobody noticed");
    format!("embedded store, twice: {}; an ingestor, twice: {}", embedded.in_words(), production.in_words())
}
