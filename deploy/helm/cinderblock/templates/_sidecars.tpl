{{/* A sidecar: `name`, its `values`, `args` of its own, the `port` of its health. */}}
{{- define "cinderblock.sidecar" -}}
- name: {{ .name }}
  image: {{ .values.image }}
  imagePullPolicy: {{ .root.Values.image.pullPolicy }}
  args:
    - --csi-address=/csi/csi.sock
    - --v={{ .root.Values.sidecars.logLevel }}
    - --leader-election
    - --timeout={{ .values.timeout }}
    - --http-endpoint=:{{ .port }}
    {{- range .args }}
    - {{ . }}
    {{- end }}
    {{- range .values.extraArgs }}
    - {{ . | quote }}
    {{- end }}
  env:
    - name: POD_NAME
      valueFrom: {fieldRef: {fieldPath: metadata.name}}
    - name: NAMESPACE
      valueFrom: {fieldRef: {fieldPath: metadata.namespace}}
    {{- with .root.Values.controller.extraEnv }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  ports:
    - name: {{ .name }}
      containerPort: {{ .port }}
  # One that has lost its lead, and does not notice, is started again.
  livenessProbe:
    httpGet: {path: /healthz/leader-election, port: {{ .port }}}
    initialDelaySeconds: 10
    periodSeconds: 20
    timeoutSeconds: 10
  resources:
    {{- toYaml .root.Values.sidecars.resources | nindent 4 }}
  securityContext:
    {{- include "cinderblock.confined" .root | nindent 4 }}
  volumeMounts:
    - {name: socket, mountPath: /csi}
{{- end }}

{{- define "cinderblock.sidecars" -}}
{{- $port := int .Values.controller.metricsPort }}
{{- $all := .Values.sidecars }}
{{- $provisioner := list "--extra-create-metadata" "--default-fstype=ext4" "--enable-capacity" "--capacity-ownerref-level=2" }}
{{ include "cinderblock.sidecar" (dict "root" . "name" "provisioner" "values" $all.provisioner "port" (add $port 3) "args" $provisioner) }}
{{ include "cinderblock.sidecar" (dict "root" . "name" "attacher" "values" $all.attacher "port" (add $port 4) "args" (list "--default-fstype=ext4")) }}
{{ include "cinderblock.sidecar" (dict "root" . "name" "resizer" "values" $all.resizer "port" (add $port 5) "args" (list (printf "--resize-timeout=%s" $all.resizer.timeout) (printf "--modify-timeout=%s" $all.resizer.timeout) "--handle-volume-inuse-error=false")) }}
{{- if .Values.snapshots.enabled }}
{{- $snapshotter := ternary (list "--feature-gates=CSIVolumeGroupSnapshot=true") (list) .Values.snapshots.groups }}
{{ include "cinderblock.sidecar" (dict "root" . "name" "snapshotter" "values" $all.snapshotter "port" (add $port 6) "args" $snapshotter) }}
{{- end }}
{{- end }}
