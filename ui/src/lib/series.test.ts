import { expect, test } from 'vitest';
import { distinguishingLabels, metricSelector, seriesName, shortNames } from './series';

test.each([
  [{ __name__: 'up' }, 'up'],
  [{ __name__: 'up', job: 'b', instance: 'a:1' }, 'up{instance="a:1", job="b"}'],
  [{ job: 'b' }, '{job="b"}'],
  [{}, '{}'],
  [{ __name__: 'http.requests', 'a.b': 'x"y\n' }, '{"http.requests", "a.b"="x\\"y\\n"}'],
])('%j', (labels, want) => expect(seriesName(labels)).toBe(want));

test('legends say only what differs', () => {
  const cpu = (mode: string) => ({ __name__: 'cpu', job: 'host', mode });
  expect(shortNames([cpu('user'), cpu('idle')])).toEqual(['user', 'idle']);
  expect(shortNames([cpu('user')])).toEqual(['cpu{job="host", mode="user"}']);
  expect(shortNames([{ a: '1', b: '1' }, { a: '2', b: '2' }])).toEqual(['{a="1", b="1"}', '{a="2", b="2"}']);
  expect(shortNames([{ __name__: 'x', a: '1' }, { __name__: 'y', a: '1' }])).toEqual(['x', 'y']);
  expect(shortNames([{ a: '1' }, {}])).toEqual(['1', '(none)']);
  expect(shortNames([])).toEqual([]);
});

test('labels that differ', () => expect(distinguishingLabels([{ a: '1', b: '1' }, { a: '1', b: '2' }])).toEqual(['b']));

test('selectors of unusual names are quoted', () => {
  expect(metricSelector('up')).toBe('up');
  expect(metricSelector('http.requests')).toBe('{"http.requests"}');
});
