// Times of the API (RFC 3339) as distances from now.

import { humanDuration } from './duration';

/** Unix seconds; null when it is no time, or the year 1 or 1970 that stand for "never". */
export function secondsOf(time: string | null | undefined): number | null {
  if (time === null || time === undefined || time === '') return null;
  const at = Date.parse(time);
  return Number.isNaN(at) || at <= 0 ? null : at / 1000;
}

/** `12m 3s`, `3d 4h`: how long ago; `never` when it was not. A time a moment ahead, by another clock, is now. */
export function sinceText(time: string | null | undefined, nowMs: number): string {
  const at = secondsOf(time);
  return at === null ? 'never' : humanDuration(Math.max(Math.round(nowMs / 1000 - at), 0));
}

/** How long until then; `now` when it has come. */
export function untilText(time: string | null | undefined, nowMs: number): string {
  const at = secondsOf(time);
  if (at === null) return 'never';
  const left = Math.round(at - nowMs / 1000);
  return left <= 0 ? 'now' : humanDuration(left);
}

/** How long it took from one time to another; null when either is missing. */
export function betweenSeconds(from: string | null | undefined, to: string | null | undefined): number | null {
  const [start, end] = [secondsOf(from), secondsOf(to)];
  return start === null || end === null ? null : Math.max(end - start, 0);
}
