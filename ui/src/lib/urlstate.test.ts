import { expect, test } from 'vitest';
import { carryShared, readShared, refreshInterval, writeRange, writeRefresh } from './urlstate';

test('a bare address means the last hour, refreshing by itself', () => {
  expect(readShared(new URLSearchParams())).toEqual({ range: { from: 'now-1h', to: 'now' }, refresh: 'auto', explicit: false });
});

test('what is written is read', () => {
  const params = writeRefresh(writeRange(new URLSearchParams('q=up'), { from: 'now-6h', to: 'now-1h' }), '30s');
  expect(readShared(params)).toEqual({ range: { from: 'now-6h', to: 'now-1h' }, refresh: '30s', explicit: true });
  expect(params.get('q')).toBe('up');
});

test('nonsense for a refresh is automatic', () => expect(readShared(new URLSearchParams('refresh=banana')).refresh).toBe('auto'));

test('another page keeps the range, not the rest', () => {
  expect(carryShared('/targets', new URLSearchParams('q=up&from=now-6h&to=now'))).toBe('/targets?from=now-6h&to=now');
  expect(carryShared('/targets', new URLSearchParams('q=up'))).toBe('/targets');
  expect(carryShared('/explore', new URLSearchParams('to=now'), { q: 'a b' })).toBe('/explore?q=a+b&to=now');
});

test.each([
  ['off', 3600, null],
  ['auto', 3600, 10_000],
  ['auto', 86_400, 60_000],
  ['auto', 30 * 86_400, null],
  ['5s', 30 * 86_400, 5000],
  ['1ms', 3600, 1000],
])('%s over %d s', (refresh, span, want) => expect(refreshInterval(refresh, span)).toBe(want));
