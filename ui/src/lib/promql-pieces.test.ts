import { expect, test } from 'vitest';
import { promqlPieces } from './promql-pieces';

const told = (text: string) => promqlPieces(text).filter(({ kind }) => kind !== 'plain').map(({ kind, text: piece }) => `${kind} ${piece}`);

test('names, labels, strings, numbers and words', () => {
  expect(told('sum by (job, le) (rate(http_total{code=~"5..", le="1"}[5m])) > 0.5 and on (job) up # why')).toEqual([
    'name sum', 'word by', 'label job', 'label le', 'name rate', 'name http_total', 'label code', 'string "5.."', 'label le', 'string "1"',
    'number 5m', 'number 0.5', 'word and', 'word on', 'label job', 'name up', 'comment # why',
  ]);
});

test.each(['', '"open', 'a{b="c\\"d"}', 'x[1h30m:5m] offset -1d', '∑ {'])('nothing is lost of %s', (text) =>
  expect(promqlPieces(text).map(({ text: piece }) => piece).join('')).toBe(text));
