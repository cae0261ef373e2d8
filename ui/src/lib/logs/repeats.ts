// Lines that say the same behind each other, as one with a count.

import type { Line } from './lines';

export type Dedup = 'none' | 'exact' | 'numbers' | 'words';

export interface Row {
  line: Line;
  /** How many lines this one stands for. */
  count: number;
}

const TIMES = /\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?\b|\b\d\d:\d\d:\d\d(?:[.,]\d+)?\b/g;

/** What two lines must share to count as the same. */
export function signature(line: string, dedup: Dedup): string {
  if (dedup === 'exact') return line.replace(TIMES, '');
  if (dedup === 'numbers') return line.replace(TIMES, '').replace(/\b0x[0-9a-f]+\b|\b[0-9a-f]{8,}\b|\d+/gi, '');
  // Only the shape: what is neither letter nor digit.
  return line.replace(/[\p{L}\p{N}_]+/gu, '');
}

export function collapse(lines: readonly Line[], dedup: Dedup): Row[] {
  if (dedup === 'none') return lines.map((line) => ({ line, count: 1 }));
  const out: Row[] = [];
  let last = '';
  for (const line of lines) {
    const now = signature(line.line, dedup);
    const row = out.at(-1);
    if (row !== undefined && now === last && row.line.level === line.level) row.count += 1;
    else out.push({ line, count: 1 });
    last = now;
  }
  return out;
}
