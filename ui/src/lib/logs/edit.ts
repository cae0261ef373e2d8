// Small edits of a LogQL query that asks for lines: a matcher in its selector, a stage behind it. The text is cut where
// strings and comments allow; whatever cannot be cut this way is left alone, and the server says what is wrong with it.

import { quote } from '../series';

export interface Piece {
  from: number;
  to: number;
  text: string;
}

export interface Matcher extends Piece {
  name: string;
  op: string;
  value: string;
}

export interface Stage extends Piece {
  /** `line` for `|=` and its kin; the word behind `|` for the others. */
  kind: string;
}

export interface Anatomy {
  selector: Piece;
  matchers: Matcher[];
  stages: Stage[];
}

export type Op = '=' | '!=';

/** Where the string that begins at `at` ends; the end of the text when it does not. */
function stringEnd(text: string, at: number): number {
  const mark = text[at];
  for (let i = at + 1; i < text.length; i += 1) {
    if (text[i] === '\\' && mark === '"') i += 1;
    else if (text[i] === mark) return i + 1;
  }
  return text.length;
}

/** The first place from `at` on, outside of strings and comments, where `stop` says so. */
function find(text: string, at: number, stop: (i: number) => boolean): number {
  let i = at;
  while (i < text.length) {
    const c = text[i];
    if (c === '"' || c === '`') i = stringEnd(text, i);
    else if (c === '#') {
      const end = text.indexOf('\n', i);
      i = end < 0 ? text.length : end;
    } else if (stop(i)) return i;
    else i += 1;
  }
  return text.length;
}

/** The text of a quoted string. */
export function unquote(text: string): string {
  if (text.startsWith('`')) return text.slice(1, -1);
  try {
    return JSON.parse(text) as string;
  } catch {
    return text.slice(1, -1);
  }
}

/** Whether a query asks for lines, not for numbers. */
export function asksForLines(query: string): boolean {
  return query.replace(/^(\s|#[^\n]*\n|\()+/, '').startsWith('{');
}

/** Without the parentheses around all of it: `({app="a"})` takes no condition behind it. */
export function bare(query: string): string {
  let text = query.trim();
  while (text.startsWith('(') && text.endsWith(')')) text = text.slice(1, -1).trim();
  return text;
}

function matchersOf(query: string, from: number, to: number): Matcher[] {
  const out: Matcher[] = [];
  let at = from;
  while (at < to) {
    const end = find(query, at, (i) => query[i] === ',' || i >= to);
    const raw = query.slice(at, Math.min(end, to));
    const match = /^(\s*)([A-Za-z_][\w.]*)\s*(=~|!~|!=|=)\s*("(?:[^"\\]|\\.)*"|`[^`]*`)\s*$/s.exec(raw);
    if (match !== null) {
      const [, space = '', name = '', op = '', value = ''] = match;
      out.push({ from: at + space.length, to: at + raw.trimEnd().length, text: raw.trim(), name, op, value: unquote(value) });
    }
    at = end + 1;
  }
  return out;
}

function stagesOf(query: string, from: number): Stage[] {
  const out: Stage[] = [];
  let at = find(query, from, (i) => query[i] === '|' || query[i] === '!');
  while (at < query.length) {
    const line = /^(\|=|\|~|\|>|!=|!~|!>)/.test(query.slice(at, at + 2));
    // In a stage with a word, != belongs to a comparison; behind a line filter it begins the next one.
    const next = find(query, at + (line ? 2 : 1), (i) => query[i] === '|' || (line && query[i] === '!'));
    const text = query.slice(at, next).trimEnd();
    out.push({ from: at, to: at + text.length, text, kind: line ? 'line' : (/^\|\s*([A-Za-z_]\w*)/.exec(text)?.[1] ?? '') });
    at = next;
  }
  return out;
}

/** The pieces of a query for lines; null for other queries. */
export function anatomy(query: string): Anatomy | null {
  if (!asksForLines(query)) return null;
  const open = find(query, 0, (i) => query[i] === '{');
  const close = find(query, open, (i) => query[i] === '}');
  if (close >= query.length) return null;
  return {
    selector: { from: open, to: close + 1, text: query.slice(open, close + 1) },
    matchers: matchersOf(query, open + 1, close),
    stages: stagesOf(query, close + 1),
  };
}

export function hasStage(query: string, kind: string): boolean {
  return anatomy(query)?.stages.some((stage) => stage.kind === kind) ?? false;
}

/** Whether any stage takes lines apart, so that labels of the answer may be its doing. */
export function hasParser(query: string): boolean {
  return anatomy(query)?.stages.some(({ kind }) => ['json', 'logfmt', 'regexp', 'pattern', 'unpack'].includes(kind)) ?? false;
}

function without(query: string, piece: Piece): string {
  return (query.slice(0, piece.from).trimEnd() + query.slice(piece.to)).trim();
}

/** The query with one more condition on the labels of streams; given again, it is taken back. */
export function withMatcher(query: string, name: string, op: Op, value: string): string {
  const text = bare(query);
  const parts = anatomy(text);
  if (parts === null) return query;
  const rest = parts.matchers.filter((one) => one.name === name && (one.op === '=' || one.value === value));
  const same = rest.find((one) => one.op === op && one.value === value);
  const put = (matchers: string[]) => `${text.slice(0, parts.selector.from)}{${matchers.join(', ')}}${text.slice(parts.selector.to)}`;
  const texts = parts.matchers.map((one) => one.text);
  if (same !== undefined) {
    // The last condition stays: an empty selector is refused.
    return parts.matchers.length === 1 ? query : put(parts.matchers.filter((one) => one !== same).map((one) => one.text));
  }
  const kept = parts.matchers.filter((one) => !rest.includes(one) || (op === '!=' && one.value !== value)).map((one) => one.text);
  const added = `${name}${op}${quote(value)}`;
  if (op === '!=' && rest.some((one) => one.op === '=' && one.value === value) && kept.length === 0) return put([added, `${name}=~".+"`]);
  return put(texts.length === 0 ? [added] : [...kept, added]);
}

/** What finds a field in lines that no stage has looked at; lines of one stream may be of both kinds. */
export type Parser = '' | 'json' | 'logfmt' | 'both';

/** The query with the stages of a parser behind it, unless they are there. */
function withParser(query: string, parser: Parser): string {
  const wanted = parser === 'both' ? ['json', 'logfmt'] : parser === '' ? [] : [parser];
  return wanted.reduce((text, kind) => (hasStage(text, kind) ? text : `${text} | ${kind}`), query);
}

/** The query with one more condition behind it; given again, it is taken back. The parser is put before it when it is not there. */
export function withFilter(query: string, name: string, op: Op, value: string, parser: Parser = ''): string {
  const filter = `| ${name}${op}${quote(value)}`;
  const opposite = `| ${name}${op === '=' ? '!=' : '='}${quote(value)}`;
  let text = bare(query);
  const same = anatomy(text)?.stages.find((stage) => stage.text === filter);
  if (same !== undefined) return without(text, same);
  const other = anatomy(text)?.stages.find((stage) => stage.text === opposite);
  if (other !== undefined) text = without(text, other);
  return `${withParser(text, parser)} ${filter}`;
}

/** The query with a line filter (or a pattern filter) behind its last one; given again, it is taken back. */
export function withLineFilter(query: string, op: '|=' | '!=' | '|>' | '!>', value: string): string {
  const text = bare(query);
  const parts = anatomy(text);
  if (parts === null) return query;
  const filter = `${op} ${value.includes('`') ? quote(value) : `\`${value}\``}`;
  const same = parts.stages.find((stage) => stage.text === filter);
  if (same !== undefined) return without(text, same);
  const lines = parts.stages.filter(({ kind }, at) => kind === 'line' && parts.stages.slice(0, at).every((one) => one.kind === 'line'));
  const at = lines.at(-1)?.to ?? parts.selector.to;
  return `${text.slice(0, at)} ${filter}${text.slice(at)}`.trim();
}

/** Takes a matcher or a stage out. */
export function withoutPiece(query: string, piece: Piece): string {
  const parts = anatomy(query);
  if (parts === null) return query;
  const matcher = parts.matchers.find(({ from }) => from === piece.from);
  if (matcher === undefined) return without(query, piece);
  if (parts.matchers.length === 1) return query;
  const left = parts.matchers.filter((one) => one !== matcher).map((one) => one.text);
  return `${query.slice(0, parts.selector.from)}{${left.join(', ')}}${query.slice(parts.selector.to)}`;
}

/** What the query's line filters look for, to be marked in the lines. */
export function needlesOf(query: string): RegExp[] {
  const out: RegExp[] = [];
  for (const stage of anatomy(query)?.stages ?? []) {
    if (stage.kind !== 'line' || !/^\|[=~]/.test(stage.text)) continue;
    for (const [text] of stage.text.matchAll(/"(?:[^"\\]|\\.)*"|`[^`]*`/g)) {
      const needle = unquote(text);
      const made = needle === '' ? null : stage.text.startsWith('|=') ? literal(needle) : regex(needle);
      if (made !== null) out.push(made);
    }
  }
  return out;
}

/** A text to look for, as it stands. */
export function literal(text: string, flags = 'g'): RegExp {
  return new RegExp(text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'), flags);
}

/** The server's expressions are RE2; most are the browser's too, and one that is not is not marked. */
function regex(text: string): RegExp | null {
  const flags = /^\(\?([a-z]*)\)/.exec(text);
  try {
    return new RegExp(text.slice(flags?.[0].length ?? 0), `g${flags?.[1]?.includes('i') === true ? 'i' : ''}${flags?.[1]?.includes('s') === true ? 's' : ''}`);
  } catch {
    return null;
  }
}

/** What counts lines in steps by a label, for a query that asks for lines. The parser finds the label when no stage does. */
export function volumeQuery(query: string, stepSeconds: number, by: string, parser: Parser = ''): string {
  const stages = withParser(bare(query), parser);
  // A line that a parser cannot read is a line all the same; as an error it would end the whole count.
  const counted = hasParser(stages) ? `${stages} | drop __error__, __error_details__` : stages;
  return `sum by (${by}) (count_over_time(${counted} [${stepSeconds}s]))`;
}

/** Only the selector of a query and its line filters: what patterns are found for. */
export function linesOnly(query: string): string {
  const text = bare(query);
  const parts = anatomy(text);
  if (parts === null) return text;
  const first = parts.stages.findIndex(({ kind }) => kind !== 'line');
  return first < 0 ? text : text.slice(0, parts.stages[first]?.from).trim();
}

export function selectorOf(query: string): string {
  return anatomy(query)?.selector.text ?? /\{[^}]*\}/.exec(query)?.[0] ?? '';
}

/** Whether a text is words to look for, not a query: it has none of the marks that every query has. */
export function isWords(text: string): boolean {
  return text.trim() !== '' && !/[{}()[\]|=]/.test(text) && !/^\s*-?[\d.]+\s*$/.test(text);
}

/** A query for lines of the same streams with all these words (what stands in quotation marks is one), whatever their case. */
export function fromWords(text: string, selector: string): string {
  const words = [...text.matchAll(/"([^"]+)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');
  const filters = words.map((word) => `|~ \`(?i)${word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/`/g, '.')}\``);
  return [selector, ...filters].join(' ');
}
