import { expect, test } from 'vitest';
import { HISTORY_MAX, parseHistory, remember } from './history';

test('newest first, each once, bounded', () => {
  let list = remember([], 'a', 1);
  list = remember(list, 'b', 2);
  list = remember(list, ' a ', 3);
  expect(list).toEqual([{ expr: 'a', at: 3 }, { expr: 'b', at: 2 }]);
  for (let at = 0; at < 100; at++) list = remember(list, `q${at}`, at);
  expect(list).toHaveLength(HISTORY_MAX);
  expect(remember(list, '  ', 5)).toEqual(list);
});

test('broken storage is an empty history', () => {
  expect(parseHistory(null)).toEqual([]);
  expect(parseHistory('{')).toEqual([]);
  expect(parseHistory('{"a":1}')).toEqual([]);
  expect(parseHistory('[{"expr":"up","at":1},{"expr":2},null]')).toEqual([{ expr: 'up', at: 1 }]);
});
