{{/* What the operator asks of the API server wherever pipelines are, and no more. */}}
{{- define "logpipeline.rules" -}}
- apiGroups: [logpipeline.dev]
  resources: [logpipelines]
  verbs: [list, watch, patch]
- apiGroups: [logpipeline.dev]
  resources: [logpipelines/status]
  verbs: [patch]
# To be the owner of an object that blocks the deletion of its owner.
- apiGroups: [logpipeline.dev]
  resources: [logpipelines/finalizers]
  verbs: [update]
# Those that pipelines name are read; one is made for each pipeline, and never changed.
- apiGroups: [""]
  resources: [secrets]
  verbs: [get, list, watch, create]
- apiGroups: [""]
  resources: [pods]
  verbs: [list, watch]
- apiGroups: [""]
  resources: [configmaps, serviceaccounts, services]
  verbs: &owned [get, list, watch, create, patch, delete]
- apiGroups: [apps]
  resources: [deployments, statefulsets]
  verbs: *owned
- apiGroups: [autoscaling]
  resources: [horizontalpodautoscalers]
  verbs: *owned
- apiGroups: [batch]
  resources: [jobs]
  verbs: *owned
- apiGroups: [networking.k8s.io]
  resources: [ingresses, networkpolicies]
  verbs: *owned
- apiGroups: [policy]
  resources: [poddisruptionbudgets]
  verbs: *owned
# Volumes are made larger where a pipeline asks for it.
- apiGroups: [""]
  resources: [persistentvolumeclaims]
  verbs: [list, patch]
- apiGroups: [monitoring.coreos.com]
  resources: [prometheusrules, servicemonitors]
  verbs: [get, create, patch]
- apiGroups: [elasticsearch.k8s.elastic.co]
  resources: [elasticsearches]
  verbs: [get]
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create, patch]
{{- end }}
