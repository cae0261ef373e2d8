import { expect, test } from 'vitest';
import { fromPrometheusLink, newQuery, readQueries, writeQueries, type ExploreQuery } from './explore-url';

const full: ExploreQuery = { expr: 'sum(up) > 1', tab: 'table', step: '30s', stacked: true, unit: 'bytes', at: '2026-11-20T12:00:00Z' };

test('a view reopens as it was', () => {
  const queries = [newQuery('up'), full, newQuery('a{b="c;d=e&f"}')];
  const reread = readQueries(new URLSearchParams(writeQueries(new URLSearchParams('from=now-1h'), queries).toString()));
  expect(reread).toEqual(queries);
});

test('plain queries have plain addresses', () => {
  expect(writeQueries(new URLSearchParams(), [newQuery('up')]).toString()).toBe('q=up');
});

test('without parameters there is one empty query', () => expect(readQueries(new URLSearchParams())).toEqual([newQuery()]));

test('unknown options are left out', () => {
  expect(readQueries(new URLSearchParams('q=up&o=graph;step=banana;unit=parsec;what'))).toEqual([newQuery('up')]);
});

test('links of Prometheus', () => {
  const link = new URLSearchParams('g0.expr=up&g0.tab=1&g0.range_input=2h&g1.expr=sum(up)&g1.tab=0&g1.stacked=1&g1.step_input=60');
  expect(fromPrometheusLink(link).toString()).toBe('from=now-2h&to=now&q=up&o=table&q=sum%28up%29&o=graph%3Bstep%3D1m%3Bstacked');
  const past = fromPrometheusLink(new URLSearchParams('g0.expr=up&g0.range_input=1h&g0.end_input=2026-11-20 12:00'));
  expect(past.get('from')).toBe('2026-11-20T11:00:00Z');
  expect(past.get('to')).toBe('2026-11-20T12:00:00Z');
});
