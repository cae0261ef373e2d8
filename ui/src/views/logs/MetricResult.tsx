// The series of a metric query.

import { useMemo, useState } from 'react';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { gridOf } from '../../api/queries';
import { queryLogs, seriesOf } from '../../api/logs';
import Legend from '../../charts/Legend';
import { seriesColor, seriesDash } from '../../charts/palette';
import type { ChartSeries } from '../../charts/plot';
import TimeChart from '../../charts/TimeChart';
import { useScheme } from '../../charts/useScheme';
import EmptyState from '../../components/EmptyState';
import ErrorNote from '../../components/ErrorNote';
import { toColumns } from '../../lib/samples';
import { seriesName, shortNames } from '../../lib/series';
import type { ResolvedRange } from '../../lib/timerange';
import { grouped } from '../../lib/units';

const POINTS = 240;
const SERIES_MAX = 500;

export default function MetricResult({ query, range }: { query: string; range: ResolvedRange }) {
  const scheme = useScheme();
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const [focused, setFocused] = useState<string | null>(null);
  const grid = gridOf(range, POINTS, 1);
  const { data, error } = useQuery({
    queryKey: ['logs-metric', query, grid.start, grid.end, grid.step],
    queryFn: async ({ signal }) => ({ ...(await queryLogs({ query, ...grid }, signal)), grid }),
    placeholderData: keepPreviousData,
    gcTime: 30_000,
  });
  const drawn = useMemo(() => {
    if (data === undefined) return null;
    const all = seriesOf(data.data);
    const result = all.slice(0, SERIES_MAX);
    const names = shortNames(result.map(({ metric }) => metric));
    const { times, values } = toColumns(result, data.grid.start, data.grid.end, data.grid.step);
    const series = result.map<ChartSeries>(({ metric }, index) => ({ key: seriesName(metric), label: names[index] ?? '', values: values[index] ?? [], color: seriesColor(index, scheme), dash: seriesDash(index) }));
    return { times, series, range: data.grid, left: all.length - result.length };
  }, [data, scheme]);
  const shown = useMemo(() => drawn?.series.filter(({ key }) => !hidden.has(key)) ?? [], [drawn, hidden]);
  if (error !== null) return <ErrorNote error={error} expr={query} />;
  if (drawn === null || data === undefined) return <div className="result-wait" style={{ height: 300 }} aria-label="Loading" />;
  if (drawn.series.length === 0) return <EmptyState compact title="No series">The query is valid, but no line matches it between these times. Choose a longer range above, or loosen the selector.</EmptyState>;
  return (
    <section className="panel metric-result" aria-label="Result">
      <TimeChart times={drawn.times} series={shown} unit="short" height={300} range={drawn.range} label={`Graph of ${query}`} focused={focused} />
      <Legend series={drawn.series} unit="short" hidden={hidden} onHidden={setHidden} onFocus={setFocused} />
      <p className="dim">
        {grouped(drawn.series.length + drawn.left)} series · step {data.grid.step} s · {Math.round(data.tookMs)} ms
        {drawn.left > 0 && ` · the first ${grouped(SERIES_MAX)} are drawn: aggregate with topk or by fewer labels`}
        {data.warnings.map((one) => ` · ${one}`)}
      </p>
    </section>
  );
}
