// From the API's matrix to the columns a chart draws: one shared time axis, and null where there is nothing to draw.

import type { RangeSeries } from '../api/query';

/** `times` ascending Unix seconds; each column is as long as `times`. */
export interface Columns {
  times: number[];
  values: (number | null)[][];
}

/** Parses a sample value; `NaN` and infinities become null, because one of them blanks a whole chart. */
export function drawable(text: string): number | null {
  const value = +text;
  return Number.isFinite(value) ? value : null;
}

/** Parses a sample value as it is, infinities and NaN included. */
export function parseSample(text: string): number {
  if (text === '+Inf' || text === 'Inf') return Infinity;
  if (text === '-Inf') return -Infinity;
  return Number(text);
}

/**
 * Lays every series on the grid start, start+step, … end. Range queries answer on exactly that grid, so the
 * place of a sample is computed, not searched: linear in samples, however many series.
 */
export function toColumns(series: readonly RangeSeries[], start: number, end: number, step: number): Columns {
  const length = Math.max(Math.floor((end - start) / step + 1e-6) + 1, 1);
  const times = new Array<number>(length);
  for (let i = 0; i < length; i++) times[i] = start + i * step;
  const values = series.map(({ values: samples }) => {
    const column = new Array<number | null>(length).fill(null);
    for (const [time, text] of samples) {
      const at = Math.round((time - start) / step);
      if (at >= 0 && at < length) column[at] = drawable(text);
    }
    return column;
  });
  return { times, values };
}

export interface Summary {
  last: number | null;
  min: number | null;
  max: number | null;
  mean: number | null;
}

export function summarize(column: readonly (number | null)[]): Summary {
  let min = Infinity;
  let max = -Infinity;
  let sum = 0;
  let count = 0;
  let last: number | null = null;
  for (const value of column) {
    if (value === null) continue;
    if (value < min) min = value;
    if (value > max) max = value;
    sum += value;
    count += 1;
    last = value;
  }
  return count === 0 ? { last: null, min: null, max: null, mean: null } : { last, min, max, mean: sum / count };
}

/** The sum of columns at each instant; null where none has a value. */
export function sumColumns(columns: readonly (readonly (number | null)[])[]): (number | null)[] {
  const length = columns[0]?.length ?? 0;
  const out = new Array<number | null>(length).fill(null);
  for (const column of columns) {
    for (let i = 0; i < length; i++) {
      const value = column[i];
      if (value !== null && value !== undefined) out[i] = (out[i] ?? 0) + value;
    }
  }
  return out;
}

/** Running sums from the first column up, for stacked charts. A gap counts as zero but stays a gap where all are gaps. */
export function stackColumns(columns: readonly (readonly (number | null)[])[]): (number | null)[][] {
  const length = columns[0]?.length ?? 0;
  const total = new Array<number>(length).fill(0);
  const present = new Array<boolean>(length).fill(false);
  for (const column of columns) {
    for (let i = 0; i < length; i++) if (column[i] != null) present[i] = true;
  }
  return columns.map((column) => {
    const out = new Array<number | null>(length);
    for (let i = 0; i < length; i++) {
      total[i] = (total[i] ?? 0) + (column[i] ?? 0);
      out[i] = present[i] === true ? (total[i] ?? 0) : null;
    }
    return out;
  });
}
