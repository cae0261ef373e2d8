// What of a line is shown: cut where it is long, laid out where it is JSON, cut into pieces where something is marked.

/** Characters of a line that is not opened, on a desk and on a phone. */
export const SHORT_CHARS = 2_000;
export const SHORT_CHARS_NARROW = 500;
/** Lines of a line (a stack trace) that is not opened. */
export const SHORT_LINES = 12;
/** Characters of an opened line; the rest is for the file. */
export const LONG_CHARS = 100_000;
/** Longer JSON is shown as it is: laying it out would take longer than reading it. */
const PRETTY_CHARS_MAX = 200_000;

export interface Cut {
  text: string;
  /** Characters left out. */
  left: number;
}

export function cut(text: string, chars: number, lines: number): Cut {
  let end = Math.min(text.length, chars);
  let at = -1;
  for (let count = 0; count < lines; count += 1) {
    at = text.indexOf('\n', at + 1);
    if (at < 0) break;
  }
  if (at >= 0) end = Math.min(end, at);
  // Half of a pair of surrogates is no character.
  const last = text.charCodeAt(end - 1);
  if (end < text.length && last >= 0xd800 && last <= 0xdbff) end -= 1;
  return { text: text.slice(0, end), left: text.length - end };
}

/** JSON laid out; null when the line is something else. */
export function prettyJson(text: string): string | null {
  const trimmed = text.trim();
  if (trimmed.length > PRETTY_CHARS_MAX || !/^[[{]/.test(trimmed)) return null;
  try {
    return JSON.stringify(JSON.parse(trimmed) as unknown, null, 2);
  } catch {
    return null;
  }
}

export interface JsonPiece {
  text: string;
  kind: 'key' | 'string' | 'number' | 'word' | 'plain';
}

/** Characters of JSON that get colours: more elements than that would cost more than they tell. */
const COLOURED_CHARS_MAX = 20_000;

/** JSON in pieces for colours. */
export function jsonPieces(text: string): JsonPiece[] {
  if (text.length > COLOURED_CHARS_MAX) return [{ text, kind: 'plain' }];
  const out: JsonPiece[] = [];
  let at = 0;
  for (const match of text.matchAll(/("(?:[^"\\]|\\.)*")(?=(\s*:)?)|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|\b(?:true|false|null)\b/g)) {
    if (match.index > at) out.push({ text: text.slice(at, match.index), kind: 'plain' });
    const kind = match[1] !== undefined ? (match[2] !== undefined ? 'key' : 'string') : /^[-\d]/.test(match[0]) ? 'number' : 'word';
    out.push({ text: match[0], kind });
    at = match.index + match[0].length;
  }
  if (at < text.length) out.push({ text: text.slice(at), kind: 'plain' });
  return out;
}

export interface Marked {
  text: string;
  mark: boolean;
}

/** Marks of one text, at most: an expression that matches everywhere marks nothing of use. */
const MARKS_MAX = 500;

/** Cuts a text where one of the expressions (with flag g) matches. */
export function mark(text: string, needles: readonly RegExp[]): Marked[] {
  const spans: [number, number][] = [];
  for (const needle of needles) {
    needle.lastIndex = 0;
    for (const match of text.matchAll(needle)) {
      if (match[0] !== '') spans.push([match.index, match.index + match[0].length]);
      if (spans.length >= MARKS_MAX) break;
    }
  }
  if (spans.length === 0) return [{ text, mark: false }];
  spans.sort((a, b) => a[0] - b[0]);
  const out: Marked[] = [];
  let at = 0;
  for (const [from, to] of spans) {
    if (to <= at) continue;
    if (from > at) out.push({ text: text.slice(at, from), mark: false });
    out.push({ text: text.slice(Math.max(from, at), to), mark: true });
    at = to;
  }
  if (at < text.length) out.push({ text: text.slice(at), mark: false });
  return out;
}
