// Units: how a number is written on an axis, in a tile and in a table, and which unit a query probably has.

import { humanDuration } from './duration';

export type Unit =
  | 'none' | 'short' | 'ratio' | 'percent' | 'bytes' | 'bytesPerSecond' | 'bitsPerSecond'
  | 'seconds' | 'perSecond' | 'timestamp' | 'bool';

export const UNIT_NAMES: ReadonlyArray<readonly [Unit, string]> = [
  ['short', 'Number (1.2 K)'],
  ['none', 'Number, exact'],
  ['ratio', 'Percent (0 to 1)'],
  ['percent', 'Percent (0 to 100)'],
  ['bytes', 'Bytes'],
  ['bytesPerSecond', 'Bytes per second'],
  ['bitsPerSecond', 'Bits per second'],
  ['seconds', 'Duration'],
  ['perSecond', 'Per second'],
  ['timestamp', 'Date and time'],
  ['bool', 'Yes or no'],
];

const SI = ['', 'K', 'M', 'G', 'T', 'P', 'E'];
const IEC = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'];

/** Writes a value in its unit. Null, NaN and infinities read `–`, `NaN`, `+Inf`, `-Inf`. */
export function formatValue(value: number | null | undefined, unit: Unit): string {
  if (value === null || value === undefined) return '–';
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  switch (unit) {
    case 'none':
      return exact(value);
    case 'short':
      return scaled(value, 1000, SI, ' ');
    case 'ratio':
      return `${digits(value * 100)}%`;
    case 'percent':
      return `${digits(value)}%`;
    case 'bytes':
      return scaled(value, 1024, IEC, ' ');
    case 'bytesPerSecond':
      return `${scaled(value, 1024, IEC, ' ')}/s`;
    case 'bitsPerSecond':
      return `${scaled(value, 1000, SI, ' ')}${Math.abs(value) < 1000 ? ' ' : ''}b/s`;
    case 'seconds':
      return humanDuration(value);
    case 'perSecond':
      return `${scaled(value, 1000, SI, ' ')}/s`;
    case 'timestamp':
      return new Date(value * 1000).toISOString().replace('T', ' ').replace(/\.\d+Z$/, 'Z');
    case 'bool':
      return value === 0 ? 'no' : value === 1 ? 'yes' : digits(value);
  }
}

/**
 * Labels of an axis: as many digits as its steps need, so that 22.5 and 22.75 do not both read 22.8.
 * `increment` is the distance between ticks.
 */
export function formatTicks(values: readonly number[], increment: number, unit: Unit): string[] {
  const plain = values.map((value) => formatValue(value, unit));
  const power = unit === 'bytes' || unit === 'bytesPerSecond' ? 1024 : unit === 'ratio' ? 0.01 : unit === 'percent' ? 1 : unit === 'short' || unit === 'perSecond' || unit === 'bitsPerSecond' ? 1000 : 0;
  if (power === 0) return plain;
  return values.map((value, index) => {
    const text = plain[index] ?? '';
    const match = /^(-?[\d.]+)(\D*)$/.exec(text);
    if (value === 0 || match === null || /e/.test(text)) return text;
    // The name stands for this many base units; the rounding error must stay small against a step.
    const scale = power >= 1000 ? nameScale(match[2] ?? '', power) : power;
    const exactText = value / scale;
    for (let places = 0; places <= 4; places++) {
      const rounded = exactText.toFixed(places);
      if (Math.abs(Number(rounded) - exactText) * scale < increment * 0.02) return rounded + (match[2] ?? '');
    }
    return text;
  });
}

function nameScale(suffix: string, base: number): number {
  const name = suffix.replace(/[ \u00a0]|\/s|b\/s/g, '');
  const at = Math.max((base === 1024 ? IEC : SI).indexOf(name), 0);
  return base ** at;
}

/** A number as PromQL prints it, but with grouped thousands when it is a whole number. */
export function exact(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e15) return value.toLocaleString('en-US');
  return String(value);
}

/** A whole number with grouped thousands: 12,345. */
export function grouped(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

function scaled(value: number, base: number, names: readonly string[], gap: string): string {
  let size = Math.abs(value);
  let at = 0;
  // 999.95 would print as 1000 with one digit after the point, so the next name starts a little early.
  while (size >= base * 0.99995 && at < names.length - 1) {
    size /= base;
    at += 1;
  }
  const name = names[at] ?? '';
  if (at === 0 && size !== 0 && size < 0.001) return value.toExponential(1) + (name ? gap + name : '');
  return `${value < 0 ? '-' : ''}${digits(size)}${name ? gap + name : ''}`;
}

/** Three significant digits, without trailing zeros; small numbers keep what they have. */
function digits(value: number): string {
  const size = Math.abs(value);
  if (size === 0) return '0';
  if (size < 0.001) return value.toExponential(1);
  const places = size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3;
  const text = value.toFixed(places);
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}

/** Guesses the unit of a query from its outermost functions and its metric names. */
export function guessUnit(expr: string): Unit {
  const text = expr.replace(/\s+/g, ' ').replace(/"[^"]*"/g, '""').trim();
  const perSecond = /\b(rate|irate|deriv)\s*\(/.test(text);
  if (/==|!=|>=|<=|>|</.test(text.replace(/\{[^}]*\}/g, '')) && /\bbool\b/.test(text)) return 'bool';
  if (/^(count|count_values|group)\b/.test(text)) return 'short';
  if (/\bhistogram_quantile\b/.test(text) && /_seconds/.test(text)) return 'seconds';
  if (/_(ratio|utilization)\b/.test(text)) return 'ratio';
  // A quotient of two like things is a ratio: bytes over bytes, seconds over seconds.
  const sides = text.replace(/\{[^}]*\}/g, '').split('/');
  if (sides.length === 2 && !/\d\s*$/.test(sides[1] ?? '')) {
    const [left, right] = sides.map(family);
    if (left !== undefined && left === right && left !== '') return 'ratio';
    if (/_sum\b/.test(sides[0] ?? '') && /_count\b/.test(sides[1] ?? '')) {
      return /_seconds/.test(sides[0] ?? '') ? 'seconds' : /_bytes/.test(sides[0] ?? '') ? 'bytes' : 'short';
    }
    return 'short';
  }
  if (/\* ?100\b/.test(text)) return 'percent';
  if (/\*|\//.test(text.replace(/\[[^\]]*\]/g, '').replace(/\{[^}]*\}/g, '')) && !/_bytes/.test(text)) return 'short';
  if (/_bytes/.test(text)) return perSecond ? 'bytesPerSecond' : 'bytes';
  if (/(_timestamp|_boot_time|_start_time|_time)_seconds\b/.test(text) && !/-/.test(text) && !perSecond) {
    return 'timestamp';
  }
  // Seconds per second: the share of time spent.
  if (/_seconds_total/.test(text) && perSecond) return 'ratio';
  if (/_seconds(_total|_sum)?\b/.test(text)) return 'seconds';
  if (perSecond) return 'perSecond';
  return 'short';
}

function family(side: string): string {
  return /_bytes/.test(side) ? 'bytes' : /_seconds(?!_count|_bucket)/.test(side) ? 'seconds' : /_(total|count)\b/.test(side) ? 'count' : '';
}
