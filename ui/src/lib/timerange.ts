// The time range of a view: what was typed (`now-1h`, an instant) and what it resolves to.
// The typed form lives in the URL, so that a shared relative link stays relative.

import { parseDuration } from './duration';

/** As typed or chosen; both ends are expressions that `parseInstant` accepts. */
export interface TimeRange {
  from: string;
  to: string;
}

/** Unix seconds. */
export interface ResolvedRange {
  start: number;
  end: number;
}

export const DEFAULT_RANGE: TimeRange = { from: 'now-1h', to: 'now' };

export const QUICK_RANGES: ReadonlyArray<readonly [string, string]> = [
  ['5m', 'Last 5 minutes'],
  ['15m', 'Last 15 minutes'],
  ['30m', 'Last 30 minutes'],
  ['1h', 'Last hour'],
  ['3h', 'Last 3 hours'],
  ['6h', 'Last 6 hours'],
  ['12h', 'Last 12 hours'],
  ['1d', 'Last 24 hours'],
  ['2d', 'Last 2 days'],
  ['7d', 'Last 7 days'],
  ['30d', 'Last 30 days'],
  ['90d', 'Last 90 days'],
];

/**
 * Resolves one end to Unix seconds: `now`, `now-90m`, an ISO 8601 time (without a zone it is local),
 * Unix seconds or Unix milliseconds. Null when it is none of these.
 */
export function parseInstant(text: string, nowMs: number): number | null {
  const source = text.trim();
  if (source === 'now') return nowMs / 1000;
  const relative = /^now\s*([+-])\s*(.+)$/.exec(source);
  if (relative) {
    const delta = parseDuration(relative[2] ?? '');
    if (delta === null) return null;
    return (nowMs + (relative[1] === '-' ? -delta : delta)) / 1000;
  }
  if (/^\d+(\.\d+)?$/.test(source)) {
    const value = Number(source);
    // Unix seconds pass 1e11 in the year 5138; anything larger is milliseconds.
    return value > 1e11 ? value / 1000 : value;
  }
  if (!/^\d{4}-\d{2}-\d{2}/.test(source)) return null;
  const parsed = Date.parse(source.replace(' ', 'T'));
  return Number.isNaN(parsed) ? null : parsed / 1000;
}

/** Resolves both ends; null when either is unreadable or the range is empty or reversed. */
export function resolveRange(range: TimeRange, nowMs: number): ResolvedRange | null {
  const start = parseInstant(range.from, nowMs);
  const end = parseInstant(range.to, nowMs);
  if (start === null || end === null || end <= start) return null;
  return { start, end };
}

/** Whether the range moves with the clock, so that refreshing it shows something new. */
export function isRelative(range: TimeRange): boolean {
  return range.to.startsWith('now');
}

/** An absolute range for the URL, in UTC and to the second: readable, and the same for everyone who opens it. */
export function absoluteRange(start: number, end: number): TimeRange {
  const first = Math.floor(start);
  const last = Math.max(Math.ceil(end), first + 1);
  return { from: isoSeconds(first), to: isoSeconds(last) };
}

export function isoSeconds(unixSeconds: number): string {
  return new Date(unixSeconds * 1000).toISOString().replace(/\.\d+Z$/, 'Z');
}

/** `Last hour`, `now-90m to now-30m`, or both instants written out. */
export function rangeLabel(range: TimeRange, zone: Zone): string {
  const quick = QUICK_RANGES.find(([span]) => range.to === 'now' && range.from === `now-${span}`);
  if (quick) return quick[1];
  return `${endLabel(range.from, zone)} to ${endLabel(range.to, zone)}`;
}

function endLabel(text: string, zone: Zone): string {
  if (text.startsWith('now')) return text;
  const at = parseInstant(text, 0);
  return at === null ? text : formatTime(at, zone, true);
}

/** The range of the same length before (-1) or after (+1), by half its length; always absolute. */
export function shiftRange(resolved: ResolvedRange, direction: -1 | 1): TimeRange {
  const half = (resolved.end - resolved.start) / 2;
  return absoluteRange(resolved.start + direction * half, resolved.end + direction * half);
}

/** Doubles the range around its middle, but does not reach past now. */
export function zoomOut(resolved: ResolvedRange, nowMs: number): TimeRange {
  const half = (resolved.end - resolved.start) / 2;
  const end = Math.min(resolved.end + half, nowMs / 1000);
  return absoluteRange(end - 4 * half, end);
}

export type Zone = 'local' | 'utc';

/** 24-hour `2026-11-20 13:04:05`, or only the time of day. */
export function formatTime(unixSeconds: number, zone: Zone, withDate: boolean): string {
  const date = new Date(unixSeconds * 1000);
  if (Number.isNaN(date.getTime())) return '–';
  const part = (local: number, utc: number) => String(zone === 'utc' ? utc : local).padStart(2, '0');
  const time = [
    part(date.getHours(), date.getUTCHours()),
    part(date.getMinutes(), date.getUTCMinutes()),
    part(date.getSeconds(), date.getUTCSeconds()),
  ].join(':');
  if (!withDate) return time;
  const day = [
    part(date.getFullYear(), date.getUTCFullYear()),
    part(date.getMonth() + 1, date.getUTCMonth() + 1),
    part(date.getDate(), date.getUTCDate()),
  ].join('-');
  return `${day} ${time}`;
}
