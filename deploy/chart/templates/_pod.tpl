{{- /* What the container is made of, the same in a StatefulSet and a Deployment. */}}

{{- define "wolkvox-exporter.env" -}}
- name: WOLKVOX_EXPORTER_WEB_LISTEN_ADDRESS
  value: ":{{ .Values.web.port }}"
- name: WOLKVOX_EXPORTER_WEB_TELEMETRY_PATH
  value: {{ .Values.web.telemetryPath | quote }}
{{- with .Values.web.externalUrl }}
- name: WOLKVOX_EXPORTER_WEB_EXTERNAL_URL
  value: {{ . | quote }}
{{- end }}
{{- with .Values.web.routePrefix }}
- name: WOLKVOX_EXPORTER_WEB_ROUTE_PREFIX
  value: {{ . | quote }}
{{- end }}
{{- if .Values.web.enableLifecycle }}
- name: WOLKVOX_EXPORTER_WEB_ENABLE_LIFECYCLE
  value: "true"
{{- end }}
{{- if include "wolkvox-exporter.webConfigured" . }}
- name: WOLKVOX_EXPORTER_WEB_CONFIG_FILE
  value: /etc/wolkvox-exporter-web/web.yml
{{- end }}
- name: WOLKVOX_EXPORTER_LOG_LEVEL
  value: {{ .Values.log.level }}
- name: WOLKVOX_EXPORTER_LOG_FORMAT
  value: {{ .Values.log.format }}
{{- if not (include "wolkvox-exporter.demo" .) }}
- name: WOLKVOX_EXPORTER_CONFIG_FILE
  value: /etc/wolkvox-exporter/{{ .Values.config | empty | ternary .Values.existingConfigMapKey "config.yml" }}
- name: WOLKVOX_EXPORTER_CONFIG_AUTO_RELOAD_INTERVAL
  value: {{ .Values.reloadInterval }}
{{- end }}
{{- if include "wolkvox-exporter.postgresql" . }}
{{- $database := .Values.storage.postgresql }}
- name: WOLKVOX_EXPORTER_STORAGE_URL
  valueFrom:
    secretKeyRef:
      {{- if $database.url }}
      name: {{ include "wolkvox-exporter.fullname" . }}-postgresql
      key: url
      {{- else }}
      name: {{ $database.existingSecret }}
      key: {{ $database.urlKey }}
      {{- end }}
{{- with $database.passwordKey }}
- name: PGPASSWORD
  valueFrom:
    secretKeyRef:
      name: {{ $database.existingSecret }}
      key: {{ . }}
{{- end }}
{{- else if include "wolkvox-exporter.stateful" . }}
- name: WOLKVOX_EXPORTER_STORAGE_URL
  value: sqlite:////var/lib/wolkvox-exporter/wolkvox-exporter.db
{{- end }}
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "wolkvox-exporter.probes" -}}
{{- $pages := dict "liveness" "/-/healthy" "readiness" "/-/ready" "startup" "/-/healthy" }}
{{- range $probe, $page := $pages }}
{{ $probe }}Probe:
  {{- if include "wolkvox-exporter.execProbes" $ }}
  exec:
    command: [python, -m, exporter.healthcheck, {{ $page }}
      {{- range $.Values.extraArgs }}, {{ . | quote }}{{ end }}]
  {{- else }}
  httpGet:
    path: {{ include "wolkvox-exporter.prefix" $ }}{{ $page }}
    port: http
    scheme: {{ include "wolkvox-exporter.tls" $ | empty | ternary "HTTP" "HTTPS" }}
  {{- end }}
  {{- get $.Values.probes $probe | toYaml | nindent 2 }}
{{- end }}
{{- end }}

{{- define "wolkvox-exporter.mounts" -}}
- name: tmp
  mountPath: /tmp
{{- if include "wolkvox-exporter.stateful" . }}
- name: state
  mountPath: /var/lib/wolkvox-exporter
{{- end }}
{{- /* Folders, not single files: Kubernetes updates only folders. */}}
{{- if not (include "wolkvox-exporter.demo" .) }}
- name: config
  mountPath: /etc/wolkvox-exporter
  readOnly: true
{{- end }}
{{- if include "wolkvox-exporter.webConfigured" . }}
- name: web
  mountPath: /etc/wolkvox-exporter-web
  readOnly: true
{{- end }}
{{- if include "wolkvox-exporter.secretFiles" . }}
- name: secrets
  mountPath: /run/secrets/wolkvox
  readOnly: true
{{- end }}
{{- with .Values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "wolkvox-exporter.volumes" -}}
- name: tmp
  emptyDir:
    sizeLimit: 64Mi
{{- if include "wolkvox-exporter.stateful" . }}
{{- with .Values.storage.sqlite }}
{{- if not .persistent }}
- name: state
  emptyDir: {}
{{- else if .existingClaim }}
- name: state
  persistentVolumeClaim:
    claimName: {{ .existingClaim }}
{{- end }}
{{- end }}
{{- end }}
{{- if not (include "wolkvox-exporter.demo" .) }}
- name: config
  configMap:
    name: {{ default (include "wolkvox-exporter.fullname" .) .Values.existingConfigMap }}
{{- end }}
{{- if include "wolkvox-exporter.webConfigured" . }}
- name: web
  secret:
    secretName: {{ default (printf "%s-web" (include "wolkvox-exporter.fullname" .)) .Values.web.existingSecret }}
    defaultMode: 0440
{{- end }}
{{- if include "wolkvox-exporter.secretFiles" . }}
- name: secrets
  projected:
    defaultMode: 0440
    sources:
      {{- range .Values.secrets.existing }}
      - secret:
          name: {{ . }}
      {{- end }}
      {{- if .Values.secrets.values }}
      - secret:
          name: {{ include "wolkvox-exporter.fullname" . }}-files
      {{- end }}
{{- end }}
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end }}
