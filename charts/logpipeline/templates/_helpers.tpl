{{- define "logpipeline.name" -}}
{{ printf "%s-operator" (.Values.nameOverride | default .Chart.Name | trunc 54 | trimSuffix "-") }}
{{- end }}

{{/* 54 characters and "-operator" are the 63 that a label may have. */}}
{{- define "logpipeline.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{ .Values.fullnameOverride | trunc 63 | trimSuffix "-" }}
{{- else -}}
{{- $name := .Values.nameOverride | default .Chart.Name -}}
{{- $release := contains $name .Release.Name | ternary .Release.Name (printf "%s-%s" .Release.Name $name) -}}
{{ printf "%s-operator" ($release | trunc 54 | trimSuffix "-") }}
{{- end }}
{{- end }}

{{- define "logpipeline.serviceAccount" -}}
{{ .Values.serviceAccount.name | default (.Values.serviceAccount.create | ternary (include "logpipeline.fullname" .) "default") }}
{{- end }}

{{- define "logpipeline.selector" -}}
app.kubernetes.io/name: {{ include "logpipeline.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "logpipeline.labels" -}}
{{ include "logpipeline.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/* Takes a list: the root, and what names the image. */}}
{{- define "logpipeline.image" -}}
{{- $root := index . 0 -}}
{{- $image := index . 1 -}}
{{- with $image.registry | default $root.Values.image.registry }}{{ . }}/{{ end -}}
{{ $image.repository }}
{{- if $image.digest }}@{{ $image.digest }}
{{- else }}:{{ $image.tag | default $root.Values.image.tag | default $root.Chart.AppVersion }}
{{- end }}
{{- end }}

{{- define "logpipeline.subjects" -}}
- kind: ServiceAccount
  name: {{ include "logpipeline.serviceAccount" . }}
  namespace: {{ .Release.Namespace }}
{{- end }}
