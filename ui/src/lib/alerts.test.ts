import { expect, test } from 'vitest';
import type { Alert, AlertGroup } from '../api/alerts';
import { isOfAlert, sectionsOf, severityCounts, stateOf, webLink, weightOf } from './alerts';
import { parseSearch } from './matchers';

function alert(labels: Record<string, string>, part: Partial<Alert> = {}): Alert {
  return {
    labels, annotations: {}, startsAt: '2026-11-20T10:00:00Z', endsAt: '', updatedAt: '', fingerprint: JSON.stringify(labels), receivers: [{ name: 'web' }],
    status: { state: 'active', silencedBy: [], inhibitedBy: [], mutedBy: [] }, acknowledged: null, assignedTo: null, ...part,
  };
}
const seen = (until: string | null) => ({ by: 'ada', at: '', comment: '', until, via: 'ui' });
const all = { search: parseSearch(''), severities: [] };

test('a state is one word, and what suppresses comes first', () => {
  expect(stateOf(alert({}))).toBe('firing');
  expect(stateOf(alert({}, { acknowledged: seen(null) }))).toBe('acknowledged');
  expect(stateOf(alert({}, { acknowledged: seen('2026-11-20T12:00:00Z') }))).toBe('snoozed');
  expect(stateOf(alert({}, { acknowledged: seen(null), status: { state: 'suppressed', silencedBy: ['x'], inhibitedBy: [], mutedBy: [] } }))).toBe('silenced');
  expect(stateOf(alert({}, { status: { state: 'suppressed', silencedBy: [], inhibitedBy: [], mutedBy: ['nights'] } }))).toBe('muted');
});

test.each([['critical', 'critical'], ['P0', 'critical'], ['warning', 'warning'], ['P3', 'info'], ['', 'none'], ['purple', 'warning']])(
  '%s weighs as %s', (word, want) => expect(weightOf(word)).toBe(want));

test('by state: what fires first, and in it the worst and newest', () => {
  const old = alert({ alertname: 'A', severity: 'warning' });
  const fresh = alert({ alertname: 'B', severity: 'warning' }, { startsAt: '2026-11-20T11:00:00Z' });
  const worst = alert({ alertname: 'C', severity: 'critical' });
  const quiet = alert({ alertname: 'D', severity: 'critical' }, { acknowledged: seen(null) });
  const sections = sectionsOf('state', [quiet, old, fresh, worst], [], all);
  expect(sections.map(({ title }) => title)).toEqual(['Firing', 'Acknowledged']);
  expect(sections[0]?.alerts).toEqual([worst, fresh, old]);
});

test('by team, without one too', () => {
  const sections = sectionsOf('team', [alert({ alertname: 'A', team: 'db' }), alert({ alertname: 'B' })], [], all);
  expect(sections.map(({ title }) => title).sort()).toEqual(['No team', 'db']);
});

test('by group: filtered, and what is in no group yet is not lost', () => {
  const [a, b, c] = [alert({ alertname: 'A' }), alert({ alertname: 'A', x: '1' }), alert({ alertname: 'C' })];
  const group: AlertGroup = { key: 'k', labels: { alertname: 'A' }, routeLabels: {}, receiver: 'web', nextFlush: null, alerts: [a, b] };
  expect(sectionsOf('group', [a, b, c], [group], all).map(({ title, alerts }) => [title, alerts.length])).toEqual([['A', 2], ['Not in a group yet', 1]]);
  expect(sectionsOf('group', [a, b, c], [group], { search: parseSearch('x=1'), severities: [] }).map(({ alerts }) => alerts)).toEqual([[b]]);
  expect(sectionsOf('group', [a], [group], { search: parseSearch(''), severities: ['critical'] })).toEqual([]);
});

test('severities are counted, heaviest first', () => {
  expect(severityCounts([alert({ severity: 'info' }), alert({ severity: 'critical' }), alert({ severity: 'info' })])).toEqual([['critical', 1], ['info', 2]]);
});

test('only web addresses are links', () => {
  expect(webLink('https://runbooks/x')).toBe('https://runbooks/x');
  expect(webLink('javascript:alert(1)')).toBeNull();
  expect(webLink('see the wiki')).toBeNull();
});

test('the series of an alert has no label that says otherwise', () => {
  expect(isOfAlert({ __name__: 'up', instance: 'a' }, { alertname: 'Down', instance: 'a' })).toBe(true);
  expect(isOfAlert({ instance: 'b' }, { instance: 'a' })).toBe(false);
});
