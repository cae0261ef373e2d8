import { expect, test } from 'vitest';
import type { RuleQuality } from '../api/alerts';
import { byNeed, falseShare, readOrder, sortRules, spentOf, writeOrder } from './quality';

test.each([
  [3, 10, 'plain', ''],
  [8, 10, 'warn', 'nearly spent'],
  [10, 10, 'bad', 'spent'],
  [11, 10, 'bad', 'over'],
  [50, 0, 'plain', 'no limit'],
])('%d of %d is %s', (used, limit, tone, word) => expect(spentOf(used, limit)).toMatchObject({ tone, word }));

test('teams in need come first', () => {
  const team = (name: string, hour: number, day: number) => ({ team: name, hour, day, hourLimit: 10, dayLimit: 10, held: 0, exempt: 0 });
  expect([team('a', 0, 1), team('b', 9, 9), team('c', 0, 1)].sort(byNeed).map((one) => one.team)).toEqual(['b', 'a', 'c']);
});

const rule = (name: string, part: Partial<RuleQuality> = {}): RuleQuality =>
  ({ name, severity: '', team: '', episodes: 0, notifications: 0, judged: 0, falsePositives: 0, acknowledged: 0, flaps: 0, acknowledgeSeconds: null, resolveSeconds: null, ...part });

test('rules sort by any column, without a value last', () => {
  const rules = [rule('a', { resolveSeconds: 5 }), rule('b'), rule('c', { resolveSeconds: 9 })];
  const names = (text: string) => sortRules(rules, readOrder(text)).map(({ name }) => name);
  expect(names('-resolveSeconds')).toEqual(['c', 'a', 'b']);
  expect(names('resolveSeconds')).toEqual(['a', 'c', 'b']);
  expect(names('-name')).toEqual(['c', 'b', 'a']);
});

test('false positives count among the judged only', () => {
  expect(falseShare({ judged: 4, falsePositives: 1 })).toBe(0.25);
  expect(falseShare({ judged: 0, falsePositives: 0 })).toBeNull();
});

test('an order survives an address', () => {
  expect(readOrder(null)).toEqual({ column: 'notifications', descending: true });
  expect(readOrder('nonsense')).toEqual({ column: 'notifications', descending: true });
  expect(writeOrder(readOrder('flaps'))).toBe('flaps');
  expect(writeOrder(readOrder('-flaps'))).toBe('-flaps');
});
