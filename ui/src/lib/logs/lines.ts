// Lines of logs: from the API's streams to rows.

import type { Labels } from '../series';
import { levelOf, type Level } from './levels';

/** What the server says beside a line when it is asked for labels by where they come from. */
export interface LineExtras {
  structuredMetadata?: Labels;
  parsed?: Labels;
}

export interface StreamResult {
  stream: Labels;
  values: [time: string, line: string, extras?: LineExtras][];
}

export interface Line {
  /** Nanoseconds since 1970, as text: they do not fit a number. */
  time: string;
  ms: number;
  line: string;
  /** The labels of its stream. */
  stream: Labels;
  /** What was sent with the line (structured metadata). */
  meta: Labels;
  /** What stages of the query made. */
  parsed: Labels;
  level: Level;
  /** Names it among all lines, also in an address: its time and a hash of the rest. */
  key: string;
}

const NONE: Labels = {};

/** FNV-1a over UTF-16 units, in base 36: short enough for an address, and collisions need the same nanosecond. */
function hash(text: string, seed: number): number {
  let value = seed;
  for (let at = 0; at < text.length; at += 1) value = Math.imul(value ^ text.charCodeAt(at), 0x01000193);
  return value >>> 0;
}

function hashOfLabels(labels: Labels): number {
  return Object.keys(labels).sort().reduce((sum, name) => hash(`${name}\u0000${labels[name] ?? ''}\u0001`, sum), 0x811c9dc5);
}

export function toLine(stream: Labels, streamHash: number, [time, line, extras]: StreamResult['values'][number]): Line {
  const meta = extras?.structuredMetadata ?? NONE;
  const parsed = extras?.parsed ?? NONE;
  return {
    time,
    // Nanoseconds have nineteen digits in this century; the last six are below a millisecond.
    ms: time.length > 6 ? Number(time.slice(0, -6)) : 0,
    line,
    stream,
    meta,
    parsed,
    level: levelOf(meta, parsed, stream),
    key: `${time}.${hash(line, streamHash).toString(36)}`,
  };
}

function later(a: Line, b: Line): number {
  if (a.time.length !== b.time.length) return b.time.length - a.time.length;
  return a.time < b.time ? 1 : a.time > b.time ? -1 : 0;
}

/** Newest first; lines of the same time keep their order. */
export function linesOf(streams: readonly StreamResult[]): Line[] {
  const lines = streams.flatMap(({ stream, values }) => {
    const streamHash = hashOfLabels(stream);
    return values.map((value) => toLine(stream, streamHash, value));
  });
  return distinct(lines.sort(later));
}

/** Lines that are alike in everything get numbers behind their keys, so that each has its own. */
function distinct(lines: Line[]): Line[] {
  const seen = new Map<string, number>();
  for (const line of lines) {
    const nth = seen.get(line.key) ?? 0;
    seen.set(line.key, nth + 1);
    if (nth > 0) line.key = `${line.key}.${nth}`;
  }
  return lines;
}

/** Puts a further page behind (or before) the lines there are; the border's time may come twice. */
export function joinPages(lines: readonly Line[], more: readonly Line[]): Line[] {
  const have = new Set(lines.map(({ key }) => key));
  return [...lines, ...more.filter(({ key }) => !have.has(key))].sort(later);
}

/** Everything that is known of a line by name; what is nearer to the line hides what is further. */
export function labelsOf({ stream, meta, parsed }: Line): Labels {
  return { ...stream, ...meta, ...parsed };
}

/** Nanoseconds as text, a moment later. */
export function nanosAfter(time: string, nanos = 1n): string {
  return String(BigInt(time) + nanos);
}

/** `2026-12-01 11:24:07.123` by parts, to the millisecond. */
export function millisOf(time: string): string {
  return time.padStart(9, '0').slice(-9, -6);
}
