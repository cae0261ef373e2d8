// Alerts and silences for the pages to show, posted as Alertmanager's clients do; and a metric with a past.

const HOUR_MS = 3_600_000;

const ALERTS = [
  [{ alertname: 'ReplicationLag', severity: 'critical', team: 'db', instance: 'db-2' }, 'db-2 is 95 s behind its primary', 40],
  [{ alertname: 'ReplicationLag', severity: 'critical', team: 'db', instance: 'db-3' }, 'db-3 is 120 s behind its primary', 12],
  [{ alertname: 'SlowQueries', severity: 'warning', team: 'db', instance: 'db-1' }, '4 % of the queries take more than a second', 130],
  [{ alertname: 'BackupLate', severity: 'info', team: 'db', instance: 'db-1' }, 'The nightly backup has not ended yet', 200],
  [{ alertname: 'QueueGrows', severity: 'warning', team: 'search', queue: 'index' }, '12,000 documents wait', 25],
  [{ alertname: 'CertificateExpires', severity: 'warning', team: 'platform', host: 'www' }, 'The certificate of www ends in 9 days', 900],
];

async function send(base, method, path, body) {
  const answer = await fetch(base + path, { method, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${method} ${path} answered ${answer.status}: ${await answer.text()}`);
  return answer.status === 204 ? undefined : answer.json().catch(() => undefined);
}

export function postAlert(base, labels, summary = '', minutes = 1) {
  const now = Date.now();
  const times = { startsAt: new Date(now - minutes * 60_000).toISOString(), endsAt: new Date(now + HOUR_MS).toISOString() };
  return send(base, 'POST', '/api/v2/alerts', [{ labels, annotations: summary === '' ? {} : { summary }, ...times }]);
}

export function postSilence(base, labels, comment, extra = {}) {
  const now = Date.now();
  return send(base, 'POST', '/api/v2/silences', {
    matchers: Object.entries(labels).map(([name, value]) => ({ name, value, isRegex: false, isEqual: true })),
    startsAt: new Date(now).toISOString(), endsAt: new Date(now + 2 * HOUR_MS).toISOString(), createdBy: 'ada', comment, ...extra,
  });
}

/** The alerts of the API, as the pages read them. */
export async function listAlerts(base) {
  return (await (await fetch(`${base}/api/binnacle/v1/alerts`)).json()).data.alerts;
}

/** Fifteen minutes of a metric, so that there is a past on a server that has just begun. */
export async function pastMetric(base, name) {
  const now = Math.floor(Date.now() / 1000);
  const lines = Array.from({ length: 90 }, (_, i) => `${name} ${i} ${now - 900 + i * 10}`);
  const answer = await fetch(`${base}/api/v1/import`, {
    method: 'POST',
    headers: { 'content-type': 'application/openmetrics-text; version=1.0.0' },
    body: `# TYPE ${name} gauge\n${lines.join('\n')}\n# EOF\n`,
  });
  return answer.ok;
}

/** Fills the server once; later calls find it filled. */
export async function fillAlerts(base) {
  for (const [labels, summary, minutes] of ALERTS) await postAlert(base, labels, summary, minutes);
  const silences = await (await fetch(`${base}/api/v2/silences`)).json();
  if (silences.length > 0) return;
  await postSilence(base, { alertname: 'QueueGrows' }, 'The index is rebuilt tonight', { untilResolved: true });
  const sunday = { windows: [{ days: [0], startMinute: 120, durationMinutes: 180 }], timeZone: 'Europe/Berlin' };
  await postSilence(base, { team: 'batch' }, 'Maintenance every Sunday', { recurrence: sunday, endsAt: new Date(Date.now() + 90 * 24 * HOUR_MS).toISOString() });
  await postSilence(base, { alertname: 'Migration' }, 'Planned for tomorrow', { startsAt: new Date(Date.now() + 20 * HOUR_MS).toISOString(), endsAt: new Date(Date.now() + 26 * HOUR_MS).toISOString() });
  const { silenceID } = await postSilence(base, { alertname: 'Noise' }, 'Not needed after all');
  await fetch(`${base}/api/v2/silence/${silenceID}`, { method: 'DELETE' });
  const slow = (await listAlerts(base)).find(({ labels }) => labels.alertname === 'SlowQueries');
  await send(base, 'PUT', `/api/binnacle/v1/alerts/${slow.fingerprint}/acknowledgement`, { by: 'grace', comment: 'An index is being built', via: 'ui' });
  await send(base, 'PUT', `/api/binnacle/v1/alerts/${slow.fingerprint}/assignee`, { to: 'grace', by: 'ada' });
}
