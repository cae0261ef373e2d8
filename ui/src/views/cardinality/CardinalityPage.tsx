// Cardinality: where the series come from, and which label to blame.

import './cardinality.css';
import { useState } from 'react';
import { useSearchParams } from 'react-router';
import { useInstant, useResource } from '../../api/hooks';
import { vectorOf } from '../../api/query';
import { tsdbStatus, type NameValue } from '../../api/status';
import { useTime } from '../../app/time';
import ErrorNote from '../../components/ErrorNote';
import EmptyState from '../../components/EmptyState';
import PageHead from '../../components/PageHead';
import { formatTime } from '../../lib/timerange';
import { formatValue, grouped } from '../../lib/units';
import MetricDrill from './MetricDrill';
import RankTable from './RankTable';

const LIMITS = [10, 20, 50, 100];
const JOBS = 'topk(20, count by (job) ({__name__!=""}))';
/** What Binnacle advises as most for one service; more deserves a look. */
const SERIES_PER_JOB_ADVISED = 10_000;

function Head({ label, value, note }: { label: string; value: string; note: string }) {
  return (
    <div className="figure">
      <dt>{label}</dt>
      <dd>{value}</dd>
      <span className="dim">{note}</span>
    </div>
  );
}

export default function CardinalityPage() {
  const { zone } = useTime();
  const [params, setParams] = useSearchParams();
  const [limit, setLimit] = useState(10);
  const [typed, setTyped] = useState('');
  const metric = params.get('metric');
  const { data, error } = useResource('tsdb', (signal) => tsdbStatus(limit, signal), { key: String(limit) });
  const jobs = useInstant(JOBS);
  const status = data?.data;
  const head = status?.headStats;
  const byJob: NameValue[] | undefined = jobs.data === undefined ? undefined
    : vectorOf(jobs.data.data).map(({ metric: labels, value }) => ({ name: labels['job'] ?? '', value: Number(value?.[1]) })).sort((a, b) => b.value - a.value);
  const heavy = (byJob ?? []).filter(({ value }) => value > SERIES_PER_JOB_ADVISED);

  const pick = (name: string | null) =>
    setParams((current) => {
      const next = new URLSearchParams(current);
      if (name === null) next.delete('metric');
      else next.set('metric', name);
      return next;
    });

  return (
    <div className="page cardinality">
      <PageHead
        title="Cardinality"
        controls={
          <>
            <form
              onSubmit={(event) => {
                event.preventDefault();
                if (typed.trim() !== '') pick(typed.trim());
              }}
            >
              <input className="input" data-search placeholder="Take a metric apart" aria-label="Metric to take apart" value={typed} onChange={(event) => setTyped(event.currentTarget.value)} />
            </form>
            <select className="select" aria-label="Rows per table" value={limit} onChange={(event) => setLimit(Number(event.currentTarget.value))}>
              {LIMITS.map((one) => <option key={one} value={one}>Top {one}</option>)}
            </select>
          </>
        }
      >
        Every distinct set of labels is a series and costs memory. Choose a metric to see which of its labels makes it large.
      </PageHead>
      {error !== null && data === undefined && <ErrorNote error={error} />}
      {head !== undefined && (
        <dl className="figures">
          <Head label="Series in memory" value={grouped(head.numSeries)} note={head.numSeries > 0 ? `${formatValue(head.chunkCount / head.numSeries, 'short')} chunks each` : ''} />
          <Head label="Label pairs" value={grouped(head.numLabelPairs)} note="distinct name and value" />
          <Head label="Chunks" value={grouped(head.chunkCount)} note="in memory" />
          <Head label="Oldest in memory" value={head.minTime > 0 && head.minTime < 1e15 ? formatTime(head.minTime / 1000, zone, true).slice(5, 16) : '–'} note="older data is in blocks" />
          <Head label="Largest job" value={byJob?.[0] === undefined ? '–' : grouped(byJob[0].value)} note={byJob?.[0]?.name ?? ''} />
        </dl>
      )}
      {heavy.length > 0 && (
        <p className="annotation">
          <b>{heavy.map(({ name }) => name).join(', ')}</b> {heavy.length === 1 ? 'has' : 'have'} more than {grouped(SERIES_PER_JOB_ADVISED)} series. Take the largest metrics below apart, or set <code>sample_limit</code> for the job.
        </p>
      )}
      {metric !== null && <MetricDrill key={metric} metric={metric} close={() => pick(null)} />}
      {head?.numSeries === 0 && <EmptyState title="No series yet">Series appear with the first scrape. See Targets for what is scraped.</EmptyState>}
      {error === null && (
        <div className="rank-grid">
          <RankTable title="Metrics by series" note="choose one to take it apart" rows={status?.seriesCountByMetricName} {...(head === undefined ? {} : { whole: head.numSeries })} onPick={pick} {...(metric === null ? {} : { picked: metric })} />
          <RankTable title="Labels by values" note="many values, many series" rows={status?.labelValueCountByLabelName} />
          <RankTable title="Label pairs by series" note="" rows={status?.seriesCountByLabelValuePair} {...(head === undefined ? {} : { whole: head.numSeries })} />
          <RankTable title="Labels by memory" note="bytes of their values" rows={status?.memoryInBytesByLabelName} unit="bytes" />
          <RankTable title="Jobs by series" note="now" rows={byJob} {...(head === undefined ? {} : { whole: head.numSeries })} error={jobs.error ?? undefined} />
        </div>
      )}
    </div>
  );
}
