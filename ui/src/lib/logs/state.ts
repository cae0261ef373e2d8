// What the page of logs shows, as URL parameters: a link to it opens the same view.

import type { Parser } from './edit';
import type { Dedup } from './repeats';
import { LEVELS, type Level } from './levels';

export type Tab = 'lines' | 'table' | 'patterns';
export type TimeForm = 'full' | 'clock' | 'relative' | 'none';

export interface Display {
  wrap: boolean;
  colors: boolean;
  pretty: boolean;
  oldest: boolean;
  time: TimeForm;
  dedup: Dedup;
}

export interface Sort {
  column: string;
  down: boolean;
}

export interface LogsState {
  query: string;
  tab: Tab;
  /** The label by which the volume is counted. */
  by: string;
  /** The stage that finds it when the query has none; empty when none is needed. */
  byParser: Parser;
  hidden: ReadonlySet<Level>;
  columns: readonly string[];
  sort: Sort | null;
  display: Display;
  /** The key of a line that is opened and shown. */
  line: string;
  find: string;
  live: boolean;
  /** The list of fields; null: where there is room for it. */
  fields: boolean | null;
}

export const DEFAULT_QUERY = '{service_name=~".+"}';
export const DEFAULT_BY = 'detected_level';
export const DEFAULT_DISPLAY: Display = { wrap: true, colors: true, pretty: false, oldest: false, time: 'full', dedup: 'none' };

const TABS: readonly Tab[] = ['lines', 'table', 'patterns'];
const TIMES: readonly TimeForm[] = ['full', 'clock', 'relative', 'none'];
const DEDUPS: readonly Dedup[] = ['none', 'exact', 'numbers', 'words'];

export function printDisplay(display: Display): string {
  const out: string[] = [];
  if (!display.wrap) out.push('nowrap');
  if (!display.colors) out.push('plain');
  if (display.pretty) out.push('pretty');
  if (display.oldest) out.push('oldest');
  if (display.time !== 'full') out.push(`time=${display.time}`);
  if (display.dedup !== 'none') out.push(`dedup=${display.dedup}`);
  return out.join(';');
}

export function parseDisplay(text: string): Display {
  const display = { ...DEFAULT_DISPLAY };
  for (const option of text.split(';')) {
    const [name = '', value = ''] = option.split('=');
    if (name === 'nowrap') display.wrap = false;
    else if (name === 'plain') display.colors = false;
    else if (name === 'pretty') display.pretty = true;
    else if (name === 'oldest') display.oldest = true;
    else if (name === 'time') display.time = TIMES.find((one) => one === value) ?? 'full';
    else if (name === 'dedup') display.dedup = DEDUPS.find((one) => one === value) ?? 'none';
  }
  return display;
}

export function readLogs(params: URLSearchParams): LogsState {
  const sort = params.get('sort') ?? '';
  const hidden = (params.get('hide') ?? '').split(',');
  return {
    query: params.get('q') ?? DEFAULT_QUERY,
    tab: TABS.find((one) => one === params.get('tab')) ?? 'lines',
    by: (params.get('by') ?? DEFAULT_BY).split(':')[0] || DEFAULT_BY,
    byParser: (['json', 'logfmt', 'both'] as const).find((one) => params.get('by')?.endsWith(`:${one}`)) ?? '',
    hidden: new Set(LEVELS.filter((level) => hidden.includes(level === '' ? 'none' : level))),
    columns: params.getAll('col'),
    sort: sort === '' ? null : { column: sort.replace(/^-/, ''), down: sort.startsWith('-') },
    display: parseDisplay(params.get('d') ?? ''),
    line: params.get('line') ?? '',
    find: params.get('find') ?? '',
    live: params.get('live') === '1',
    fields: params.get('fields') === null ? null : params.get('fields') !== '0',
  };
}

/** The parameters that a part of the state becomes; null removes one. */
export function logsParams(part: Partial<LogsState>): Record<string, string | readonly string[] | null> {
  const out: Record<string, string | readonly string[] | null> = {};
  if (part.query !== undefined) out['q'] = part.query;
  if (part.tab !== undefined) out['tab'] = part.tab === 'lines' ? null : part.tab;
  if (part.by !== undefined) out['by'] = part.by === DEFAULT_BY ? null : (part.byParser ?? '') === '' ? part.by : `${part.by}:${part.byParser}`;
  if (part.hidden !== undefined) out['hide'] = [...part.hidden].map((level) => (level === '' ? 'none' : level)).join(',');
  if (part.columns !== undefined) out['col'] = part.columns;
  if (part.sort !== undefined) out['sort'] = part.sort === null ? null : `${part.sort.down ? '-' : ''}${part.sort.column}`;
  if (part.display !== undefined) out['d'] = printDisplay(part.display);
  if (part.line !== undefined) out['line'] = part.line;
  if (part.find !== undefined) out['find'] = part.find;
  if (part.live !== undefined) out['live'] = part.live ? '1' : null;
  if (part.fields !== undefined) out['fields'] = part.fields === null ? null : part.fields ? '1' : '0';
  return out;
}
