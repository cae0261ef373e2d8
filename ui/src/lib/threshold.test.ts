import { expect, test } from 'vitest';
import type { Node } from '../api/parse';
import { constantOf, exprOfLink, thresholdOf } from './threshold';

const metric = (name: string): Node => ({ type: 'vectorSelector', name, matchers: [{ name: '__name__', type: '=', value: name }], offset: 0, timestamp: null, startOrEnd: null });
const number = (val: string): Node => ({ type: 'numberLiteral', val });
const binary = (lhs: Node, op: string, rhs: Node): Node => ({ type: 'binaryExpr', op, lhs, rhs, matching: null, bool: false });
const parens = (expr: Node): Node => ({ type: 'parenExpr', expr });

test('the number is on the right', () => {
  expect(thresholdOf(binary(metric('up'), '==', number('0')))).toEqual({ expr: 'up', op: '==', value: 0 });
});

test('on the left it is turned around', () => {
  expect(thresholdOf(binary(number('0.9'), '<', metric('load')))).toEqual({ expr: 'load', op: '>', value: 0.9 });
});

test('numbers are computed, parentheses are seen through', () => {
  const limit = binary(number('10'), '*', parens(number('60')));
  expect(thresholdOf(parens(binary(parens(metric('age')), '>=', limit)))).toEqual({ expr: 'age', op: '>=', value: 600 });
  expect(constantOf({ type: 'unaryExpr', op: '-', expr: number('1') })).toBe(-1);
  expect(constantOf(number('Inf'))).toBeNull();
  expect(constantOf(binary(number('1'), '/', number('0')))).toBeNull();
});

test('of several conditions the left one carries the values', () => {
  const both = binary(binary(metric('a'), '>', number('1')), 'and', binary(metric('b'), '<', number('2')));
  expect(thresholdOf(both)).toEqual({ expr: 'a', op: '>', value: 1 });
  expect(thresholdOf(binary(both, 'unless', metric('c')))?.expr).toBe('a');
});

test.each<[string, Node]>([
  ['series against series', binary(metric('a'), '>', metric('b'))],
  ['no comparison', metric('a')],
  ['either of two', binary(binary(metric('a'), '>', number('1')), 'or', metric('b'))],
  ['a comparison that only says yes or no', { type: 'binaryExpr', op: '>', lhs: metric('a'), rhs: number('1'), matching: null, bool: true }],
  ['numbers alone', binary(number('1'), '>', number('0'))],
])('%s has none', (_, node) => expect(thresholdOf(node)).toBeNull());

test.each([
  ['http://p:9090/graph?g0.expr=up+%3D%3D+0&g0.tab=1', 'up == 0'],
  ['/graph?g0.expr=a%2Bb#x', 'a+b'],
  ['http://other/page', null],
  [undefined, null],
])('the expression of %s', (link, want) => expect(exprOfLink(link)).toBe(want));
