// The tables of the overview: services, messages of errors, traces with errors. Each row leads to its lines.

import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Link, useSearchParams } from 'react-router';
import { knownPatterns, patterns as fetchPatterns, queryLogs, streamsOf, type KnownPattern } from '../../../api/logs';
import Sparkline from '../../../charts/Sparkline';
import EmptyState from '../../../components/EmptyState';
import Panel from '../../../components/Panel';
import { withLineFilter, withMatcher } from '../../../lib/logs/edit';
import { fieldsOf, traceOf } from '../../../lib/logs/fields';
import { levelNamed } from '../../../lib/logs/levels';
import { labelsOf, linesOf, type Line } from '../../../lib/logs/lines';
import { patternKey, patternPieces, patternRows } from '../../../lib/logs/patterns';
import { quote } from '../../../lib/series';
import { formatTime, type ResolvedRange } from '../../../lib/timerange';
import { formatValue, grouped } from '../../../lib/units';
import { carryShared } from '../../../lib/urlstate';
import { useTime } from '../../../app/time';
import type { OverviewQueries } from './queries';
import type { Totals } from './useSeries';

const MESSAGES = 12;
const TRACES = 12;
const ERROR_LINES = 500;
const BUCKETS = 30;

/** A link to lines, in the same range. */
function useLines(): (query: string) => string {
  const [params] = useSearchParams();
  return (query) => carryShared('/logs', params, { q: query });
}

export interface ServiceFigures {
  service: string;
  lines: number;
  errors: number;
}

export function figuresOf(totals: Totals, by: string): ServiceFigures[] {
  const out = new Map<string, ServiceFigures>();
  for (const { labels, value } of totals.rows ?? []) {
    const service = labels[by] ?? '';
    const row = out.get(service) ?? { service, lines: 0, errors: 0 };
    row.lines += value;
    const level = levelNamed(labels['detected_level'] ?? '');
    if (level === 'error' || level === 'critical') row.errors += value;
    out.set(service, row);
  }
  return [...out.values()].sort((a, b) => b.errors - a.errors || b.lines - a.lines);
}

export function ServiceTable({ figures, by, queries, error }: { figures: ServiceFigures[]; by: string; queries: OverviewQueries; error: unknown }) {
  const to = useLines();
  const most = Math.max(...figures.map(({ errors }) => errors), 1);
  return (
    <Panel title={`By ${by}`} note="most errors first" error={error}>
      {figures.length === 0 ? (
        <EmptyState compact title="No lines">Nothing matches between these times.</EmptyState>
      ) : (
        <div className="table-scroll">
          <table className="table overview-table">
            <thead><tr><th>{by}</th><th className="num">Lines</th><th className="num">Errors</th><th className="num">Error rate</th><th aria-label="Share of all errors" /></tr></thead>
            <tbody>
              {figures.slice(0, 20).map(({ service, lines, errors }) => (
                <tr key={service}>
                  <td><Link to={to(service === '' ? queries.lines : withMatcher(queries.lines, by, '=', service))}>{service || `no ${by}`}</Link></td>
                  <td className="num">{formatValue(lines, 'short')}</td>
                  <td className="num">{errors === 0 ? <span className="dim">0</span> : <Link to={to(withMatcher(queries.errors, by, '=', service))}>{formatValue(errors, 'short')}</Link>}</td>
                  <td className="num">{formatValue(lines === 0 ? 0 : errors / lines, 'ratio')}</td>
                  <td className="overview-bar"><span style={{ width: `${(errors / most) * 100}%` }} /></td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Panel>
  );
}

/** Patterns that are new or have vanished, the latest first. */
function useKnown(range: ResolvedRange): { rows: KnownPattern[]; error: unknown; pending: boolean } {
  const { data, error } = useQuery({
    queryKey: ['logs-known-patterns', Math.floor(range.end / 60)],
    queryFn: async ({ signal }) => (await Promise.all([knownPatterns('new', signal), knownPatterns('vanished', signal)])).flat(),
    placeholderData: keepPreviousData,
    gcTime: 60_000,
  });
  const at = (one: KnownPattern) => (one.state === 'new' ? one.firstSeen : one.lastSeen);
  return { rows: [...(data ?? [])].sort((a, b) => at(b) - at(a)), error, pending: data === undefined && error === null };
}

export function KnownPatterns({ range, service }: { range: ResolvedRange; service: string }) {
  const to = useLines();
  const { zone } = useTime();
  const { rows, error, pending } = useKnown(range);
  const shown = rows.filter(({ service_name }) => service === '' || service_name === service).slice(0, MESSAGES);
  return (
    <Panel title="New and vanished patterns" note="what a service never logged before, and what it logged regularly" error={error} pending={pending}>
      {pending ? (
        <div className="result-wait" style={{ height: 120 }} aria-label="Loading" />
      ) : shown.length === 0 ? (
        <EmptyState compact title="Nothing unusual">No pattern is new or has vanished. A service is learnt for an hour before anything of it is called new.</EmptyState>
      ) : (
        <div className="table-scroll">
          <table className="table overview-table">
            <thead><tr><th /><th>Service</th><th>When</th><th className="num">Lines</th><th>Pattern</th></tr></thead>
            <tbody>
              {shown.map((one) => (
                <tr key={`${one.state}${one.service_name}${one.pattern}`}>
                  <td><span className={one.state === 'new' ? 'state state-info' : 'state state-warn'}>{one.state}</span></td>
                  <td>{one.service_name}</td>
                  <td className="num" title={one.state === 'new' ? 'First seen' : 'Last seen'}>{formatTime(one.state === 'new' ? one.firstSeen : one.lastSeen, zone, true).slice(5, 16)}</td>
                  <td className="num">{formatValue(one.lines, 'short')}</td>
                  <td className="overview-line"><Link to={to(withLineFilter(`{service_name=${quote(one.service_name)}}`, '|>', one.pattern))}><code>{patternPieces(one.pattern).map(({ text, hole }, at) => (hole ? <i key={at} className="pattern-hole">{text}</i> : text))}</code></Link></td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Panel>
  );
}

export function ErrorMessages({ queries, range }: { queries: OverviewQueries; range: ResolvedRange }) {
  const to = useLines();
  const step = Math.max(Math.ceil((range.end - range.start) / BUCKETS), 10);
  const { data, error } = useQuery({
    queryKey: ['logs-overview-patterns', queries.lines, range.start, range.end],
    queryFn: async ({ signal }) => ({ ...(await fetchPatterns(queries.lines, range, step, signal)), range }),
    placeholderData: keepPreviousData,
    gcTime: 30_000,
  });
  const { rows: known } = useKnown(range);
  const fresh = new Set(known.filter(({ state }) => state === 'new').map(({ pattern }) => patternKey(pattern)));
  const errors = data?.data.filter(({ level }) => ['error', 'critical'].includes(levelNamed(level))) ?? [];
  const rows = patternRows(errors, data?.range.start ?? range.start, data?.range.end ?? range.end, BUCKETS, fresh).slice(0, MESSAGES);
  return (
    <Panel title="Top error messages" note="as patterns" error={error} pending={data === undefined && error === null}>
      {data === undefined ? (
        <div className="result-wait" style={{ height: 160 }} aria-label="Looking for patterns" />
      ) : rows.length === 0 ? (
        <EmptyState compact title="No errors">No line between these times has the level error or critical.</EmptyState>
      ) : (
        <ol className="overview-messages">
          {rows.map((row) => (
            <li key={`${row.level}${row.pattern}`}>
              <b className="num" title={`${grouped(row.total)} lines`}>{formatValue(row.total, 'short')}</b>
              <Sparkline values={row.counts} min={0} />
              <Link to={to(withLineFilter(queries.errors, '|>', row.pattern))}>
                <code>{row.isNew && <span className="state state-info">new</span>}{patternPieces(row.pattern).map(({ text, hole }, at) => (hole ? <i key={at} className="pattern-hole">{text}</i> : text))}</code>
              </Link>
            </li>
          ))}
        </ol>
      )}
    </Panel>
  );
}

interface TraceRow {
  trace: string;
  count: number;
  services: Set<string>;
  newest: Line;
}

/** Traces that lines name, those with most lines first. */
export function tracesOf(lines: readonly Line[], by: string): TraceRow[] {
  const out = new Map<string, TraceRow>();
  for (const line of lines) {
    const labels = labelsOf(line);
    const trace = traceOf(labels, fieldsOf(line.line));
    if (trace === null) continue;
    const row = out.get(trace) ?? { trace, count: 0, services: new Set<string>(), newest: line };
    row.count += 1;
    row.services.add(labels[by] ?? '');
    out.set(trace, row);
  }
  return [...out.values()].sort((a, b) => b.count - a.count || b.newest.ms - a.newest.ms);
}

export function TraceTable({ queries, range, by }: { queries: OverviewQueries; range: ResolvedRange; by: string }) {
  const to = useLines();
  const { zone } = useTime();
  const { data, error } = useQuery({
    queryKey: ['logs-overview-traces', queries.errors, range.start, range.end],
    queryFn: async ({ signal }) => linesOf(streamsOf((await queryLogs({ query: queries.errors, start: range.start, end: range.end, limit: ERROR_LINES }, signal)).data)),
    placeholderData: keepPreviousData,
    gcTime: 30_000,
  });
  const rows = data === undefined ? [] : tracesOf(data, by).slice(0, TRACES);
  return (
    <Panel title="Traces with errors" note={`of the newest ${grouped(ERROR_LINES)} error lines`} error={error} pending={data === undefined && error === null}>
      {data === undefined ? (
        <div className="result-wait" style={{ height: 160 }} aria-label="Loading" />
      ) : rows.length === 0 ? (
        <EmptyState compact title={data.length === 0 ? 'No errors' : 'No traces in the errors'}>
          {data.length === 0 ? 'No line between these times has the level error or critical.' : 'The errors name no trace. Put trace_id into your log lines: OpenTelemetry’s log bridges do, and most loggers take it from the context.'}
        </EmptyState>
      ) : (
        <div className="table-scroll">
          <table className="table overview-table">
            <thead><tr><th>Trace</th><th>Last error</th><th className="num">Errors</th><th>{by}</th><th>Line</th></tr></thead>
            <tbody>
              {rows.map(({ trace, count, services, newest }) => (
                <tr key={trace}>
                  <td><Link title={`All lines of trace ${trace}`} to={to(`{${by}=~".+"} |= ${quote(trace)}`)}><code>{trace.slice(0, 12)}</code></Link></td>
                  <td className="num">{formatTime(newest.ms / 1000, zone, true).slice(5)}</td>
                  <td className="num">{grouped(count)}</td>
                  <td>{[...services].sort().join(', ')}</td>
                  <td className="overview-line"><code title={newest.line.slice(0, 1000)}>{newest.line.slice(0, 200)}</code></td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Panel>
  );
}
