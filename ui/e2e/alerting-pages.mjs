// The pages of alerting and what each must show, on a server that `configure.mjs` has set up and `alerts.mjs` has filled.

import { charts, rows, text } from './look.mjs';

const DB_LABELS = encodeURIComponent('alertname="ReplicationLag" severity="critical" team="db"');

/** Opens the first thing that matches; what is open then lies in the address. */
async function open(page, selector) {
  await page.locator(selector).first().click();
  await page.locator(`${selector}[aria-expanded="true"]`).first().waitFor();
}

export const ALERTING_PAGES = [
  { name: 'alerts', path: '/alerts', content: async (page) => {
    await rows(page, '.alert', 6);
    await text(page, '.alert-head', 'ReplicationLag');
    await text(page, '.alert-why', 'acknowledged by grace');
    await text(page, '.alert-why', 'assigned to grace');
    await text(page, '.alert-why a', 'silenced');
    await rows(page, '.chip', 3);
  } },
  { name: 'alerts-state', path: '/alerts?by=state', content: async (page) => {
    await text(page, '.alert-section h2', '^Firing$');
    await text(page, '.alert-section h2', '^Acknowledged$');
  } },
  { name: 'alerts-open', path: `/alerts?by=team&from=now-5m&to=now&search=${encodeURIComponent('alertname=MemoryInUse')}`, content: async (page) => {
    await open(page, '.alert-head');
    await charts(page, 1);
    await text(page, '.legend-inline li', 'fires when > 0.01');
    await rows(page, '.episode-table tbody tr', 1);
  } },
  { name: 'alerts-history', path: '/alerts?show=history&from=now-2d&to=now', content: async (page) => {
    await rows(page, '.history-table tbody tr', 3);
    await rows(page, '.judge', 3);
  } },
  { name: 'rules', path: '/rules', content: async (page) => {
    await rows(page, '.rule', 4);
    await rows(page, '.rule-group', 2);
    await text(page, '.rule-state', 'firing');
    await open(page, '.rule-head');
    await rows(page, '.rule-details .promql', 1);
  } },
  { name: 'rules-try', path: '/rules/try', content: async (page) => {
    await rows(page, '.rule-editor .cm-line', 5);
    await rows(page, '.findings p', 1);
  } },
  { name: 'silences', path: '/silences', content: async (page) => {
    await rows(page, '.silence', 2);
    await text(page, '.silence-when', 'Sun 02:00 to 05:00');
  } },
  { name: 'silences-new', path: `/silences?new=1&m=${encodeURIComponent('team="db"')}`, content: async (page) => {
    await rows(page, '.matcher-row', 1);
    await text(page, '.preview h3', 'Hides now: \\d+ alerts');
    await rows(page, '.preview-now li', 2);
  } },
  { name: 'silences-events', path: '/silences?state=events', content: (page) => rows(page, 'tbody tr', 4) },
  { name: 'notifications', path: '/notifications', content: async (page) => {
    await rows(page, '.sent', 3);
    await open(page, '.sent-head');
    await text(page, '.sent-text', '"alertname"');
  } },
  { name: 'routing', path: `/routing?labels=${DB_LABELS}`, content: async (page) => {
    await rows(page, '.route', 4);
    await rows(page, '.route-taken', 1);
    await text(page, '.taken h3', '^db$');
  } },
  { name: 'routing-receivers', path: '/routing?show=receivers', content: (page) => rows(page, '.receiver', 5) },
  { name: 'routing-config', path: '/routing?show=config', content: async (page) => {
    await text(page, '.yaml', 'receivers');
    await rows(page, '.config-warnings .annotation', 1);
  } },
  { name: 'quality', path: '/quality', content: async (page) => {
    await rows(page, '.tile', 5);
    await rows(page, '.budget-table tbody tr', 2);
    await rows(page, '.noisy-table tbody tr', 3);
  } },
];
