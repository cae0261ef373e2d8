// Writes what the server of the browser tests is started with: rules that fire on this host, and receivers on loopback.
//   node e2e/configure.mjs <directory> <address of webhook.mjs>

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const [directory, webhook] = process.argv.slice(2);
if (directory === undefined || webhook === undefined) {
  console.error('usage: node e2e/configure.mjs <directory> <address of webhook.mjs>');
  process.exit(2);
}

const FILES = {
  'binnacle.yaml': `metrics:
  prometheus_file: prometheus.yml
  self_interval: 1s
  host: {interval: 1s}
alerting:
  alertmanager_file: alertmanager.yml
`,
  'prometheus.yml': `global:
  evaluation_interval: 2s
rule_files: [rules/*.yml]
scrape_configs:
- job_name: nobody
  scrape_interval: 2s
  static_configs:
  - targets: ['127.0.0.1:1']
`,
  'rules/targets.yml': `groups:
  - name: targets
    rules:
      - record: job:up:sum
        expr: sum by (job) (up)
      - alert: TargetDown
        expr: up == 0
        labels: {severity: critical, team: web}
        annotations:
          summary: "{{ $labels.instance }} of {{ $labels.job }} does not answer"
          description: Nothing has listened there since the alert began.
          runbook_url: https://runbooks.example/target-down
          dashboard_url: https://dashboards.example/targets
`,
  'rules/host.yml': `groups:
  - name: host
    rules:
      - record: instance:node_load1:ratio
        expr: node_load1 / on (instance) group_left count by (instance) (node_cpu_seconds_total{mode="idle"})
      - alert: MemoryInUse
        expr: 1 - node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes > 0.01
        labels: {severity: warning, team: platform}
        annotations: {summary: "{{ $value | humanizePercentage }} of the memory is used"}
      - alert: DiskAlmostFull
        expr: node_filesystem_avail_bytes / node_filesystem_size_bytes < 0.0001
        for: 10m
        labels: {severity: warning, team: platform}
        annotations: {summary: "{{ $labels.mountpoint }} is almost full"}
`,
  // The short intervals are for the tests; that they are short is the warning that the page must show.
  'alertmanager.yml': `route:
  receiver: everyone
  group_by: [alertname]
  group_wait: 1s
  group_interval: 5s
  repeat_interval: 4h
  routes:
    - matchers: [team="web"]
      receiver: web
      continue: true
    - matchers: [team=~"db|search"]
      receiver: db
    - matchers: [team="nowhere"]
      receiver: broken
    - matchers: [severity="info"]
      receiver: nobody
      active_time_intervals: [office]
inhibit_rules:
  - source_matchers: [severity="critical"]
    target_matchers: [severity="info"]
    equal: [team]
time_intervals:
  - name: office
    time_intervals:
      - weekdays: ['monday:friday']
        times: [{start_time: '09:00', end_time: '17:00'}]
receivers:
  - name: everyone
    webhook_configs: [{url: '${webhook}/everyone'}]
  - name: web
    webhook_configs: [{url: '${webhook}/web'}]
  - name: db
    webhook_configs: [{url: '${webhook}/db'}]
  - name: broken
    webhook_configs: [{url: '${webhook}/refuse'}]
  - name: nobody
`,
};

mkdirSync(join(directory, 'rules'), { recursive: true });
for (const [name, text] of Object.entries(FILES)) writeFileSync(join(directory, name), text);
