// What the explorer shows, as URL parameters. Queries are repeated `q`; each has an `o` with its options at the same place.

import { parseDuration, printDuration } from './duration';
import { absoluteRange } from './timerange';
import { UNIT_NAMES, type Unit } from './units';

export type Tab = 'graph' | 'table' | 'explain';

export interface ExploreQuery {
  expr: string;
  tab: Tab;
  /** `auto`, or a duration as typed. */
  step: string;
  stacked: boolean;
  unit: Unit | 'auto';
  /** Instant of the table as typed; empty for the end of the range. */
  at: string;
}

export function newQuery(expr = ''): ExploreQuery {
  return { expr, tab: 'graph', step: 'auto', stacked: false, unit: 'auto', at: '' };
}

const TABS: readonly Tab[] = ['graph', 'table', 'explain'];

function printOptions(query: ExploreQuery): string {
  const out: string[] = [query.tab];
  if (query.step !== 'auto') out.push(`step=${query.step}`);
  if (query.stacked) out.push('stacked');
  if (query.unit !== 'auto') out.push(`unit=${query.unit}`);
  if (query.at !== '') out.push(`at=${query.at}`);
  return out.join(';');
}

function parseOptions(expr: string, text: string): ExploreQuery {
  const query = newQuery(expr);
  for (const option of text.split(';')) {
    const [name = '', value = ''] = option.split(/=(.*)/s);
    const tab = TABS.find((one) => one === name);
    if (tab !== undefined) query.tab = tab;
    else if (name === 'stacked') query.stacked = true;
    else if (name === 'step' && parseDuration(value) !== null) query.step = value;
    else if (name === 'at') query.at = value;
    else if (name === 'unit') query.unit = UNIT_NAMES.find(([unit]) => unit === value)?.[0] ?? 'auto';
  }
  return query;
}

export function readQueries(params: URLSearchParams): ExploreQuery[] {
  const options = params.getAll('o');
  const queries = params.getAll('q').map((expr, index) => parseOptions(expr, options[index] ?? ''));
  return queries.length === 0 ? [newQuery()] : queries;
}

/** Replaces the queries in the parameters; everything else (range, refresh, columns) stays. */
export function writeQueries(params: URLSearchParams, queries: readonly ExploreQuery[]): URLSearchParams {
  const out = new URLSearchParams(params);
  out.delete('q');
  out.delete('o');
  const plain = queries.every((query) => printOptions(query) === 'graph');
  for (const query of queries) {
    out.append('q', query.expr);
    if (!plain) out.append('o', printOptions(query));
  }
  return out;
}

/** Reads `g0.expr=…&g0.tab=…&g0.range_input=1h`, as Prometheus' pages and alert links write it. */
export function fromPrometheusLink(params: URLSearchParams): URLSearchParams {
  const queries: ExploreQuery[] = [];
  let out = new URLSearchParams();
  for (let index = 0; params.has(`g${index}.expr`); index++) {
    const read = (name: string) => params.get(`g${index}.${name}`) ?? '';
    const query = newQuery(read('expr'));
    if (read('tab') === '1' || read('tab') === 'table') query.tab = 'table';
    if (read('tab') === 'explain') query.tab = 'explain';
    query.stacked = read('stacked') === '1' || read('display_mode') === 'stacked';
    const step = parseDuration(read('step_input'));
    if (step !== null && step > 0) query.step = printDuration(step);
    queries.push(query);
    if (index > 0) continue;
    const span = parseDuration(read('range_input'));
    const end = Date.parse(`${(read('end_input') || read('moment_input')).replace(' ', 'T')}Z`);
    if (span !== null && !Number.isNaN(end)) {
      const range = absoluteRange((end - span) / 1000, end / 1000);
      out.set('from', range.from);
      out.set('to', range.to);
    } else if (span !== null) {
      out.set('from', `now-${printDuration(span)}`);
      out.set('to', 'now');
    }
  }
  if (queries.length > 0) out = writeQueries(out, queries);
  return out;
}
