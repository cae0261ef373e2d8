import { expect, test } from 'vitest';
import { betweenSeconds, secondsOf, sinceText, untilText } from './since';

const NOW = Date.parse('2026-11-20T12:00:00Z');

test.each([
  ['2026-11-20T11:48:00Z', '12m'],
  ['2026-11-20T12:00:02Z', '0 s'],
  ['0001-01-01T00:00:00Z', 'never'],
  [null, 'never'],
  ['soon', 'never'],
])('%s was %s ago', (time, want) => expect(sinceText(time, NOW)).toBe(want));

test.each([['2026-11-20T13:30:00Z', '1h 30m'], ['2026-11-20T11:00:00Z', 'now'], [null, 'never']])('until %s: %s', (time, want) => expect(untilText(time, NOW)).toBe(want));

test('between two times', () => {
  expect(betweenSeconds('2026-11-20T11:00:00Z', '2026-11-20T11:01:30Z')).toBe(90);
  expect(betweenSeconds('2026-11-20T11:00:00Z', null)).toBeNull();
  expect(secondsOf('2026-11-20T12:00:00.5Z')).toBe(NOW / 1000 + 0.5);
});
