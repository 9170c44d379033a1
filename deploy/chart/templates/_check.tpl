{{- /* Values that contradict each other. values.schema.json holds each of them alone. */}}
{{- define "wolkvox-exporter.check" -}}
{{- $v := .Values }}
{{- $demo := include "wolkvox-exporter.demo" . }}
{{- if and $v.config $v.existingConfigMap }}
{{- fail "config, existingConfigMap: both are set; use one of them" }}
{{- end }}
{{- if and $demo (gt (int $v.replicaCount) 1) }}
{{- fail (printf "replicaCount: %d, but without config and existingConfigMap the chart runs the demo, which is one process; set it to 1, or configure your campaigns" (int $v.replicaCount)) }}
{{- end }}
{{- if and (eq $v.storage.type "sqlite") (gt (int $v.replicaCount) 1) }}
{{- fail (printf "replicaCount: %d, but storage.type is sqlite: its file belongs to one pod, and exporters that do not share storage would send requests with the same token at the same time; set it to 1, or storage.type to postgresql" (int $v.replicaCount)) }}
{{- end }}
{{- if and (eq $v.storage.type "postgresql") (not $demo) }}
{{- with $v.storage.postgresql }}
{{- if and (not .url) (not (and .existingSecret .urlKey)) }}
{{- fail "storage.postgresql: no URL; set existingSecret to a Secret with the key `url`, or set url" }}
{{- end }}
{{- if and .url .existingSecret (not .passwordKey) }}
{{- fail "storage.postgresql: url and existingSecret are both set; use one of them, or name the password's key in passwordKey" }}
{{- end }}
{{- if and .passwordKey (not .existingSecret) }}
{{- fail "storage.postgresql.passwordKey: existingSecret is empty; name the Secret that has this key" }}
{{- end }}
{{- end }}
{{- end }}
{{- if and $v.web.config $v.web.existingSecret }}
{{- fail "web.config, web.existingSecret: both are set; use one of them" }}
{{- end }}
{{- if and $v.web.tls (not $v.web.existingSecret) }}
{{- fail "web.tls: it describes web.existingSecret, which is empty; use web.config.tls_server_config to turn on TLS" }}
{{- end }}
{{- if and (include "wolkvox-exporter.monitored" .) (eq $v.monitor.kind "ServiceMonitor") (not $v.service.enabled) }}
{{- fail "monitor.kind: a ServiceMonitor needs the Service; set service.enabled to true, or monitor.kind to PodMonitor" }}
{{- end }}
{{- /* Rules that are not installed are made all the same: a name that nothing has shows now, not later. */}}
{{- $_ := include "wolkvox-exporter.rules" . }}
{{- if and (kindIs "string" $v.config) (not (trim $v.config)) }}
{{- fail "config: the text is empty; leave config out to run the demo" }}
{{- end }}
{{- if $v.config }}
{{- $config := $v.config }}
{{- if kindIs "string" $config }}
{{- $config = fromYaml $config }}
{{- if hasKey $config "Error" }}
{{- fail (printf "config: it is not a map in YAML: %s" (get $config "Error")) }}
{{- end }}
{{- if not (and (kindIs "slice" $config.operations) $config.operations) }}
{{- fail "config: the text has no list of operations" }}
{{- end }}
{{- end }}
{{- range $index, $operation := $config.operations }}
{{- if kindIs "map" $operation }}
{{- if hasKey $operation "token" }}
{{- fail (printf "config.operations[%d].token: a ConfigMap is no place for a token; put it into a Secret, list that in secrets.existing, and set token_file to /run/secrets/wolkvox/KEY" $index) }}
{{- end }}
{{- if regexMatch "://[^/]*@" (toString (get $operation "proxy_url")) }}
{{- fail (printf "config.operations[%d].proxy_url: a ConfigMap is no place for a password; put the URL into a Secret, list that in secrets.existing, and set proxy_url_file to /run/secrets/wolkvox/KEY" $index) }}
{{- end }}
{{- range $key := list "token_file" "proxy_url_file" "ca_file" }}
{{- $file := toString (get $operation $key) }}
{{- if and (hasPrefix "/run/secrets/wolkvox/" $file) (not $v.secrets.existing) (not (hasKey $v.secrets.values (base $file))) }}
{{- fail (printf "config.operations[%d].%s: no Secret has %s; list its Secret in secrets.existing, or set secrets.values.%s" $index $key $file (base $file)) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
