// Completion for LogQL: names and values from the server with how many lines have them, words of the language with what
// they do.

import type { Completion, CompletionContext, CompletionResult, CompletionSource } from '@codemirror/autocomplete';
import type { EditorView } from '@codemirror/view';
import { detectedFields, fieldValues, labelNames, labelValues, queryLogsAt, type DetectedField } from '../../../api/logs';
import { situationAt, valueText, type Situation } from '../../../lib/logs/complete';
import { CONVERSIONS, FUNCTIONS, PIPES, RANGES, STAGES, type Word } from '../../../lib/logs/words';
import type { ResolvedRange } from '../../../lib/timerange';
import { formatValue } from '../../../lib/units';

/** Counts are a kindness: without them after so long, values are offered as they are. */
const COUNTS_MS = 700;
/** Values whose lines are counted. */
const COUNTED_MAX = 200;
const KEPT_MS = 30_000;
const KEPT_MAX = 100;

/** Answers of the last moments: completion asks at every key. */
const kept = new Map<string, { at: number; answer: Promise<unknown> }>();

function once<T>(key: string, ask: () => Promise<T>): Promise<T> {
  const now = Date.now();
  const known = kept.get(key);
  if (known !== undefined && now - known.at < KEPT_MS) return known.answer as Promise<T>;
  const answer = ask();
  kept.set(key, { at: now, answer });
  answer.catch(() => kept.delete(key));
  if (kept.size > KEPT_MAX) kept.delete(kept.keys().next().value ?? '');
  return answer;
}

function within<T>(ms: number, work: Promise<T>, otherwise: T): Promise<T> {
  return Promise.race([work.catch(() => otherwise), new Promise<T>((resolve) => setTimeout(() => resolve(otherwise), ms))]);
}

/** How many lines each value of a label has. */
async function countsOf(label: string, selector: string, range: ResolvedRange): Promise<Map<string, number>> {
  const seconds = Math.max(Math.ceil(range.end - range.start), 1);
  const streams = selector === '' ? `{${label}=~".+"}` : selector;
  const { data } = await queryLogsAt(`sum by (${label}) (count_over_time(${streams} [${seconds}s]))`, range.end);
  return new Map(data.map(({ metric, value }) => [metric[label] ?? '', Number(value[1])]));
}

function put(text: string) {
  return (view: EditorView, _completion: Completion, from: number, to: number) => {
    const at = text.indexOf('§');
    view.dispatch({ changes: { from, to, insert: text.replace('§', '') }, selection: { anchor: from + (at < 0 ? text.length : at) }, userEvent: 'input.complete' });
  };
}

function wordOption({ label, detail, info, insert }: Word, boost = 0): Completion {
  return { label, detail, info, type: 'keyword', boost, ...(insert === undefined ? {} : { apply: put(insert) }) };
}

/** A value closes its quotation where the text behind does not. */
function valueOption(value: string, count: number | undefined, quoted: boolean, closed: boolean): Completion {
  const text = valueText(value, quoted);
  return {
    label: value === '' ? '""' : value,
    type: 'constant',
    ...(count === undefined ? {} : { detail: `${formatValue(count, 'short')} lines` }),
    apply: put(quoted && !closed ? `${text}"` : text),
    boost: count === undefined ? 0 : Math.min(Math.log10(count + 1) * 10, 90),
  };
}

async function labels(situation: Extract<Situation, { kind: 'label' }>, range: ResolvedRange): Promise<Completion[]> {
  const names = await once(`labels ${situation.selector} ${Math.floor(range.start / 60)}`, () => labelNames(situation.selector, range));
  return names.map((name) => ({ label: name, type: 'property', apply: put(`${name}="§"`), info: 'A label of the streams.' }));
}

async function values(situation: Extract<Situation, { kind: 'value' }>, range: ResolvedRange, closed: boolean): Promise<Completion[]> {
  const { label, selector, quoted } = situation;
  const key = `${label} ${selector} ${Math.floor(range.start / 60)}`;
  const list = await once(`values ${key}`, () => labelValues(label, selector, range));
  const counts = list.length > COUNTED_MAX ? new Map<string, number>() : await within(COUNTS_MS, once(`counts ${key}`, () => countsOf(label, selector, range)), new Map<string, number>());
  return list.map((value) => valueOption(value, counts.get(value), quoted, closed));
}

function fieldOption(field: DetectedField, insert: string): Completion {
  const parser = field.parsers?.[0];
  return {
    label: field.label,
    type: 'variable',
    detail: `${field.type}, ${formatValue(field.cardinality, 'short')} values`,
    info: parser === undefined ? 'Known of the lines without a parser.' : `Found in the lines by ${parser}: put | ${parser} before it.`,
    apply: put(insert.replace('NAME', field.label)),
  };
}

function fieldsFor(query: string, range: ResolvedRange): Promise<DetectedField[]> {
  return query === '' ? Promise.resolve([]) : once(`fields ${query} ${Math.floor(range.start / 60)}`, () => detectedFields(query, range));
}

async function options(situation: Situation, range: ResolvedRange, closed: boolean): Promise<Completion[]> {
  switch (situation.kind) {
    case 'start':
      return FUNCTIONS.map((word) => wordOption(word));
    case 'label':
      return labels(situation, range);
    case 'value':
      return values(situation, range, closed);
    case 'pipe':
      return PIPES.map((word, at) => wordOption(word, 20 - at));
    case 'stage': {
      const fields = await within(1500, fieldsFor(situation.query, range), []);
      return [...STAGES.map((word) => wordOption(word, 20)), ...fields.map((field) => fieldOption(field, field.type === 'int' || field.type === 'float' || field.type === 'duration' || field.type === 'bytes' ? 'NAME §' : 'NAME="§"'))];
    }
    case 'unwrap': {
      const fields = await within(1500, fieldsFor(situation.query, range), []);
      return [...CONVERSIONS.map((word) => wordOption(word)), ...fields.filter(({ type }) => type !== 'string' && type !== 'boolean').map((field) => fieldOption(field, field.type === 'duration' || field.type === 'bytes' ? `${field.type}(NAME)` : 'NAME'))];
    }
    case 'field': {
      const [names, fields] = await Promise.all([
        within(1500, once(`labels  ${Math.floor(range.start / 60)}`, () => labelNames('', range)), []),
        within(1500, fieldsFor(situation.query, range), []),
      ]);
      return [...names.map((name): Completion => ({ label: name, type: 'property', info: 'A label of the streams.' })), ...fields.filter(({ label }) => !names.includes(label)).map((field) => fieldOption(field, 'NAME'))];
    }
    case 'fieldValue': {
      const found = await within(1500, once(`field values ${situation.label} ${situation.query}`, () => fieldValues(situation.label, situation.query, range, 50)), []);
      return found.map(({ value, count }) => valueOption(value, count, situation.quoted, closed));
    }
    case 'range':
      return RANGES.map((label) => ({ label, type: 'constant' }));
    case 'none':
      return [];
  }
}

export function completeLogql(rangeOf: () => ResolvedRange): CompletionSource {
  return async (context: CompletionContext): Promise<CompletionResult | null> => {
    const before = context.state.sliceDoc(0, context.pos);
    const after = context.state.sliceDoc(context.pos);
    const situation = situationAt(before, after);
    if (situation.kind === 'none') return null;
    const from = situation.kind === 'start' ? context.pos - (/[\w{]*$/.exec(before)?.[0].length ?? 0) : situation.from;
    // Nothing typed and nothing asked for: the list would only be in the way.
    if (!context.explicit && (situation.kind === 'start' || situation.kind === 'pipe') && from === context.pos) return null;
    try {
      const list = await options(situation, rangeOf(), /^["`]/.test(after));
      return list.length === 0 ? null : { from, options: list, validFor: situation.kind === 'value' || situation.kind === 'fieldValue' ? /^[^"`]*$/ : /^[\w.]*$/ };
    } catch {
      // Completion that fails is no completion; the query itself will say what is wrong.
      return null;
    }
  };
}
