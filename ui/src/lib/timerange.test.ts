import { expect, test } from 'vitest';
import { absoluteRange, formatTime, isRelative, parseInstant, rangeLabel, resolveRange, shiftRange, zoomOut } from './timerange';

const NOW_MS = Date.UTC(2026, 10, 20, 13, 0, 0);
const NOW = NOW_MS / 1000;

test.each([
  ['now', NOW],
  ['now-1h', NOW - 3600],
  ['now - 90m', NOW - 5400],
  ['now+5m', NOW + 300],
  ['2026-11-20T12:00:00Z', NOW - 3600],
  ['1790000000', 1_790_000_000],
  ['1790000000000', 1_790_000_000],
  ['1790000000.5', 1_790_000_000.5],
  ['yesterday', null],
  ['now-banana', null],
  ['2026-13-45', null],
  ['', null],
])('instant %j', (text, want) => expect(parseInstant(text, NOW_MS)).toBe(want));

test('an empty or reversed range does not resolve', () => {
  expect(resolveRange({ from: 'now', to: 'now' }, NOW_MS)).toBeNull();
  expect(resolveRange({ from: 'now', to: 'now-1h' }, NOW_MS)).toBeNull();
  expect(resolveRange({ from: 'now-1h', to: 'now' }, NOW_MS)).toEqual({ start: NOW - 3600, end: NOW });
});

test('an absolute range survives the URL to the second, and is never empty', () => {
  const range = absoluteRange(NOW - 60.4, NOW - 0.2);
  expect(range).toEqual({ from: '2026-11-20T12:58:59Z', to: '2026-11-20T13:00:00Z' });
  expect(resolveRange(range, 0)).toEqual({ start: NOW - 61, end: NOW });
  expect(resolveRange(absoluteRange(NOW + 0.2, NOW + 0.3), 0)).not.toBeNull();
});

test('moving and zooming', () => {
  expect(shiftRange({ start: NOW - 3600, end: NOW }, -1)).toEqual(absoluteRange(NOW - 5400, NOW - 1800));
  // Zooming out at the present does not show the future.
  expect(zoomOut({ start: NOW - 3600, end: NOW }, NOW_MS)).toEqual(absoluteRange(NOW - 7200, NOW));
});

test('labels', () => {
  expect(rangeLabel({ from: 'now-1h', to: 'now' }, 'utc')).toBe('Last hour');
  expect(rangeLabel({ from: 'now-90m', to: 'now' }, 'utc')).toBe('now-90m to now');
  expect(rangeLabel({ from: '2026-11-20T12:00:00Z', to: 'now' }, 'utc')).toBe('2026-11-20 12:00:00 to now');
  expect(isRelative({ from: 'now-1h', to: 'now' })).toBe(true);
  expect(isRelative({ from: 'now-1h', to: '2026-11-20T12:00:00Z' })).toBe(false);
});

test('times have 24 hours', () => {
  expect(formatTime(Date.UTC(2026, 0, 2, 15, 4, 5) / 1000, 'utc', true)).toBe('2026-01-02 15:04:05');
  expect(formatTime(Date.UTC(2026, 0, 2, 0, 4, 5) / 1000, 'utc', false)).toBe('00:04:05');
  expect(formatTime(NaN, 'utc', true)).toBe('–');
});
