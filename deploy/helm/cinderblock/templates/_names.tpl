{{- define "cinderblock.name" -}}
{{- if contains "cinderblock" .Release.Name }}{{ .Release.Name | trunc 50 | trimSuffix "-" }}{{ else }}{{ printf "%s-cinderblock" .Release.Name | trunc 50 | trimSuffix "-" }}{{ end }}
{{- end }}

{{/* What Pods, and whatever chooses them, have in common; `part` is controller or node. */}}
{{- define "cinderblock.selector" -}}
app.kubernetes.io/name: cinderblock
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .part }}
{{- end }}

{{- define "cinderblock.labels" -}}
app.kubernetes.io/name: cinderblock
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "cinderblock.image" -}}
{{- if .image.digest }}{{ .image.repository }}@{{ .image.digest }}{{ else }}{{ .image.repository }}:{{ .image.tag | default .root.Chart.AppVersion }}{{ end }}
{{- end }}

{{- define "cinderblock.configSecret" -}}
{{ .Values.config.existingSecret | default (printf "%s-config" (include "cinderblock.name" .)) }}
{{- end }}

{{- define "cinderblock.keySecret" -}}
{{ .Values.key.existingSecret | default (printf "%s-key" (include "cinderblock.name" .)) }}
{{- end }}

{{/* Containers beside the driver: no rights at all. */}}
{{- define "cinderblock.confined" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{- define "cinderblock.pullSecrets" -}}
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
{{- range . }}
  - name: {{ . }}
{{- end }}
{{- end }}
{{- end }}

{{/* What the schema cannot say. */}}
{{- define "cinderblock.check" -}}
{{- if not (or .Values.config.existingSecret .Values.config.cinderConf) }}
{{- fail "config: the back ends are missing; set config.cinderConf to the text of a cinder.conf, or config.existingSecret to a Secret that has one under the key cinder.conf" }}
{{- end }}
{{- if and .Values.config.existingSecret .Values.config.cinderConf }}
{{- fail "config: existingSecret and cinderConf are both set; one of them is wanted" }}
{{- end }}
{{- if and (not .Values.store) .Values.config.cinderConf (not (regexMatch "(?m)^\\s*connection\\s*=\\s*(postgresql|mariadb|mysql)" .Values.config.cinderConf)) }}
{{- fail "store: it is empty, and config.cinderConf names no database in [persistence] connection; a file in the pod would be lost with the pod" }}
{{- end }}
{{- if eq (int .Values.controller.metricsPort) (int .Values.node.metricsPort) }}
{{- if .Values.controller.hostNetwork }}
{{- fail "controller.metricsPort and node.metricsPort are the same, and with controller.hostNetwork both are on the machine's network; set another one" }}
{{- end }}
{{- end }}
{{- range .Values.volumeAttributesClasses }}
{{- if not .parameters }}
{{- fail (printf "volumeAttributesClasses: %s has no parameters; extra-specs/NAME, qos/NAME and metadata/NAME are known" .name) }}
{{- end }}
{{- end }}
{{- end }}

{{- define "cinderblock.nodeConf" -}}
[csi]
max_volumes_per_node = {{ .Values.node.maxVolumes }}
{{- with .Values.node.topology }}
topology = {{ range $position, $key := keys . | sortAlpha }}{{ if $position }}, {{ end }}{{ $key }}:{{ get $.Values.node.topology $key }}{{ end }}
{{- end }}
{{- end }}

{{/* For objects of the whole cluster: two releases of the same name are in two namespaces. */}}
{{- define "cinderblock.clusterName" -}}
{{- $name := include "cinderblock.name" . }}
{{- if eq $name .Release.Namespace }}{{ $name }}{{ else }}{{ printf "%s-%s" .Release.Namespace $name | trunc 50 | trimSuffix "-" }}{{ end }}
{{- end }}
