//! Whether entries reach the store: what the ingestors themselves say of it.

use std::time::Duration;

use futures::future::join_all;
use kube::ResourceExt;
use kube::api::DynamicObject;
use serde::Deserialize;

use crate::status::Verdict;

/// The admin port of an ingestor, which nothing outside of the cluster reaches.
const PORT: u16 = 9090;
const TIMEOUT: Duration = Duration::from_secs(3);
/// Entries that wait longer are late.
const LATE_SECONDS: f64 = 60.0;

/// What an ingestor tells of its entries, since its data folder was new.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Delivery {
    pub received: u64,
    pub stored: u64,
    pub duplicates: u64,
    pub rejected: u64,
    pub dead_lettered: u64,
    pub waiting: u64,
    #[serde(default)]
    pub oldest_waiting_seconds: f64,
    #[serde(default)]
    pub store_error: Option<String>,
    #[serde(default)]
    pub canary: Option<Canary>,
}

/// What the canaries of an ingestor have shown.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Canary {
    pub lost_within_10_minutes: u64,
    pub lag_seconds: f64,
}

/// Asks every ingestor that has an address.
pub async fn delivered(client: &reqwest::Client, pods: &[&DynamicObject]) -> Verdict {
    let serving = pods.iter().filter(|pod| serves(pod));
    let asked = serving.filter_map(|pod| {
        let address = pod.data["status"]["podIP"].as_str()?;
        // An address of version 6 stands in brackets.
        let host = if address.contains(':') { format!("[{address}]") } else { address.to_owned() };
        let url = format!("http://{host}:{PORT}/delivery");
        Some(async move { (pod.name_any(), ask(client, &url).await) })
    });
    verdict(&join_all(asked).await)
}

/// Whether a pod is one that answers: not one that starts or ends.
fn serves(pod: &DynamicObject) -> bool {
    let conditions = pod.data["status"]["conditions"].as_array().map(Vec::as_slice).unwrap_or_default();
    let ready = conditions.iter().any(|one| one["type"] == "Ready" && one["status"] == "True");
    ready && pod.metadata.deletion_timestamp.is_none()
}

async fn ask(client: &reqwest::Client, url: &str) -> Result<Delivery, String> {
    let answer = client.get(url).timeout(TIMEOUT).send().await.map_err(|error| error.to_string())?;
    let answer = answer.error_for_status().map_err(|error| error.to_string())?;
    answer.json().await.map_err(|error| error.to_string())
}

fn verdict(asked: &[(String, Result<Delivery, String>)]) -> Verdict {
    if asked.is_empty() {
        return Verdict::unknown("NoIngestor", "no ingestor is ready that could tell");
    }
    for (pod, answer) in asked {
        let Ok(figures) = answer else { continue };
        let Delivery { received, stored, duplicates, rejected, dead_lettered, waiting, .. } = figures;
        if *received != stored + duplicates + rejected + dead_lettered + waiting {
            let message = format!(
                "pod {pod} does not account for every entry: {received} received, {stored} stored, {duplicates} sent twice, \
                 {rejected} rejected, {dead_lettered} dead letters, {waiting} waiting; report this as a bug"
            );
            return Verdict::no("Unbalanced", message).keeping_message();
        }
    }
    for (pod, answer) in asked {
        let Ok(Delivery { canary: Some(canary), .. }) = answer else { continue };
        if canary.lost_within_10_minutes > 0 {
            let message = format!(
                "{} canaries of pod {pod} were acknowledged and taken by the store within the last 10 minutes, and no search \
                 finds them: entries may be lost",
                canary.lost_within_10_minutes
            );
            return Verdict::no("CanaryLost", message).keeping_message();
        }
    }
    let late = asked.iter().filter_map(|(pod, answer)| Some((pod, answer.as_ref().ok()?)));
    let late = late.filter(|(_, figures)| figures.oldest_waiting_seconds > LATE_SECONDS);
    if let Some((pod, figures)) = late
        .max_by(|(_, one), (_, other)| one.oldest_waiting_seconds.total_cmp(&other.oldest_waiting_seconds))
    {
        let why = figures.store_error.as_deref().unwrap_or("the store does not keep up");
        let message = format!(
            "{} entries wait in pod {pod}, the oldest for {:.0} s: {why}",
            figures.waiting, figures.oldest_waiting_seconds
        );
        return Verdict::no("Lagging", message).keeping_message();
    }
    match asked.iter().find_map(|(pod, answer)| Some((pod, answer.as_ref().err()?))) {
        Some((pod, error)) => {
            Verdict::unknown("Unreachable", format!("pod {pod} does not tell: {error}")).keeping_message()
        }
        None => Verdict::yes("Delivering", delivering(asked)),
    }
}

/// The message of the state in which nothing is wrong. It names no figure that changes all the time, for each change is written.
fn delivering(asked: &[(String, Result<Delivery, String>)]) -> String {
    let canaries = asked.iter().filter_map(|(_, answer)| answer.as_ref().ok()?.canary);
    let lag = canaries.map(|canary| canary.lag_seconds).max_by(f64::total_cmp);
    let found = match lag {
        None => String::new(),
        Some(lag) if lag <= 2.0 => ", and canaries are found within 2 s".to_owned(),
        Some(lag) if lag <= 10.0 => ", and canaries are found within 10 s".to_owned(),
        Some(_) => ", and canaries are found after more than 10 s".to_owned(),
    };
    format!("every entry is accounted for, and none waits for over a minute{found}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(received: u64, stored: u64, waiting: u64, oldest: f64) -> Result<Delivery, String> {
        Ok(Delivery { received, stored, waiting, oldest_waiting_seconds: oldest, ..Delivery::default() })
    }

    fn of(answers: &[Result<Delivery, String>]) -> (&'static str, String, String) {
        let asked: Vec<_> =
            answers.iter().enumerate().map(|(at, answer)| (format!("pod-{at}"), answer.clone())).collect();
        let verdict = verdict(&asked);
        (verdict.status, verdict.reason, verdict.message)
    }

    #[test]
    fn entries_that_are_accounted_for_and_not_late_are_delivered() {
        assert_eq!(of(&[figures(10, 8, 2, 3.0), figures(0, 0, 0, 0.0)]).0, "True");
    }

    #[test]
    fn the_latest_of_late_entries_is_told_with_the_stores_reason() {
        let mut later = figures(9, 2, 7, 80.0);
        later.as_mut().unwrap().store_error = Some("connection refused".to_owned());
        let (status, reason, message) = of(&[figures(10, 8, 2, 61.0), later]);
        assert_eq!((status, reason.as_str()), ("False", "Lagging"));
        assert_eq!(message, "7 entries wait in pod pod-1, the oldest for 80 s: connection refused");
    }

    #[test]
    fn counts_that_do_not_balance_are_told_before_anything_else() {
        let (status, reason, message) = of(&[figures(10, 8, 1, 90.0)]);
        assert_eq!((status, reason.as_str()), ("False", "Unbalanced"));
        assert!(message.contains("10 received, 8 stored"), "{message}");
    }

    #[test]
    fn canaries_are_told_where_they_are_lost_and_how_soon_they_are_found_where_not() {
        let with = |lost_within_10_minutes, lag_seconds| {
            let mut answer = figures(1, 1, 0, 0.0);
            answer.as_mut().unwrap().canary = Some(Canary { lost_within_10_minutes, lag_seconds });
            answer
        };
        assert_eq!(
            of(&[with(0, 0.4), with(0, 3.0)]).2,
            "every entry is accounted for, and none waits for over a minute, and canaries are found within 10 s"
        );
        let (status, reason, message) = of(&[with(0, 0.4), with(2, 0.4)]);
        assert_eq!((status, reason.as_str()), ("False", "CanaryLost"));
        assert!(message.starts_with("2 canaries of pod pod-1 were acknowledged"), "{message}");
    }

    #[test]
    fn who_does_not_tell_leaves_it_unknown() {
        assert_eq!(of(&[]).1, "NoIngestor");
        let (status, reason, _) = of(&[figures(1, 1, 0, 0.0), Err("timed out".to_owned())]);
        assert_eq!((status, reason.as_str()), ("Unknown", "Unreachable"));
    }
}
