// Logs at a glance: how many, how many of them errors, whose, which messages, and which traces they belong to.

import '../logs.css';
import '../lines.css';
import './overview.css';
import { useMemo } from 'react';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useNavigate, useSearchParams } from 'react-router';
import { labelNames, labelValues } from '../../../api/logs';
import { useSetParams, useTyped } from '../../../app/params';
import { useTime } from '../../../app/time';
import EmptyState from '../../../components/EmptyState';
import ErrorNote from '../../../components/ErrorNote';
import { IconList } from '../../../components/icons';
import PageHead from '../../../components/PageHead';
import Tile from '../../../components/Tile';
import { levelNamed } from '../../../lib/logs/levels';
import { quote } from '../../../lib/series';
import { formatValue, grouped } from '../../../lib/units';
import { carryShared } from '../../../lib/urlstate';
import LogsTabs from '../LogsTabs';
import { ErrorShareChart, ServiceChart, SeverityChart } from './Charts';
import { overviewQueries } from './queries';
import { ErrorMessages, figuresOf, KnownPatterns, ServiceTable, TraceTable } from './Tables';
import { useSeries, useTotals } from './useSeries';

const BY = 'service_name';
const POINTS = 60;

export default function OverviewPage() {
  const [params] = useSearchParams();
  const set = useSetParams();
  const navigate = useNavigate();
  const { resolved } = useTime();
  const [words, setWords, settled] = useTyped('search');
  const by = params.get('by') ?? BY;
  const service = params.get('only') ?? '';
  const minute = Math.floor(resolved.start / 60);
  const names = useQuery({ queryKey: ['logs-label-names', minute], queryFn: ({ signal }) => labelNames('', resolved, signal), placeholderData: keepPreviousData });
  const values = useQuery({ queryKey: ['logs-label-values', by, minute], queryFn: ({ signal }) => labelValues(by, '', resolved, signal), placeholderData: keepPreviousData });
  const selector = service === '' ? `{${by}=~".+"}` : `{${by}=${quote(service)}}`;
  const queries = useMemo(() => overviewQueries(selector, settled, by), [selector, settled, by]);
  const volume = useSeries('volume', queries.volume, resolved, POINTS);
  const byService = useSeries('by-service', queries.byService, resolved, POINTS);
  const errorShare = useSeries('error-share', queries.errorShare, resolved, POINTS);
  const totals = useTotals('services', queries.services, resolved);
  const figures = useMemo(() => figuresOf(totals, by), [totals, by]);
  const lines = figures.reduce((sum, one) => sum + one.lines, 0);
  const errors = figures.reduce((sum, one) => sum + one.errors, 0);
  const spark = (only: (level: string) => boolean) =>
    volume.times.map((_, at) => volume.columns.filter(({ labels }) => only(levelNamed(labels['detected_level'] ?? ''))).reduce((sum, { values: column }) => sum + (column[at] ?? 0), 0));
  const share = lines === 0 ? 0 : errors / lines;
  const nothing = totals.rows !== undefined && lines === 0 && settled.trim() === '' && service === '';
  return (
    <div className="page logs logs-overview">
      <PageHead title="Logs" controls={<LogsTabs />} />
      <div className="overview-controls">
        <form
          data-search
          onSubmit={(event) => {
            event.preventDefault();
            void navigate(carryShared('/logs', params, { q: overviewQueries(selector, words, by).lines }));
          }}
        >
          <input className="input" placeholder="Words in the lines" aria-label="Words in the lines" value={words} onChange={(event) => setWords(event.currentTarget.value)} />
          <button type="submit" className="button"><IconList size={15} aria-hidden /> Show lines</button>
        </form>
        <span className="spacer" />
        <label className="overview-pick"><span className="dim">By</span>
          <select className="select" aria-label="Group by label" value={by} onChange={(event) => set({ by: event.currentTarget.value === BY ? null : event.currentTarget.value, only: null })}>
            {[...new Set([by, ...(names.data ?? [])])].map((name) => <option key={name}>{name}</option>)}
          </select>
        </label>
        <select className="select" aria-label={`Only one ${by}`} value={service} onChange={(event) => set({ only: event.currentTarget.value })}>
          <option value="">All</option>
          {[...new Set([...(service === '' ? [] : [service]), ...(values.data ?? [])])].map((value) => <option key={value}>{value}</option>)}
        </select>
      </div>
      {totals.error !== null && totals.rows === undefined && <ErrorNote error={totals.error} expr={queries.services(1)} />}
      {nothing ? (
        <EmptyState title="No lines between these times" code={`clients:\n  - url: ${location.origin}/loki/api/v1/push`}>
          Choose a longer range above. If nothing sends yet, point Promtail or Alloy here as below, or an OpenTelemetry exporter at <code>{location.origin}/v1/logs</code>:
        </EmptyState>
      ) : (
        <>
          <div className="tiles">
            <Tile label="Lines" value={totals.rows === undefined ? '–' : formatValue(lines, 'short')} note={`${formatValue(lines / Math.max(resolved.end - resolved.start, 1), 'short')} a second`} spark={spark(() => true)} min={0} />
            <Tile label="Errors" value={totals.rows === undefined ? '–' : formatValue(errors, 'short')} note="level error or critical" spark={spark((level) => level === 'error' || level === 'critical')} min={0} />
            <Tile label="Error rate" value={totals.rows === undefined ? '–' : formatValue(share, 'ratio')} note="part of all lines" state={share > 0.1 ? { tone: 'bad', word: 'high' } : undefined} />
            <Tile label="Warnings" value={formatValue(spark((level) => level === 'warn').reduce((sum, value) => sum + value, 0), 'short')} note="level warn" spark={spark((level) => level === 'warn')} min={0} />
            <Tile label={by === BY ? 'Services' : `Values of ${by}`} value={grouped(figures.length)} note={`${grouped(figures.filter((one) => one.errors > 0).length)} with errors`} />
          </div>
          <div className="overview-grid">
            <SeverityChart data={volume} />
            <ServiceChart data={byService} by={by} />
            <ErrorShareChart data={errorShare} by={by} />
            <ServiceTable figures={figures} by={by} queries={queries} error={totals.rows === undefined ? totals.error : null} />
            <ErrorMessages queries={queries} range={resolved} />
            <KnownPatterns range={resolved} service={by === BY ? service : ''} />
            <TraceTable queries={queries} range={resolved} by={by} />
          </div>
        </>
      )}
    </div>
  );
}
