{{- /* A number as PromQL reads it: whole ones without an exponent. */}}
{{- define "wolkvox-exporter.number" -}}
{{- if eq (float64 .) (floor .) }}{{ int64 . }}{{ else }}{{ . }}{{ end }}
{{- end }}

{{- /* The file of rules in one language, with the values in place of «name» and «name*factor». */}}
{{- define "wolkvox-exporter.ruleText" -}}
{{- $text := .files.Get (printf "files/rules/%s.yml" .language) }}
{{- range $name, $value := .parameters }}
{{- if kindIs "string" $value }}
{{- $text = replace (printf "«%s»" $name) $value $text }}
{{- else }}
{{- $text = replace (printf "«%s»" $name) (include "wolkvox-exporter.number" $value) $text }}
{{- range $placeholder := regexFindAll (printf "«%s\\*[0-9]+»" $name) $text -1 | uniq }}
{{- $factor := $placeholder | trimSuffix "»" | splitList "*" | last | int }}
{{- $text = replace $placeholder (include "wolkvox-exporter.number" (mulf $value $factor)) $text }}
{{- end }}
{{- end }}
{{- end }}
{{- $text }}
{{- end }}

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
{{- $language := .Values.rules.language }}
{{- $text := include "wolkvox-exporter.ruleText" (dict "files" .Files "language" (ternary "en" $language (eq $language "both")) "parameters" $parameters) }}
{{- /* In both languages: English, and the Spanish texts beside it, so that each alert stays one alert. */}}
{{- $spanish := dict }}
{{- if eq $language "both" }}
{{- range $group := (include "wolkvox-exporter.ruleText" (dict "files" .Files "language" "es" "parameters" $parameters) | fromYaml).groups }}
{{- range $rule := $group.rules }}
{{- with $rule.alert }}{{ $_ := set $spanish . $rule.annotations }}{{ end }}
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
{{- range $key, $words := default dict (get $spanish $name) }}
{{- if ne $words (get $rule.annotations $key) }}{{ $_ := set $rule.annotations (printf "%s_es" $key) $words }}{{ end }}
{{- end }}
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
