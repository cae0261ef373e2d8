import { expect, test } from 'vitest';
import { axisRange, tickIncrement, tickValues } from './ticks';

test('bytes go by powers of two, durations by the clock, the rest by 1, 2, 2.5, 5', () => {
  expect(tickIncrement(24 * 2 ** 30, 4, 'bytes')).toBe(2 ** 33);
  expect(tickIncrement(200, 4, 'seconds')).toBe(60);
  expect(tickIncrement(1, 4, 'ratio')).toBe(0.25);
  expect(tickIncrement(0.07, 4, 'ratio')).toBe(0.02);
  expect(tickIncrement(0, 4, 'short')).toBe(1);
});

test('ticks are multiples without rounding noise', () => {
  expect(tickValues(0, 0.3, 0.1)).toEqual([0, 0.1, 0.2, 0.3]);
  expect(tickValues(-1, 1, 0.5)).toEqual([-1, -0.5, 0, 0.5, 1]);
});

test('the axis shows zero when it is near', () => {
  expect(axisRange(1, 9, 'short')).toEqual([0, 10]);
  expect(axisRange(95, 99, 'short')).toEqual([95, 99]);
  expect(axisRange(0, 0, 'short')).toEqual([0, 1]);
  expect(axisRange(Infinity, -Infinity, 'short')).toEqual([0, 1]);
  expect(axisRange(5, 5, 'short')[0]).toBeLessThan(5);
  // A rate a hair above 100 % does not open another tick.
  expect(axisRange(0, 1.002, 'ratio')).toEqual([0, 1.002]);
  // A trickle below zero does not cost a quarter of the chart.
  expect(axisRange(-1, 1000, 'short')[0]).toBeGreaterThan(-50);
});
