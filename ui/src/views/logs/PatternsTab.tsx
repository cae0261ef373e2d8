// What the lines have in common: their patterns with how often each came, and what narrows the question to one.

import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { knownPatterns, patterns as fetchPatterns } from '../../api/logs';
import Sparkline from '../../charts/Sparkline';
import EmptyState from '../../components/EmptyState';
import ErrorNote from '../../components/ErrorNote';
import { linesOnly, withLineFilter } from '../../lib/logs/edit';
import { levelNamed } from '../../lib/logs/levels';
import { patternKey, patternPieces, patternRows } from '../../lib/logs/patterns';
import type { ResolvedRange } from '../../lib/timerange';
import { formatValue, grouped } from '../../lib/units';
import { useLogsActions } from './actions';

const BUCKETS = 40;

export default function PatternsTab({ query, range }: { query: string; range: ResolvedRange }) {
  const actions = useLogsActions();
  const asked = linesOnly(query);
  const step = Math.max(Math.ceil((range.end - range.start) / BUCKETS), 10);
  const { data, error, isPlaceholderData } = useQuery({
    queryKey: ['logs-patterns', asked, range.start, range.end],
    queryFn: async ({ signal }) => ({ ...(await fetchPatterns(asked, range, step, signal)), range }),
    placeholderData: keepPreviousData,
    gcTime: 30_000,
  });
  const fresh = useQuery({ queryKey: ['logs-patterns-new', Math.floor(range.end / 60)], queryFn: ({ signal }) => knownPatterns('new', signal), placeholderData: keepPreviousData });
  if (error !== null) return <ErrorNote error={error} expr={asked} />;
  if (data === undefined) return <div className="result-wait" style={{ height: 240 }} aria-label="Looking for patterns" />;
  const rows = patternRows(data.data, data.range.start, data.range.end, BUCKETS, new Set(fresh.data?.map(({ pattern }) => patternKey(pattern))));
  if (rows.length === 0) return <EmptyState title="No patterns">No line matches between these times, so there is nothing to find patterns in. Choose a longer range above.</EmptyState>;
  const most = rows[0]?.total ?? 1;
  return (
    <div className={isPlaceholderData ? 'patterns result-old' : 'patterns'}>
      {asked !== query.trim() && <p className="annotation annotation-info">Patterns are found for the selector and its line filters; the stages behind them are left out: <code>{asked}</code></p>}
      <p className="dim">{grouped(rows.length)} patterns in {grouped(rows.reduce((sum, { total }) => sum + total, 0))} lines · {Math.round(data.tookMs)} ms</p>
      <ul className="pattern-list">
        {rows.map((row) => (
          <li key={`${row.level}\u0000${row.pattern}`} className={`level-${levelNamed(row.level) || 'none'}`}>
            <span className="num pattern-count"><b>{formatValue(row.total, 'short')}</b><i className="dim">{(row.share * 100).toFixed(row.share < 0.1 ? 1 : 0)}%</i><span className="pattern-bar" style={{ width: `${(row.total / most) * 100}%` }} /></span>
            <span className="pattern-spark" title={`${grouped(row.total)} lines over the range`}><Sparkline values={row.counts} min={0} /></span>
            <code className="pattern-text">
              {row.isNew && <span className="state state-info" title="Its service never logged this before">new</span>}
              {levelNamed(row.level) !== '' && <span className="ll-level">{row.level}</span>}
              {patternPieces(row.pattern).map(({ text, hole }, at) => (hole ? <i key={at} className="pattern-hole">{text}</i> : text))}
            </code>
            <span className="button-group pattern-tools">
              <button type="button" className="button button-small" title="Only lines like this" onClick={() => actions.ask(withLineFilter(query, '|>', row.pattern))}>Only these</button>
              <button type="button" className="button button-small" title="Only lines unlike this" onClick={() => actions.ask(withLineFilter(query, '!>', row.pattern))}>Without</button>
            </span>
          </li>
        ))}
      </ul>
    </div>
  );
}
