// Logs: a LogQL query over the shared time range, its lines, and how many there are of each level.

import './logs.css';
import { useCallback, useState, type FormEvent } from 'react';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useSearchParams } from 'react-router';
import { queryLogs, streamsOf } from '../../api/logs';
import { useTime } from '../../app/time';
import EmptyState from '../../components/EmptyState';
import ErrorNote from '../../components/ErrorNote';
import { IconPlay } from '../../components/icons';
import PageHead from '../../components/PageHead';
import { asksForLines, asText, keysOf, linesOf, withFilter } from '../../lib/logs';
import { grouped } from '../../lib/units';
import LineRow from './LineRow';
import LogsChart from './LogsChart';

const QUERY = '{service_name=~".+"}';
const LINES = 200;
/** More rows make the page slow; a narrower query says more than a longer list. */
const LINES_MAX = 2000;

function Lines({ query, onFilter }: { query: string; onFilter(name: string, op: '=' | '!=', value: string): void }) {
  const { resolved, zone } = useTime();
  const [limit, setLimit] = useState(LINES);
  const { data, error } = useQuery({
    queryKey: ['logs-lines', query, resolved.start, resolved.end, limit],
    queryFn: ({ signal }) => queryLogs({ query, start: resolved.start, end: resolved.end, step: 60, limit }, signal),
    placeholderData: keepPreviousData,
    gcTime: 30_000,
  });
  if (error !== null) return <ErrorNote error={error} expr={query} />;
  if (data === undefined) return <div className="result-wait" style={{ height: 200 }} aria-label="Loading" />;
  const lines = linesOf(streamsOf(data.data));
  if (lines.length === 0) {
    return (
      <EmptyState title="No lines" code={`clients:\n- url: ${location.origin}/loki/api/v1/push`}>
        Nothing matches between these times. If nothing sends yet, point Promtail or Alloy here as below, an OpenTelemetry exporter at{' '}
        <code>{location.origin}/v1/logs</code>, or Fluent Bit, Filebeat and Vector at <code>{location.origin}/elasticsearch</code>. On a terminal,
        {' '}<code>binnacle logs &apos;{'{app="x"}'}&apos;</code> asks the same.
      </EmptyState>
    );
  }
  const keys = keysOf(lines);
  const save = () => {
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob([asText(lines)], { type: 'text/plain' }));
    link.download = 'lines.log';
    link.click();
    URL.revokeObjectURL(link.href);
  };
  return (
    <>
      <ul className="logs-list">
        {lines.map((line, index) => <LineRow key={keys[index]} line={line} zone={zone} onFilter={onFilter} />)}
      </ul>
      <div className="logs-more">
        {lines.length >= limit && limit < LINES_MAX && (
          <button type="button" className="button" onClick={() => setLimit(Math.min(limit * 3, LINES_MAX))}>Show older lines</button>
        )}
        <button type="button" className="button" onClick={save}>Save as text</button>
        <span className="dim">{grouped(lines.length)} lines, the newest first · {Math.round(data.tookMs)} ms</span>
      </div>
    </>
  );
}

export default function LogsPage() {
  const [params, setParams] = useSearchParams();
  const { refreshNow } = useTime();
  const query = params.get('q') ?? QUERY;
  const [text, setText] = useState(query);
  const [shown, setShown] = useState(query);
  if (shown !== query) {
    // The URL changed from outside: a link, or back.
    setShown(query);
    setText(query);
  }
  const ask = useCallback(
    (next: string) => setParams((current) => {
      const changed = new URLSearchParams(current);
      changed.set('q', next);
      return changed;
    }),
    [setParams],
  );
  const filter = useCallback((name: string, op: '=' | '!=', value: string) => ask(withFilter(query, name, op, value)), [ask, query]);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (text === query) refreshNow();
    else ask(text);
  };
  const lines = asksForLines(query);
  return (
    <div className="page">
      <PageHead title="Logs">Lines that match a LogQL query, the newest first.</PageHead>
      <form className="logs-query" onSubmit={submit}>
        <input aria-label="LogQL query" spellCheck={false} autoComplete="off" value={text} onChange={(event) => setText(event.target.value)} />
        <button type="submit" className="button button-primary"><IconPlay size={16} aria-hidden /> Run</button>
      </form>
      <LogsChart key={query} query={query} volume={lines} />
      {lines && <Lines key={query} query={query} onFilter={filter} />}
    </div>
  );
}
