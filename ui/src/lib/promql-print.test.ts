import { expect, test } from 'vitest';
import type { Node } from '../api/parse';
import { countExpr, partsOf, printNode } from './promql-print';

const still = { offset: 0, timestamp: null, startOrEnd: null };
const up: Node = { type: 'vectorSelector', name: 'up', matchers: [{ name: '__name__', type: '=', value: 'up' }, { name: 'job', type: '=~', value: 'a|b' }], ...still };
const range: Node = { type: 'matrixSelector', name: 'up', matchers: [], range: 300_000, ...still, offset: 3_600_000 };

test.each<[Node, string]>([
  [up, 'up{job=~"a|b"}'],
  [range, 'up[5m] offset 1h'],
  [{ type: 'vectorSelector', name: '', matchers: [{ name: 'job', type: '=', value: 'x' }], ...still, startOrEnd: 'end' }, '{job="x"} @ end()'],
  [{ type: 'vectorSelector', name: 'a.b', matchers: [{ name: '__name__', type: '=', value: 'a.b' }], ...still }, '{"a.b"}'],
  [{ type: 'call', func: { name: 'rate' }, args: [range] }, 'rate(up[5m] offset 1h)'],
  [{ type: 'aggregation', op: 'topk', param: { type: 'numberLiteral', val: '3' }, expr: up, grouping: ['job'], without: false }, 'topk by (job) (3, up{job=~"a|b"})'],
  [{ type: 'aggregation', op: 'sum', param: null, expr: up, grouping: [], without: false }, 'sum(up{job=~"a|b"})'],
  [{ type: 'subquery', expr: up, range: 600_000, step: 60_000, ...still }, 'up{job=~"a|b"}[10m:1m]'],
  [
    { type: 'binaryExpr', op: '/', lhs: up, rhs: up, bool: false, matching: { card: 'many-to-one', labels: ['job'], on: true, include: ['team'] } },
    'up{job=~"a|b"} / on (job) group_left (team) up{job=~"a|b"}',
  ],
  [{ type: 'binaryExpr', op: '>', lhs: up, rhs: { type: 'numberLiteral', val: '0' }, bool: true, matching: null }, 'up{job=~"a|b"} > bool 0'],
  [{ type: 'unaryExpr', op: '-', expr: { type: 'parenExpr', expr: up } }, '-(up{job=~"a|b"})'],
])('prints node %#', (node, want) => expect(printNode(node)).toBe(want));

test('parts and counts', () => {
  const node: Node = { type: 'call', func: { name: 'rate' }, args: [range] };
  expect(partsOf(node)).toEqual([{ role: '', node: range }]);
  expect(countExpr(range)).toBe('count(present_over_time(up[5m] offset 1h))');
  expect(countExpr({ type: 'numberLiteral', val: '1' })).toBeNull();
  expect(countExpr({ type: 'call', func: { name: 'time' }, args: [] })).toBeNull();
});
