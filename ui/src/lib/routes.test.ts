import { expect, test } from 'vitest';
import type { Route } from '../api/routing';
import { ancestorsOf, flatRoutes, parseLabels, printLabels } from './routes';

const route = (id: string, routes: Route[] = []): Route =>
  ({ id, matchers: [], receiver: 'x', groupBy: [], groupWait: 30, groupInterval: 300, repeatInterval: 14_400, muteTimeIntervals: [], activeTimeIntervals: [], continue: false, routes });

test('the tree as a list, with the way to each', () => {
  const flat = flatRoutes(route('r', [route('a', [route('b')]), route('c')]));
  expect(flat.map(({ route: { id }, depth }) => `${depth}${id}`)).toEqual(['0r', '1a', '2b', '1c']);
  expect([...ancestorsOf(flat, new Set(['b']))]).toEqual(['r', 'a']);
  expect([...ancestorsOf(flat, new Set(['r']))]).toEqual([]);
});

test.each([
  ['alertname=Down severity="critical"', { alertname: 'Down', severity: 'critical' }],
  ['{alertname="Disk full", team="db"}', { alertname: 'Disk full', team: 'db' }],
  ['{"alertname": "Down", "x": ""}', { alertname: 'Down', x: '' }],
])('%s are labels', (text, want) => {
  expect(parseLabels(text)).toEqual(want);
  expect(parseLabels(printLabels(want))).toEqual(want);
});

test.each(['', 'Down', 'a=~"b"', 'a!=b', '{"a": 1}', '{"a": '])('%s are none, and it is said why', (text) => expect(typeof parseLabels(text)).toBe('string'));
