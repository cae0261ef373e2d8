import { expect, test } from 'vitest';
import { adviceFor, errorPosition } from './advice';

test('the place of a parse error', () => {
  expect(errorPosition('invalid parameter "query": 1:9: parse error: unexpected end', 'rate(up[5')).toEqual({ line: 'rate(up[5', column: 8 });
  expect(errorPosition('2:3: parse error: x', 'a\nb + +')).toEqual({ line: 'b + +', column: 2 });
  expect(errorPosition('9:1: parse error: x', 'a')).toBeNull();
  expect(errorPosition('query timed out', 'a')).toBeNull();
});

test('every kind has an advice, and the message may make it better', () => {
  expect(adviceFor('timeout', 'query timed out in expression evaluation')).toMatch(/time range/);
  expect(adviceFor('bad_data', 'exceeded maximum resolution of 11,000 points')).toMatch(/step/);
  expect(adviceFor('execution', 'query processing would load too many samples into memory')).toMatch(/selector/);
  expect(adviceFor('unreachable', 'x unexpected')).toMatch(/server runs/);
  expect(adviceFor('never heard of', '')).not.toBe('');
});
