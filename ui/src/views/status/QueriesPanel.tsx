// Queries that run at this moment, and the button that ends one.

import { useState } from 'react';
import { useQuery } from '@tanstack/react-query';
import { ApiError } from '../../api/client';
import { killQuery, runningQueries } from '../../api/status';
import ErrorNote from '../../components/ErrorNote';
import { IconX } from '../../components/icons';
import Panel from '../../components/Panel';
import { humanDuration } from '../../lib/duration';
import { grouped } from '../../lib/units';
import { Missing, readable } from './Facts';

/** Queries come and go faster than the page's refresh. */
const EVERY_MS = 2000;

export default function QueriesPanel() {
  const [failed, setFailed] = useState<unknown>(null);
  const [ending, setEnding] = useState<ReadonlySet<string>>(new Set());
  const { data, error, refetch } = useQuery({
    queryKey: ['running-queries'],
    queryFn: ({ signal }) => runningQueries(signal),
    refetchInterval: (query) => (query.state.error === null ? EVERY_MS : false),
  });
  const end = (id: string) => {
    setEnding((now) => new Set(now).add(id));
    killQuery(id).then(() => refetch(), (cause: unknown) => {
      // It finished by itself between the list and the click: nothing to end, nothing to report.
      if (!(cause instanceof ApiError && cause.status === 404)) setFailed(cause);
    });
  };
  const running = data?.data.running ?? [];
  const missing = error instanceof ApiError && error.status === 404;
  return (
    <Panel title="Running queries" note={data === undefined ? '' : `${grouped(running.length)} now`} error={missing || data !== undefined ? undefined : (error ?? undefined)} className="status-wide">
      <Missing error={error} endpoint="/api/binnacle/v1/queries" />
      {failed !== null && <ErrorNote error={failed} />}
      {data !== undefined && running.length === 0 && <p className="dim">None. Slow or heavy queries appear here while they run, and can be ended.</p>}
      {running.length > 0 && (
        <div className="table-scroll">
          <table className="table">
            <thead>
              <tr><th>Query</th><th>From</th><th className="num">For</th><th className="num">Samples</th><th><span className="sr-only">End</span></th></tr>
            </thead>
            <tbody>
              {running.map((query) => (
                <tr key={query.id}>
                  <td><code className="query-text">{query.query}</code></td>
                  <td className="mono">{query.remote}</td>
                  <td className="num">{humanDuration(query.durationSeconds)}</td>
                  <td className="num">{grouped(query.samples)}</td>
                  <td className="num">
                    <button type="button" className="button button-small button-danger" disabled={ending.has(query.id)} onClick={() => end(query.id)}>
                      <IconX size={14} aria-hidden /> {ending.has(query.id) ? 'Ending' : 'Kill'}
                    </button>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {data?.data.limits !== undefined && (
        <p className="limits dim">
          Limits: {Object.entries(data.data.limits).map(([name, value]) => `${readable(name).toLowerCase()} ${typeof value === 'number' ? grouped(value) : value}`).join(' · ')}
        </p>
      )}
    </Panel>
  );
}
