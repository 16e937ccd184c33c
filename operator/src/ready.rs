//! Which pipelines are ready, for Prometheus: read off the pipelines themselves whenever somebody asks, so that none stays
//! that is gone.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use kube::ResourceExt;
use kube::runtime::reflector::Store;
use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use prometheus::{IntGaugeVec, Opts};

use crate::crd::LogPipeline;
use crate::status::READY;

/// Not `namespace` and `name`: Prometheus puts the operator's own namespace there.
const LABELS: [&str; 2] = ["pipeline_namespace", "pipeline"];

/// A gauge of each pipeline: 1 where it is ready, 0 where it is not.
#[derive(Clone)]
pub struct ReadyPipelines {
    gauge: IntGaugeVec,
    stores: Arc<Mutex<Vec<Weak<Store<LogPipeline>>>>>,
}

impl std::fmt::Debug for ReadyPipelines {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ReadyPipelines").finish_non_exhaustive()
    }
}

impl ReadyPipelines {
    pub fn new(opts: Opts) -> prometheus::Result<Self> {
        Ok(Self { gauge: IntGaugeVec::new(opts, &LABELS)?, stores: Arc::default() })
    }

    /// Tells of the pipelines of a store while what is returned is held.
    #[must_use]
    pub fn tell(&self, store: Store<LogPipeline>) -> Arc<Store<LogPipeline>> {
        let store = Arc::new(store);
        self.stores.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::downgrade(&store));
        store
    }
}

impl Collector for ReadyPipelines {
    fn desc(&self) -> Vec<&Desc> {
        self.gauge.desc()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        // Held until the end: of two who ask at once neither may empty what the other reads.
        let mut stores = self.stores.lock().unwrap_or_else(PoisonError::into_inner);
        stores.retain(|store| store.strong_count() > 0);
        self.gauge.reset();
        for store in stores.iter().filter_map(Weak::upgrade) {
            for pipeline in store.state().iter().filter(|one| is_looked_after(one)) {
                let (namespace, name) = (pipeline.namespace().unwrap_or_default(), pipeline.name_any());
                self.gauge.with_label_values(&[namespace, name]).set(is_ready(pipeline).into());
            }
        }
        self.gauge.collect()
    }
}

/// Whether it is to be ready at all.
fn is_looked_after(pipeline: &LogPipeline) -> bool {
    !pipeline.spec.paused && pipeline.metadata.deletion_timestamp.is_none()
}

/// As its status says, of the spec that it has now.
fn is_ready(pipeline: &LogPipeline) -> bool {
    let conditions = pipeline.status.iter().flat_map(|status| &status.conditions);
    let mut ready = conditions.filter(|one| one.type_ == READY && one.status == "True");
    ready.any(|one| one.observed_generation == pipeline.metadata.generation)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use kube::runtime::reflector::store::{Writer, store};
    use kube::runtime::watcher::Event;
    use prometheus::Registry;
    use serde_json::json;

    use super::*;

    fn pipeline(name: &str, ready: Option<&str>) -> LogPipeline {
        let conditions = ready.map(|status| {
            json!([{ "type": "Ready", "status": status, "reason": "X", "message": "", "observedGeneration": 2,
                "lastTransitionTime": "2026-01-01T00:00:00Z" }])
        });
        let object = json!({
            "apiVersion": "logpipeline.dev/v1alpha1", "kind": "LogPipeline",
            "metadata": { "name": name, "namespace": "shop", "generation": 2 },
            "spec": { "storage": { "embedded": { "size": "1Gi" } }, "ingestor": {}, "query": {} },
            "status": { "conditions": conditions.unwrap_or_else(|| json!([])) },
        });
        serde_json::from_value(object).unwrap()
    }

    fn told() -> (Registry, ReadyPipelines) {
        let (registry, opts) = (Registry::new(), Opts::new("ready", "Which pipelines are ready"));
        let pipelines = ReadyPipelines::new(opts).unwrap();
        registry.register(Box::new(pipelines.clone())).unwrap();
        (registry, pipelines)
    }

    /// What is shown, by pipeline.
    fn shown(registry: &Registry) -> BTreeMap<String, f64> {
        let families = registry.gather();
        let figures = families.iter().flat_map(MetricFamily::get_metric);
        figures
            .map(|figure| {
                let labels: Vec<_> = figure.get_label().iter().map(|one| one.value()).collect();
                (labels.join(" in "), figure.get_gauge().get_value())
            })
            .collect()
    }

    fn of<const N: usize>(figures: [(&str, f64); N]) -> BTreeMap<String, f64> {
        figures.map(|(pipeline, figure)| (pipeline.to_owned(), figure)).into()
    }

    fn set(writer: &mut Writer<LogPipeline>, pipeline: LogPipeline) {
        writer.apply_watcher_event(&Event::Apply(pipeline));
    }

    #[test]
    fn a_pipeline_is_ready_as_its_status_says_of_the_spec_that_it_has_now() {
        let (registry, pipelines) = told();
        let (reader, mut writer) = store();
        let _told = pipelines.tell(reader);
        set(&mut writer, pipeline("well", Some("True")));
        set(&mut writer, pipeline("broken", Some("False")));
        set(&mut writer, pipeline("new", None));
        let mut changed = pipeline("changed", Some("True"));
        changed.metadata.generation = Some(3);
        set(&mut writer, changed);
        let expected = of([
            ("well in shop", 1.0),
            ("broken in shop", 0.0),
            ("new in shop", 0.0),
            ("changed in shop", 0.0),
        ]);
        assert_eq!(shown(&registry), expected);
        set(&mut writer, pipeline("broken", Some("True")));
        assert_eq!(shown(&registry)["broken in shop"], 1.0);
    }

    #[test]
    fn nothing_is_told_of_one_that_is_paused_or_deleted() {
        let (registry, pipelines) = told();
        let (reader, mut writer) = store();
        let _told = pipelines.tell(reader);
        let names = ["paused", "ends", "gone"];
        for name in names {
            set(&mut writer, pipeline(name, Some("False")));
        }
        assert_eq!(shown(&registry).len(), 3);
        let mut paused = pipeline("paused", Some("False"));
        paused.spec.paused = true;
        set(&mut writer, paused);
        let mut ends = pipeline("ends", Some("False"));
        ends.metadata.deletion_timestamp = serde_json::from_value(json!("2026-01-01T00:00:00Z")).unwrap();
        set(&mut writer, ends);
        writer.apply_watcher_event(&Event::Delete(pipeline("gone", None)));
        assert_eq!(shown(&registry), of([]));
    }

    #[test]
    fn nothing_is_told_by_one_that_leads_no_more() {
        let (registry, pipelines) = told();
        let (reader, mut writer) = store();
        let (others, mut other_writer) = store();
        let (first, _second) = (pipelines.tell(reader), pipelines.tell(others));
        set(&mut writer, pipeline("logs", Some("False")));
        set(&mut other_writer, pipeline("more", Some("True")));
        assert_eq!(shown(&registry), of([("logs in shop", 0.0), ("more in shop", 1.0)]));
        drop(first);
        assert_eq!(shown(&registry), of([("more in shop", 1.0)]));
    }
}
