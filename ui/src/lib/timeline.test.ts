import { expect, test } from 'vitest';
import type { ReplayedAlert } from '../api/rules';
import { firingBins, lanesOf, placeOf, ticksOf } from './timeline';

const range = { start: 1000, end: 2000 };

test.each([
  [1000, 1500, { left: 0, width: 50 }],
  [500, 1250, { left: 0, width: 25 }],
  [1750, 9000, { left: 75, width: 25 }],
  [100, 200, null],
  [2100, 2200, null],
  [2000, 2000, { left: 99, width: 1 }],
])('%d to %d', (start, end, want) => expect(placeOf(start, end, range, 1)).toEqual(want));

test('ticks are round and few', () => {
  const day = { start: Date.parse('2026-11-20T00:30:00Z') / 1000, end: Date.parse('2026-11-21T00:30:00Z') / 1000 };
  expect(ticksOf(day, 6, 'utc').map(({ label }) => label)).toEqual(['06:00', '12:00', '18:00', '11-21']);
  expect(ticksOf({ start: day.start, end: day.start + 6 * 86_400 }, 8, 'utc')).toHaveLength(6);
});

const fired = (rule: string, host: string, pendingAt: string, firingAt: string | null): ReplayedAlert =>
  ({ rule, labels: { host }, pendingAt, firingAt, endedAt: null, valueMax: 1, summary: '' });

test('each label set has a lane, first come first', () => {
  const lanes = lanesOf([
    fired('B', 'x', '2026-11-20T03:00:00Z', null),
    fired('A', 'y', '2026-11-20T01:00:00Z', null),
    fired('B', 'x', '2026-11-20T00:30:00Z', null),
  ]);
  expect(lanes.map(({ rule, alerts }) => [rule, alerts.length])).toEqual([['B', 2], ['A', 1]]);
});

test('firings are counted by parts; what only waited does not count', () => {
  const start = Date.parse('2026-11-20T00:00:00Z') / 1000;
  const alerts = [fired('A', 'x', '2026-11-20T01:00:00Z', '2026-11-20T01:05:00Z'), fired('A', 'x', '2026-11-20T23:00:00Z', '2026-11-21T00:00:00Z'), fired('A', 'y', '2026-11-20T02:00:00Z', null)];
  expect(firingBins(alerts, { start, end: start + 86_400 }, 4)).toEqual([1, 0, 0, 1]);
});
