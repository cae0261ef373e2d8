import { expect, test } from 'vitest';
import { humanDuration, parseDuration, printDuration } from './duration';

test.each([
  ['90s', 90_000],
  ['1h30m', 5_400_000],
  ['250ms', 250],
  ['1d', 86_400_000],
  ['2w', 1_209_600_000],
  ['15', 15_000],
  ['0.5', 500],
  ['', null],
  ['h', null],
  ['1x', null],
  ['1h 30m', null],
  ['-5m', null],
])('parse %j', (text, want) => expect(parseDuration(text)).toBe(want));

test.each([
  [5_400_000, '1h30m'],
  [604_800_000, '1w'],
  [691_200_000, '8d'],
  [0, '0s'],
  [1500, '1s500ms'],
  [-60_000, '-1m'],
])('print %d', (ms, want) => expect(printDuration(ms)).toBe(want));

test.each([
  [0, '0 s'],
  [0.0000004, '400 ns'],
  [0.000296, '296 µs'],
  [0.0105, '10.5 ms'],
  [4, '4 s'],
  [59.95, '60 s'],
  [61, '1m 1s'],
  [3600, '1h'],
  [100_000, '1d 3h'],
  [Infinity, '–'],
])('for people %d', (seconds, want) => expect(humanDuration(seconds)).toBe(want));
