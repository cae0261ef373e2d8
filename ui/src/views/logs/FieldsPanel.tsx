// Labels of the streams and fields found in the lines: how many values each has, which are most frequent, and what narrows
// the question to one of them.

import { useState } from 'react';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { fieldValues, queryLogsAt, type FieldValue } from '../../api/logs';
import ErrorNote from '../../components/ErrorNote';
import { IconBars, IconChevronDown, IconColumns, IconFilter, IconFilterOff } from '../../components/icons';
import { hasParser } from '../../lib/logs/edit';
import { type ResolvedRange } from '../../lib/timerange';
import { formatValue, grouped } from '../../lib/units';
import { useLogsActions } from './actions';
import { useFields, type Named } from './useFields';

const VALUES = 10;
/** Lines in which the server looks for fields. */
const SAMPLE = 1000;

interface Props {
  query: string;
  range: ResolvedRange;
  columns: readonly string[];
}

/** Counts of a label's values over the whole range; of a field's values in the newest lines. */
async function topValues({ name, source }: Named, query: string, range: ResolvedRange, signal: AbortSignal): Promise<FieldValue[]> {
  if (source !== 'stream') return fieldValues(name, query, range, VALUES, signal);
  const seconds = Math.max(Math.ceil(range.end - range.start), 1);
  const drop = hasParser(query) ? ' | drop __error__, __error_details__' : '';
  const { data } = await queryLogsAt(`topk(${VALUES}, sum by (${name}) (count_over_time(${query}${drop} [${seconds}s])))`, range.end, signal);
  return data.map(({ metric, value }) => ({ value: metric[name] ?? '', count: Number(value[1]) })).sort((a, b) => b.count - a.count);
}

function Values({ field, query, range }: { field: Named; query: string; range: ResolvedRange }) {
  const actions = useLogsActions();
  const { data, error } = useQuery({
    queryKey: ['logs-values', field.name, field.source, query, range.start, range.end],
    queryFn: ({ signal }) => topValues(field, query, range, signal),
    placeholderData: keepPreviousData,
    gcTime: 30_000,
  });
  if (error !== null) return <ErrorNote error={error} />;
  if (data === undefined) return <div className="result-wait" style={{ height: 60 }} aria-label="Counting the values" />;
  const total = data.reduce((sum, { count }) => sum + count, 0);
  return (
    <>
      <ul className="field-values">
        {data.map(({ value, count }) => (
          <li key={value} style={{ '--share': `${(total === 0 ? 0 : count / total) * 100}%` } as React.CSSProperties}>
            <code title={value}>{value === '' ? '(none)' : value}</code>
            <span className="num dim" title={`${grouped(count)} lines`}>{formatValue(count, 'short')}</span>
            <span className="field-tools">
              <button type="button" className="icon-button" aria-label={`Only ${field.name} ${value}`} title="Only lines with this value" onClick={() => actions.filter(field.name, '=', value, field.source)}><IconFilter size={13} aria-hidden /></button>
              <button type="button" className="icon-button" aria-label={`Without ${field.name} ${value}`} title="Only lines without this value" onClick={() => actions.filter(field.name, '!=', value, field.source)}><IconFilterOff size={13} aria-hidden /></button>
            </span>
          </li>
        ))}
      </ul>
      {data.length === 0 && <p className="dim field-note">No line has it.</p>}
      <p className="dim field-note">{field.source === 'stream' ? 'Counted over the whole range.' : `Of the newest ${grouped(SAMPLE)} lines.`}{field.cardinality > data.length && ` ${grouped(field.cardinality)} values in all.`}</p>
    </>
  );
}

function FieldRow({ field, query, range, isColumn }: { field: Named; query: string; range: ResolvedRange; isColumn: boolean }) {
  const actions = useLogsActions();
  const [open, setOpen] = useState(false);
  return (
    <li className={open ? 'field-open' : undefined}>
      <div className="field-row">
        <button type="button" className="field-name" aria-expanded={open} onClick={() => setOpen(!open)}>
          <IconChevronDown size={13} aria-hidden />
          <span title={field.name}>{field.name}</span>
          <i className="dim">{field.kind}</i>
        </button>
        <span className="num dim" title={`${grouped(field.cardinality)} distinct values`}>{formatValue(field.cardinality, 'short')}</span>
        <button type="button" className="icon-button" aria-label={`Count by ${field.name}`} title="Count the lines by this" onClick={() => actions.volumeBy(field.name, field.source)}><IconBars size={14} aria-hidden /></button>
        <button type="button" className="icon-button" aria-pressed={isColumn} aria-label={`${field.name} as a column`} title={isColumn ? 'No longer a column of the table' : 'As a column of the table'} onClick={() => actions.toggleColumn(field.name)}><IconColumns size={14} aria-hidden /></button>
      </div>
      {open && <Values field={field} query={query} range={range} />}
    </li>
  );
}

export default function FieldsPanel({ query, range, columns }: Props) {
  const [search, setSearch] = useState('');
  const { named, error, pending } = useFields(query, range);
  const needle = search.trim().toLowerCase();
  const matching = named.filter(({ name }) => name.toLowerCase().includes(needle));
  const groups: [string, Named[]][] = [
    ['Columns', matching.filter(({ name }) => columns.includes(name))],
    ['Labels', matching.filter(({ source, name }) => source === 'stream' && !columns.includes(name))],
    ['Fields', matching.filter(({ source, name }) => source !== 'stream' && !columns.includes(name))],
  ];
  return (
    <aside className="fields-panel" aria-label="Fields">
      <input className="input input-small" placeholder="Search fields" aria-label="Search fields" value={search} onChange={(event) => setSearch(event.currentTarget.value)} />
      {error !== null && named.length === 0 && <p className="dim field-note">The fields cannot be had: {error instanceof Error ? error.message : String(error)}</p>}
      {pending && <div className="result-wait" style={{ height: 120 }} aria-label="Looking for fields" />}
      {groups.map(([title, list]) => list.length > 0 && (
        <section key={title}>
          <h3>{title} <span className="dim num">{list.length}</span></h3>
          <ul>{list.map((field) => <FieldRow key={field.name} field={field} query={query} range={range} isColumn={columns.includes(field.name)} />)}</ul>
        </section>
      ))}
      {!pending && matching.length === 0 && error === null && <p className="dim field-note">{needle === '' ? 'No line, no field.' : 'No field of this name.'}</p>}
    </aside>
  );
}
