{{- /* The groups of rules in one language, with the thresholds, severities and labels of the values. */}}
{{- define "wolkvox-exporter.rules" -}}
{{- $parameters := .Files.Get "files/rules/parameters.yml" | fromYaml }}
{{- $known := list }}
{{- range $name, $default := $parameters }}
{{- if not (kindIs "string" $default) }}{{ $known = append $known (camelcase $name | untitle) }}{{ end }}
{{- end }}
{{- range $name, $value := .Values.rules.thresholds }}
{{- if not (has $name $known) }}
{{- fail (printf "rules.thresholds.%s: there is no such threshold; there are %s" $name (join ", " (sortAlpha $known))) }}
{{- end }}
{{- $_ := set $parameters (snakecase $name) $value }}
{{- end }}
{{- $_ := set $parameters "job" .Values.monitor.job }}
{{- $_ := set $parameters "grafana_url" (trimSuffix "/" .Values.rules.grafanaUrl) }}
{{- with .Values.rules.runbooksUrl }}{{ $_ := set $parameters "runbooks_url" . }}{{ end }}
{{- $text := .Files.Get (printf "files/rules/%s.yml" .Values.rules.language) }}
{{- range $name, $value := $parameters }}
{{- $text = replace (printf "«%s»" $name) (toString $value) $text }}
{{- if not (kindIs "string" $value) }}
{{- range $factor := list 2 100 }}
{{- $text = replace (printf "«%s*%d»" $name $factor) (mulf $value $factor | toString) $text }}
{{- end }}
{{- end }}
{{- end }}
{{- $alerts := list }}
{{- $groups := list }}
{{- range $group := (fromYaml $text).groups }}
{{- $rules := list }}
{{- range $rule := $group.rules }}
{{- $name := default "" $rule.alert }}
{{- if $name }}
{{- $alerts = append $alerts $name }}
{{- with get $.Values.rules.severities $name }}{{ $_ := set $rule.labels "severity" . }}{{ end }}
{{- $_ := set $rule "labels" (merge $rule.labels $.Values.rules.alertLabels) }}
{{- end }}
{{- if not (has $name $.Values.rules.disabled) }}{{ $rules = append $rules $rule }}{{ end }}
{{- end }}
{{- if $rules }}{{ $groups = append $groups (set $group "rules" $rules) }}{{ end }}
{{- end }}
{{- range $name, $_ := .Values.rules.severities }}
{{- if not (has $name $alerts) }}{{ fail (printf "rules.severities.%s: there is no such alert; there are %s" $name (join ", " $alerts)) }}{{ end }}
{{- end }}
{{- range $name := .Values.rules.disabled }}
{{- if not (has $name $alerts) }}{{ fail (printf "rules.disabled: there is no alert %s; there are %s" $name (join ", " $alerts)) }}{{ end }}
{{- end }}
{{- dict "groups" $groups | toYaml }}
{{- end }}
