import { expect, test } from 'vitest';
import { drawable, parseSample, stackColumns, sumColumns, summarize, toColumns } from './samples';

test.each([
  ['1.5', 1.5],
  ['-2e3', -2000],
  ['NaN', null],
  ['+Inf', null],
  ['-Inf', null],
  ['Inf', null],
])('%s is drawn as %d', (text, want) => expect(drawable(text)).toBe(want));

test('tables keep what charts cannot draw', () => {
  expect(parseSample('+Inf')).toBe(Infinity);
  expect(parseSample('-Inf')).toBe(-Infinity);
  expect(parseSample('NaN')).toBeNaN();
});

test('every series lies on the same grid; gaps and unwritable values are null', () => {
  const { times, values } = toColumns(
    [
      { metric: { a: '1' }, values: [[100, '1'], [110, 'NaN'], [130, '4']] },
      { metric: { a: '2' }, values: [[120, '+Inf']] },
      { metric: { a: '3' }, values: [[90, '7'], [140, '8'], [110.0001, '9']] },
    ],
    100, 130, 10,
  );
  expect(times).toEqual([100, 110, 120, 130]);
  expect(values).toEqual([[1, null, null, 4], [null, null, null, null], [null, 9, null, null]]);
});

test('a fractional step has no drift', () => {
  const { times, values } = toColumns([{ metric: {}, values: [[0, '0'], [0.7, '7'], [1, '10']] }], 0, 1, 0.1);
  expect(times).toHaveLength(11);
  expect(values[0]?.[7]).toBe(7);
  expect(values[0]?.[10]).toBe(10);
});

test('sums and stacks', () => {
  const columns = [[1, null, null], [2, 3, null]];
  expect(sumColumns(columns)).toEqual([3, 3, null]);
  expect(stackColumns(columns)).toEqual([[1, 0, null], [3, 3, null]]);
  expect(stackColumns([])).toEqual([]);
});

test('summaries leave gaps out', () => {
  expect(summarize([null, 1, 3, null])).toEqual({ last: 3, min: 1, max: 3, mean: 2 });
  expect(summarize([null])).toEqual({ last: null, min: null, max: null, mean: null });
});
