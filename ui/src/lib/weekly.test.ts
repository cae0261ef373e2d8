import { expect, test } from 'vitest';
import { coverage, parseClock, printClock, printDays, printWindow, windowProblem } from './weekly';

test.each([['08:30', 510], ['0:00', 0], ['23:59', 1439], ['24:00', null], ['8', null], ['12:60', null], ['', null]])(
  '%s as a time of day', (text, want) => expect(parseClock(text)).toBe(want));
test('a clock prints', () => expect([0, 510, 1500].map(printClock)).toEqual(['00:00', '08:30', '01:00']));

test.each([
  [[1, 2, 3, 4, 5], 'Mon–Fri'],
  [[0, 6], 'Sat, Sun'],
  [[0, 1, 2, 3, 4, 5, 6], 'every day'],
  [[1, 3, 4, 5, 0], 'Mon, Wed–Fri, Sun'],
  [[], ''],
])('%j are %s', (days, want) => expect(printDays(days)).toBe(want));

test.each([
  [{ days: [6], startMinute: 120, durationMinutes: 120 }, 'Sat 02:00 to 04:00'],
  [{ days: [6], startMinute: 1320, durationMinutes: 240 }, 'Sat 22:00 to 02:00 the next day'],
  [{ days: [1], startMinute: 0, durationMinutes: 1440 }, 'Mon 00:00 to 24:00'],
  [{ days: [5], startMinute: 1080, durationMinutes: 3600 }, 'Fri 18:00 to 06:00 3 days later'],
])('%j reads %s', (window, want) => expect(printWindow(window)).toBe(want));

test('windows that cannot be are named', () => {
  expect(windowProblem({ days: [1], startMinute: 0, durationMinutes: 60 })).toBeNull();
  expect(windowProblem({ days: [], startMinute: 0, durationMinutes: 60 })).toMatch(/day/);
  expect(windowProblem({ days: [1], startMinute: 1440, durationMinutes: 60 })).toMatch(/start/);
  expect(windowProblem({ days: [1], startMinute: 0, durationMinutes: 0 })).toMatch(/length/);
  expect(windowProblem({ days: [1], startMinute: NaN, durationMinutes: 60 })).toMatch(/start/);
});

test('coverage wraps around the week and merges', () => {
  expect(coverage([{ days: [6], startMinute: 1380, durationMinutes: 120 }])).toEqual([[0, 60], [6 * 1440 + 1380, 7 * 1440]]);
  expect(coverage([{ days: [1], startMinute: 0, durationMinutes: 60 }, { days: [1], startMinute: 30, durationMinutes: 60 }])).toEqual([[1440, 1530]]);
});
