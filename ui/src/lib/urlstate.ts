// The part of the URL that all pages share: `from`, `to` and `refresh`. Views add their own parameters beside it.

import { parseDuration } from './duration';
import { DEFAULT_RANGE, type TimeRange } from './timerange';

/** `auto` follows the length of the range; `off`; or a duration such as `10s`. */
export type Refresh = string;

export const REFRESH_CHOICES: readonly Refresh[] = ['auto', 'off', '5s', '10s', '30s', '1m', '5m', '15m'];

export interface SharedState {
  range: TimeRange;
  refresh: Refresh;
  /** The link names a range; when it does not, a page may choose a better first view. */
  explicit: boolean;
}

export function readShared(params: URLSearchParams): SharedState {
  const from = params.get('from');
  const to = params.get('to');
  const refresh = params.get('refresh') ?? 'auto';
  return {
    range: { from: from ?? DEFAULT_RANGE.from, to: to ?? DEFAULT_RANGE.to },
    refresh: refresh === 'auto' || refresh === 'off' || parseDuration(refresh) !== null ? refresh : 'auto',
    explicit: from !== null || to !== null,
  };
}

export function writeRange(params: URLSearchParams, range: TimeRange): URLSearchParams {
  const out = new URLSearchParams(params);
  out.set('from', range.from);
  out.set('to', range.to);
  return out;
}

export function writeRefresh(params: URLSearchParams, refresh: Refresh): URLSearchParams {
  const out = new URLSearchParams(params);
  if (refresh === 'auto') out.delete('refresh');
  else out.set('refresh', refresh);
  return out;
}

/** The address of another page with this page's time range and refresh. */
export function carryShared(path: string, params: URLSearchParams, extra: Readonly<Record<string, string>> = {}): string {
  const out = new URLSearchParams();
  for (const [name, value] of Object.entries(extra)) out.append(name, value);
  for (const name of ['from', 'to', 'refresh']) {
    const value = params.get(name);
    if (value !== null) out.set(name, value);
  }
  const query = out.toString();
  return query === '' ? path : `${path}?${query}`;
}

/** Milliseconds between refreshes; null for never. Long ranges change slowly and cost more, so `auto` slows with them. */
export function refreshInterval(refresh: Refresh, spanSeconds: number): number | null {
  if (refresh === 'off') return null;
  if (refresh !== 'auto') return Math.max(parseDuration(refresh) ?? 10_000, 1000);
  if (spanSeconds <= 3600) return 10_000;
  if (spanSeconds <= 6 * 3600) return 30_000;
  if (spanSeconds <= 86_400) return 60_000;
  if (spanSeconds <= 7 * 86_400) return 300_000;
  return null;
}
