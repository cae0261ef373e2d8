// Weekly windows of recurring silences: how they are typed, told and checked.

import type { WeeklyWindow } from '../api/silences';

export const DAY_NAMES: readonly string[] = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
/** As calendars show a week. */
export const WEEK: readonly number[] = [1, 2, 3, 4, 5, 6, 0];

const DAY_MINUTES = 1440;

/** `08:30` into minutes of the day; null when it is none. */
export function parseClock(text: string): number | null {
  const found = /^(\d{1,2}):(\d{2})$/.exec(text.trim());
  if (found === null) return null;
  const [hour, minute] = [Number(found[1]), Number(found[2])];
  return hour > 23 || minute > 59 ? null : hour * 60 + minute;
}

export function printClock(minutes: number): string {
  const inDay = ((minutes % DAY_MINUTES) + DAY_MINUTES) % DAY_MINUTES;
  return `${String(Math.floor(inDay / 60)).padStart(2, '0')}:${String(inDay % 60).padStart(2, '0')}`;
}

/** `Mon–Fri`, `Sat, Sun`, `every day`: runs of three and more days are drawn together. */
export function printDays(days: readonly number[]): string {
  const chosen = WEEK.map((day) => days.includes(day));
  if (chosen.every(Boolean)) return 'every day';
  const out: string[] = [];
  for (let at = 0; at < WEEK.length; at++) {
    if (chosen[at] !== true) continue;
    let end = at;
    while (chosen[end + 1] === true) end += 1;
    const name = (place: number) => DAY_NAMES[WEEK[place] ?? 0] ?? '';
    if (end - at >= 2) out.push(`${name(at)}–${name(end)}`);
    else for (let one = at; one <= end; one++) out.push(name(one));
    at = end;
  }
  return out.join(', ');
}

export function printWindow({ days, startMinute, durationMinutes }: WeeklyWindow): string {
  const end = startMinute + durationMinutes;
  const later = Math.floor((end - 1) / DAY_MINUTES);
  const next = later === 0 ? '' : later === 1 ? ' the next day' : ` ${later} days later`;
  return `${printDays(days)} ${printClock(startMinute)} to ${end === DAY_MINUTES ? '24:00' : printClock(end)}${next}`;
}

/** Why the window cannot be taken; null when it can. */
export function windowProblem({ days, startMinute, durationMinutes }: WeeklyWindow): string | null {
  if (days.length === 0) return 'Choose at least one day';
  if (!Number.isInteger(startMinute) || startMinute < 0 || startMinute >= DAY_MINUTES) return 'The start is no time of day';
  if (!Number.isInteger(durationMinutes) || durationMinutes <= 0) return 'The length must be more than nothing';
  if (durationMinutes > 7 * DAY_MINUTES) return 'The length must be at most a week';
  return null;
}

/** Minutes of the week (Sunday 00:00 is 0) that the windows cover, as `[start, end)` within one week, sorted and merged. */
export function coverage(windows: readonly WeeklyWindow[]): [start: number, end: number][] {
  const week = 7 * DAY_MINUTES;
  const parts: [number, number][] = [];
  for (const { days, startMinute, durationMinutes } of windows) {
    for (const day of days) {
      const start = day * DAY_MINUTES + startMinute;
      const end = start + Math.min(durationMinutes, week);
      parts.push([start, Math.min(end, week)]);
      if (end > week) parts.push([0, end - week]);
    }
  }
  parts.sort(([a], [b]) => a - b);
  const out: [number, number][] = [];
  for (const [start, end] of parts) {
    const last = out.at(-1);
    if (last !== undefined && start <= last[1]) last[1] = Math.max(last[1], end);
    else out.push([start, end]);
  }
  return out;
}
