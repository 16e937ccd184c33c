use crate::places::{PROD, SHOP};
use crate::sender::{Load, Sender};
use crate::site::Site;
use crate::waiting::pause;

pub fn run(site: &Site) -> String {
    let (cluster, kill) = (&site.cluster, site.kill.as_deref());
    let embedded = Sender::start(site, &Load { name: "force-embedded", to: SHOP, rate: 200, seconds: 120 });
    let production =
        Sender::start(site, &Load { name: "force-production", to: PROD, rate: 200, seconds: 120 });
    for _ in 0..2 {
        pause(4);
        let store = cluster.kill_pod(kill, SHOP, "store", "logs-store-0");
        let ingestor = cluster.kill_pod(kill, PROD, "ingestor", "logs-ingestor-0");
        store();
        ingestor();
    }
    embedded.still_sends();
    production.still_sends();
    let how = if kill.is_some() { "their processes got SIGKILL; " } else { "" };
    format!(
        "{how}embedded store, twice: {}; an ingestor, twice: {}",
        embedded.report().in_words(),
        production.report().in_words()
    )
}
