{{- define "wolkvox-exporter.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 50 | trimSuffix "-" }}
{{- end }}

{{- /* 50 characters: the longest suffix, "-postgresql", still fits into the 63 of a label. */}}
{{- define "wolkvox-exporter.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride }}
{{- if .Values.fullnameOverride }}{{ .Values.fullnameOverride | trunc 50 | trimSuffix "-" }}
{{- else if contains $name .Release.Name }}{{ .Release.Name | trunc 50 | trimSuffix "-" }}
{{- else }}{{ printf "%s-%s" .Release.Name $name | trunc 50 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "wolkvox-exporter.selectorLabels" -}}
app.kubernetes.io/name: {{ include "wolkvox-exporter.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "wolkvox-exporter.labels" -}}
{{ include "wolkvox-exporter.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "wolkvox-exporter.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}{{ default (include "wolkvox-exporter.fullname" .) .Values.serviceAccount.name }}
{{- else }}{{ default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- define "wolkvox-exporter.image" -}}
{{- if .Values.image.digest }}{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else }}{{ .Values.image.repository }}:{{ default .Chart.AppVersion .Values.image.tag }}
{{- end }}
{{- end }}

{{- /* Each of these is "true" or nothing. */}}

{{- define "wolkvox-exporter.demo" -}}
{{- if not (or .Values.config .Values.existingConfigMap) }}true{{ end }}
{{- end }}

{{- define "wolkvox-exporter.postgresql" -}}
{{- if and (eq .Values.storage.type "postgresql") (not (include "wolkvox-exporter.demo" .)) }}true{{ end }}
{{- end }}

{{- define "wolkvox-exporter.stateful" -}}
{{- if not (or (include "wolkvox-exporter.demo" .) (include "wolkvox-exporter.postgresql" .)) }}true{{ end }}
{{- end }}

{{- define "wolkvox-exporter.monitored" -}}
{{- if eq (toString .Values.monitor.enabled) "auto" }}
{{- if .Capabilities.APIVersions.Has "monitoring.coreos.com/v1" }}true{{ end }}
{{- else if .Values.monitor.enabled }}true{{ end }}
{{- end }}

{{- define "wolkvox-exporter.ruled" -}}
{{- if eq (toString .Values.rules.enabled) "auto" }}
{{- if and (.Capabilities.APIVersions.Has "monitoring.coreos.com/v1") (not (include "wolkvox-exporter.demo" .)) }}true{{ end }}
{{- else if .Values.rules.enabled }}true{{ end }}
{{- end }}

{{- define "wolkvox-exporter.openshift" -}}
{{- if eq (toString .Values.openshift) "auto" }}
{{- if .Capabilities.APIVersions.Has "security.openshift.io/v1" }}true{{ end }}
{{- else if .Values.openshift }}true{{ end }}
{{- end }}

{{- define "wolkvox-exporter.tls" -}}
{{- if .Values.web.existingSecret }}{{ if .Values.web.tls }}true{{ end }}
{{- else if .Values.web.config.tls_server_config }}true{{ end }}
{{- end }}

{{- define "wolkvox-exporter.webConfigured" -}}
{{- if or .Values.web.config .Values.web.existingSecret }}true{{ end }}
{{- end }}

{{- define "wolkvox-exporter.execProbes" -}}
{{- $clients := dig "tls_server_config" "client_auth_type" "NoClientCert" .Values.web.config }}
{{- if eq .Values.probes.type "exec" }}true
{{- else if eq .Values.probes.type "auto" }}
{{- if or .Values.web.existingSecret (not (has $clients (list "NoClientCert" "RequestClientCert" "VerifyClientCertIfGiven"))) }}true{{ end }}
{{- end }}
{{- end }}

{{- define "wolkvox-exporter.secretFiles" -}}
{{- if or .Values.secrets.existing .Values.secrets.values }}true{{ end }}
{{- end }}

{{- /* The prefix of every path, without a slash at its end. */}}
{{- define "wolkvox-exporter.prefix" -}}
{{- $prefix := .Values.web.routePrefix }}
{{- if and (not $prefix) .Values.web.externalUrl }}{{ $prefix = (urlParse .Values.web.externalUrl).path }}{{ end }}
{{- trimSuffix "/" (default "" $prefix) }}
{{- end }}

{{- define "wolkvox-exporter.webConfig" -}}
{{- $config := deepCopy .Values.web.config }}
{{- if and $config.basic_auth_users (not (hasKey $config "auth_excluded_paths")) }}
{{- $_ := set $config "auth_excluded_paths" (list "/-/healthy" "/-/ready") }}
{{- end }}
{{- toYaml $config }}
{{- end }}

{{- define "wolkvox-exporter.config" -}}
{{- if kindIs "string" .Values.config }}{{ .Values.config }}{{ else }}{{ toYaml .Values.config }}{{ end }}
{{- end }}
