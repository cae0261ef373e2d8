// What can be written at a place of a LogQL query. The text before the place decides; it need not be whole or right.

import { quote } from '../series';

export type Situation =
  | { kind: 'start' }
  /** A label's name in a selector; `others` are the matchers that are already there. */
  | { kind: 'label'; from: number; selector: string }
  /** A label's value in a selector. */
  | { kind: 'value'; from: number; label: string; selector: string; quoted: boolean }
  /** Behind a selector or a stage: what may follow. */
  | { kind: 'pipe'; from: number }
  /** Behind `|`: a stage, or a field to compare. */
  | { kind: 'stage'; from: number; query: string }
  /** A field's name alone. */
  | { kind: 'field'; from: number; query: string }
  /** A field's value in a label filter. */
  | { kind: 'fieldValue'; from: number; label: string; query: string; quoted: boolean }
  | { kind: 'unwrap'; from: number; query: string }
  | { kind: 'range'; from: number }
  | { kind: 'none' };

interface Open {
  mark: string;
  at: number;
}

interface Scan {
  /** Brackets that are open at the place, outermost first. */
  open: Open[];
  /** Where the string begins that the place is in; -1 outside. */
  string: number;
  comment: boolean;
  /** Where the last stage's `|` is; -1 before the first. */
  pipe: number;
  /** Where the last closed selector begins and ends; -1 before one. */
  selectorFrom: number;
  selectorTo: number;
}

function scan(text: string): Scan {
  const out: Scan = { open: [], string: -1, comment: false, pipe: -1, selectorFrom: -1, selectorTo: -1 };
  let mark = '';
  for (let i = 0; i < text.length; i += 1) {
    const c = text[i] ?? '';
    if (out.comment) {
      out.comment = c !== '\n';
    } else if (out.string >= 0) {
      if (c === '\\' && mark === '"') i += 1;
      else if (c === mark) out.string = -1;
    } else if (c === '"' || c === '`') {
      out.string = i;
      mark = c;
    } else if (c === '#') out.comment = true;
    else if (c === '{' || c === '(' || c === '[') {
      out.open.push({ mark: c, at: i });
      if (c === '{') out.pipe = -1;
    } else if (c === '}' || c === ')' || c === ']') {
      const opened = out.open.pop();
      if (c === '}' && opened !== undefined) {
        out.selectorFrom = opened.at;
        out.selectorTo = i + 1;
      }
      // A stage ends with the parenthesis that its query stands in.
      if (c === ')' && opened !== undefined && opened.at < out.selectorFrom) {
        out.pipe = -1;
        out.selectorTo = -1;
      }
    } else if (c === '|' || (c === '!' && out.open.at(-1)?.mark !== '{')) out.pipe = c === '|' ? i : out.pipe;
  }
  return out;
}

const WORD = /[A-Za-z_][\w.]*$/;

function wordFrom(text: string): number {
  return text.length - (WORD.exec(text)?.[0].length ?? 0);
}

/** A selector of the matchers before `at`, so that only values are offered that go with them; empty when there is none. */
function othersOf(inside: string, skip: string): string {
  const matchers = [...inside.matchAll(/([A-Za-z_][\w.]*)\s*(=~|!~|!=|=)\s*("(?:[^"\\]|\\.)*"|`[^`]*`)/g)].filter(([, name]) => name !== skip);
  const positive = matchers.some(([, , op]) => op === '=' || op === '=~');
  return positive ? `{${matchers.map(([text]) => text).join(', ')}}` : '';
}

function inSelector(before: string, open: number, string: number, after: string): Situation {
  const inside = before.slice(open + 1);
  const rest = /^[^}]*/.exec(after)?.[0] ?? '';
  if (string >= 0) {
    const name = /([A-Za-z_][\w.]*)\s*(?:=~|!~|!=|=)\s*$/.exec(before.slice(0, string))?.[1];
    // What is behind begins within this value: it goes up to the quotation mark.
    const behind = rest.replace(/^[^"`]*["`]/, '');
    return name === undefined ? { kind: 'none' } : { kind: 'value', from: string + 1, label: name, selector: othersOf(`${before.slice(open + 1, string)} ${behind}`, name), quoted: true };
  }
  const unquoted = /([A-Za-z_][\w.]*)\s*(?:=~|!~|!=|=)\s*$/.exec(inside);
  if (unquoted !== null) return { kind: 'value', from: before.length, label: unquoted[1] ?? '', selector: othersOf(`${inside} ${rest}`, unquoted[1] ?? ''), quoted: false };
  if (/(^|,)\s*[\w.]*$/.test(inside)) return { kind: 'label', from: wordFrom(before), selector: othersOf(`${inside} ${rest}`, '') };
  return { kind: 'none' };
}

function inStage(before: string, pipe: number, selectorFrom: number, string: number): Situation {
  const stage = before.slice(pipe);
  const query = before.slice(selectorFrom, pipe).trim();
  if (/^\|[=~>]/.test(stage)) return string >= 0 ? { kind: 'none' } : afterStage(before, stage.slice(2));
  if (string >= 0) {
    const name = /([A-Za-z_][\w.]*)\s*(?:=~|!~|!=|==|=)\s*$/.exec(before.slice(0, string))?.[1];
    const word = /^\|\s*([a-z_]+)\b/.exec(stage)?.[1] ?? '';
    const format = ['line_format', 'label_format', 'json', 'logfmt', 'pattern', 'regexp'].includes(word);
    return name === undefined || format ? { kind: 'none' } : { kind: 'fieldValue', from: string + 1, label: name, query, quoted: true };
  }
  if (/^\|\s*[A-Za-z_]*$/.test(stage)) return { kind: 'stage', from: wordFrom(before), query };
  if (/^\|\s*unwrap\s+(?:[a-z_]+\(\s*)?[\w.]*$/.test(stage)) return { kind: 'unwrap', from: wordFrom(before), query };
  if (/^\|\s*(?:drop|keep)\s+(?:[\w.]+\s*,\s*)*[\w.]*$/.test(stage)) return { kind: 'field', from: wordFrom(before), query };
  if (/\b(?:and|or)\s+[\w.]*$/.test(stage) || /^\|.*,\s*[\w.]*$/.test(stage)) return { kind: 'field', from: wordFrom(before), query };
  const compared = /([A-Za-z_][\w.]*)\s*(?:=~|!~|!=|==|=)\s*$/.exec(stage);
  if (compared !== null) return { kind: 'fieldValue', from: before.length, label: compared[1] ?? '', query, quoted: false };
  return afterStage(before, stage);
}

function afterStage(before: string, stage: string): Situation {
  return /\s$/.test(stage) ? { kind: 'pipe', from: before.length } : { kind: 'none' };
}

/** What can be written between `before` and `after`. */
export function situationAt(before: string, after = ''): Situation {
  const found = scan(before);
  if (found.comment) return { kind: 'none' };
  const inner = found.open.at(-1);
  if (inner?.mark === '[') return { kind: 'range', from: inner.at + 1 };
  if (inner?.mark === '{') return inSelector(before, inner.at, found.string, after);
  const grouping = inner?.mark === '(' && /\b(?:by|without)\s*$/.test(before.slice(0, inner.at));
  if (grouping) return { kind: 'field', from: wordFrom(before), query: /\{[^}]*\}/.exec(before + after)?.[0] ?? '' };
  if (found.pipe >= found.selectorTo && found.selectorTo >= 0 && found.pipe >= 0) return inStage(before, found.pipe, found.selectorFrom, found.string);
  if (found.string >= 0) return { kind: 'none' };
  if (found.selectorTo >= 0) return /^\s*$/.test(before.slice(found.selectorTo)) ? { kind: 'pipe', from: before.length } : { kind: 'none' };
  return { kind: 'start' };
}

/** A value as it is put in: with its quotes where none are open yet. */
export function valueText(value: string, quoted: boolean): string {
  const text = quote(value);
  return quoted ? text.slice(1, -1) : text;
}
