import { expect, test } from 'vitest';
import { matches, matcherProblem, parseMatcher, parseSearch, passes, printMatcher } from './matchers';

test.each([
  ['severity="critical"', 'severity', '=', 'critical'],
  ['team=~"db|web"', 'team', '=~', 'db|web'],
  ['env!=prod', 'env', '!=', 'prod'],
  [' a !~ "x y" ', 'a', '!~', 'x y'],
  ['"service.name"="a\\"b"', 'service.name', '=', 'a"b'],
  ['gone=""', 'gone', '=', ''],
])('%s is a matcher and prints back', (text, name, op, value) => {
  const matcher = parseMatcher(text);
  expect(matcher).toEqual({ name, op, value });
  expect(matcher && parseMatcher(printMatcher(matcher))).toEqual(matcher);
});

test.each(['disk', '="x"', 'a==b"', ''])('%s is none', (text) => expect(parseMatcher(text)).toBeNull());

test('expressions are anchored, and an absent label is empty', () => {
  const db = { team: 'database' };
  expect(matches({ name: 'team', op: '=~', value: 'data' }, db)).toBe(false);
  expect(matches({ name: 'team', op: '=~', value: '(?i)DATA.*' }, db)).toBe(true);
  expect(matches({ name: 'zone', op: '=', value: '' }, db)).toBe(true);
  expect(matches({ name: 'team', op: '!~', value: '(' }, db)).toBe(false);
  expect(matcherProblem({ name: 'team', op: '=~', value: '(' })).not.toBeNull();
  expect(matcherProblem({ name: 'team', op: '=', value: '(' })).toBeNull();
});

test('a search mixes matchers and words', () => {
  expect(parseSearch('{team="db", env!=prod} disk "two words"')).toEqual({
    matchers: [{ name: 'team', op: '=', value: 'db' }, { name: 'env', op: '!=', value: 'prod' }],
    words: ['disk', 'two words'],
  });
  expect(parseSearch('  ')).toEqual({ matchers: [], words: [] });
  // While it is being typed it is text, so that the list does not empty at the sign.
  expect(parseSearch('team=').matchers).toEqual([]);
});

test('words are found in labels and texts', () => {
  const labels = { alertname: 'DiskFull', team: 'db' };
  expect(passes(parseSearch('diskfull team=db'), labels, [])).toBe(true);
  expect(passes(parseSearch('disk nearly'), labels, ['The disk is nearly full'])).toBe(true);
  expect(passes(parseSearch('disk team=web'), labels, [])).toBe(false);
});
