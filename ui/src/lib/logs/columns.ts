// Values of a line by the name of a column, and lines sorted by one.

import { fieldsOf } from './fields';
import { LEVELS } from './levels';
import { labelsOf, type Line } from './lines';
import type { Row } from './repeats';
import type { Sort } from './state';

/** Lines are taken apart once, however often a table asks. */
const taken = new WeakMap<Line, Readonly<Record<string, string>>>();

function valuesOf(line: Line): Readonly<Record<string, string>> {
  const known = taken.get(line);
  if (known !== undefined) return known;
  const values = { ...Object.fromEntries(fieldsOf(line.line).map(({ name, value }) => [name, value])), ...labelsOf(line) };
  taken.set(line, values);
  return values;
}

/** The value of a label, of a field that was sent with the line, or of one that stands in it; empty when there is none. */
export function columnOf(line: Line, column: string): string {
  return valuesOf(line)[column] ?? '';
}

/** Numbers by their size, durations and sizes by what they mean, the rest by its letters; what is missing comes last. */
export function compareValues(a: string, b: string): number {
  const [x, y] = [magnitude(a), magnitude(b)];
  if (x !== null && y !== null) return x - y;
  return a.localeCompare(b, undefined, { numeric: true });
}

const UNITS: Readonly<Record<string, number>> = {
  ns: 1e-9, us: 1e-6, µs: 1e-6, ms: 1e-3, s: 1, m: 60, h: 3600, d: 86_400,
  b: 1, kb: 1e3, mb: 1e6, gb: 1e9, tb: 1e12, kib: 1024, mib: 1024 ** 2, gib: 1024 ** 3, tib: 1024 ** 4,
};

function magnitude(text: string): number | null {
  const match = /^(-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)\s*([a-zµ]*)$/i.exec(text.trim());
  if (match === null) return null;
  const unit = (match[2] ?? '').toLowerCase();
  if (unit === '') return Number(match[1]);
  const factor = UNITS[unit];
  return factor === undefined ? null : Number(match[1]) * factor;
}

export function sorted(rows: readonly Row[], sort: Sort | null): readonly Row[] {
  if (sort === null) return rows;
  const sign = sort.down ? -1 : 1;
  const { column } = sort;
  if (column === 'time') return [...rows].sort((a, b) => sign * (a.line.time.length - b.line.time.length || (a.line.time < b.line.time ? -1 : a.line.time > b.line.time ? 1 : 0)));
  if (column === 'level') return [...rows].sort((a, b) => sign * (LEVELS.indexOf(a.line.level) - LEVELS.indexOf(b.line.level)));
  const value = ({ line }: Row) => (column === 'line' ? line.line : columnOf(line, column));
  const pairs = rows.map((row) => ({ row, text: value(row) }));
  pairs.sort((a, b) => (a.text === '' || b.text === '' ? Number(a.text === '') - Number(b.text === '') : sign * compareValues(a.text, b.text)));
  return pairs.map(({ row }) => row);
}
