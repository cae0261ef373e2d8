// Label matchers as people type them: `severity="critical"`, `team=~"db|web"`, `env!=prod`.

import { quote, quoteLabel, type Labels } from './series';

export type MatchOp = '=' | '!=' | '=~' | '!~';

export interface LabelMatcher {
  name: string;
  op: MatchOp;
  value: string;
}

export const MATCH_OPS: ReadonlyArray<readonly [MatchOp, string]> = [
  ['=', 'is'],
  ['!=', 'is not'],
  ['=~', 'matches'],
  ['!~', 'does not match'],
];

const ONE = /^\s*("(?:[^"\\]|\\.)*"|[^\s"=!~{},]+)\s*(=~|!~|!=|=)\s*("(?:[^"\\]|\\.)*"|[^",{}\s][^",{}]*?|)\s*$/;

function unquote(text: string): string {
  if (!text.startsWith('"')) return text;
  return text.slice(1, -1).replace(/\\(.)/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped));
}

/** One matcher; null when it is none. */
export function parseMatcher(text: string): LabelMatcher | null {
  const found = ONE.exec(text);
  if (found === null) return null;
  const op = MATCH_OPS.find(([one]) => one === found[2])?.[0];
  return op === undefined ? null : { name: unquote(found[1] ?? ''), op, value: unquote(found[3] ?? '') };
}

export function printMatcher({ name, op, value }: LabelMatcher): string {
  return `${quoteLabel(name)}${op}${quote(value)}`;
}

/** Matchers that mean exactly these labels. */
export function matchersOf(labels: Labels): LabelMatcher[] {
  return Object.keys(labels).sort().map((name) => ({ name, op: '=', value: labels[name] ?? '' }));
}

/** Why it is not one; null when it is. Expressions are checked as the browser's dialect, which contains the server's but for flags. */
export function matcherProblem({ name, op, value }: LabelMatcher): string | null {
  if (name.trim() === '') return 'Name a label';
  if (op !== '=~' && op !== '!~') return null;
  try {
    anchored(value);
    return null;
  } catch {
    return 'Not a regular expression';
  }
}

function anchored(pattern: string): RegExp {
  // Inline flags are RE2's; the browser takes only the common one, as an option.
  const flagged = /^\(\?i\)/.exec(pattern);
  return new RegExp(`^(?:${flagged === null ? pattern : pattern.slice(4)})$`, flagged === null ? 'su' : 'isu');
}

/** Whether a label set passes; a label that is not there is the empty text. */
export function matches(matcher: LabelMatcher, labels: Labels): boolean {
  const value = labels[matcher.name] ?? '';
  switch (matcher.op) {
    case '=':
      return value === matcher.value;
    case '!=':
      return value !== matcher.value;
    case '=~':
    case '!~':
      try {
        return anchored(matcher.value).test(value) === (matcher.op === '=~');
      } catch {
        return false;
      }
  }
}

/** What a search field holds: matchers, and words that must occur anywhere. */
export interface Search {
  matchers: LabelMatcher[];
  words: string[];
}

/** Splits `team=db disk "two words"`: pieces with an operator are matchers, all else is text. Braces and commas are allowed. */
export function parseSearch(text: string): Search {
  const search: Search = { matchers: [], words: [] };
  const pieces = text.match(/[^\s",{}=!~]+(?:=~|!~|!=|=)"(?:[^"\\]|\\.)*"|"(?:[^"\\]|\\.)*"|[^\s,{}"]+/g) ?? [];
  for (const piece of pieces) {
    const matcher = parseMatcher(piece);
    if (matcher !== null && (matcher.value !== '' || /""$/.test(piece))) search.matchers.push(matcher);
    else search.words.push(unquote(piece).toLowerCase());
  }
  return search;
}

export function passes(search: Search, labels: Labels, texts: readonly string[]): boolean {
  if (!search.matchers.every((matcher) => matches(matcher, labels))) return false;
  if (search.words.length === 0) return true;
  const joined = [...texts, ...Object.entries(labels).map(([name, value]) => `${name}=${value}`)].join('\n').toLowerCase();
  return search.words.every((word) => joined.includes(word));
}
