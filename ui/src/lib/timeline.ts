// Places of spans on a time axis, as shares of its length, and the days it crosses.

import type { ReplayedAlert } from '../api/rules';
import type { ResolvedRange, Zone } from './timerange';

/** Percent of the axis. */
export interface Place {
  left: number;
  width: number;
}

/** Where a span from `start` to `end` (Unix seconds) lies; null outside. What is too short to see is widened. */
export function placeOf(start: number, end: number, range: ResolvedRange, least = 0.25): Place | null {
  const span = range.end - range.start;
  if (span <= 0 || end < range.start || start > range.end) return null;
  const left = Math.max((start - range.start) / span, 0) * 100;
  const right = Math.min((end - range.start) / span, 1) * 100;
  const width = Math.max(right - left, least);
  return { left: Math.min(left, 100 - width), width };
}

export interface Tick {
  at: number;
  label: string;
}

const STEPS = [60, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 2 * 86_400, 7 * 86_400, 14 * 86_400, 30 * 86_400];

/** At most `most` round times on the axis, in the zone's own hours and days. */
export function ticksOf(range: ResolvedRange, most: number, zone: Zone): Tick[] {
  const span = range.end - range.start;
  const step = STEPS.find((one) => span / one <= most) ?? 90 * 86_400;
  const shift = zone === 'utc' ? 0 : new Date(range.start * 1000).getTimezoneOffset() * 60;
  const out: Tick[] = [];
  for (let at = Math.ceil((range.start - shift) / step) * step + shift; at <= range.end; at += step) {
    const date = new Date((at - shift) * 1000).toISOString();
    out.push({ at, label: step >= 86_400 || date.slice(11, 16) === '00:00' ? date.slice(5, 10) : date.slice(11, 16) });
  }
  return out;
}

export interface Lane {
  rule: string;
  key: string;
  alerts: ReplayedAlert[];
}

/** One lane for each label set of each rule, in order of the first time it did something. */
export function lanesOf(alerts: readonly ReplayedAlert[]): Lane[] {
  const lanes = new Map<string, Lane>();
  for (const alert of [...alerts].sort((a, b) => Date.parse(a.pendingAt) - Date.parse(b.pendingAt))) {
    const key = `${alert.rule} ${JSON.stringify(Object.entries(alert.labels).sort())}`;
    const lane = lanes.get(key) ?? { rule: alert.rule, key, alerts: [] };
    lane.alerts.push(alert);
    lanes.set(key, lane);
  }
  return [...lanes.values()];
}

/** How often alerts began to fire in each of `bins` equal parts of the range. */
export function firingBins(alerts: readonly ReplayedAlert[], range: ResolvedRange, bins: number): number[] {
  const out = new Array<number>(bins).fill(0);
  const span = range.end - range.start;
  for (const { firingAt } of alerts) {
    if (firingAt === null) continue;
    const at = Math.floor(((Date.parse(firingAt) / 1000 - range.start) / span) * bins);
    const bin = Math.min(Math.max(at, 0), bins - 1);
    out[bin] = (out[bin] ?? 0) + 1;
  }
  return out;
}
