import { expect, test } from 'vitest';
import { alignRange, chooseStep, clampStep, rateWindow } from './step';

test.each([
  [3600, 240, 1, 15],
  [300, 240, 1, 2],
  [21_600, 240, 1, 120],
  [86_400, 240, 1, 600],
  [3600, 240, 60, 60],
  [90 * 86_400, 100, 1, 86_400],
  [10 * 365 * 86_400, 100, 1, 37 * 86_400],
  [0, 240, 1, 1],
])('%d s in %d points, at least %d', (span, points, least, want) => expect(chooseStep(span, points, least)).toBe(want));

test('a step the server would refuse is raised', () => {
  expect(clampStep(1, 86_400)).toBeCloseTo(7.855);
  expect(clampStep(30, 86_400)).toBe(30);
});

test('a rate sees at least four scrapes and the whole step', () => {
  expect(rateWindow(15)).toBe(60);
  expect(rateWindow(600)).toBe(615);
  expect(rateWindow(10, 60)).toBe(240);
});

test('both ends lie on the grid, and the end never passes what was asked', () => {
  expect(alignRange(1007, 4611, 15)).toEqual({ start: 1005, end: 4605 });
  expect(alignRange(5, 6, 60)).toEqual({ start: 0, end: 0 });
});
