// Lines of logs: from the API's streams to rows, and small edits of a LogQL query.

import type { Labels } from './series';
import { quote } from './series';

export interface StreamResult {
  stream: Labels;
  values: [time: string, line: string][];
}

export interface Line {
  /** Nanoseconds since 1970, as text: they do not fit a number. */
  time: string;
  ms: number;
  line: string;
  labels: Labels;
  level: string;
}

const LEVELS = ['detected_level', 'level', 'severity', 'lvl'];

export function levelOf(labels: Labels): string {
  for (const name of LEVELS) {
    const value = labels[name];
    if (value !== undefined && value !== '' && value !== 'unknown') return value.toLowerCase();
  }
  return '';
}

/** All lines, the newest first. Of equal times the order of the answer stays. */
export function linesOf(streams: readonly StreamResult[]): Line[] {
  const lines = streams.flatMap(({ stream, values }) => {
    const level = levelOf(stream);
    return values.map(([time, line]) => ({ time, ms: Number(BigInt(time) / 1_000_000n), line, labels: stream, level }));
  });
  const key = (line: Line) => line.time.padStart(20, '0');
  return lines.sort((a, b) => (key(a) < key(b) ? 1 : key(a) > key(b) ? -1 : 0));
}

/** A key per line that stays when newer lines come before it: its time, and which one of that time it is. */
export function keysOf(lines: readonly Line[]): string[] {
  const seen = new Map<string, number>();
  const keys = new Array<string>(lines.length);
  for (let at = lines.length - 1; at >= 0; at -= 1) {
    const time = lines[at]?.time ?? '';
    const nth = seen.get(time) ?? 0;
    seen.set(time, nth + 1);
    keys[at] = `${time} ${nth}`;
  }
  return keys;
}

/** Whether a query asks for lines, not for numbers. */
export function asksForLines(query: string): boolean {
  return query.trimStart().replace(/^\(+\s*/, '').startsWith('{');
}

/** Without the parentheses around all of it: `({app="a"})` takes no condition behind it. */
function bare(query: string): string {
  let text = query.trim();
  while (text.startsWith('(') && text.endsWith(')')) text = text.slice(1, -1).trim();
  return text;
}

/** The query with one more condition behind it, unless it is there. */
export function withFilter(query: string, name: string, op: '=' | '!=', value: string): string {
  const filter = `| ${name}${op}${quote(value)}`;
  const whole = bare(query);
  return whole.endsWith(filter) || whole.includes(`${filter} |`) ? whole : `${whole} ${filter}`;
}

/** What counts lines by level in steps, for a query that asks for lines. */
export function volumeQuery(query: string, stepSeconds: number): string {
  return `sum by (detected_level) (count_over_time(${query.trim()} [${stepSeconds}s]))`;
}

/** As text, the oldest first, for a file. */
export function asText(lines: readonly Line[]): string {
  return [...lines].reverse().map(({ ms, line }) => `${new Date(ms).toISOString()} ${line}\n`).join('');
}
