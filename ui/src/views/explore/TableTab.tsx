// A query at one instant: the end of the range, or a time of its own.

import { useMemo, useState } from 'react';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { queryInstant, type InstantResult } from '../../api/query';
import { useTime } from '../../app/time';
import EmptyState from '../../components/EmptyState';
import ErrorNote from '../../components/ErrorNote';
import type { ExploreQuery } from '../../lib/explore-url';
import { parseSample } from '../../lib/samples';
import { seriesName, type Labels } from '../../lib/series';
import { formatTime, parseInstant } from '../../lib/timerange';
import { exact, formatValue, grouped, guessUnit } from '../../lib/units';
import StatsLine from './StatsLine';

const PAGE = 250;
/** With more labels than this, a column per label is wider than any screen. */
const LABEL_COLUMNS_MAX = 7;

interface Row {
  labels: Labels;
  /** For sorting. */
  value: number;
  text: string;
  hint: string;
}

function rowsOf(result: InstantResult, unit: ReturnType<typeof guessUnit>): Row[] {
  const number = (labels: Labels, text: string): Row => {
    const value = parseSample(text);
    return { labels, value, text: Number.isFinite(value) ? exact(value) : text, hint: unit === 'short' || unit === 'none' ? '' : formatValue(value, unit) };
  };
  switch (result.resultType) {
    case 'vector':
      return result.result.map(({ metric, value, histogram }) =>
        value !== undefined
          ? number(metric, value[1])
          : { labels: metric, value: Number(histogram?.[1].count), text: `histogram: count ${histogram?.[1].count ?? '?'}, sum ${histogram?.[1].sum ?? '?'}`, hint: '' },
      );
    case 'matrix':
      return result.result.map(({ metric, values }) => {
        const last = values?.at(-1);
        return { labels: metric, value: Number(last?.[1]), text: `${grouped(values?.length ?? 0)} samples`, hint: last === undefined ? '' : `last ${last[1]}` };
      });
    case 'scalar':
      return [number({}, result.result[1])];
    case 'string':
      return [{ labels: {}, value: 0, text: result.result[1], hint: '' }];
  }
}

export default function TableTab({ query, onAt }: { query: ExploreQuery; onAt(at: string): void }) {
  const { resolved, nowMs, zone } = useTime();
  const [filter, setFilter] = useState('');
  const [shown, setShown] = useState(PAGE);
  const [sort, setSort] = useState<{ by: string; down: boolean } | null>(null);
  const [atText, setAtText] = useState(query.at);
  const chosen = query.at === '' ? null : parseInstant(query.at, nowMs);
  const time = chosen ?? resolved.end;
  const { expr } = query;
  const unit = query.unit === 'auto' ? guessUnit(expr) : query.unit;
  const { data, error, isPlaceholderData } = useQuery({
    queryKey: ['explore-instant', expr, time],
    queryFn: ({ signal }) => queryInstant(expr, time, signal, { stats: true }),
    placeholderData: keepPreviousData,
    gcTime: 30_000,
  });
  const rows = useMemo(() => (data === undefined ? [] : rowsOf(data.data, unit)), [data, unit]);
  const labels = useMemo(() => [...new Set(rows.flatMap((row) => Object.keys(row.labels)))].sort((a, b) => (a === '__name__' ? -1 : b === '__name__' ? 1 : a.localeCompare(b))), [rows]);
  const columns = labels.length <= LABEL_COLUMNS_MAX ? labels : null;
  const listed = useMemo(() => {
    const needle = filter.trim().toLowerCase();
    const kept = needle === '' ? [...rows] : rows.filter((row) => seriesName(row.labels).toLowerCase().includes(needle));
    if (sort === null) return kept;
    const sign = sort.down ? -1 : 1;
    const text = (row: Row) => (columns === null ? seriesName(row.labels) : (row.labels[sort.by] ?? ''));
    return kept.sort((a, b) => sign * (sort.by === '' ? a.value - b.value : text(a).localeCompare(text(b), undefined, { numeric: true })));
  }, [rows, filter, sort, columns]);

  const sortable = (by: string, text: string, numeric = false) => (
    <th key={by} className={numeric ? 'num' : undefined} aria-sort={sort?.by === by ? (sort.down ? 'descending' : 'ascending') : 'none'}>
      <button type="button" className="th-button" onClick={() => setSort(sort?.by === by ? { by, down: !sort.down } : { by, down: numeric })}>
        {text}{sort?.by === by && (sort.down ? ' ↓' : ' ↑')}
      </button>
    </th>
  );

  return (
    <div className="result">
      <div className="table-tools">
        <input className="input input-small" placeholder="Filter rows" aria-label="Filter rows" value={filter} onChange={(event) => setFilter(event.currentTarget.value)} />
        <form onSubmit={(event) => { event.preventDefault(); onAt(atText.trim()); }}>
          <label className="dim">
            at{' '}
            <input className="input input-small mono" placeholder={formatTime(resolved.end, zone, true)} aria-label="Time of the table; empty for the end of the range" aria-invalid={atText !== '' && parseInstant(atText, nowMs) === null} value={atText} onChange={(event) => setAtText(event.currentTarget.value)} onBlur={() => onAt(atText.trim())} />
          </label>
        </form>
        <span className="dim">{chosen === null && query.at !== '' ? 'unreadable time; showing the end of the range' : formatTime(time, zone, true)}</span>
      </div>
      {error !== null && !isPlaceholderData ? (
        <ErrorNote error={error} expr={expr} />
      ) : data === undefined ? (
        <div className="result-wait" style={{ height: 160 }} aria-label="Loading" />
      ) : (
        <>
          {rows.length === 0 ? (
            <EmptyState compact title="No series at this time">The expression is valid, but nothing matches it at this instant.</EmptyState>
          ) : (
            <div className="table-scroll">
              <table className="table result-table">
                <thead>
                  <tr>
                    {columns === null ? sortable('series', 'Series') : columns.map((label) => sortable(label, label === '__name__' ? 'metric' : label))}
                    {sortable('', 'Value', true)}
                  </tr>
                </thead>
                <tbody>
                  {listed.slice(0, shown).map((row) => (
                    <tr key={seriesName(row.labels)}>
                      {columns === null ? <td className="mono">{seriesName(row.labels)}</td> : columns.map((label) => <td key={label} className="mono label">{row.labels[label] ?? ''}</td>)}
                      <td className="num">{row.hint !== '' && <span className="dim">{row.hint}</span>} <b>{row.text}</b></td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          )}
          {listed.length > shown && <button type="button" className="button button-small" onClick={() => setShown(shown + 4 * PAGE)}>Show more of {grouped(listed.length)} rows</button>}
          <StatsLine series={rows.length} tookMs={data.tookMs} bytes={data.bytes} stats={data.data.stats} warnings={data.warnings} infos={data.infos} />
        </>
      )}
    </div>
  );
}
