{{- define "babynames.name" -}}
{{- if contains .Chart.Name .Release.Name -}}{{ .Release.Name | trunc 40 | trimSuffix "-" }}{{- else -}}
{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 40 | trimSuffix "-" }}{{- end -}}
{{- end -}}

{{- define "babynames.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "babynames.labels" -}}
{{ include "babynames.selector" . }}
app.kubernetes.io/version: {{ .Values.image.tag | default .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- define "babynames.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}{{ .Values.serviceAccount.name | default (include "babynames.name" .) }}
{{- else -}}{{ required "serviceAccount.name is needed where none is created" .Values.serviceAccount.name }}{{- end -}}
{{- end -}}

{{- define "babynames.slim" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}-slim
{{- end -}}

{{/* The image of runs: with a browser where they may drive one. */}}
{{- define "babynames.run" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}-
{{- if .Values.browser.enabled }}worker{{ else }}slim{{ end }}
{{- end -}}

{{- define "babynames.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
fsGroupChangePolicy: OnRootMismatch
seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{- define "babynames.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end -}}

{{/* The settings of the pipeline, for what loads its code. */}}
{{- define "babynames.settings" -}}
- {name: DB_AUTO_MIGRATE, value: "false"}
{{- if not .Values.browser.enabled }}
- {name: KAGGLE_METHOD, value: api}
{{- end }}
{{- range $name, $value := .Values.settings }}
- {name: {{ $name }}, value: {{ $value | toString | quote }}}
{{- end }}
{{- end -}}

{{- define "babynames.volumes" -}}
- name: instance
  configMap: {name: {{ include "babynames.name" . }}}
- name: secrets
  secret: {secretName: {{ .Values.existingSecret }}, defaultMode: 0440}
- name: data
  emptyDir: {}
- name: home
  emptyDir: {}
- name: scratch
  emptyDir: {}
{{- end -}}

{{- define "babynames.mounts" -}}
- {name: instance, mountPath: /etc/babynames, readOnly: true}
- {name: data, mountPath: /data}
- {name: home, mountPath: /data/dagster}
- {name: instance, mountPath: /data/dagster/dagster.yaml, subPath: dagster.yaml, readOnly: true}
- {name: secrets, mountPath: /run/secrets, readOnly: true}
- {name: scratch, mountPath: /tmp}
{{- end -}}

{{- define "babynames.pod" -}}
{{- with .Values.imagePullSecrets }}
imagePullSecrets: {{ toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector: {{ toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations: {{ toYaml . | nindent 2 }}
{{- end }}
{{- end -}}
